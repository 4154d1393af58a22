use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::Outcome;
use crate::api::RepairTask;
use crate::report::report;
use crate::session::Session;
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
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// Shows it until it has ended.
    #[arg(long)]
    watch: bool,
}

impl Command {
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        let Session { api, form, .. } = session;
        let (act, Act { task, reason, watch }) = match self {
            Self::List => {
                form.tell(&api.repair_tasks().await?, |tasks| tasks.iter().map(picture).collect());
                return Ok(ExitCode::SUCCESS);
            }
            Self::Retry(act) => ("retry", act),
            Self::Resolve(act) => ("resolve", act),
        };
        report(session, &api.repair(&task, act, &reason).await?, watch).await
    }
}

fn picture(task: &RepairTask) -> String {
    let RepairTask { id, fault, since, tries, next_try } = task;
    format!("{id}\n  {}\n  since {since}, tried {tries} times, next at {next_try}\n", reason(fault))
}
