use axum::Json;
use axum::extract::State;
use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Entry, Refusal};
use tenancy::{Plan, Theme};
use utoipa::ToSchema;

use crate::request::{Change, Reason};
use crate::{Api, Problem};

static CATALOGUE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../../infra/catalogue");

/// What was missing and is there now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeededDefaults)]
pub(crate) struct Seeded {
    plans: Vec<String>,
    themes: Vec<String>,
}

/// Adds the plans and themes that Tenantry comes with, where they are missing
///
/// What is there stays as it is. Blueprints come with a deployment.
#[utoipa::path(
    post, path = "/v1/catalogue/defaults", tag = "catalogue", request_body = Reason,
    responses((status = 200, description = "What was missing", body = Seeded)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn seed(State(api): State<Api>, change: Change) -> Result<Json<Seeded>, Problem> {
    change.reason()?;
    let plans = api.seed::<Plan>("plans", &change).await?;
    let themes = api.seed::<Theme>("themes", &change).await?;
    Ok(Json(Seeded { plans, themes }))
}

impl Api {
    async fn seed<T: Entry>(&self, folder: &str, change: &Change) -> Result<Vec<String>, Problem> {
        let mut seeded = Vec::new();
        for entry in defaults::<T>(folder)? {
            let id = entry.id().to_owned();
            match self.catalogue.create(entry, change.reason()?, None, clock::now()).await {
                Ok(_) => seeded.push(id),
                Err(Refusal::Exists(_)) => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok(seeded)
    }
}

fn defaults<T: DeserializeOwned>(folder: &str) -> Result<Vec<T>, fault::Fault> {
    let files = CATALOGUE.get_dir(folder).into_iter().flat_map(Dir::files);
    let read = |text: &str| toml::from_str(text).map_err(|e| fault::Fault::terminal(e.to_string()));
    files.filter_map(|file| file.contents_utf8()).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_reads() {
        let files = |folder: &str| CATALOGUE.get_dir(folder).expect("a folder").files().count();
        assert_eq!(defaults::<Plan>("plans").expect("plans").len(), files("plans"));
        assert_eq!(defaults::<Theme>("themes").expect("themes").len(), files("themes"));
        assert!(files("plans") > 1 && files("themes") > 1);
    }
}
