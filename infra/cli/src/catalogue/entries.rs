use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use tenancy::{Blueprint, Plan, Theme};

use crate::Outcome;
use crate::api::{Api, Error, Said};
use crate::preview::{cycle, money};
use crate::session::Session;
use crate::table::table;

/// What the catalogue has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Plan,
    Theme,
    Blueprint,
}

/// What is done to one of them.
#[derive(Debug, Args)]
pub(crate) struct Entry {
    kind: Kind,
    id: String,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Plan, Self::Theme, Self::Blueprint];

    fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Theme => "theme",
            Self::Blueprint => "blueprint",
        }
    }

    /// The API's list of them.
    fn list(self) -> String {
        format!("{}s", self.name())
    }

    /// What there is of it: what the API said, and a row each.
    async fn entries(self, api: &Api) -> Result<(Value, Vec<[String; 4]>), Error> {
        let list = self.list();
        let offered = |active: bool| if active { "" } else { "not for new tenants" }.to_owned();
        Ok(match self {
            Self::Plan => {
                let Said { json, read }: Said<Vec<Plan>> = api.entries(&list).await?;
                let row = |plan: Plan| {
                    let price = money(plan.price_cents.into(), &plan.currency)
                        + &cycle(&plan.billing_cycle, plan.trial_days);
                    [plan.id, plan.name, price, offered(plan.active)]
                };
                (json, read.into_iter().map(row).collect())
            }
            Self::Theme => {
                let Said { json, read }: Said<Vec<Theme>> = api.entries(&list).await?;
                let row = |theme: Theme| [theme.id, theme.name, theme.description, offered(theme.active)];
                (json, read.into_iter().map(row).collect())
            }
            Self::Blueprint => {
                let Said { json, read }: Said<Vec<Blueprint>> = api.entries(&list).await?;
                let row = |blueprint: Blueprint| {
                    let steps = format!("{} steps", blueprint.workflow.steps().len());
                    [
                        blueprint.reference().to_string(),
                        blueprint.description,
                        steps,
                        offered(blueprint.active),
                    ]
                };
                (json, read.into_iter().map(row).collect())
            }
        })
    }
}

/// Lists what there is of a kind, or of all; to programs, each under its own name.
pub(super) async fn list(Session { api, form, .. }: &Session, kind: Option<Kind>) -> Outcome {
    let (mut all, mut told) = (Map::new(), String::new());
    for kind in Kind::ALL.into_iter().filter(|known| kind.is_none_or(|wanted| wanted == *known)) {
        let (json, rows) = kind.entries(api).await?;
        all.extend(json.as_object().cloned().into_iter().flatten());
        told += &table(rows);
    }
    form.tell_json(&all.into(), || told);
    Ok(ExitCode::SUCCESS)
}

impl Entry {
    /// `activate` or `deactivate`.
    pub(super) async fn set(self, Session { api, form, .. }: &Session, act: &str) -> Outcome {
        let Self { kind, id, reason } = self;
        let said = api.set_entry(&kind.list(), &id, act, &reason).await?;
        let stands = if act == "activate" { "is on offer" } else { "is not on offer any more" };
        form.tell(&said, |_| format!("{} {id} {stands}\n", kind.name()));
        Ok(ExitCode::SUCCESS)
    }

    pub(super) async fn delete(self, Session { api, form, .. }: &Session) -> Outcome {
        let Self { kind, id, reason } = self;
        let said = api.delete_entry(&kind.list(), &id, &reason).await?;
        form.tell(&said, |_| format!("{} {id} is deleted\n", kind.name()));
        Ok(ExitCode::SUCCESS)
    }
}
