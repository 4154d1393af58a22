use fault::{Actor, Fault};
use serde::de::DeserializeOwned;

use crate::refusal::{FOREIGN, odd};
use crate::{Code, Failure, Job, SERVICE, Secrets, State};

/// So often an agent tries a task under one key.
const ATTEMPTS: u32 = 3;

impl Job {
    /// What the job gave, or how it stands.
    pub(crate) fn stands<T: DeserializeOwned>(self, what: &str, secrets: &Secrets) -> Result<T, Fault> {
        let since = self.begun_at.map_or_else(String::new, |at| format!(", since {at}"));
        let not_ready = |how: String| Err(Fault::not_ready(how).from_provider(SERVICE, None));
        match self.state {
            State::Running => not_ready(format!("{what} is under way{since}")),
            State::Waiting => {
                let other = self.busy_with.as_deref().unwrap_or("what was begun before");
                not_ready(format!("{what} waits for {}", secrets.said(other)))
            }
            State::Done => {
                let result = serde_json::from_value(self.result.unwrap_or_default());
                result.map_err(|_| odd("with no result of that task"))
            }
            State::Failed => {
                let failure = self.failure.ok_or_else(|| odd("with a failure that it does not tell"))?;
                Err(failure.into_fault(what, self.attempt, secrets))
            }
        }
    }
}

impl Failure {
    fn into_fault(self, what: &str, attempt: u32, secrets: &Secrets) -> Fault {
        let Self { code, cause, again, retry_at } = self;
        let cause = format!("{what} failed: {}", secrets.said(&cause));
        let mut fault =
            if again && attempt < ATTEMPTS { Fault::transient(cause) } else { Fault::terminal(cause) };
        fault.retry_at = retry_at;
        let fault = fault.for_actor(code.actor()).from_provider(SERVICE, None);
        match code.hint() {
            Some(hint) => fault.hint(hint),
            None if again => {
                fault.hint("It was tried as often as one operation may: retry, when the cause is gone.")
            }
            None => fault,
        }
    }
}

impl Code {
    fn actor(self) -> Actor {
        match self {
            // Nobody has to do anything but wait.
            Self::RateLimited | Self::TimedOut | Self::Interrupted => Actor::Provider,
            _ => Actor::Us,
        }
    }

    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Foreign => FOREIGN,
            Self::AppMissing => {
                "Put the app onto the bench (bench get-app), or take it out of the blueprint's settings."
            }
            Self::DatabaseExists => {
                "A database has the site's name and no site: find out whose it is before it is dropped."
            }
            Self::DatabaseRefused => {
                "The database server does not take the agent's login: compare database_root_user and the password file in \
                 /etc/tenantry-bench-host.ini."
            }
            Self::DatabaseUnreachable => "Is the database server of the bench running?",
            Self::NoSpace => "Make room on the host, then retry.",
            Self::AddressInUse => {
                "Another program has the address that nginx is to listen on: end it, or move it."
            }
            Self::NginxInvalid => {
                "nginx -t on the host says what it does not take; what was there before is there again."
            }
            Self::NginxDown => "Start nginx on the host.",
            Self::OauthMissing => {
                "Put tenantry_oauth_client_id and tenantry_oauth_client_secret into the bench's common_site_config.json."
            }
            Self::ChallengeFailed => {
                "The names must lead to the host, and its port 80 must be reached from outside. The host goes on trying."
            }
            Self::RateLimited => {
                "The certificate authority's limits are kept on the host. It tries again by itself."
            }
            Self::CertificateRefused => {
                "The certificate authority does not give it: look at the CAA records of the domain, and at certbot's log."
            }
            Self::Absent => "Look at the host what became of it; apply the step that makes it again.",
            Self::TimedOut | Self::Interrupted | Self::Failed => return None,
        })
    }
}
