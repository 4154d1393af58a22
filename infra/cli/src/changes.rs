use std::process::ExitCode;

use clap::{Args, Subcommand};
use store::ChangeRequest;
use tenancy::ChangeRequestId;

use crate::Outcome;
use crate::api::Api;
use crate::report::{report, told};
use crate::table::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what waits for somebody's approval, the oldest first.
    List,
    /// Shows who wants what, and why.
    Show { id: ChangeRequestId },
    /// Has it done. Whoever asked for it cannot approve it.
    Approve(Decision),
    /// Turns it down.
    Reject(Decision),
}

#[derive(Debug, Args)]
pub(crate) struct Decision {
    id: ChangeRequestId,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// Shows its steps until it is done.
    #[arg(long)]
    watch: bool,
}

impl Command {
    pub(crate) async fn run(self, api: &Api) -> Outcome {
        let (decision, Decision { id, reason, watch }) = match self {
            Self::List => {
                print!("{}", table(api.change_requests().await?.iter().map(row)));
                return Ok(ExitCode::SUCCESS);
            }
            Self::Show { id } => {
                show(&api.change_request(id).await?);
                return Ok(ExitCode::SUCCESS);
            }
            Self::Approve(decision) => ("approve", decision),
            Self::Reject(decision) => ("reject", decision),
        };
        report(api, &api.decide(id, decision, &reason).await?, watch).await
    }
}

fn row(ChangeRequest { id, tenant, wish, who, why, .. }: &ChangeRequest) -> [String; 4] {
    [id.to_string(), tenant.to_string(), told(wish), format!("{who}: {why}")]
}

fn show(ChangeRequest { id, tenant, wish, who, why, asked_at, until, .. }: &ChangeRequest) {
    let line = |what: &str, value: &str| println!("{what:<12} {value}");
    line("request", &id.to_string());
    line("tenant", tenant.as_str());
    line("wish", &told(wish));
    line("who", who);
    line("why", why);
    line("asked", &asked_at.to_string());
    line("until", &until.to_string());
}
