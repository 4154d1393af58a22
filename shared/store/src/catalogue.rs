use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy::{Blueprint, BlueprintRef, Plan, Theme};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};

/// Plans, themes and blueprints on offer.
#[derive(Clone, Debug)]
pub struct Catalogue {
    db: Database,
}

impl Catalogue {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    pub async fn plans(&self) -> Result<Vec<Plan>, Error> {
        self.all("PLAN").await
    }

    pub async fn plan(&self, id: &str) -> Result<Option<Plan>, Error> {
        self.one("PLAN", id).await
    }

    pub async fn put_plan(&self, plan: &Plan) -> Result<(), Error> {
        self.put("PLAN", &plan.id, plan).await
    }

    pub async fn themes(&self) -> Result<Vec<Theme>, Error> {
        self.all("THEME").await
    }

    pub async fn theme(&self, id: &str) -> Result<Option<Theme>, Error> {
        self.one("THEME", id).await
    }

    pub async fn put_theme(&self, theme: &Theme) -> Result<(), Error> {
        self.put("THEME", &theme.id, theme).await
    }

    /// The steps of every blueprint there is or was: tenants may still be pinned to an old version.
    pub async fn steps(&self) -> Result<BTreeSet<String>, Error> {
        let blueprints: Vec<Blueprint> = self.all("BLUEPRINT").await?;
        let steps = blueprints.iter().flat_map(|blueprint| {
            blueprint.workflow.steps().into_iter().chain(blueprint.custom_domain.as_deref())
        });
        Ok(steps.map(str::to_owned).collect())
    }

    /// The version of a blueprint that new tenants get.
    pub async fn blueprint(&self, name: &str) -> Result<Option<Blueprint>, Error> {
        self.one("BLUEPRINT", name).await
    }

    /// The version of a blueprint a tenant is pinned to.
    pub async fn pinned(&self, blueprint: &BlueprintRef) -> Result<Option<Blueprint>, Error> {
        self.one("BLUEPRINT", blueprint).await
    }

    /// Offers a blueprint: under its name to new tenants, under its version to those it will be pinned to. What
    /// was learnt about its steps is kept.
    pub async fn put_blueprint(&self, blueprint: &Blueprint) -> Result<(), Error> {
        let mut blueprint = blueprint.clone();
        if let Some(known) = self.blueprint(&blueprint.name).await? {
            blueprint.usual_ms = known.usual_ms;
        }
        self.put("BLUEPRINT", blueprint.reference(), &blueprint).await?;
        self.put("BLUEPRINT", &blueprint.name, &blueprint).await
    }

    /// Learns how long the steps of a blueprint took this time.
    pub async fn learn(
        &self,
        name: &str,
        measured_ms: impl IntoIterator<Item = (String, u64)>,
    ) -> Result<(), Error> {
        let key = key("BLUEPRINT", name);
        let Some(row) = self.db.get(&key).await? else { return Ok(()) };
        let mut blueprint: Blueprint = row.decode()?;
        blueprint.learn(measured_ms);
        self.db.write(Write::put(key, &blueprint, Condition::Version(row.version))?).await.map(|_| ())
    }

    async fn all<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>, Error> {
        self.db.query_all(Table::Catalogue, kind, "").await?.iter().map(Row::decode).collect()
    }

    async fn one<T: DeserializeOwned>(
        &self,
        kind: &str,
        id: impl std::fmt::Display,
    ) -> Result<Option<T>, Error> {
        self.db.get(&key(kind, id)).await?.map(|row| row.decode()).transpose()
    }

    async fn put(&self, kind: &str, id: impl std::fmt::Display, value: &impl Serialize) -> Result<(), Error> {
        let key = key(kind, id);
        let condition =
            self.db.get(&key).await?.map_or(Condition::Absent, |row| Condition::Version(row.version));
        self.db.write(Write::put(key, value, condition)?).await.map(|_| ())
    }
}

fn key(kind: &str, id: impl std::fmt::Display) -> Key {
    Key::new(Table::Catalogue, kind, id)
}
