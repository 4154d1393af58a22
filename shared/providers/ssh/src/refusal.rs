use fault::Fault;
use russh::{AlgorithmKind, Error};

use crate::Host;

/// Before we sign in, a host that is not the one is told from one that is not well.
pub(crate) fn handshake(host: &Host, error: &Error) -> Fault {
    match error {
        Error::UnknownKey | Error::WrongServerSig | Error::NoCommonAlgo { kind: AlgorithmKind::Key, .. } => {
            Fault::terminal(format!("{host} is not the host whose key is in the vault")).hint(
                "If the host was made anew, put the line of its /etc/ssh/ssh_host_ed25519_key.pub into the secret. If it \
                 was not, somebody answers in its place.",
            )
        }
        Error::NoCommonAlgo { .. } => Fault::terminal(format!("{host} speaks no SSH that we speak: {error}"))
            .hint("Allow one of ours in the host's sshd_config."),
        _ => Fault::transient(format!("{host} broke off: {error}")),
    }
}

pub(crate) fn sign_in(host: &Host) -> Fault {
    Fault::terminal(format!("{host} does not let {} in with our key", host.user))
        .hint("The key's public part belongs into the user's authorized_keys on the host.")
}

pub(crate) fn channel(host: &Host) -> Fault {
    Fault::terminal(format!("{host} opens no channel for a program"))
        .hint("sshd_config may not say MaxSessions 0, and the user's account must be a valid one.")
}

pub(crate) fn program(host: &str) -> Fault {
    Fault::terminal(format!("{host} runs no program for us"))
        .hint("sshd_config may not refuse programs to the user: look at its ForceCommand and PermitTTY.")
}
