use fault::{Actor, Fault};

use crate::{Refusal, Refused, SERVICE, Secrets};

const INSTALL: &str = "Install the agent of this release on the host, as infra/bench-host says.";

pub(crate) const FOREIGN: &str = "Find out whose it is, and remove it by hand if it is nobody's; or give the tenant another name. Then retry.";

impl Refusal {
    pub(crate) fn into_fault(self, secrets: &Secrets) -> Fault {
        let Self { code, cause, hint } = self;
        let hint = hint.as_deref().unwrap_or(code.hint());
        let cause = format!("the agent refused: {}", secrets.said(&cause));
        let fault = match code {
            Refused::Unavailable => Fault::transient(cause).for_actor(Actor::Us),
            _ => Fault::terminal(cause),
        };
        fault.from_provider(SERVICE, None).hint(secrets.said(hint))
    }
}

impl Refused {
    fn hint(self) -> &'static str {
        match self {
            Self::Invalid => "What was asked is not what the agent takes: compare its release with ours.",
            Self::Foreign => FOREIGN,
            Self::Absent => "Look at the host what became of it; apply the step that makes it again.",
            Self::TooOld => INSTALL,
            Self::Misconfigured => "Correct /etc/tenantry-bench-host.ini on the host.",
            Self::Unavailable => "Is the database server of the bench running, and nginx?",
        }
    }
}

/// An answer that is none: what was asked for may have begun.
pub(crate) fn odd(how: &str) -> Fault {
    Fault::terminal(format!("the agent answers {how}"))
        .from_provider(SERVICE, None)
        .hint(INSTALL)
        .unanswered()
}

/// An agent that did not come to answer.
pub(crate) fn crashed(answer: &ssh::Answer, secrets: &Secrets) -> Fault {
    let ssh::Answer { status, complaint, .. } = answer;
    let last = complaint.lines().next_back().unwrap_or("it does not say why");
    Fault::terminal(format!("the agent ended with status {status}: {}", secrets.said(last)))
        .from_provider(SERVICE, None)
        .hint(
            "Run the command of authorized_keys on the host, as its user: it must answer. Is the agent there, and may \
             the user sudo it?",
        )
        .unanswered()
}
