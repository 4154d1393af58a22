//! Signs a synthetic tenant up, as a customer's system would. Its name says of which blueprint it is, and there is one such name:
//! while one run has it no other gets it, so two never overlap.
//!
//! Who finds the name taken looks at the tenant that has it. A run ends, so one that is older than a run can be is what one
//! has left behind: that goes first.

use std::collections::BTreeMap;

use canary::{Named, Platform, SignedUp};
use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// As long as a run may take: the machine's `TimeoutSeconds`.
pub const LONGEST_RUN: SignedDuration = SignedDuration::from_secs(3300);

#[derive(Debug)]
pub struct SignUp {
    pub platform: Platform,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    blueprint: String,
    /// The execution's name.
    run: String,
    /// What stood in the way was taken away before.
    cleared: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Output {
    SignedUp {
        tenant: Named,
        at: Timestamp,
    },
    /// Of a run that is over.
    LeftOver {
        tenant: Named,
        endpoints: BTreeMap<String, String>,
    },
    /// Of a run that may not be.
    AnotherRuns {
        tenant: Named,
    },
}

impl SignUp {
    pub async fn run(&self, Input { blueprint, run, cleared }: Input) -> Result<Output, Fault> {
        let wanted = canary::SignUp::of(&blueprint)?;
        let holder = match self.platform.sign_up(&wanted, &run).await? {
            SignedUp::Tenant(tenant) => {
                return Ok(Output::SignedUp { at: tenant.created_at, tenant: Named { id: tenant.id } });
            }
            SignedUp::Taken => self.platform.holder(&wanted.subdomain).await?,
        };
        // Gone between the two calls.
        let gone = || Fault::transient(format!("'{}' was taken a moment ago", wanted.subdomain));
        let holder = holder.ok_or_else(gone)?;
        let tenant = Named { id: holder.id };
        if clock::now() < holder.created_at + LONGEST_RUN {
            return Ok(Output::AnotherRuns { tenant });
        }
        if cleared {
            return Err(Fault::terminal(format!(
                "{} was taken away, and has its name all the same",
                tenant.id
            )));
        }
        Ok(Output::LeftOver { tenant, endpoints: holder.endpoints })
    }
}

#[cfg(test)]
mod tests;
