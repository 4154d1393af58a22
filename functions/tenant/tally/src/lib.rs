//! Keeps the figures that the overview shows: hears on the bus that a record has changed, and counts it as it is now.
//!
//! An event is no more than a hint. However often one comes, however late and in whatever order, what is counted is the
//! record. And should none come, the check of the night looks at everybody.

use std::collections::BTreeSet;

use events::Event;
use fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqs::Queue;
use store::{Figures, Filter, Page, Subject, Tenants};

/// So many tenants one call checks.
const CHECKED: usize = 50;

#[derive(Debug)]
pub struct Tally {
    pub figures: Figures,
    pub tenants: Tenants,
    /// Its own letters: a check goes on by one.
    pub letters: Queue,
}

/// Letters of the queue; every night the check.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Input {
    Letters {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    Check {
        check: Check,
    },
}

#[derive(Debug, Deserialize)]
pub struct Record {
    body: String,
}

/// Everybody is counted, a page at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Check {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Letter {
    Told { detail: Box<Event> },
    Check { check: Check },
}

impl Tally {
    /// If anything fails, the letters come again: what was counted by then counts once.
    pub async fn run(&self, input: Input) -> Result<(), Fault> {
        let records = match input {
            Input::Letters { records } => records,
            Input::Check { check } => return self.check(&check).await,
        };
        let (mut told, mut checks, mut refused) = (BTreeSet::new(), Vec::new(), None);
        for Record { body } in records {
            match serde_json::from_str(&body) {
                Ok(Letter::Told { detail }) => told.extend(subjects(&detail)),
                Ok(Letter::Check { check }) => checks.push(check),
                // Said once the others are counted: they did not choose what they come with.
                Err(error) => refused = Some(Fault::terminal(format!("a letter is none of ours: {error}"))),
            }
        }
        self.figures.count(&told, clock::now()).await?;
        tracing::info!(count.records = told.len(), "counted");
        // At last: one that has gone on must not do so again because something else failed.
        for check in checks {
            self.check(&check).await?;
        }
        refused.map_or(Ok(()), Err)
    }

    async fn check(&self, Check { after }: &Check) -> Result<(), Fault> {
        let now = clock::now();
        let after = after.clone().map(Page);
        let (tenants, next) = self.tenants.list(&Filter::default(), CHECKED, after.as_ref()).await?;
        let mut subjects = BTreeSet::new();
        for tenant in &tenants {
            subjects.extend(self.figures.of(&tenant.id, now).await?);
        }
        self.figures.count(&subjects, now).await?;
        tracing::info!(count.tenants = tenants.len(), count.records = subjects.len(), "checked");
        let Some(Page(after)) = next else { return Ok(()) };
        let check = Check { after: Some(after) };
        self.letters.send(&json!({ "check": check }).to_string()).await
    }
}

/// The records that an event is about.
fn subjects(event: &Event) -> Vec<Subject> {
    let Some(tenant) = event.tenant.clone() else { return Vec::new() };
    let part: Vec<&str> = event.subject.split('/').skip(2).collect();
    match part[..] {
        ["operations", id] => id.parse().map(|id| Subject::Operation(tenant, id)).into_iter().collect(),
        ["domains", _] => vec![Subject::Domains(tenant)],
        // Its domains go with it, and of those that had been given up nobody tells.
        _ => vec![Subject::Tenant(tenant.clone()), Subject::Domains(tenant)],
    }
}

#[cfg(test)]
mod tests;
