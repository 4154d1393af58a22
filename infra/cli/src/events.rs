use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use crate::Outcome;
use crate::api::{DeadEvent, DeadEvents, UnknownEvent};
use crate::session::Session;
use crate::table::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    pub(crate) async fn run(self, Session { api, form, .. }: &Session) -> Outcome {
        match self {
            Self::Unknown => {
                let row = |event: &UnknownEvent| {
                    [event.received_at.to_string(), event.kind.clone(), event.id.clone()]
                };
                form.tell(&api.unknown_events().await?, |events| table(events.iter().map(row)));
            }
            Self::Dead => form.tell(&api.dead_events().await?, dead),
            Self::Replay { reason } => {
                let mut replayed = 0;
                // A hundred at a time; what is dead again is not tried again.
                for _ in 0..=api.dead_events().await?.read.waiting / 100 {
                    replayed += api.replay_dead_events(&reason).await?;
                }
                form.tell_json(&json!({ "replayed": replayed }), || format!("{replayed} tried again\n"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn dead(DeadEvents { waiting, events }: &DeadEvents) -> String {
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "unreadable".to_owned());
    let row = |event: &DeadEvent| [said(&event.kind), said(&event.id)];
    format!("{waiting} could not be dealt with\n{}", table(events.iter().map(row)))
}
