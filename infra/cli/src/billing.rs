use std::process::ExitCode;

use clap::Subcommand;
use tenancy::SubscriptionId;

use crate::Outcome;
use crate::api::Api;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows a subscription: what its biller said of it, and what was done about it.
    Subscription { id: SubscriptionId },
    /// Lists what billers said in the last month that nothing is done about.
    Unknown,
    /// Shows what billers said that could not be dealt with.
    Dead,
    /// Has what could not be dealt with tried again.
    Replay {
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
    },
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        match self {
            Self::Subscription { id } => show(api, &id).await,
            Self::Unknown => {
                for event in api.unknown_events().await? {
                    println!("{}  {}  {}", event.received_at, event.kind, event.id);
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Dead => {
                let dead = api.dead_events().await?;
                println!("{} could not be dealt with", dead.waiting);
                for event in dead.events {
                    let said = |text: Option<String>| text.unwrap_or_else(|| "unreadable".to_owned());
                    println!("{}  {}", said(event.kind), said(event.id));
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Replay { reason } => {
                let mut replayed = 0;
                // A hundred at a time; what is dead again is not tried again.
                for _ in 0..=api.dead_events().await?.waiting / 100 {
                    replayed += api.replay_dead_events(&reason).await?;
                }
                println!("{replayed} tried again");
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

async fn show(api: &Api, id: &SubscriptionId) -> Outcome {
    let known = api.subscription(id).await?;
    println!("subscription {id}: {} events, {} of them too late to matter", known.heard, known.late);
    println!("{:<10}{}", "tenant", known.tenant.map_or_else(|| "none".to_owned(), |id| id.to_string()));
    println!("{:<10}{}", "charged", if known.charged { "yes" } else { "no" });
    if let Some(voided) = known.voided {
        println!("{:<10}{}, {}", "voided", voided.at, voided.why);
    }
    if let Some(refused) = known.refused {
        println!("{:<10}{refused}", "not done");
    }
    println!("{:#}", known.subscription);
    Ok(ExitCode::SUCCESS)
}
