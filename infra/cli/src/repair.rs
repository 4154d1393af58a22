use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::Outcome;
use crate::api::Api;
use crate::report::report;
use crate::watch::reason;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what would not go, of all tenants.
    List,
    /// Tries again, now.
    Retry(Act),
    /// Takes your word that it is gone, or is no longer ours to destroy.
    Resolve(Act),
}

#[derive(Debug, Args)]
pub(crate) struct Act {
    /// `<tenant>:<step>`, as `list` shows it.
    task: String,
    #[arg(long)]
    reason: String,
    /// Shows it until it has ended.
    #[arg(long)]
    watch: bool,
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        match self {
            Self::List => {
                for task in api.repair_tasks().await? {
                    println!("{}\n  {}", task.id, reason(&task.fault));
                    println!("  since {}, tried {} times, next at {}", task.since, task.tries, task.next_try);
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Retry(act) => {
                report(api, &api.repair(&act.task, "retry", &act.reason).await?, act.watch).await
            }
            Self::Resolve(act) => {
                report(api, &api.repair(&act.task, "resolve", &act.reason).await?, act.watch).await
            }
        }
    }
}
