//! What a world that rests must be: each tenant active with everything once, or gone with nothing left, or
//! stuck with a repair task for precisely what is left. What was to be held is there, and named by the ledger.

use std::collections::BTreeSet;

use saga::{Resource, ResourceState};
use store::{Row, Table};
use tenancy::{Kind, Operation, State, Status, Tenant};

use crate::case::{Case, Script};
use crate::chaos::{Planned, Trouble};
use crate::domain::HOSTNAME;
use crate::law::{Finding, is_left_out, names, ours};
use crate::service::Thing;
use crate::wish::tasks;
use crate::world::{DEPLOYMENT, World};

pub(crate) fn of(world: &World, case: &Case) -> Vec<Finding> {
    let tenants = world.tenants();
    let mut findings: Vec<Finding> =
        tenants.iter().flat_map(|tenant| tenant_is(world, case, tenant)).collect();
    let (rows, claims) = (world.tables().table(Table::Tenants), world.tables().table(Table::Claims));
    let known = |thing: &Thing| tenants.iter().any(|tenant| is_of(thing, tenant));
    for thing in world.law().things().iter().filter(|thing| ours(thing) && !known(thing)) {
        findings.push(Finding::Leaked(format!("{} {} is of nobody", thing.field, thing.name)));
    }
    for row in rows.iter().filter(|row| row.key.sk.starts_with("OUTBOX#")) {
        findings.push(Finding::Undecided(format!("{} was never started", row.key.sk)));
    }
    for row in claims.iter().filter(|row| row.key.pk.starts_with("SUBDOMAIN#")) {
        let holder = row.body["tenant"].as_str().unwrap_or_default();
        let holds = |tenant: &Tenant| {
            tenant.id.as_str() == holder
                && tenant.status != Status::Deleted
                && row.key.pk == format!("SUBDOMAIN#{}", tenant.subdomain)
        };
        if !tenants.iter().any(holds) {
            let found = format!("{} is held by {holder}, which has no use for it", row.key.pk);
            findings.push(Finding::Leaked(found));
        }
    }
    let operations = world.operations();
    if world.executions() != operations.len() {
        let found = format!("{} executions of {} operations", world.executions(), operations.len());
        findings.push(Finding::Doubled(found));
    }
    // Whom a provider refuses, that is torn down by the machine that was refused.
    let only_refused = |planned: &Planned| planned.trouble == Trouble::Refused;
    if case.script == Script::Life && case.planned.iter().all(only_refused) && world.rescues() > 0 {
        findings.push(Finding::Undecided("nothing died, and the janitor had to see to it".to_owned()));
    }
    let welcome = |operation: &&Operation| {
        matches!(operation.kind, Kind::Provision | Kind::Restore) && operation.state == State::Succeeded
    };
    // Of a domain its customer is told beside that, and maybe twice.
    let subjects = world.subjects();
    // And of its end who leaves, by as many as the calendar has.
    let welcomes = |subject: &&String| !subject.contains(HOSTNAME) && !subject.contains("deleted");
    let sent = subjects.iter().filter(welcomes).count();
    let due = operations.iter().filter(welcome).count();
    // A machine that is never told that its tenant lives has no reason to say so.
    let untold =
        |planned: &Planned| planned.moment.caller.starts_with("tenant-activate") && planned.times == u32::MAX;
    let mails = |planned: &Planned| planned.moment.caller.starts_with("tenant-notify");
    let spoilt = case.planned.iter().any(|planned| mails(planned) || untold(planned));
    // Nor has one that somebody stopped after its tenant came to life.
    let stopped = matches!(case.script, Script::Stopped(_));
    if sent > due && !spoilt {
        findings.push(Finding::Doubled(format!("{sent} mails where {due} were due")));
    }
    if sent < due && !spoilt && !stopped {
        findings.push(Finding::Undecided(format!("{sent} mails where {due} were due")));
    }
    findings
}

fn tenant_is(world: &World, case: &Case, tenant: &Tenant) -> Vec<Finding> {
    let id = &tenant.id;
    let things: Vec<Thing> = world.law().things().into_iter().filter(|thing| is_of(thing, tenant)).collect();
    let resources = world.law().resources().into_iter().filter(|resource| resource.tenant == *id);
    let left: Vec<_> = resources.filter(saga::Resource::is_left).collect();
    let mut findings = Vec::new();
    let undecided = |said: String| Finding::Undecided(format!("{id} is {:?}, and {said}", tenant.status));

    let rows = world.tables().table(Table::Tenants);
    let operations = rows.iter().filter(|row| is_operation_of(row, tenant)).map(operation);
    let (beside, operations): (Vec<_>, Vec<_>) =
        operations.partition(|operation: &Operation| operation.kind == Kind::Domain);
    if beside.iter().any(|operation| !operation.state.is_final()) {
        findings.push(undecided("what is done about its domain is not over".to_owned()));
    }
    // One that was to see it out, and did not: it was restored, or got another.
    let given_up = |it: &&Operation| it.kind == Kind::Offboard && it.state == State::Failed;
    let Some(last) = operations.iter().rev().find(|it| !given_up(it)) else {
        return vec![undecided("nobody asked for it".to_owned())];
    };
    let ended = match tenant.status {
        Status::Active | Status::Suspended | Status::Hibernating => State::Succeeded,
        Status::Deleted if !left.is_empty() => State::Stuck,
        Status::Deleted => State::Succeeded,
        // A repair that has done its work brings nobody to life.
        Status::Failed if last.kind == Kind::Repair => State::Succeeded,
        Status::Failed => State::Failed,
        Status::Stuck => State::Stuck,
        _ => return vec![undecided("nothing is left to happen".to_owned())],
    };
    if let Some(busy) = tenant.operation {
        findings.push(undecided(format!("{busy} is said to be under way")));
    }
    if last.state != ended {
        findings.push(undecided(format!("its last operation is {:?}", last.state)));
    }
    if last.blueprint != tenant.blueprint {
        findings
            .push(undecided(format!("it is of {}, and was made of {}", tenant.blueprint, last.blueprint)));
    }
    if tenant.status != Status::Deleted && !held(world, tenant) {
        findings.push(undecided("its subdomain is free".to_owned()));
    }
    for thing in &things {
        if !left.iter().any(|resource| names(resource, thing)) {
            let found = format!("{} {} of {id}, which is {:?}", thing.field, thing.name, tenant.status);
            findings.push(Finding::Leaked(found));
        }
    }
    let (kept, doomed): (Vec<_>, Vec<_>) = left.into_iter().partition(|r| is_kept(r, tenant, &operations));
    let repairs: BTreeSet<String> = tasks(world, tenant).into_iter().map(|task| task.id.step).collect();
    let stuck: BTreeSet<String> = match tenant.status {
        Status::Stuck | Status::Deleted => doomed.iter().map(|resource| resource.step.clone()).collect(),
        _ => BTreeSet::new(),
    };
    if repairs != stuck {
        findings.push(undecided(format!("{repairs:?} are to be repaired, where {stuck:?} are stuck")));
    }
    let there = |resource: &Resource| things.iter().any(|thing| names(resource, thing));
    for resource in kept.iter().filter(|r| r.state == ResourceState::Live && !is_left_out(r) && !there(r)) {
        findings.push(undecided(format!("{} is kept, and gone", resource.step)));
    }
    // By force, a tenant is gone before all of it is.
    let by_force = operations.iter().any(|operation| operation.forced);
    match tenant.status {
        Status::Active | Status::Suspended | Status::Hibernating => world.law().whole(tenant),
        status if status == Status::Stuck || by_force && status == Status::Deleted => {
            let barred = case.script == Script::Changed && case.is_barred();
            if !case.may_stick() && !barred && (tenant.status == Status::Stuck || !doomed.is_empty()) {
                findings.push(undecided("everything would go".to_owned()));
            }
            for resource in &doomed {
                if resource.state != ResourceState::Stuck {
                    findings.push(undecided(format!("{} is {:?}", resource.step, resource.state)));
                }
                if !there(resource) && !case.is_blind(&resource.step) {
                    findings.push(undecided(format!("{} is gone", resource.step)));
                }
            }
        }
        _ => findings.extend(doomed.iter().map(|resource| {
            Finding::Leaked(format!("{} of {id} is {:?}: {:?}", resource.step, resource.state, tenant.status))
        })),
    }
    findings
}

/// What a failed provisioning may leave: what was to be held, and what was part of the tenant while it lived.
fn is_kept(resource: &Resource, tenant: &Tenant, operations: &[Operation]) -> bool {
    let provisioned = operations.iter().rev().find(|operation| operation.kind == Kind::Provision);
    let rests = matches!(tenant.status, Status::Failed | Status::Stuck);
    let gone =
        |operation: &Operation| matches!(operation.kind, Kind::Delete | Kind::Offboard | Kind::Restore);
    let torn_down = operations.last().is_some_and(gone);
    let whole = matches!(resource.state, ResourceState::Live | ResourceState::Intended);
    let lived = |made: &Operation| tenant.activated_at.is_some() && resource.made_by != made.id;
    // A change that went neither forth nor back keeps everything.
    let changed = operations.last().is_some_and(|operation| operation.back);
    if rests && changed {
        return true;
    }
    rests && !torn_down && whole && provisioned.is_some_and(|made| made.holds() || lived(made))
}

/// By its mark, or, where that is missing, by its name.
fn is_of(thing: &Thing, tenant: &Tenant) -> bool {
    thing.owner == format!("{DEPLOYMENT}/{}", tenant.id)
        || thing.owner.is_empty() && thing.name.contains(tenant.id.as_str())
}

fn held(world: &World, tenant: &Tenant) -> bool {
    let claim = format!("SUBDOMAIN#{}", tenant.subdomain);
    world
        .tables()
        .table(Table::Claims)
        .iter()
        .any(|row| row.key.pk == claim && row.body["tenant"] == tenant.id.as_str())
}

fn is_operation_of(row: &Row, tenant: &Tenant) -> bool {
    row.key.pk == tenant.id.as_str() && row.key.sk.starts_with("OPERATION#")
}

fn operation(row: &Row) -> Operation {
    row.decode().expect("an operation")
}
