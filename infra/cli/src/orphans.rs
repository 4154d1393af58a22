use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use tenancy::SweepId;

use crate::Outcome;
use crate::api::{Api, Error, Said, Sweep};
use crate::failure::{Exit, Failure};
use crate::form::Form;
use crate::session::Session;

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
    pub(crate) async fn run(self, Session { api, form, .. }: &Session) -> Outcome {
        match self {
            Self::Sweep(Wanted { reason, destroy, limit }) => {
                let sweep = api.sweep(&reason, !destroy, limit).await?.read;
                if *form == Form::Words {
                    println!("sweep {}: starts within a minute", sweep.id);
                }
                show(*form, &ended(api, sweep.id).await?)
            }
            Self::Show { id } => {
                let newest = match id {
                    None => api.newest_sweep().await?,
                    named => named,
                };
                let id = newest.ok_or_else(|| Failure::new(Exit::Missing, "there was no sweep yet"))?;
                show(*form, &api.show_sweep(id).await?)
            }
        }
    }
}

#[allow(clippy::disallowed_methods)] // A person waits for the answer.
async fn ended(api: &Api, id: SweepId) -> Result<Said<Sweep>, Error> {
    loop {
        match api.show_sweep(id).await {
            Ok(sweep) if sweep.read.outcome.is_some() => return Ok(sweep),
            Err(error) if !error.may_pass() => return Err(error),
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
        }
    }
}

/// A line for each thing; a failure, if the sweep was refused.
fn show(form: Form, said: &Said<Sweep>) -> Outcome {
    form.tell(said, picture);
    match said.read.outcome.as_ref().and_then(|outcome| outcome.refused.clone()) {
        Some(refused) => Err(refused.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn picture(sweep: &Sweep) -> String {
    let Some(outcome) = &sweep.outcome else {
        return format!("sweep {}: accepted {}, and not over\n", sweep.id, sweep.accepted_at);
    };
    let how = if sweep.dry_run { "only looked" } else { "destroys" };
    let mut told = format!("sweep {}: {how}, found {} (limit {})\n", sweep.id, outcome.found, outcome.limit);
    for found in &outcome.findings {
        told += &format!("{:15} {}:{}  {}\n", found.verdict, found.tenant, found.step, found.handle);
    }
    for step in &outcome.unswept {
        told += &format!("{:15} {}  {}\n", "not asked", step.step, step.fault.cause);
    }
    told
}
