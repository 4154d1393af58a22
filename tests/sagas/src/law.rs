//! What must hold at every moment of every run, whatever goes wrong.

mod history;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use saga::{Resource, ResourceState, Subject};
use serde_json::Value;
use store::{Memory, Row, Table, Write};
use tenancy::{Blueprint, Kind, Operation, OperationId, Status, Tenant};

use self::history::History;
use crate::service::{Service, Thing};
use crate::world::DEPLOYMENT;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Something is there that nothing accounts for.
    Leaked(String),
    /// Something was done twice that was due once.
    Doubled(String),
    /// Nothing is left to happen, and what is said is not what is so.
    Undecided(String),
}

/// Watches a run.
#[derive(Clone, Debug)]
pub struct Law {
    tables: Memory,
    services: Arc<OnceLock<Vec<Arc<dyn Service>>>>,
    seen: Arc<Mutex<Seen>>,
    broken: Arc<Mutex<BTreeSet<Finding>>>,
    blind: bool,
}

/// What a run has come through.
#[derive(Debug, Default)]
struct Seen {
    history: History,
    /// The operations that are over.
    over: BTreeSet<OperationId>,
    /// Whether an execution went on for longer than Step Functions remembers.
    endless: bool,
}

impl Law {
    pub fn new(tables: Memory) -> Self {
        Self { tables, services: Arc::default(), seen: Arc::default(), broken: Arc::default(), blind: false }
    }

    /// One that sees nothing: it costs the more, the more there is.
    pub fn blind(tables: Memory) -> Self {
        Self { blind: true, ..Self::new(tables) }
    }

    pub fn is_blind(&self) -> bool {
        self.blind
    }

    pub fn watch(&self, services: Vec<Arc<dyn Service>>) {
        self.services.set(services).expect("a world has one set of services");
    }

    pub fn broken(&self) -> BTreeSet<Finding> {
        self.broken.lock().expect("no panic while it is held").clone()
    }

    fn breach(&self, finding: Finding) {
        self.broken.lock().expect("no panic while it is held").insert(finding);
    }

    /// Whatever there is, of everybody.
    pub fn things(&self) -> Vec<Thing> {
        self.services.get().into_iter().flatten().flat_map(|service| service.things()).collect()
    }

    /// What the ledger names.
    pub fn resources(&self) -> Vec<Resource> {
        let rows = self.tables.table(Table::Ledger);
        let resource = |row: &&Row| row.key.sk.starts_with("RESOURCE#");
        rows.iter().filter(resource).map(|row| row.decode().expect("a resource")).collect()
    }

    /// A service has changed something: only what the ledger names may appear (1), and what is not ours stays
    /// as it was (2).
    pub fn after_effect(&self, before: &[Thing], after: &[Thing]) {
        let resources = self.resources();
        for made in after.iter().filter(|thing| !before.contains(thing)) {
            if !resources.iter().any(|resource| resource.is_left() && names(resource, made)) {
                self.breach(Finding::Leaked(format!(
                    "{} {} was made before the ledger named it",
                    made.field, made.name
                )));
            }
        }
        for gone in before.iter().filter(|thing| !after.contains(thing) && !ours(thing)) {
            self.breach(Finding::Leaked(format!(
                "{} {} is not ours, and was changed",
                gone.field, gone.name
            )));
        }
    }

    /// The store has changed: `destroyed` only of what is not there (4), nothing left behind the fence (5), one
    /// operation of a tenant (6), `active` only of what is (10), and no write undoes what its writer has not read.
    pub fn after_write(&self, writes: &[Write]) {
        for write in writes.iter().filter(|_| !self.blind) {
            if !self.seen().history.goes_on_with(write) {
                self.breach(Finding::Doubled(format!(
                    "{:?} was written over what was not read",
                    write.key()
                )));
            }
            let Write::Put { key, body, .. } = write else { continue };
            let body = || Value::Object(body.clone());
            match (key.table, key.sk.split('#').next()) {
                (Table::Ledger, Some("RESOURCE")) => {
                    let resource: Resource = serde_json::from_value(body()).expect("a resource");
                    if resource.state == ResourceState::Destroyed
                        && let Some(thing) =
                            self.things().iter().find(|thing| ours(thing) && names(&resource, thing))
                    {
                        let cause = format!("{} {} is there and called destroyed", thing.field, thing.name);
                        self.breach(Finding::Leaked(cause));
                    }
                    if matches!(resource.state, ResourceState::Destroying | ResourceState::Destroyed)
                        && self.is_not_kept(&resource)
                    {
                        self.breach(Finding::Leaked(format!("{} goes before it is archived", resource.step)));
                    }
                    let too_late =
                        resource.fault.as_ref().is_some_and(|fault| fault.kind == fault::Kind::Fenced);
                    if too_late && resource.made_by == resource.operation {
                        self.breach(Finding::Leaked(format!("{} was left behind the fence", resource.step)));
                    }
                }
                (Table::Tenants, Some("OPERATION")) => {
                    let operation: Operation = serde_json::from_value(body()).expect("an operation");
                    self.alone(&operation);
                    self.stays_over(&operation);
                }
                (Table::Tenants, Some("TENANT")) => {
                    let tenant: Tenant = serde_json::from_value(body()).expect("a tenant");
                    if tenant.status == Status::Active {
                        self.whole(&tenant);
                    }
                }
                _ => {}
            }
        }
    }

    /// A function is about to say what is to be destroyed: no call that was begun before the fence went up may still
    /// be in flight (5).
    pub fn before_listing(&self, subject: &Subject) {
        if self.blind {
            return;
        }
        let rows = self.tables.table(Table::Tenants);
        let is_it = |row: &&Row| row.key.sk == format!("OPERATION#{}", subject.operation);
        let operation = rows.iter().find(is_it).map(|row| row.decode::<Operation>().expect("an operation"));
        let Some(fenced_at) = operation.and_then(|operation| operation.fenced_at) else { return };
        let making = |resource: &&Resource| {
            resource.tenant == *subject.tenant()
                && resource.state == ResourceState::Intended
                && resource.changed_at < fenced_at
                && resource.in_flight(clock::now())
        };
        for resource in self.resources().iter().filter(making) {
            self.breach(Finding::Leaked(format!("{} is listed while it is being made", resource.step)));
        }
    }

    /// An execution has gone on for longer than Step Functions remembers: no state is without an exit (7).
    pub fn without_end(&self, execution: &str) {
        self.seen().endless = true;
        self.breach(Finding::Undecided(format!("{execution} had no end")));
    }

    pub fn has_no_end(&self) -> bool {
        self.seen().endless
    }

    /// Whether what destroys it was to have it archived first, and has not.
    fn is_not_kept(&self, resource: &Resource) -> bool {
        let rows = self.tables.table(Table::Tenants);
        let is_it = |row: &&Row| row.key.sk == format!("OPERATION#{}", resource.operation);
        let operation = rows.iter().find(is_it).map(|row| row.decode::<Operation>().expect("an operation"));
        let leaving = operation.and_then(|operation| operation.offboarding);
        leaving.is_some_and(|leaving| leaving.archive.is_none())
    }

    fn stays_over(&self, operation: &Operation) {
        let is_over = operation.state.is_final();
        let was_over = !is_over && self.seen().over.contains(&operation.id);
        if was_over {
            let cause = format!("operation {} was over, and is {:?}", operation.id, operation.state);
            self.breach(Finding::Undecided(cause));
        } else if is_over {
            self.seen().over.insert(operation.id);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic while it is held")
    }

    fn alone(&self, operation: &Operation) {
        let rows = self.tables.table(Table::Tenants);
        let of_tenant =
            |row: &&Row| row.key.pk == operation.tenant.as_str() && row.key.sk.starts_with("OPERATION#");
        let operations = rows.iter().filter(of_tenant).map(|row| row.decode().expect("an operation"));
        // What is done about domains is beside the rest, and alone among its kind.
        let kind = |other: &Operation| other.kind == Kind::Domain;
        let rival = |other: &Operation| !other.state.is_final() && kind(other) == kind(operation);
        let under_way = operations.filter(rival).count();
        if under_way > 1 {
            let cause = format!("{under_way} operations of {} are under way", operation.tenant);
            self.breach(Finding::Doubled(cause));
        }
    }

    /// The steps that a tenant can live without: a world has one blueprint.
    pub fn optional(&self) -> BTreeSet<String> {
        self.blueprints().into_iter().flat_map(|blueprint| blueprint.optional).collect()
    }

    fn blueprints(&self) -> Vec<Blueprint> {
        let rows = self.tables.table(Table::Catalogue);
        let blueprints = rows.iter().filter(|row| row.key.pk == "BLUEPRINT");
        blueprints.map(|row| row.decode().expect("a blueprint")).collect()
    }

    /// Everything that an active tenant is made of is there; what is optional may not be.
    pub fn whole(&self, tenant: &Tenant) {
        let (things, optional) = (self.things(), self.optional());
        // Its own domains are none of what it is made of, and there may be none left.
        let beside = |resource: &Resource| {
            self.blueprints().iter().any(|it| it.custom_domain.as_ref() == Some(&resource.step))
        };
        let needed = |resource: &&Resource| {
            resource.tenant == tenant.id
                && !beside(resource)
                && (resource.state == ResourceState::Live || !optional.contains(&resource.step))
        };
        for resource in self.resources().iter().filter(needed) {
            if resource.state != ResourceState::Live {
                let cause = format!("{} is active, and {} is {:?}", tenant.id, resource.step, resource.state);
                self.breach(Finding::Undecided(cause));
            }
            if !is_left_out(resource) && !things.iter().any(|thing| ours(thing) && names(resource, thing)) {
                self.breach(Finding::Undecided(format!("{} is active without {}", tenant.id, resource.step)));
            }
        }
    }
}

/// Whether a plan leaves it out: then its step has nothing to show.
pub fn is_left_out(resource: &Resource) -> bool {
    let output = resource.output.as_ref().and_then(Value::as_object);
    output.is_some_and(|shown| !shown.is_empty() && shown.values().all(|value| value == ""))
}

/// Whether a resource of the ledger is that thing.
pub fn names(resource: &Resource, thing: &Thing) -> bool {
    resource.handle.get(thing.field).and_then(Value::as_str) == Some(&thing.name)
}

pub fn ours(thing: &Thing) -> bool {
    thing.owner.strip_prefix(DEPLOYMENT).is_some_and(|rest| rest.starts_with('/'))
}
