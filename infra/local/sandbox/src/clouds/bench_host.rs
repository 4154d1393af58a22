//! A bench host by way of its agent: Frappe's sites, nginx' files, certificates, and what visitors see of them.
//! `infra/bench-host` is the agent; `POST https://bench.example/` is one request to it, and what it answers.
//!
//! Nothing is asked of whoever comes: the real way is SSH, which has let them in. What goes wrong by itself is what the host
//! lacks: an app, a client for OAuth, a name that leads to it. All else is told to fail.
//! Deliberately absent: processes, logs, nginx' own words, waiting for a job that has not begun, and renewal that fails.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::certificates::{Authority, Certificate};
use self::jobs::Attempt;
use self::nginx::Served;
use self::request::{Asked, Kind, Task, Transfer};
use self::sites::Site;
use super::Thing;
use super::ask::{self, Ask, Waits};
use super::name_servers::NameServers;
use super::pace::Moment;

mod certificates;
mod jobs;
mod nginx;
mod request;
mod sites;
mod visit;

pub(crate) use self::visit::is_tenant;

/// What a listing has at most, and a piece of a file.
const PART: usize = 100;
const PIECE: usize = 3 * 1024 * 1024;

/// What an operator has set up.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Whose agent it is: `--deployment`.
    pub deployment: String,
    /// What the bench has besides Frappe.
    pub apps: Vec<String>,
    /// Whether the bench knows a client for OAuth.
    pub oauth: bool,
    pub certificates_per_week: usize,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            deployment: "demo".to_owned(),
            apps: ["erpnext", "tenant_oauth_auth"].map(str::to_owned).to_vec(),
            oauth: true,
            certificates_per_week: 50,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct BenchHost {
    bench: Bench,
    sites: BTreeMap<String, Site>,
    served: BTreeMap<String, Served>,
    certificates: BTreeMap<String, Certificate>,
    authority: Authority,
    /// In the order in which they began.
    attempts: Vec<Attempt>,
    /// By name and key: what backups made, and what was brought for restoring.
    made: BTreeMap<(String, String), Files>,
    brought: BTreeMap<(String, String), Files>,
    /// The failures that attempts of a task are still to end with.
    told_to_fail: BTreeMap<Task, Vec<&'static str>>,
}

type Files = BTreeMap<String, Vec<u8>>;

/// Whose a thing is.
#[derive(Debug, Clone)]
struct Mark {
    owner: String,
    made_at: Timestamp,
}

/// Nothing was begun.
#[derive(Debug)]
struct Refused {
    code: &'static str,
    cause: String,
}

impl Refused {
    fn new(code: &'static str, cause: impl Into<String>) -> Self {
        Self { code, cause: cause.into() }
    }

    fn invalid(cause: impl Into<String>) -> Self {
        Self::new("invalid", cause)
    }
}

/// An answer, and how long it is waited for.
type Outcome = Result<(Value, Duration), Refused>;

impl BenchHost {
    pub(crate) fn new(bench: &Bench) -> Self {
        Self {
            bench: bench.clone(),
            sites: BTreeMap::new(),
            served: BTreeMap::new(),
            certificates: BTreeMap::new(),
            authority: Authority::default(),
            attempts: Vec::new(),
            made: BTreeMap::new(),
            brought: BTreeMap::new(),
            told_to_fail: BTreeMap::new(),
        }
    }

    /// As the protocol calls it; of a run, the task.
    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let asked = ask.json().unwrap_or_default();
        match asked["ask"].as_str() {
            Some("look") => "look",
            Some("list") => "list",
            Some("read") => "read",
            Some("write") => "write",
            _ => asked["task"].as_str().and_then(Task::named).map_or("unknown", Task::name),
        }
    }

    pub(crate) fn answer(&mut self, moment: Moment, ask: &Ask<'_>, dns: &NameServers) -> Response<Bytes> {
        if ask.route() != ("POST", vec![""]) {
            let body = json!({"message": "An agent is asked by POST to /."});
            return ask::json(StatusCode::NOT_FOUND, &body);
        }
        self.settle(moment.now, dns);
        let answered = request::read(ask.body, &self.bench.deployment).and_then(|asked| match asked {
            Asked::Run(run) => self.run(moment, run, dns),
            Asked::Look { at, name } => Ok((json!({"look": self.look(at, &name)}), Duration::ZERO)),
            Asked::List { of, after } => Ok((json!({"list": self.list(of, &after)}), Duration::ZERO)),
            Asked::Read(from) => Ok((json!({"part": self.read(&from)?}), Duration::ZERO)),
            Asked::Write(to, data) => Ok((json!({"written": self.write(to, &data)?}), Duration::ZERO)),
        });
        let (body, waits) = answered.unwrap_or_else(|Refused { code, cause }| {
            (json!({"refused": {"code": code, "cause": cause, "hint": null}}), Duration::ZERO)
        });
        let mut response = ask::json(StatusCode::OK, &body);
        response.extensions_mut().insert(Waits(waits));
        response
    }

    /// What came to its end by now, in that order; and what the host's timer does.
    fn settle(&mut self, now: Timestamp, dns: &NameServers) {
        let due = |attempt: &Attempt| attempt.end.is_none() && attempt.ends_at <= now;
        while let Some((index, _)) =
            self.attempts.iter().enumerate().filter(|(_, it)| due(it)).min_by_key(|(_, it)| it.ends_at)
        {
            self.finish(index, dns);
        }
        self.tend(now, dns);
    }

    /// The same host, later.
    fn settled(&self, now: Timestamp, dns: &NameServers) -> Self {
        let mut later = self.clone();
        later.settle(now, dns);
        later
    }

    fn mark(&self, kind: Kind, name: &str) -> Option<&Mark> {
        match kind {
            Kind::Site => self.sites.get(name)?.mark.as_ref(),
            Kind::Served => self.served.get(name)?.mark.as_ref(),
            Kind::Certificate => self.certificates.get(name)?.mark.as_ref(),
        }
    }

    /// Refuses what is another owner's.
    fn hold(&self, kind: Kind, name: &str, owner: &str) -> Result<(), Refused> {
        match self.mark(kind, name) {
            Some(mark) if mark.owner != owner => {
                Err(Refused::new("foreign", format!("name: the {} is another owner's", kind.name())))
            }
            _ => Ok(()),
        }
    }

    fn look(&self, at: Kind, name: &str) -> Option<Value> {
        let mut look = match at {
            Kind::Site => self.sites.get(name)?.look(),
            Kind::Served => self.served.get(name)?.look(),
            Kind::Certificate => self.certificates.get(name)?.look(),
        };
        let mark = self.mark(at, name);
        look["owner"] = json!(mark.map(|mark| &mark.owner));
        look["made_at"] = json!(mark.map(|mark| mark.made_at));
        Some(look)
    }

    fn list(&self, of: Kind, after: &str) -> Value {
        let names: Vec<&String> = match of {
            Kind::Site => self.sites.keys().collect(),
            Kind::Served => self.served.keys().collect(),
            Kind::Certificate => self.certificates.keys().collect(),
        };
        let marked = names.into_iter().filter(|name| name.as_str() > after);
        let mut marked = marked.filter_map(|name| Some((name, self.mark(of, name)?)));
        let items: Vec<_> = marked.by_ref().take(PART).collect();
        let next = marked.next().and(items.last()).map(|(name, _)| name);
        let told = |(name, mark): &(&String, &Mark)| json!({"name": name, "owner": mark.owner, "made_at": mark.made_at});
        json!({"items": items.iter().map(told).collect::<Vec<_>>(), "next": next})
    }

    fn read(&self, from: &Transfer) -> Result<Value, Refused> {
        let absent = |cause: &str| Refused::new("absent", cause);
        let backups = self.attempts.iter().rev().filter(|it| it.is(&from.name, Task::BackUp, "", &from.key));
        let made = backups.into_iter().find(|it| matches!(it.end, Some((_, Ok(_)))));
        let made = made.ok_or_else(|| absent("key: no backup was made under it"))?;
        if made.owner != from.owner {
            return Err(Refused::new("foreign", "name: the backup is another owner's"));
        }
        let files = self.made.get(&(from.name.clone(), from.key.clone()));
        let content = files.and_then(|files| files.get(&from.file));
        let content =
            content.ok_or_else(|| absent("file: is not kept any more, or was none of the backup's"))?;
        let rest = content.get(from.offset..).unwrap_or_default();
        let piece = rest.get(..PIECE).unwrap_or(rest);
        let next = (piece.len() < rest.len()).then_some(from.offset + piece.len());
        Ok(json!({"data": STANDARD.encode(piece), "next": next}))
    }

    fn write(&mut self, to: Transfer, data: &[u8]) -> Result<usize, Refused> {
        self.hold(Kind::Site, &to.name, &to.owner)?;
        let place = (to.name, to.key);
        let so_far = self.brought.get(&place).and_then(|files| files.get(&to.file)).map_or(0, Vec::len);
        if so_far < to.offset {
            return Err(Refused::invalid("offset: is behind what was written so far"));
        }
        let file = self.brought.entry(place).or_default().entry(to.file).or_default();
        file.truncate(to.offset);
        file.extend_from_slice(data);
        Ok(file.len())
    }

    /// A name that is marked is told as a thing, whether it is there or not: so a look at it is answered.
    pub(crate) fn things(&self, now: Timestamp, dns: &NameServers) -> Vec<Thing> {
        if self.attempts.iter().any(|it| it.end.is_none() && it.ends_at <= now) {
            return self.settled(now, dns).things(now, dns);
        }
        let owner = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.owner.clone());
        let thing = |kind, name: &str, mark| Thing::new("bench-host", kind, name, owner(mark));
        let sites = self.sites.iter().filter(|(_, site)| site.folder || site.mark.is_some());
        let sites = sites.map(|(name, site)| thing("site", name, &site.mark));
        let databases = self.sites.iter().filter(|(_, site)| site.database);
        let databases = databases.map(|(name, site)| thing("database", &sites::database(name), &site.mark));
        let served = self.served.iter().map(|(name, file)| thing("nginx-file", name, &file.mark));
        let certificates = self.certificates.iter().map(|(name, it)| thing("certificate", name, &it.mark));
        sites.chain(databases).chain(served).chain(certificates).collect()
    }

    /// The place is the hosts of a file of nginx', by commas. What has an owner is marked so.
    pub(crate) fn plant(&mut self, now: Timestamp, place: &str, thing: &Thing) -> bool {
        let mark = thing.owner.clone().map(|owner| Mark { owner, made_at: now });
        let hosts = place.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect();
        match thing.kind {
            "site" => vacant(&mut self.sites, &thing.name, Site::planted(mark)),
            "database" => {
                let of = thing.name.trim_start_matches('_').replace('_', "-");
                vacant(&mut self.sites, &of, Site { database: true, ..Site::new(mark) })
            }
            "nginx-file" => vacant(&mut self.served, &thing.name, Served::planted(mark, hosts)),
            "certificate" => vacant(&mut self.certificates, &thing.name, Certificate::planted(mark, now)),
            _ => false,
        }
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        match kind {
            "site" => self.sites.remove(name).is_some(),
            "database" => {
                let of = name.trim_start_matches('_').replace('_', "-");
                self.sites.get_mut(&of).is_some_and(|site| std::mem::take(&mut site.database))
            }
            "nginx-file" => self.served.remove(name).is_some(),
            "certificate" => self.certificates.remove(name).is_some(),
            _ => false,
        }
    }

    /// So many of the next attempts of a task end with this failure; whether there is such a task.
    pub(crate) fn fail(&mut self, task: &str, code: &'static str, times: usize) -> bool {
        let Some(task) = Task::named(task) else { return false };
        self.told_to_fail.entry(task).or_default().extend(std::iter::repeat_n(code, times));
        true
    }

    /// What people write into every site that is in use.
    pub(crate) fn write_into_sites(&mut self, text: &str) {
        for site in self.sites.values_mut().filter(|site| site.complete) {
            text.clone_into(&mut site.contents.wrote);
        }
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.sites.values().any(|site| site.contents.says(text))
            || self.served.values().any(|served| served.says(text))
    }
}

/// Whether there was none of that name.
fn vacant<T>(things: &mut BTreeMap<String, T>, name: &str, thing: T) -> bool {
    if things.contains_key(name) {
        return false;
    }
    things.insert(name.to_owned(), thing);
    true
}

/// How long it is until then.
fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}
