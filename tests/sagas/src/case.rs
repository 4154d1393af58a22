//! One run: what is asked of the product, and what goes wrong meanwhile. Spelled in one line, so that a run can
//! be had again.

mod certificate;
mod orphan;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sandbox::clouds::Right;
use serde_json::{Value, json};
use tenancy::{OnFailure, Status, Tenant};

use crate::blueprints::{self, Blueprint};
use crate::chaos::{Act, Chaos, Moment, Planned, Trouble, pass};
use crate::client::{self, Answer, Ask};
use crate::clouds::{ALIAS, TARGET};
use crate::domain::{HOSTNAME, asks};
use crate::law::{Finding, names};
use crate::service::Thing;
use crate::simulated;
use crate::verdict;
use crate::wish::{EDITED, Wish, tasks};
use crate::world::{Deliveries, Offer, World};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub blueprint: &'static str,
    pub seed: u64,
    /// What the signup says is to become of what is made.
    pub on_failure: OnFailure,
    pub script: Script,
    pub planned: Vec<Planned>,
}

/// What happens beside the life of a tenant: it signs up, is retried if that failed, and is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    Life,
    /// Somebody wants something of it when a moment comes.
    Meanwhile(Wish, Moment),
    /// It fails, or would not go, and that is what is done about it.
    After(Wish),
    /// It fails, and that is asked of it the moment it has.
    Promptly(Wish),
    /// Another version of every step is deployed when a moment comes.
    Redeployed(Moment),
    /// Somebody stops every execution in the console when a moment comes.
    Stopped(Moment),
    /// It is suspended, resumed, given another plan, moved to the version before of its blueprint and back, made read-only,
    /// given full access again, and, where it can be, put to sleep and woken.
    Changed,
    /// It is given a domain of its own, which is taken away again.
    Domain,
    /// It leaves with days of grace.
    Leaves,
    /// It leaves, and comes back from its archive.
    Returns,
    /// It leaves, and somebody wants something of it when a moment comes.
    Leaving(Wish, Moment),
    /// It leaves, and somebody stops every execution in the console when a moment comes.
    LeavingStopped(Moment),
    /// As many sign up for one subdomain at once: with one request key, or each with their own.
    Crowd(usize, Keys),
    /// The stream delivers each event so often, so many seconds late.
    Events(Deliveries),
    /// Something under a name that will be ours belongs to somebody else.
    Foreign(Thing),
    /// Something with its mark comes to life once the tenant is deleted, and a sweep looks for such.
    Orphan(Thing),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    One,
    Each,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    pub findings: BTreeSet<Finding>,
    pub moments: Vec<(Moment, Act)>,
    /// The things of the tenant after it signed up, with `{tenant}` for its id.
    pub made: Vec<Thing>,
    /// What calls on the cluster took a right to.
    pub rights: BTreeSet<Right>,
    /// The statuses that the tenant came to rest in.
    pub statuses: Vec<Status>,
    /// What happened, to be read by a person.
    pub transcript: Vec<String>,
}

impl Case {
    pub fn life(blueprint: Blueprint, planned: Vec<Planned>) -> Self {
        let on_failure = OnFailure::Compensate;
        Self { blueprint: blueprint.name, seed: 1, on_failure, script: Script::Life, planned }
    }

    /// Runs it in a world of its own.
    pub fn run(&self) -> Run {
        self.run_of(blueprints::named(self.blueprint).expect("a blueprint"))
    }

    /// The same of the blueprint as it is there.
    pub fn run_of(&self, blueprint: Blueprint) -> Run {
        simulated(self.lived(blueprint))
    }

    async fn lived(&self, blueprint: Blueprint) -> Run {
        let deliveries = match &self.script {
            Script::Events(deliveries) => deliveries.clone(),
            // Time to put something in the way.
            Script::Foreign(_) => vec![60],
            _ => vec![0],
        };
        let chaos = Chaos::new(self.planned.clone());
        let world = World::new(blueprint, chaos, deliveries, self.seed).await;
        let (findings, statuses, made) = (BTreeSet::new(), Vec::new(), Vec::new());
        let mut life = Life { case: self, world, findings, statuses, made, edited: false, wrote: false };
        life.live().await;
        let Life { world, mut findings, statuses, made, .. } = life;
        findings.extend(world.law().broken());
        Run {
            findings,
            moments: world.chaos().passed(),
            made,
            rights: world.rights(),
            statuses,
            transcript: world.chaos().transcript(),
        }
    }

    fn signup(&self, key: &str) -> Ask {
        Ask::sign_up(self.blueprint, self.on_failure, key)
    }

    /// Whether nothing that happens is a reason to give up: one fault, which passes.
    fn must_live(&self) -> bool {
        let passes = |planned: &Planned| planned.trouble != Trouble::Refused && planned.times != u32::MAX;
        let wished = match &self.script {
            Script::Foreign(_) | Script::Stopped(_) => true,
            Script::Meanwhile(wish, _) => wish.may_end_it(),
            _ => false,
        };
        self.planned.len() < 2 && self.planned.iter().all(passes) && !wished
    }

    /// Whether a retry must bring it to life, once what went wrong for good is mended.
    fn must_come_round(&self) -> bool {
        let passing = self.planned.iter().filter(|planned| planned.times != u32::MAX).count();
        passing < 2
            && matches!(
                self.script,
                Script::Life | Script::Returns | Script::After(_) | Script::Events(_) | Script::Stopped(_)
            )
    }

    /// Whether something does not work until it is mended.
    pub fn is_barred(&self) -> bool {
        self.planned.iter().any(|planned| planned.times == u32::MAX)
    }

    /// Whether a step cannot look at what it is to take away.
    pub fn is_blind(&self, step: &str) -> bool {
        let looks = |call: &str| {
            let asked = call.split(':').nth(1).unwrap_or_default();
            ["Get", "List", "Watch", "Head", "Describe"].iter().any(|read| asked.starts_with(read))
        };
        self.planned.iter().any(|Planned { moment, times, .. }| {
            *times == u32::MAX && moment.caller == format!("{step}.destroy") && looks(&moment.call)
        })
    }

    /// Whether something may never go.
    pub fn may_stick(&self) -> bool {
        self.planned
            .iter()
            .any(|planned| planned.times == u32::MAX && planned.moment.caller.ends_with(".destroy"))
    }
}

struct Life<'a> {
    case: &'a Case,
    world: World,
    findings: BTreeSet<Finding>,
    statuses: Vec<Status>,
    made: Vec<Thing>,
    /// Whether it was retried with another input.
    edited: bool,
    /// What can be read of what its people wrote, before it left.
    wrote: bool,
}

/// What its people write in the place of what it began with, where that is: the first of a shop's collections.
pub(crate) const THEIRS: [&str; 2] = ["\"Featured\"", "\"Rarities of mine\""];

impl Life<'_> {
    async fn live(&mut self) {
        self.interfere();
        self.sign_up().await;
        if let (Script::Foreign(thing), Some(tenant)) = (&self.case.script, self.tenant()) {
            self.world.plant(&thing.of(tenant.id.as_str()));
        }
        self.rest().await;
        if let Some(tenant) = self.tenant() {
            let id = tenant.id.as_str();
            let things = self.world.law().things().into_iter();
            let things = things.map(|thing| Thing { name: thing.name.replace(id, "{tenant}"), ..thing });
            self.made = things.filter(|thing| thing.name.contains("{tenant}")).collect();
        }
        if self.case.must_live() && !self.statuses.contains(&Status::Active) {
            self.found(Finding::Undecided(format!("what went wrong passes, and it is {:?}", self.status())));
        }
        self.proven();
        match self.case.script {
            Script::Changed => self.change().await,
            Script::Domain => self.domain().await,
            Script::Leaves | Script::Leaving(..) | Script::LeavingStopped(_) => self.leave().await,
            Script::Returns => self.come_back().await,
            _ => {}
        }
        match self.case.script {
            Script::After(wish) => self.see_to_it(wish).await,
            _ => self.world.chaos().mend(),
        }
        let foreign = matches!(self.case.script, Script::Foreign(_));
        let lives = if self.stranger_is_spared() { Status::Active } else { Status::Failed };
        if foreign && self.status() != Some(lives) {
            self.found(Finding::Leaked(format!(
                "what is not ours was in the way, and it is {:?}",
                self.status()
            )));
        }
        let changed_half = self.case.script == Script::Changed && self.status() == Some(Status::Stuck);
        if (self.status() == Some(Status::Failed) || changed_half) && !foreign {
            self.ask(Wish::Retry, "again").await;
            self.rest().await;
            self.came_round();
        }
        if matches!(self.case.script, Script::Orphan(_)) && self.case.planned.is_empty() {
            self.swept_alive().await;
        }
        for key in ["bye", "bye again"] {
            if self.status().is_some_and(|status| status != Status::Deleted) {
                self.ask(Wish::Delete, key).await;
                self.rest().await;
            }
        }
        if self.status().is_some_and(|status| status != Status::Deleted) {
            self.found(Finding::Undecided(format!("deleted, and it is {:?}", self.status())));
        }
        match &self.case.script {
            Script::Orphan(thing) => self.orphaned(thing).await,
            Script::Foreign(thing) => self.outlived(thing),
            _ => {}
        }
    }

    /// What goes by itself some time after it was told to is not seen to go by any call.
    fn outlived(&mut self, thing: &Thing) {
        let Some(tenant) = self.tenant() else { return };
        let thing = thing.of(tenant.id.as_str());
        if !self.world.law().things().contains(&thing) {
            let found = format!("{} {} was not ours, and is gone", thing.field, thing.name);
            self.found(Finding::Leaked(found));
        }
    }

    /// One change after another, each where the one before it has led.
    async fn change(&mut self) {
        let changes = vec![
            (Wish::Suspend, Status::Active, Status::Suspended),
            (Wish::Resume, Status::Suspended, Status::Active),
            (Wish::ChangePlan, Status::Active, Status::Active),
            (Wish::Upgrade, Status::Active, Status::Active),
            (Wish::Upgrade, Status::Active, Status::Active),
            (Wish::ReadOnly, Status::Active, Status::Active),
            (Wish::FullAccess, Status::Active, Status::Active),
        ];
        let sleeps = [
            (Wish::Hibernate, Status::Active, Status::Hibernating),
            (Wish::Wake, Status::Hibernating, Status::Active),
        ];
        let sleeps = sleeps.into_iter().filter(|_| Offer::of(self.case.blueprint).blueprint.hibernates);
        for (nth, (wish, from, to)) in changes.into_iter().chain(sleeps).enumerate() {
            if self.status() == Some(from) {
                let (was, plan) = (self.version(), self.plan());
                self.ask(wish, &format!("change {nth} {wish}")).await;
                self.rest().await;
                // A change that was led back leaves a tenant active, too.
                let moved = (self.version() != was, self.plan() != plan);
                let wished = (wish == Wish::Upgrade, wish == Wish::ChangePlan);
                if self.case.must_live() && (self.status() != Some(to) || moved != wished) {
                    let of = (self.version(), self.plan());
                    let is = format!("{:?} of {of:?}, from {:?}", self.status(), (was, plan));
                    self.found(Finding::Undecided(format!("{wish}, and it is {is}")));
                }
            }
        }
    }

    /// Its customer publishes what they are told, and later has the domain removed.
    async fn domain(&mut self) {
        let Some(tenant) = self.tenant().filter(|tenant| tenant.status == Status::Active) else { return };
        let path = format!("/v1/tenants/{}/domains", tenant.id);
        let add = asks("POST", path.clone(), "add", json!({ "hostname": HOSTNAME }));
        let remove = asks("DELETE", format!("{path}/{HOSTNAME}"), "remove", Value::Null);
        for (ask, wanted) in [(add, vec![HOSTNAME]), (remove, Vec::new())] {
            let answer = self.world.ask(ask).await;
            if answer.as_ref().is_none_or(|answer| answer.status != 202) {
                let answer = answer.map(|answer| answer.body);
                self.found(Finding::Undecided(format!("about {HOSTNAME}: {answer:?}")));
            }
            pass(Duration::from_secs(40)).await;
            let (name, owner) = (HOSTNAME.to_owned(), TARGET.to_owned());
            self.world.plant(&Thing { field: ALIAS, name, owner });
            self.rest().await;
            if self.world.served() != wanted {
                let served = self.world.served();
                self.found(Finding::Undecided(format!("{served:?} is served, not {wanted:?}")));
            }
        }
    }

    /// Its days of grace pass. What is in the way for good is mended once it has had to wait for that.
    async fn leave(&mut self) {
        if self.status() != Some(Status::Active) {
            return;
        }
        self.ask(Wish::Leave, "leave").await;
        if self.case.is_barred() && self.case.script != Script::Returns {
            pass(Duration::from_secs(3600)).await;
            if !self.case.may_stick() && self.status() == Some(Status::Deleted) {
                self.found(Finding::Leaked("it is gone, though that could not be certified".to_owned()));
            }
            self.world.chaos().mend();
        }
        self.rest().await;
        let alone = matches!(self.case.script, Script::Leaves | Script::Returns | Script::LeavingStopped(_));
        if alone && !self.case.may_stick() && self.status() != Some(Status::Deleted) {
            self.found(Finding::Undecided(format!("it left, and is {:?}", self.status())));
        }
        self.findings.extend(certificate::of(&self.world));
    }

    /// Gone, and back with all that its people wrote.
    async fn come_back(&mut self) {
        let [began_with, wrote] = THEIRS;
        self.world.edit(began_with, wrote);
        self.wrote = self.world.says(wrote);
        self.leave().await;
        if self.status() == Some(Status::Deleted) {
            self.ask(Wish::Restore, "come back").await;
            self.rest().await;
        }
        if self.case.must_live() && self.status() != Some(Status::Active) {
            self.found(Finding::Undecided(format!("it came back, and is {:?}", self.status())));
        }
    }

    /// Has happen beside its life what the script says.
    fn interfere(&self) {
        let (world, script) = (self.world.clone(), self.case.script.clone());
        match &script {
            Script::Meanwhile(_, moment)
            | Script::Redeployed(moment)
            | Script::Stopped(moment)
            | Script::Leaving(_, moment)
            | Script::LeavingStopped(moment) => {
                let woken = world.chaos().wake_at(moment.clone());
                tokio::task::spawn_local(async move {
                    woken.notified().await;
                    match script {
                        Script::Meanwhile(wish, _) | Script::Leaving(wish, _) => {
                            meanwhile(wish, &world).await;
                        }
                        Script::Redeployed(_) => world.redeploy(),
                        _ => world.stop_executions(),
                    }
                });
            }
            Script::Promptly(wish) => drop(tokio::task::spawn_local(promptly(*wish, world))),
            _ => {}
        }
    }

    /// No step was left out of a tenant that is active, but for those that it can live without (10).
    fn proven(&mut self) {
        let optional = self.world.optional();
        let left_out = self.case.planned.iter().filter(|planned| planned.trouble == Trouble::LeftOut);
        let step = |planned: &Planned| planned.moment.caller.trim_end_matches(".apply").to_owned();
        let needed: Vec<String> = left_out.map(step).filter(|step| !optional.contains(step)).collect();
        if self.status() == Some(Status::Active) && !needed.is_empty() {
            self.found(Finding::Undecided(format!("active, and nobody ran {}", needed.join(", "))));
        }
    }

    /// Whether what is not ours is only in the way of a step that a tenant can live without.
    fn stranger_is_spared(&self) -> bool {
        let (Script::Foreign(thing), Some(tenant)) = (&self.case.script, self.tenant()) else { return false };
        let thing = thing.of(tenant.id.as_str());
        let optional = self.world.optional();
        let resources = self.world.law().resources();
        resources.iter().any(|resource| optional.contains(&resource.step) && names(resource, &thing))
    }

    /// What is done about a tenant that failed. One that lives is deleted first, which may not go well either.
    async fn see_to_it(&mut self, wish: Wish) {
        if self.status() == Some(Status::Active) && self.case.may_stick() {
            self.ask(Wish::Delete, "stick").await;
            self.rest().await;
        }
        // Force is for what nobody can mend.
        if wish == Wish::ForceDelete && self.status().is_some_and(|status| status != Status::Deleted) {
            self.ask(wish, "way out").await;
            self.rest().await;
            if self.status() != Some(Status::Deleted) {
                self.found(Finding::Undecided(format!("deleted by force, and it is {:?}", self.status())));
            }
        }
        self.world.chaos().mend();
        match wish {
            Wish::ForceDelete | Wish::Wait => self.wait().await,
            Wish::Repair | Wish::Resolve => {
                if wish == Wish::Repair {
                    self.repair_twice().await;
                }
                for turn in 0..self.tasks() {
                    if wish == Wish::Resolve {
                        self.take_away_by_hand();
                    }
                    self.ask(wish, &format!("way out {turn}")).await;
                    self.rest().await;
                }
            }
            _ if matches!(self.status(), Some(Status::Failed | Status::Stuck)) => {
                self.edited = wish == Wish::Edit;
                self.ask(wish, "way out").await;
                self.rest().await;
                if matches!(wish, Wish::Retry | Wish::Edit) {
                    self.came_round();
                }
            }
            _ => {}
        }
        if self.status() == Some(Status::Stuck) || self.tasks() > 0 {
            let found = format!("everything would go, and it is {:?}", self.status());
            self.found(Finding::Undecided(found));
        }
    }

    fn came_round(&mut self) {
        if self.case.must_come_round() && self.status() != Some(Status::Active) {
            self.found(Finding::Undecided(format!("mended and retried, and it is {:?}", self.status())));
        }
    }

    fn tasks(&self) -> usize {
        self.tenant().map_or(0, |tenant| tasks(&self.world, &tenant).len())
    }

    /// Two operators want the same repaired, one right after the other: a tenant has one operation at a time (6).
    async fn repair_twice(&mut self) {
        let Some(tenant) = self.tenant() else { return };
        for key in ["a repair", "another repair"] {
            for ask in Wish::Repair.asks(&self.world, &tenant, key) {
                self.world.ask(ask).await;
            }
        }
        self.rest().await;
    }

    /// Waits until the janitor has cleared every repair task, which it tries ever more seldom.
    async fn wait(&mut self) {
        for _ in 0..12 * 60 {
            if self.tasks() == 0 {
                break;
            }
            pass(Duration::from_secs(60)).await;
        }
        self.rest().await;
    }

    /// What the first repair task names.
    fn take_away_by_hand(&self) {
        let Some(tenant) = self.tenant() else { return };
        let task = tasks(&self.world, &tenant).into_iter().next();
        let law = self.world.law();
        let resource = law.resources().into_iter().find(|resource| {
            resource.tenant == tenant.id && task.as_ref().is_some_and(|task| task.id.step == resource.step)
        });
        let named = |thing: &Thing| resource.as_ref().is_some_and(|resource| names(resource, thing));
        law.things().iter().filter(|thing| named(thing)).for_each(|thing| self.world.remove(thing));
    }

    async fn sign_up(&mut self) {
        let (many, keys) = match self.case.script {
            Script::Crowd(many, keys) => (many, keys),
            _ => (1, Keys::One),
        };
        let asked: Vec<_> = (0..many)
            .map(|n| {
                let key = if keys == Keys::One { "one".to_owned() } else { format!("key-{n}") };
                let (world, ask) = (self.world.clone(), self.case.signup(&key));
                tokio::task::spawn_local(async move { world.ask(ask).await })
            })
            .collect();
        let mut answers = Vec::new();
        for answer in asked {
            answers.extend(answer.await.expect("asking does not panic"));
        }
        let accepted: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 202).collect();
        let tenants: BTreeSet<String> =
            accepted.iter().map(|answer| answer.body["tenant"]["id"].to_string()).collect();
        let wanted = if keys == Keys::One { many } else { 1 };
        if answers.len() < many {
            self.found(Finding::Undecided(format!("{} of {many} sign-ups were answered", answers.len())));
        } else if accepted.len() != wanted || tenants.len() != 1 {
            let found =
                format!("{} of {many} sign-ups were accepted, of {} tenants", accepted.len(), tenants.len());
            self.found(Finding::Doubled(found));
        }
    }

    /// Asks, and asks again where the janitor was first.
    async fn ask(&mut self, wish: Wish, key: &str) {
        for turn in 0..3 {
            let Some(tenant) = self.tenant() else { return };
            let Some(asked) = wish.asks(&self.world, &tenant, &format!("{key} {turn}")).into_iter().next()
            else {
                return;
            };
            match self.world.ask(asked).await {
                Some(answer) if answer.status == 202 => return,
                Some(answer) if answer.body["type"] == "/problems/operation-under-way" => {
                    self.world.rest().await;
                }
                answer => {
                    let answer = answer.map(|answer| answer.body);
                    let found = format!("{wish} of a tenant that is {:?}: {answer:?}", tenant.status);
                    return self.found(Finding::Undecided(found));
                }
            }
        }
        self.found(Finding::Undecided(format!("{wish}: something is always under way")));
    }

    /// Waits until nothing runs, and judges the world.
    async fn rest(&mut self) {
        pass(Duration::from_secs(1)).await;
        if !self.world.rest().await {
            self.found(Finding::Undecided("something still runs after a week".to_owned()));
        }
        self.findings.extend(verdict::of(&self.world, self.case));
        if self.edited && self.status() == Some(Status::Active) {
            let tells = |text: &&str| self.world.says(text);
            let old = [client::NAME, client::EMAIL]
                .into_iter()
                .filter(tells)
                .map(|old| format!("still says {old}"));
            let new =
                EDITED.into_iter().filter(|(_, new)| !tells(new)).map(|(_, new)| format!("never says {new}"));
            let wrong: Vec<Finding> = old.chain(new).map(Finding::Undecided).collect();
            self.findings.extend(wrong);
        }
        if self.wrote && self.status() == Some(Status::Active) && !self.world.says(THEIRS[1]) {
            self.found(Finding::Undecided("what its people wrote has not come back".to_owned()));
        }
        self.statuses.extend(self.status());
    }

    fn tenant(&self) -> Option<Tenant> {
        self.world.tenants().into_iter().next()
    }

    fn status(&self) -> Option<Status> {
        Some(self.tenant()?.status)
    }

    fn plan(&self) -> Option<String> {
        Some(self.tenant()?.plan)
    }

    /// The version of its blueprint that it is of.
    fn version(&self) -> Option<u32> {
        Some(self.tenant()?.blueprint.version)
    }

    fn found(&mut self, finding: Finding) {
        self.findings.insert(finding);
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed={}", self.blueprint, self.seed)?;
        if self.on_failure == OnFailure::Hold {
            write!(f, " on_failure=hold")?;
        }
        match &self.script {
            Script::Life => {}
            Script::Meanwhile(wish, moment) => write!(f, " meanwhile={wish}@{moment}")?,
            Script::After(wish) => write!(f, " after={wish}")?,
            Script::Promptly(wish) => write!(f, " promptly={wish}")?,
            Script::Redeployed(moment) => write!(f, " redeployed={moment}")?,
            Script::Stopped(moment) => write!(f, " stopped={moment}")?,
            Script::Changed => write!(f, " changed=yes")?,
            Script::Domain => write!(f, " domain=yes")?,
            Script::Leaves => write!(f, " leaves=yes")?,
            Script::Returns => write!(f, " returns=yes")?,
            Script::Leaving(wish, moment) => write!(f, " leaving={wish}@{moment}")?,
            Script::LeavingStopped(moment) => write!(f, " leaving_stopped={moment}")?,
            Script::Crowd(many, keys) => write!(f, " crowd={many}@{keys:?}")?,
            Script::Events(deliveries) => {
                let seconds: Vec<String> = deliveries.iter().map(u64::to_string).collect();
                write!(f, " events={}", seconds.join(","))?;
            }
            Script::Foreign(thing) => write!(f, " foreign={}@{}", thing.field, thing.name)?,
            Script::Orphan(thing) => write!(f, " orphan={}@{}", thing.field, thing.name)?,
        }
        self.planned.iter().try_for_each(|planned| write!(f, " {planned}"))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let named = words.next().unwrap_or_default();
        let blueprint = blueprints::named(named);
        let blueprint = blueprint.ok_or_else(|| format!("there is no blueprint '{named}'"))?;
        let mut case = Self::life(blueprint, Vec::new());
        for word in words {
            let malformed = || format!("'{word}' is no part of a case");
            let (name, value) = word.split_once('=').ok_or_else(malformed)?;
            let pair = || value.split_once('@').ok_or_else(malformed);
            match name {
                "seed" => case.seed = value.parse().map_err(|_| malformed())?,
                "meanwhile" => {
                    let (wish, moment) = pair()?;
                    case.script = Script::Meanwhile(wish.parse()?, moment.parse()?);
                }
                "after" => case.script = Script::After(value.parse()?),
                "changed" => case.script = Script::Changed,
                "domain" => case.script = Script::Domain,
                "leaves" => case.script = Script::Leaves,
                "returns" => case.script = Script::Returns,
                "leaving" => {
                    let (wish, moment) = pair()?;
                    case.script = Script::Leaving(wish.parse()?, moment.parse()?);
                }
                "leaving_stopped" => case.script = Script::LeavingStopped(value.parse()?),
                "stopped" => case.script = Script::Stopped(value.parse()?),
                "redeployed" => case.script = Script::Redeployed(value.parse()?),
                "promptly" => case.script = Script::Promptly(value.parse()?),
                "on_failure" if value == "hold" => case.on_failure = OnFailure::Hold,
                "crowd" => {
                    let (many, keys) = pair()?;
                    let keys = if keys == "One" { Keys::One } else { Keys::Each };
                    case.script = Script::Crowd(many.parse().map_err(|_| malformed())?, keys);
                }
                "events" => {
                    let seconds = value.split(',').map(|second| second.parse().map_err(|_| malformed()));
                    case.script = Script::Events(seconds.collect::<Result<_, _>>()?);
                }
                "foreign" => {
                    let (field, name) = pair()?;
                    case.script = Script::Foreign(foreign(field.to_owned().leak(), name));
                }
                "orphan" => {
                    let (field, name) = pair()?;
                    case.script = Script::Orphan(foreign(field.to_owned().leak(), name));
                }
                _ => case.planned.push(word.parse()?),
            }
        }
        Ok(case)
    }
}

/// Asks the moment it is called.
async fn meanwhile(wish: Wish, world: &World) {
    let running = world.running();
    if let Some(tenant) = world.tenants().first() {
        for ask in wish.asks(world, tenant, "meanwhile") {
            world.ask(ask).await;
        }
    }
    drop(running);
}

/// Asks as soon as the tenant has failed, when what goes wrong for good is mended.
async fn promptly(wish: Wish, world: World) {
    let running = world.running();
    for _ in 0..3600 {
        let tenants = world.tenants();
        if let Some(tenant) = tenants.first().filter(|tenant| tenant.status == Status::Failed) {
            world.chaos().mend();
            for ask in wish.asks(&world, tenant, "promptly") {
                world.ask(ask).await;
            }
            break;
        }
        pass(Duration::from_millis(100)).await;
    }
    drop(running);
}

/// Something under that name that is not ours.
pub fn foreign(field: &'static str, name: &str) -> Thing {
    Thing { field, name: name.to_owned(), owner: "somebody/else".to_owned() }
}
