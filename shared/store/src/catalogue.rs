use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenancy::{Blueprint, BlueprintRef, Plan, Theme};

use crate::audit::{Audit, By};
use crate::claims::{RequestKey, claim, commit};
use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::tenants::{Refusal, Versioned};

/// Plans, themes and blueprints on offer.
#[derive(Clone, Debug)]
pub struct Catalogue {
    db: Database,
}

/// What the catalogue has under a name of its own.
pub trait Entry: Clone + fmt::Debug + Serialize + DeserializeOwned + Send + Sync {
    /// What its kind is called.
    const KIND: &'static str;
    fn id(&self) -> &str;
    fn is_active(&self) -> bool;
    fn set_active(&mut self, active: bool);

    /// The version that tenants are pinned to, where they are: it is kept when the entry goes on to the next.
    fn pinned(&self) -> Option<BlueprintRef> {
        None
    }
}

impl Entry for Plan {
    const KIND: &'static str = "plan";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_active(&self) -> bool {
        self.active
    }
    fn set_active(&mut self, active: bool) {
        self.active = active;
    }
}

impl Entry for Theme {
    const KIND: &'static str = "theme";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_active(&self) -> bool {
        self.active
    }
    fn set_active(&mut self, active: bool) {
        self.active = active;
    }
}

impl Entry for Blueprint {
    const KIND: &'static str = "blueprint";
    fn id(&self) -> &str {
        &self.name
    }
    fn is_active(&self) -> bool {
        self.active
    }
    fn set_active(&mut self, active: bool) {
        self.active = active;
    }
    fn pinned(&self) -> Option<BlueprintRef> {
        Some(self.reference())
    }
}

impl Catalogue {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    pub async fn plans(&self) -> Result<Vec<Plan>, Error> {
        self.all().await
    }

    pub async fn plan(&self, id: &str) -> Result<Option<Plan>, Error> {
        Ok(self.entry(id).await?.map(|found| found.value))
    }

    pub async fn put_plan(&self, plan: &Plan) -> Result<(), Error> {
        self.put(&plan.id, plan).await
    }

    pub async fn themes(&self) -> Result<Vec<Theme>, Error> {
        self.all().await
    }

    pub async fn theme(&self, id: &str) -> Result<Option<Theme>, Error> {
        Ok(self.entry(id).await?.map(|found| found.value))
    }

    pub async fn put_theme(&self, theme: &Theme) -> Result<(), Error> {
        self.put(&theme.id, theme).await
    }

    /// The version of every blueprint that new tenants get.
    pub async fn blueprints(&self) -> Result<Vec<Blueprint>, Error> {
        let rows = self.db.query_all(Table::Catalogue, &partition::<Blueprint>(), "").await?;
        rows.iter().filter(|row| !row.key.sk.contains('@')).map(Row::decode).collect()
    }

    /// The steps of every blueprint there is or was: tenants may still be pinned to an old version.
    pub async fn steps(&self) -> Result<BTreeSet<String>, Error> {
        let blueprints: Vec<Blueprint> = self.all().await?;
        let steps = blueprints.iter().flat_map(|blueprint| {
            blueprint.workflow.steps().into_iter().chain(blueprint.custom_domain.as_deref())
        });
        Ok(steps.map(str::to_owned).collect())
    }

    /// The version of a blueprint that new tenants get.
    pub async fn blueprint(&self, name: &str) -> Result<Option<Blueprint>, Error> {
        Ok(self.entry(name).await?.map(|found| found.value))
    }

    /// The version of a blueprint a tenant is pinned to.
    pub async fn pinned(&self, blueprint: &BlueprintRef) -> Result<Option<Blueprint>, Error> {
        self.db.get(&key::<Blueprint>(blueprint)).await?.map(|row| row.decode()).transpose()
    }

    /// The versions of a blueprint that tenants can be pinned to, oldest first.
    pub async fn versions(&self, name: &str) -> Result<Vec<Blueprint>, Error> {
        let of_it = format!("{name}@");
        let rows = self.db.query_all(Table::Catalogue, &partition::<Blueprint>(), &of_it).await?;
        let mut versions: Vec<Blueprint> = rows.iter().map(Row::decode).collect::<Result<_, _>>()?;
        versions.sort_by_key(|blueprint| blueprint.version);
        Ok(versions)
    }

    /// Offers a blueprint: under its name to new tenants, under its version to those it will be pinned to.
    pub async fn put_blueprint(&self, blueprint: &Blueprint) -> Result<(), Error> {
        let blueprint = self.succeeding(blueprint).await?;
        self.put(blueprint.reference(), &blueprint).await?;
        self.put(&blueprint.name, &blueprint).await
    }

    /// What a blueprint would be once it is put. What was learnt about its steps is kept. Where it was changed by hand, it
    /// becomes the version after that: tenants are pinned to what those versions say.
    pub async fn succeeding(&self, blueprint: &Blueprint) -> Result<Blueprint, Error> {
        let mut blueprint = blueprint.clone();
        if let Some(known) = self.blueprint(&blueprint.name).await? {
            blueprint.usual_ms.clone_from(&known.usual_ms);
            if known.version > blueprint.version {
                blueprint.version = known.version;
                blueprint.version += u32::from(blueprint != known);
            }
        }
        Ok(blueprint)
    }

    /// Learns how long the steps of a blueprint took this time.
    pub async fn learn(
        &self,
        name: &str,
        measured_ms: impl IntoIterator<Item = (String, u64)>,
    ) -> Result<(), Error> {
        let key = key::<Blueprint>(name);
        let Some(row) = self.db.get(&key).await? else { return Ok(()) };
        let mut blueprint: Blueprint = row.decode()?;
        blueprint.learn(measured_ms);
        self.db.write(Write::put(key, &blueprint, Condition::Version(row.version))?).await.map(|_| ())
    }

    /// An entry, and the version that a change of it can be conditional on.
    pub async fn entry<T: Entry>(&self, id: &str) -> Result<Option<Versioned<T>>, Error> {
        let Some(row) = self.db.get(&key::<T>(id)).await? else { return Ok(None) };
        Ok(Some(Versioned { value: row.decode()?, version: row.version }))
    }

    /// Adds an entry. The same request again gives the same answer.
    pub async fn create<T: Entry>(
        &self,
        entry: T,
        by: By,
        request: Option<&RequestKey>,
        now: Timestamp,
    ) -> Result<T, Refusal> {
        let mut writes = Vec::from_iter(claim(request, &entry, now)?);
        writes.push(Write::put(key::<T>(entry.id()), &entry, Condition::Absent)?);
        writes.push(audit::<T>("create", entry.id(), by, (None, Some(&entry)), now)?);
        let id = entry.id().to_owned();
        match commit(&self.db, entry, writes, request).await {
            Err(Refusal::Store(Error::Conflict(_))) => {
                Err(Refusal::Exists(format!("the {} '{id}'", T::KIND)))
            }
            done => done,
        }
    }

    /// Changes an entry, if it is still at that version where one is named. What an older version of a blueprint says
    /// to the tenants pinned to it stays.
    pub async fn change<T: Entry>(
        &self,
        action: &str,
        id: &str,
        version: Option<u64>,
        by: By,
        now: Timestamp,
        change: impl FnOnce(&mut T),
    ) -> Result<Versioned<T>, Refusal> {
        let found = self.found::<T>(id, version).await?;
        let mut entry = found.value.clone();
        change(&mut entry);
        let put = Write::put(key::<T>(id), &entry, Condition::Version(found.version))?;
        let audit = audit(action, id, by, (Some(&found.value), Some(&entry)), now)?;
        let mut writes = vec![put, audit];
        if let Some(version) = entry.pinned().filter(|version| found.value.pinned().as_ref() != Some(version))
        {
            writes.push(Write::put(key::<T>(version), &entry, Condition::Absent)?);
        }
        self.transact::<T>(id, writes).await?;
        Ok(Versioned { value: entry, version: found.version + 1 })
    }

    /// Takes an entry away that is not on offer any more. Whether anything needs it is the caller's to know.
    pub async fn delete<T: Entry>(
        &self,
        id: &str,
        version: Option<u64>,
        by: By,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let found = self.found::<T>(id, version).await?;
        if found.value.is_active() {
            let detail = format!("the {} '{id}' is on offer; deactivate it first", T::KIND);
            return Err(Refusal::InUse(detail));
        }
        let delete = Write::Delete { key: key::<T>(id), condition: Condition::Version(found.version) };
        self.transact::<T>(id, vec![delete, audit("delete", id, by, (Some(&found.value), None), now)?]).await
    }

    async fn found<T: Entry>(&self, id: &str, version: Option<u64>) -> Result<Versioned<T>, Refusal> {
        let found = self.entry::<T>(id).await?;
        let found = found.ok_or_else(|| Refusal::NoSuch(format!("{} '{id}'", T::KIND)))?;
        match version {
            Some(version) if version != found.version => Err(stale::<T>(id)),
            _ => Ok(found),
        }
    }

    async fn transact<T: Entry>(&self, id: &str, writes: Vec<Write>) -> Result<(), Refusal> {
        match self.db.transact(writes).await {
            Err(Error::Conflict(_)) => Err(stale::<T>(id)),
            done => Ok(done?),
        }
    }

    async fn all<T: Entry>(&self) -> Result<Vec<T>, Error> {
        self.db.query_all(Table::Catalogue, &partition::<T>(), "").await?.iter().map(Row::decode).collect()
    }

    async fn put<T: Entry>(&self, id: impl fmt::Display, value: &T) -> Result<(), Error> {
        let key = key::<T>(id);
        let condition =
            self.db.get(&key).await?.map_or(Condition::Absent, |row| Condition::Version(row.version));
        self.db.write(Write::put(key, value, condition)?).await.map(|_| ())
    }
}

fn stale<T: Entry>(id: &str) -> Refusal {
    Refusal::Stale(format!("the {} '{id}'", T::KIND))
}

fn audit<T: Entry>(
    action: &str,
    id: &str,
    by: By,
    (before, after): (Option<&T>, Option<&T>),
    at: Timestamp,
) -> Result<Write, Error> {
    let value = |entry: Option<&T>| match entry {
        Some(entry) => serde_json::to_value(entry).map_err(|e| Error::Unusable(e.to_string())),
        None => Ok(Value::Null),
    };
    let subject = Some(format!("{} {id}", T::KIND));
    Audit { subject, ..by.did(action, (value(before)?, value(after)?), at) }.put_catalogue()
}

/// `PLAN`, `THEME` or `BLUEPRINT`.
fn partition<T: Entry>() -> String {
    T::KIND.to_ascii_uppercase()
}

fn key<T: Entry>(id: impl fmt::Display) -> Key {
    Key::new(Table::Catalogue, partition::<T>(), id)
}
