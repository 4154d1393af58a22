use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use tenancy::SweepId;

use crate::Outcome;
use crate::api::{Api, Sweep};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks every provider what it holds of ours, and waits for what comes of it. Only looks, without --destroy.
    Sweep(Wanted),
    /// Shows a sweep: the newest, without an id.
    Show { id: Option<SweepId> },
}

#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// Has the orphans destroyed, by repairs.
    #[arg(long)]
    destroy: bool,
    /// Stops where it finds more; defaults to the deployment's limit.
    #[arg(long)]
    limit: Option<usize>,
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        match self {
            Self::Sweep(Wanted { reason, destroy, limit }) => {
                let sweep = api.sweep(&reason, !destroy, limit).await?;
                println!("sweep {}: starts within a minute", sweep.id);
                show(&ended(api, sweep.id).await?)
            }
            Self::Show { id: Some(id) } => show(&api.show_sweep(id).await?),
            Self::Show { id: None } => match api.newest_sweep().await? {
                Some(sweep) => show(&sweep),
                None => Err("there was no sweep yet".into()),
            },
        }
    }
}

#[allow(clippy::disallowed_methods)] // A person waits for the answer.
async fn ended(api: &Api, id: SweepId) -> Result<Sweep, crate::api::Error> {
    loop {
        match api.show_sweep(id).await {
            Ok(sweep) if sweep.outcome.is_some() => return Ok(sweep),
            Err(error) if !error.may_pass() => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
        }
    }
}

/// A line for each thing; a failure, if the sweep was refused.
fn show(sweep: &Sweep) -> Outcome {
    let Some(outcome) = &sweep.outcome else {
        println!("sweep {}: accepted {}, and not over", sweep.id, sweep.accepted_at);
        return Ok(ExitCode::SUCCESS);
    };
    let how = if sweep.dry_run { "only looked" } else { "destroys" };
    println!("sweep {}: {how}, found {} (limit {})", sweep.id, outcome.found, outcome.limit);
    for found in &outcome.findings {
        println!("{:15} {}:{}  {}", found.verdict, found.tenant, found.step, found.handle);
    }
    for step in &outcome.unswept {
        println!("{:15} {}  {}", "not asked", step.step, step.fault.cause);
    }
    match &outcome.refused {
        Some(refused) => Err(refused.as_str().into()),
        None => Ok(ExitCode::SUCCESS),
    }
}
