use std::process::ExitCode;

use clap::{Args, Subcommand};
use store::ChangeRequest;
use tenancy::ChangeRequestId;

use crate::Outcome;
use crate::report::{report, told};
use crate::session::Session;
use crate::table::{fields, table};

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
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        let Session { api, form, .. } = session;
        let (decision, Decision { id, reason, watch }) = match self {
            Self::List => {
                form.tell(&api.change_requests().await?, |requests| table(requests.iter().map(row)));
                return Ok(ExitCode::SUCCESS);
            }
            Self::Show { id } => {
                form.tell(&api.change_request(id).await?, picture);
                return Ok(ExitCode::SUCCESS);
            }
            Self::Approve(decision) => ("approve", decision),
            Self::Reject(decision) => ("reject", decision),
        };
        report(session, &api.decide(id, decision, &reason).await?, watch).await
    }
}

fn row(ChangeRequest { id, tenant, wish, who, why, .. }: &ChangeRequest) -> [String; 4] {
    [id.to_string(), tenant.to_string(), told(wish), format!("{who}: {why}")]
}

fn picture(ChangeRequest { id, tenant, wish, who, why, asked_at, until, .. }: &ChangeRequest) -> String {
    fields([
        ("request", id.to_string()),
        ("tenant", tenant.to_string()),
        ("wish", told(wish)),
        ("who", who.clone()),
        ("why", why.clone()),
        ("asked", asked_at.to_string()),
        ("until", until.to_string()),
    ])
}
