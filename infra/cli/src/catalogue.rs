mod entries;
mod offer;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use store::{Catalogue, Database, Table};

use self::entries::{Entry, Kind};
use self::offer::{Becomes, Change, Difference, Offer};
use crate::Outcome;
use crate::api::Seeded;
use crate::failure::{Exit, Failure};
use crate::form::Form;
use crate::session::Target;
use crate::table::table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes the plans, themes and blueprints of a folder to the catalogue's table.
    Apply(Files),
    /// Says what `apply` would change.
    Diff(Files),
    /// Has the API add the plans and themes that Tenantry comes with, where they are missing.
    Defaults {
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
    },
    /// Lists plans, themes and blueprints, on offer or not.
    List { kind: Option<Kind> },
    /// Offers one to new tenants.
    Activate(Entry),
    /// Offers one to nobody any more. Those who have it keep it.
    Deactivate(Entry),
    /// Deletes one that is not on offer, and that no tenant has.
    Delete(Entry),
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// A folder with plans/*.toml, themes/*.toml and blueprints/*.toml.
    folder: PathBuf,
    /// A folder with a state machine, `<blueprint>.asl.json`, for each blueprint.
    #[arg(long, value_name = "FOLDER")]
    machines: PathBuf,
    /// The catalogue's table in DynamoDB: the stack's output `CatalogueTable`.
    #[arg(long, env = "CATALOGUE_TABLE")]
    table: Option<String>,
}

impl Command {
    pub(crate) async fn run(self, target: Target) -> Outcome {
        match self {
            Self::Apply(files) => {
                let (offer, catalogue) = files.open(&target).await?;
                let changes = offer.changes(&catalogue).await?;
                offer.write(&catalogue).await?;
                tell(target.form(), &changes);
            }
            Self::Diff(files) => {
                let (offer, catalogue) = files.open(&target).await?;
                tell(target.form(), &offer.changes(&catalogue).await?);
            }
            Self::Defaults { reason } => {
                let session = target.open().await?;
                session.form.tell(&session.api.seed_defaults(&reason).await?, added);
            }
            Self::List { kind } => return entries::list(&target.open().await?, kind).await,
            Self::Activate(entry) => return entry.set(&target.open().await?, "activate").await,
            Self::Deactivate(entry) => return entry.set(&target.open().await?, "deactivate").await,
            Self::Delete(entry) => return entry.delete(&target.open().await?).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Files {
    /// What is to be on offer, and where that is written.
    async fn open(self, target: &Target) -> Result<(Offer, Catalogue), Box<dyn Error>> {
        let offer = Offer::read(&self.folder, &self.machines)
            .map_err(|mistake| Failure::new(Exit::Refused, mistake.to_string()))?;
        let profile = target.profile()?;
        let name = self.table.or_else(|| profile.catalogue_table.clone()).ok_or_else(|| {
            Failure::usage("nobody says where the catalogue is").hint("set CATALOGUE_TABLE, or give --table")
        })?;
        let named = |table| (table == Table::Catalogue).then(|| name.clone());
        Ok((offer, Catalogue::new(Database::at(target.region(&profile), named).await)))
    }
}

fn tell(form: Form, changes: &[Change]) {
    form.tell_json(&json!({ "changes": changes }), || changes.iter().map(picture).collect());
}

fn picture(Change { kind, id, becomes, fields }: &Change) -> String {
    let word = match becomes {
        Becomes::Added => "new",
        Becomes::Changed => "changed",
        Becomes::Same => "as it is",
    };
    let row = |(path, Difference { from, to }): (&String, &Difference)| {
        [format!("  {path}"), short(from), format!("-> {}", short(to))]
    };
    format!("{kind:<10} {id:<24} {word}\n{}", table(fields.iter().map(row)))
}

/// The beginning of what may be long: `--json` has all of it.
fn short(value: &Value) -> String {
    const WIDEST: usize = 40;
    let text = value.to_string();
    if text.chars().count() <= WIDEST { text } else { text.chars().take(WIDEST).chain(['…']).collect() }
}

fn added(Seeded { plans, themes }: &Seeded) -> String {
    let line = |kind: &str, id: &String| format!("{kind:<10} {id}\n");
    let plans = plans.iter().map(|id| line("plan", id));
    let told: String = plans.chain(themes.iter().map(|id| line("theme", id))).collect();
    if told.is_empty() { "nothing was missing\n".to_owned() } else { told }
}
