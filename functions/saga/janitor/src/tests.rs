use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use saga::{Begun, Intent, Lease, Ledger as _, ResourceState};
use store::{Catalogue, Order, TaskId};
use tenancy::{Blueprint, OperationId, Plan, Signup, SignupRequest, State, Status, Tenant};

use super::*;

mod clocks;

/// Step Functions as far as the janitor sees it: executions and what became of them.
#[derive(Debug, Default)]
struct Fake {
    courses: Mutex<BTreeMap<String, Course>>,
    inputs: Mutex<Vec<(String, Value)>>,
}

impl Engine for &Fake {
    async fn start(&self, machine: Machine, name: &str, input: &Value) -> Result<bool, Fault> {
        let arn = self.arn(machine, name);
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner).push((arn.clone(), input.clone()));
        Ok(self.became(&arn, Course::Running).is_none())
    }

    async fn course(&self, execution: &str) -> Result<Course, Fault> {
        let courses = self.courses.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(courses.get(execution).cloned().unwrap_or(Course::Unknown))
    }

    async fn stop(&self, execution: &str, _: &str) -> Result<(), Fault> {
        self.became(execution, Course::Ended("ABORTED".to_owned()));
        Ok(())
    }

    fn arn(&self, machine: Machine, name: &str) -> String {
        format!("{machine:?}:{name}")
    }
}

impl Fake {
    fn became(&self, execution: &str, course: Course) -> Option<Course> {
        self.courses.lock().unwrap_or_else(PoisonError::into_inner).insert(execution.to_owned(), course)
    }

    fn started(&self) -> Vec<String> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.iter().map(|(arn, _)| arn.clone()).collect()
    }
}

/// A deployment with one tenant, whose provisioning was accepted.
struct Bed {
    db: Database,
    engine: Fake,
    blueprint: Blueprint,
    plan: Plan,
    tenant: TenantId,
    operation: OperationId,
    accepted: Timestamp,
}

fn signup(subdomain: &str, blueprint: Blueprint, plan: Plan) -> Signup {
    let request: SignupRequest = serde_json::from_value(json!({
        "name": "Acme", "subdomain": subdomain, "email": "o@example.com", "blueprint": "shop",
    }))
    .expect("a request");
    request.check(Some(blueprint), &[plan], &[]).expect("a signup")
}

impl Bed {
    async fn new() -> Self {
        Self::at(Timestamp::now()).await
    }

    /// The same, accepted then.
    async fn at(accepted: Timestamp) -> Self {
        let db = Database::memory();
        let plan: Plan = serde_json::from_value(json!({
            "id": "starter", "name": "Starter", "description": "", "price_cents": 2900, "currency": "EUR",
            "billing_cycle": "month", "trial_days": 14, "popular": false, "active": true, "features": [],
            "limits": {},
        }))
        .expect("a plan");
        let blueprint: Blueprint = serde_json::from_value(json!({
            "name": "shop", "version": 1, "description": "", "active": true, "plans": ["starter"],
            "workflow": { "step": "make-thing" }, "hibernates": true, "hibernation": { "idle_days": 30 },
            "custom_domain": "serve-thing",
        }))
        .expect("a blueprint");
        let catalogue = Catalogue::new(db.clone());
        catalogue.put_plan(&plan).await.expect("put");
        catalogue.put_blueprint(&blueprint).await.expect("put");
        let signup = signup("acme", blueprint.clone(), plan.clone());
        let answer = Tenants::new(db.clone()).sign_up(&signup, None, accepted).await.expect("accepted");
        let (tenant, operation) = (answer.tenant.id, answer.operation);
        Self { db, engine: Fake::default(), blueprint, plan, tenant, operation, accepted }
    }

    fn signup(&self, subdomain: &str) -> Signup {
        signup(subdomain, self.blueprint.clone(), self.plan.clone())
    }

    /// The same, and its execution was started.
    async fn started() -> Self {
        let bed = Self::new().await;
        let row = Outbox::waiting(&bed.db, &bed.tenant, bed.operation).await.expect("read").expect("a row");
        row.done(&bed.db).await.expect("taken away");
        bed.engine.became(&format!("Provision:{}", bed.operation), Course::Running);
        bed
    }

    async fn look(&self, minutes: i64) {
        let janitor = Janitor::new(&self.engine, self.db.clone());
        let as_of = Some(self.accepted + minutes.minutes());
        janitor.run(Input { as_of, ..Input::default() }).await.expect("it looks");
    }

    fn tenants(&self) -> Tenants {
        Tenants::new(self.db.clone())
    }

    async fn record(&self) -> Operation {
        self.tenants().operation(&self.tenant, self.operation).await.expect("read").expect("there").value
    }

    async fn tenant(&self) -> Tenant {
        self.tenants().get(&self.tenant).await.expect("read").expect("there").value
    }

    async fn settle(&self, operation: OperationId, event: tenancy::Event, state: State) {
        let outcome = store::Outcome { event, state, steps: Vec::new(), endpoints: None };
        self.tenants().settle(&self.tenant, operation, outcome, self.accepted).await.expect("settled");
    }

    /// A resource that would not go.
    async fn stuck(&self) -> TaskId {
        let ledger = ResourceLedger::new(self.db.clone());
        let intent = Intent {
            tenant: self.tenant.clone(),
            step: "make-thing",
            operation: self.operation,
            handle: json!({}),
            input: "digest".to_owned(),
            destroyer: "arn".to_owned(),
            lease: Lease { holder: "call".to_owned(), until: self.accepted },
        };
        let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("fresh") };
        ledger.commit(*row, &json!({})).await.expect("live");
        let fault = Fault::terminal("denied");
        ledger.mark_stuck(&self.tenant, "make-thing", self.operation, fault).await.expect("marked");
        self.settle(self.operation, tenancy::Event::GotStuck, State::Stuck).await;
        TaskId { tenant: self.tenant.clone(), step: "make-thing".to_owned() }
    }
}

#[tokio::test]
async fn what_was_never_started_is_started_once() {
    let bed = Bed::new().await;
    bed.look(0).await;
    assert!(bed.engine.started().is_empty(), "the stream has a minute for it");
    bed.look(1).await;
    bed.look(2).await;
    assert_eq!(bed.engine.started(), [format!("Provision:{}", bed.operation)]);
    assert_eq!(Outbox::waiting(&bed.db, &bed.tenant, bed.operation).await.expect("read"), None);
}

#[tokio::test]
async fn what_runs_is_left_alone() {
    let bed = Bed::started().await;
    for minutes in [1, 6, 60] {
        bed.look(minutes).await;
    }
    assert!(bed.engine.started().is_empty());
}

#[tokio::test]
async fn an_execution_that_died_is_torn_down_with_its_reason() {
    let bed = Bed::started().await;
    bed.engine.became(&format!("Provision:{}", bed.operation), Course::Ended("ABORTED".to_owned()));
    bed.look(1).await;
    let teardown = format!("Teardown:{}-0", bed.operation);
    assert_eq!(bed.engine.started(), std::slice::from_ref(&teardown));
    let input = bed.engine.inputs.lock().expect("no panic")[0].1.clone();
    assert_eq!(input["error"]["Error"], "ExecutionDied");
    assert!(input["error"]["Cause"].as_str().is_some_and(|cause| cause.contains("ABORTED")), "{input}");

    let (id, operation) = (&bed.tenant, bed.operation);
    let fenced = bed.tenants().fence(id, operation, &teardown, None, Some(0), bed.accepted).await;
    assert_eq!(fenced.expect("raised").teardown.as_deref(), Some(teardown.as_str()));
    bed.look(20).await;
    assert_eq!(bed.engine.started().len(), 1, "it is under way");
    bed.engine.became(&teardown, Course::Ended("FAILED".to_owned()));
    bed.look(40).await;
    assert_eq!(bed.engine.started().len(), 2, "a teardown that dies is begun again");
}

#[tokio::test]
async fn a_cancelled_operation_whose_execution_hangs_is_stopped_and_then_torn_down() {
    let bed = Bed::started().await;
    let by = By { who: "me".to_owned(), why: "it hangs".to_owned() };
    bed.tenants().cancel(&bed.tenant, bed.operation, by, None, bed.accepted).await.expect("cancelled");
    assert_eq!(bed.record().await.state, State::Compensating);
    bed.look(1).await;
    let execution = format!("Provision:{}", bed.operation);
    assert_eq!((&bed.engine).course(&execution).await, Ok(Course::Running), "it may still come round");
    bed.look(2).await;
    assert_eq!((&bed.engine).course(&execution).await, Ok(Course::Ended("ABORTED".to_owned())));
    bed.look(3).await;
    assert_eq!(bed.engine.started().len(), 1);
}

#[tokio::test]
async fn an_operation_that_is_over_is_no_longer_looked_at() {
    let bed = Bed::started().await;
    assert_eq!(Open::all(&bed.db).await.expect("read").len(), 1);
    bed.settle(bed.operation, tenancy::Event::Provisioned, State::Succeeded).await;
    assert!(Open::all(&bed.db).await.expect("read").is_empty());
    bed.look(60).await;
    assert!(bed.engine.started().is_empty());
}

#[tokio::test]
async fn what_is_stuck_is_tried_again_when_it_is_due_and_by_one_operation() {
    let bed = Bed::started().await;
    let task = bed.stuck().await;
    bed.look(4).await;
    assert_eq!(bed.tenant().await.operation, None, "it is not due");
    bed.look(6).await;
    let tenant = bed.tenant().await;
    let operation = tenant.operation.expect("a repair is under way");
    assert_eq!(tenant.status, Status::Stuck);
    bed.look(6).await;
    assert_eq!(bed.tenant().await.operation, Some(operation));

    let ledger = ResourceLedger::new(bed.db.clone());
    let fault = Fault::terminal("denied again");
    ledger.mark_stuck(&bed.tenant, "make-thing", operation, fault).await.expect("marked");
    let after = RepairTask::get(&bed.db, &task).await.expect("read").expect("still there");
    assert_eq!((after.tries, after.operation), (2, operation));
    assert!(after.next_try > bed.accepted + 9.minutes(), "ever more seldom");
}

#[tokio::test]
async fn a_task_whose_resource_was_taken_up_again_is_closed() {
    let bed = Bed::started().await;
    let task = bed.stuck().await;
    let by = By { who: "me".to_owned(), why: "again".to_owned() };
    let retry =
        bed.tenants().order(&bed.tenant, Order::retry(by), None, bed.accepted).await.expect("accepted");
    let ledger = ResourceLedger::new(bed.db.clone());
    let intent = Intent {
        tenant: bed.tenant.clone(),
        step: "make-thing",
        operation: retry.operation,
        handle: json!({}),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: "another".to_owned(), until: bed.accepted },
    };
    let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("taken up") };
    ledger.commit(*row, &json!({})).await.expect("live");
    bed.look(6).await;
    assert_eq!(RepairTask::get(&bed.db, &task).await.expect("read"), None);
}

#[tokio::test]
async fn leases_that_ended_long_ago_are_taken_away() {
    let bed = Bed::started().await;
    let ledger = ResourceLedger::new(bed.db.clone());
    let intent = Intent {
        tenant: bed.tenant.clone(),
        step: "make-thing",
        operation: bed.operation,
        handle: json!({}),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: "dead".to_owned(), until: bed.accepted },
    };
    ledger.begin(intent).await.expect("begun");
    let lease = async || ledger.resources(&bed.tenant).await.expect("read")[0].lease.clone();
    bed.look(5).await;
    assert!(lease().await.is_some());
    telemetry::listen();
    bed.look(20).await;
    assert_eq!(lease().await, None);
    assert_eq!(recorded(&telemetry::heard(), "LeaseExpired", None), [1]);
    assert_eq!(ledger.resources(&bed.tenant).await.expect("read")[0].state, ResourceState::Intended);
}

#[tokio::test]
async fn the_sweep_of_the_day_and_those_that_were_asked_for_are_started_once() {
    let bed = Bed::started().await;
    let by = By { who: "me".to_owned(), why: "the bill".to_owned() };
    let asked = Sweep::order(&bed.db, by, false, Some(3), None, bed.accepted).await.expect("ordered");
    bed.look(0).await;
    bed.look(0).await;
    assert_eq!(bed.engine.started(), [format!("Sweep:sweep-{}", asked.id)]);
    assert_eq!(bed.engine.inputs.lock().expect("no panic")[0].1, json!({ "sweep": asked.id }));

    let janitor = Janitor::new(&bed.engine, bed.db.clone());
    let daily =
        serde_json::from_value(json!({ "sweep": { "dry_run": true } })).expect("what the schedule sends");
    janitor.run(daily).await.expect("it looks");
    assert_eq!(bed.engine.started().len(), 2);
    let sweeps = Sweep::all(&bed.db).await.expect("read");
    let daily = sweeps.iter().find(|sweep| sweep.who == "saga-janitor").expect("the sweep of the day");
    assert_eq!((daily.dry_run, daily.limit), (true, None));
}

#[tokio::test]
async fn whom_nobody_uses_is_put_to_sleep_when_the_time_has_come_and_once() {
    let bed = Bed::started().await;
    bed.settle(bed.operation, tenancy::Event::Provisioned, State::Succeeded).await;
    let day = 24 * 60;
    bed.look(30 * day - 1).await;
    assert_eq!(bed.tenant().await.status, Status::Active, "a minute is left");
    bed.look(30 * day).await;
    let asleep = bed.tenant().await;
    assert_eq!(asleep.status, Status::Hibernating);
    let operation = asleep.operation.expect("something does it");
    let (audit, _) = store::Audit::of(&bed.db, &bed.tenant, 10, None).await.expect("read");
    let last = audit.last().expect("written down");
    assert_eq!((last.action.as_str(), last.why.as_str()), ("hibernate", "nobody has used it for 30 days"));
    bed.look(30 * day).await;
    assert_eq!(bed.tenant().await.operation, Some(operation));
    bed.settle(operation, tenancy::Event::Hibernated, State::Succeeded).await;
    bed.look(300 * day).await;
    assert_eq!((bed.tenant().await.status, bed.tenant().await.operation), (Status::Hibernating, None));
}

/// What was recorded of a metric, by one of its labels if it has it.
fn recorded(heard: &[Value], metric: &str, label: Option<(&str, &str)>) -> Vec<u64> {
    let labelled = |line: &&Value| label.is_none_or(|(name, value)| line[name] == value);
    heard.iter().filter(labelled).filter_map(|line| line[metric].as_u64()).collect()
}

/// What says nothing when all is well cannot be told from one that is dead.
#[tokio::test]
async fn every_look_is_recorded_also_when_there_is_nothing_to_see() {
    let bed = Bed::started().await;
    let figures = Figures::new(bed.db.clone());
    figures.count(&[store::Subject::Tenant(bed.tenant.clone())].into(), bed.accepted).await.expect("counted");
    telemetry::listen();
    bed.look(0).await;
    let heard = telemetry::heard();
    for metric in ["OperationStalled", "OutboxOverdue", "CompensationStuck", "TenantsIdle"] {
        assert_eq!(recorded(&heard, metric, None), [0], "{metric}");
    }
    assert_eq!(recorded(&heard, "Tenants", Some(("status", "provisioning"))), [1]);
    assert_eq!(recorded(&heard, "Tenants", Some(("status", "active"))), [0]);
    assert_eq!(recorded(&heard, "Tenants", None).len(), Status::ALL.len());
}

#[tokio::test]
async fn what_is_found_is_recorded_and_of_one_tenant_alone_it_is_not() {
    let bed = Bed::started().await;
    bed.stuck().await;
    telemetry::listen();
    let janitor = Janitor::new(&bed.engine, bed.db.clone());
    let alone = Input { tenant: Some(bed.tenant.clone()), ..Input::default() };
    janitor.run(alone).await.expect("it looks");
    assert_eq!(recorded(&telemetry::heard(), "CompensationStuck", None), [] as [u64; 0]);
    bed.look(0).await;
    assert_eq!(recorded(&telemetry::heard(), "CompensationStuck", None), [1]);
}
