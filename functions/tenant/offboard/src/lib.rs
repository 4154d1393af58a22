//! Says what is due of a tenant that leaves: a notice to its owner, a wait, its backup, its teardown.
//!
//! Everything is read from the records: the machine that asks may have been started anew in the middle of the grace
//! period, which may be longer than the year that an execution lasts.

use fault::Fault;
use jiff::Timestamp;
use saga::Subject;
use serde::{Deserialize, Serialize};
use store::{Look, ResourceLedger, Tenants};
use tenancy::{Calendar, Due};

#[derive(Debug)]
pub struct Offboard {
    pub tenants: Tenants,
    pub ledger: ResourceLedger,
    pub calendar: Calendar,
}

#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    subject: Subject,
    /// The execution's ARN.
    execution: String,
    /// How many days before the end the owner was just told.
    told: Option<u16>,
}

/// What the machine does next.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    Notice {
        days: u16,
    },
    Wait {
        until: Timestamp,
    },
    BackUp {
        resources: Vec<Held>,
        /// Names this time that all is read, so that no earlier one is mistaken for it.
        take: String,
    },
    TearDown,
    /// The tenant was restored, or is taken away by something else.
    Over,
}

/// A resource, and the function that can back it up.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    pub step: String,
    pub keeper: String,
}

impl Offboard {
    pub async fn run(&self, input: Input) -> Result<Next, Fault> {
        let (id, operation) = (input.subject.tenant(), input.subject.operation);
        let now = clock::now();
        let look = self.tenants.look_at_offboarding(id, operation, input.told, &self.calendar, now).await?;
        let Some(Look { due, operation: record, .. }) = look else { return Ok(Next::Over) };
        self.tenants.started(id, operation, &input.execution, now).await?;
        Ok(match due {
            Due::Notice(days) => Next::Notice { days },
            Due::Wait(until) => Next::Wait { until },
            Due::TearDown => Next::TearDown,
            Due::BackUp => {
                let wanted = |r: &saga::Resource| r.is_left() && !record.skipped.contains(&r.step);
                let resources = self.ledger.resources(id).await?.into_iter().filter(wanted);
                let held = resources.map(|r| Held { step: r.step, keeper: r.destroyer }).collect();
                Next::BackUp { resources: held, take: now.as_millisecond().to_string() }
            }
        })
    }
}
