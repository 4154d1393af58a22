//! Frappe's sites: a folder, a database, and what people have in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::jobs::{Attempt, Failure};
use super::request::{FILES, Run, Task};
use super::{BenchHost, Mark};
use crate::clouds::pace::{
    BENCH_BACK_UP, BENCH_CONFIGURE, BENCH_DROP_SITE, BENCH_ERPNEXT, BENCH_INSTALL_APP, BENCH_MOMENT,
    BENCH_NEW_SITE, BENCH_RESTORE, BENCH_SEED, BENCH_USER,
};

/// What every site has from the start.
const FRAPPE: &str = "frappe";

#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) mark: Option<Mark>,
    pub(super) folder: bool,
    pub(super) database: bool,
    /// It was made to its end once.
    pub(super) complete: bool,
    pub(super) suspended: bool,
    pub(super) read_only: bool,
    pub(super) contents: Contents,
}

/// What is in the database, and so in a backup.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) apps: Vec<String>,
    /// The first names and roles of those who may sign in, by address.
    users: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Country and currency of each.
    companies: BTreeMap<String, [String; 2]>,
    country: String,
    time_zone: String,
    /// What people wrote.
    pub(super) wrote: String,
}

impl Contents {
    pub(super) fn says(&self, text: &str) -> bool {
        let users = self.users.iter().flat_map(|(email, (name, _))| [email, name]);
        let companies =
            self.companies.iter().flat_map(|(name, [country, currency])| [name, country, currency]);
        let own = [&self.country, &self.time_zone, &self.wrote];
        users.chain(companies).chain(own).any(|it| it.contains(text))
    }
}

impl Site {
    pub(super) fn new(mark: Option<Mark>) -> Self {
        Self {
            mark,
            folder: false,
            database: false,
            complete: false,
            suspended: false,
            read_only: false,
            contents: Contents::default(),
        }
    }

    pub(super) fn planted(mark: Option<Mark>) -> Self {
        let contents = Contents { apps: vec![FRAPPE.to_owned()], ..Contents::default() };
        Self { folder: true, database: true, complete: true, contents, ..Self::new(mark) }
    }

    pub(super) fn look(&self) -> Value {
        json!({
            "exists": self.folder, "database": self.database, "apps": self.contents.apps,
            "suspended": self.suspended, "read_only": self.read_only && !self.suspended,
        })
    }

    pub(super) fn stands(&self) -> bool {
        self.folder && self.database && self.complete
    }
}

/// What the database of a site is called.
pub(super) fn database(name: &str) -> String {
    format!("_{}", name.replace('-', "_"))
}

impl BenchHost {
    pub(super) fn begin_site(&mut self, run: &Run, now: Timestamp) -> Duration {
        let standing = self.sites.get(&run.name).filter(|site| site.mark.is_some() && site.stands());
        match run.task {
            Task::NewSite => match self.is_made(&run.name) {
                Ok(false) => {
                    let mark = self.sites.remove(&run.name).and_then(|site| site.mark);
                    let mark = mark.unwrap_or_else(|| Mark { owner: run.owner.clone(), made_at: now });
                    let half_made = Site { folder: true, ..Site::new(Some(mark)) };
                    self.sites.insert(run.name.clone(), half_made);
                    BENCH_NEW_SITE
                }
                _ => BENCH_MOMENT,
            },
            Task::DropSite if self.sites.get(&run.name).is_some_and(|site| site.mark.is_some()) => {
                BENCH_DROP_SITE
            }
            Task::InstallApp => {
                let app = run.input["app"].as_str().unwrap_or_default();
                let is_new = standing.is_some_and(|site| site.contents.apps.iter().all(|it| it != app));
                match app {
                    "erpnext" if is_new => BENCH_ERPNEXT,
                    _ if is_new => BENCH_INSTALL_APP,
                    _ => BENCH_MOMENT,
                }
            }
            _ if standing.is_none() => BENCH_MOMENT,
            Task::ConfigureSite => BENCH_CONFIGURE,
            Task::CreateUser => BENCH_USER,
            Task::SeedData => BENCH_SEED,
            Task::BackUp => BENCH_BACK_UP,
            Task::Restore => BENCH_RESTORE,
            _ => BENCH_MOMENT,
        }
    }

    pub(super) fn end_site(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        let text = |field: &str| attempt.input[field].as_str().unwrap_or_default().to_owned();
        match attempt.task {
            Task::NewSite => return self.new_site(&attempt.name),
            Task::DropSite => return self.drop_site(&attempt.name),
            Task::BackUp => return self.back_up(attempt),
            Task::Restore => return self.restore(attempt),
            Task::InstallApp if !self.bench.apps.contains(&text("app")) => {
                self.standing(&attempt.name)?;
                let app = text("app");
                return Err(Failure::new("app-missing", format!("install-app: No module named '{app}'")));
            }
            Task::ConfigureSite if !self.bench.oauth => {
                self.standing(&attempt.name)?;
                let cause = "configure: the bench has no tenantry_oauth_client_id";
                return Err(Failure::new("oauth-missing", cause));
            }
            _ => {}
        }
        let site = self.standing(&attempt.name)?;
        let contents = &mut site.contents;
        Ok(match attempt.task {
            Task::InstallApp => {
                let app = text("app");
                if !contents.apps.contains(&app) {
                    contents.apps.push(app.clone());
                }
                json!({"app": app, "installed": contents.apps})
            }
            Task::ConfigureSite => {
                // Without one it is left as it is.
                for (field, set) in
                    [("country", &mut contents.country), ("time_zone", &mut contents.time_zone)]
                {
                    if let Some(wanted) = attempt.input[field].as_str() {
                        wanted.clone_into(set);
                    }
                }
                site.suspended = attempt.input["suspended"] == true;
                site.read_only = attempt.input["read_only"] == true;
                json!({})
            }
            // Who was made before, and has another address now, is the same user.
            Task::CreateUser => {
                let roles = attempt.input["roles"].as_array().into_iter().flatten();
                let roles: BTreeSet<String> = roles.filter_map(Value::as_str).map(str::to_owned).collect();
                let email = text("email");
                if !contents.users.contains_key(&email) {
                    contents.users.retain(|_, (_, held)| held.is_disjoint(&roles));
                }
                let (first_name, held) = contents.users.entry(email.clone()).or_default();
                *first_name = text("first_name");
                held.extend(roles);
                json!({"user": email})
            }
            // An existing company of the name is left; one of another is called so now.
            _ => {
                let company = text("company");
                if !contents.companies.contains_key(&company) {
                    let former = contents.companies.pop_first().map(|(_, as_it_is)| as_it_is);
                    let as_it_is = former.unwrap_or_else(|| [text("country"), text("currency")]);
                    contents.companies.insert(company.clone(), as_it_is);
                }
                json!({"company": company})
            }
        })
    }

    /// Whether it is there already, and whole.
    fn is_made(&self, name: &str) -> Result<bool, Failure> {
        let Some(site) = self.sites.get(name) else { return Ok(false) };
        match (&site.mark, site.folder, site.database) {
            (None, true, _) => Err(foreign(name)),
            (None, false, true) => {
                let cause = format!("the database {} is there, and no site", database(name));
                Err(Failure::new("database-exists", cause))
            }
            (Some(_), true, true) if site.complete => Ok(true),
            // It may be all that is left of somebody's work.
            (Some(_), true, _) | (Some(_), _, true) if site.complete => {
                Err(Failure::new("absent", "the site was made, and half of it is gone"))
            }
            _ => Ok(false),
        }
    }

    fn new_site(&mut self, name: &str) -> Result<Value, Failure> {
        if !self.is_made(name)? {
            let mark = self.sites.remove(name).and_then(|site| site.mark);
            self.sites.insert(name.to_owned(), Site::planted(mark));
        }
        Ok(json!({"site": name, "database": database(name)}))
    }

    fn drop_site(&mut self, name: &str) -> Result<Value, Failure> {
        match self.sites.get(name) {
            Some(Site { mark: None, folder: true, .. }) => return Err(foreign(name)),
            // A database alone is nobody's that we know of.
            Some(Site { mark: None, .. }) | None => {}
            Some(_) => {
                self.sites.remove(name);
                self.made.retain(|(of, _), _| of != name);
                self.brought.retain(|(of, _), _| of != name);
            }
        }
        Ok(json!({}))
    }

    fn standing(&mut self, name: &str) -> Result<&mut Site, Failure> {
        match self.sites.get_mut(name) {
            Some(Site { mark: None, folder: true, .. }) => Err(foreign(name)),
            Some(site) if site.mark.is_some() && site.stands() => Ok(site),
            _ => Err(Failure::new("absent", format!("there is no site {name}"))),
        }
    }

    fn back_up(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        let dump = serde_json::to_vec(&self.standing(&attempt.name)?.contents);
        let dump = dump.map_err(|error| Failure::new("failed", error.to_string()))?;
        let contents = [dump, Vec::new(), Vec::new()];
        let told = FILES.iter().zip(&contents).map(|(file, content)| describe(file, content));
        let told = json!({"files": told.collect::<Vec<_>>()});
        // One at a time of a name: what others made there was fetched, or never will be.
        self.made.retain(|(of, _), _| *of != attempt.name);
        let files = FILES.map(str::to_owned).into_iter().zip(contents).collect();
        self.made.insert((attempt.name.clone(), attempt.key.clone()), files);
        Ok(told)
    }

    /// What people may do there is not in a backup, and stays as it is.
    fn restore(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        self.standing(&attempt.name)?;
        let brought = (attempt.name.clone(), attempt.key.clone());
        let files = self.brought.get(&brought);
        for wanted in attempt.input["files"].as_array().into_iter().flatten() {
            let file = wanted["file"].as_str().unwrap_or_default();
            let content = files
                .and_then(|files| files.get(file))
                .ok_or_else(|| Failure::new("absent", format!("{file} was not written under this key")))?;
            if describe(file, content) != *wanted {
                let cause = format!("{file} is not what it was when it was backed up");
                return Err(Failure::new("failed", cause));
            }
        }
        let dump = files.and_then(|files| files.get(FILES[0])).map(Vec::as_slice).unwrap_or_default();
        let contents = serde_json::from_slice(dump)
            .map_err(|error| Failure::new("failed", format!("restore: {error}")))?;
        self.standing(&attempt.name)?.contents = contents;
        self.brought.remove(&brought);
        Ok(json!({}))
    }
}

fn foreign(name: &str) -> Failure {
    Failure::new("foreign", format!("sites/{name} is there, without a mark of ours"))
}

fn describe(file: &str, content: &[u8]) -> Value {
    json!({"file": file, "bytes": content.len(), "sha256": hex::encode(Sha256::digest(content))})
}
