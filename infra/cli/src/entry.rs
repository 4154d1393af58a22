use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::Outcome;
use crate::api::Api;

/// What is done to plans, themes and blueprints alike.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Offers it to new tenants.
    Activate(Entry),
    /// Offers it to nobody any more. Those who have it keep it.
    Deactivate(Entry),
    /// Deletes one that is not on offer, and that no tenant has.
    Delete(Entry),
}

#[derive(Debug, Args)]
pub(crate) struct Entry {
    id: String,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
}

impl Command {
    /// Of a kind of entries: `plan`, `theme` or `blueprint`.
    pub(crate) async fn run(self, api: &Api, kind: &str) -> Outcome {
        let list = format!("{kind}s");
        let (id, stands) = match self {
            Self::Activate(Entry { id, reason }) => {
                api.set_entry(&list, &id, "activate", &reason).await?;
                (id, "is on offer")
            }
            Self::Deactivate(Entry { id, reason }) => {
                api.set_entry(&list, &id, "deactivate", &reason).await?;
                (id, "is not on offer any more")
            }
            Self::Delete(Entry { id, reason }) => {
                api.delete_entry(&list, &id, &reason).await?;
                (id, "is deleted")
            }
        };
        println!("{kind} {id} {stands}");
        Ok(ExitCode::SUCCESS)
    }
}

/// The mark of what is listed, and not on offer.
pub(crate) fn offered(active: bool) -> &'static str {
    if active { "" } else { " (not for new tenants)" }
}
