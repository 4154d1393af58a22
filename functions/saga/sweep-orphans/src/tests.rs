use jiff::ToSpan as _;
use saga::{Begun, Committed, Destroying, Intent, Lease, Ledger as _};
use serde_json::json;
use store::{By, Catalogue, Order, Outcome, RepairTask, TaskId};
use tenancy::{Event, OperationId, SignupRequest, State, TenantId};

use super::*;

const STEP: &str = "make-thing";

/// A deployment with one tenant that had a thing, and has none any more as far as its ledger knows.
struct Bed {
    db: Database,
    tenant: TenantId,
    now: Timestamp,
}

impl Bed {
    async fn failed() -> Self {
        let db = Database::memory();
        let plan = serde_json::from_value(json!({
            "id": "starter", "name": "Starter", "description": "", "price_cents": 2900, "currency": "EUR",
            "billing_cycle": "month", "trial_days": 14, "popular": false, "active": true, "features": [],
            "limits": {},
        }))
        .expect("a plan");
        let blueprint: tenancy::Blueprint = serde_json::from_value(json!({
            "name": "shop", "version": 1, "description": "", "active": true, "plans": ["starter"],
            "workflow": { "step": STEP },
        }))
        .expect("a blueprint");
        let catalogue = Catalogue::new(db.clone());
        catalogue.put_plan(&plan).await.expect("put");
        catalogue.put_blueprint(&blueprint).await.expect("put");
        let request: SignupRequest = serde_json::from_value(json!({
            "name": "Acme", "subdomain": "acme", "email": "o@example.com", "blueprint": "shop",
        }))
        .expect("a request");
        let signup = request.check(Some(blueprint), &[plan], &[]).expect("a signup");
        let now = Timestamp::now();
        let answer = Tenants::new(db.clone()).sign_up(&signup, None, now).await.expect("accepted");
        let bed = Self { db, tenant: answer.tenant.id, now };
        bed.made(answer.operation).await;
        bed.unmade(answer.operation).await;
        bed.settle(answer.operation, Event::RolledBack, State::Failed).await;
        bed
    }

    async fn deleted() -> Self {
        let bed = Self::failed().await;
        let deletion = bed.order(Order::delete(by())).await;
        bed.settle(deletion, Event::Deleted, State::Succeeded).await;
        bed
    }

    async fn active() -> Self {
        let bed = Self::failed().await;
        let retry = bed.order(Order::retry(by())).await;
        bed.settle(retry, Event::Provisioned, State::Succeeded).await;
        bed
    }

    fn ledger(&self) -> ResourceLedger {
        ResourceLedger::new(self.db.clone())
    }

    async fn made(&self, operation: OperationId) {
        let intent = Intent {
            tenant: self.tenant.clone(),
            step: STEP,
            operation,
            handle: json!({ "name": "thing" }),
            input: "digest".to_owned(),
            destroyer: "old".to_owned(),
            lease: Lease { holder: "call".to_owned(), until: self.now },
        };
        let Begun::Started(row) = self.ledger().begin(intent).await.expect("begun") else { panic!("fresh") };
        let committed = self.ledger().commit(*row, &json!({})).await.expect("committed");
        assert!(matches!(committed, Committed::Live));
    }

    async fn unmade(&self, operation: OperationId) {
        let lease = Lease { holder: "call".to_owned(), until: self.now };
        let begun = self.ledger().begin_destroy(&self.tenant, STEP, operation, lease).await.expect("begun");
        let Destroying::Started(row) = begun else { panic!("it is there") };
        self.ledger().destroyed(*row).await.expect("destroyed");
    }

    async fn order(&self, order: Order) -> OperationId {
        let tenants = Tenants::new(self.db.clone());
        tenants.order(&self.tenant, order, None, self.now).await.expect("accepted").operation
    }

    async fn settle(&self, operation: OperationId, event: Event, state: State) {
        let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
        let settled = Tenants::new(self.db.clone()).settle(&self.tenant, operation, outcome, self.now).await;
        settled.expect("settled");
    }

    async fn status(&self) -> Status {
        Tenants::new(self.db.clone()).get(&self.tenant).await.expect("read").expect("there").value.status
    }

    fn orphan(&self) -> Orphan {
        self.orphan_of(self.tenant.as_str())
    }

    fn orphan_of(&self, tenant: &str) -> Orphan {
        let tenant = tenant.parse().expect("an id");
        Orphan { tenant, handle: json!({ "name": "thing" }), made_at: Some(self.now - 1.hour()) }
    }

    /// Has a sweep judge what the step listed.
    async fn swept(&self, dry_run: bool, orphans: Vec<Orphan>) -> (Output, SweepOutcome) {
        self.counted(dry_run, None, orphans.len(), orphans).await
    }

    async fn counted(
        &self,
        dry_run: bool,
        limit: Option<usize>,
        count: usize,
        orphans: Vec<Orphan>,
    ) -> (Output, SweepOutcome) {
        let sweep = Sweep::order(&self.db, by(), dry_run, limit, None, self.now).await.expect("ordered");
        self.run(sweep.id, count, orphans).await
    }

    async fn run(&self, id: SweepId, count: usize, orphans: Vec<Orphan>) -> (Output, SweepOutcome) {
        let swept = Swept { count, orphans, ..Swept::new(STEP, "arn") };
        let steps = vec![Asked { step: STEP.to_owned(), swept: Some(swept), error: None }];
        let judge = SweepOrphans::new(self.db.clone(), 3);
        let output = judge.run(Input { sweep: id, steps }).await.expect("judged");
        let sweep = Sweep::get(&self.db, id).await.expect("read").expect("there");
        (output, sweep.outcome.expect("it is written down"))
    }

    async fn verdict(&self, orphan: Orphan) -> Option<Verdict> {
        let (_, outcome) = self.swept(true, vec![orphan]).await;
        outcome.findings.first().map(|finding| finding.verdict)
    }

    async fn row(&self) -> Resource {
        self.ledger().resources(&self.tenant).await.expect("read").remove(0)
    }

    async fn task(&self) -> Option<RepairTask> {
        let id = TaskId { tenant: self.tenant.clone(), step: STEP.to_owned() };
        RepairTask::get(&self.db, &id).await.expect("read")
    }
}

fn by() -> By {
    By { who: "me".to_owned(), why: "a test".to_owned() }
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_changes_nothing() {
    let bed = Bed::deleted().await;
    let before = bed.row().await;
    let (output, outcome) = bed.swept(true, vec![bed.orphan()]).await;
    assert_eq!(output, Output { found: 1, taken_in: 0, refused: None });
    assert_eq!(outcome.findings[0].verdict, Verdict::Orphan);
    assert_eq!((bed.row().await, bed.task().await), (before, None));
}

#[tokio::test]
async fn an_orphan_is_taken_in_as_stuck_and_its_repair_is_due() {
    let bed = Bed::deleted().await;
    let (output, outcome) = bed.swept(false, vec![bed.orphan()]).await;
    assert_eq!((output.taken_in, outcome.findings[0].verdict), (1, Verdict::TakenIn));
    let row = bed.row().await;
    assert_eq!((row.state, row.destroyer.as_str()), (ResourceState::Stuck, "arn"));
    let task = bed.task().await.expect("a repair task");
    assert!(task.next_try <= clock::now());
    let tenants = Tenants::new(bed.db.clone());
    let repair = tenants.repair(&task.id, by(), None, clock::now()).await.expect("accepted");
    assert_eq!(repair.tenant.status, Status::Deleted);
}

/// The ledger of a deleted tenant may be lost: nothing of it is needed.
#[tokio::test]
async fn of_a_deleted_tenant_everything_is_an_orphan() {
    let bed = Bed::deleted().await;
    let other = Orphan { made_at: None, handle: json!({ "name": "other" }), ..bed.orphan() };
    let swept = Swept { count: 1, orphans: vec![other], ..Swept::new("make-other", "arn") };
    let sweep = Sweep::order(&bed.db, by(), false, None, None, bed.now).await.expect("ordered");
    let steps = vec![Asked { step: "make-other".to_owned(), swept: Some(swept), error: None }];
    let judge = SweepOrphans::new(bed.db.clone(), 3);
    assert_eq!(judge.run(Input { sweep: sweep.id, steps }).await.expect("judged").taken_in, 1);
    let rows = bed.ledger().resources(&bed.tenant).await.expect("read");
    let stuck: Vec<&str> = rows.iter().filter(|row| row.is_left()).map(|row| row.step.as_str()).collect();
    assert_eq!(stuck, ["make-other"]);
}

/// Where records were lost or restored, customers' resources look like orphans.
#[tokio::test]
async fn what_the_records_do_not_account_for_is_reported_and_left() {
    let bed = Bed::active().await;
    let late = Orphan { made_at: Some(clock::now() + 1.hour()), ..bed.orphan() };
    let undated = Orphan { made_at: None, ..bed.orphan() };
    for (orphan, verdict) in [
        (bed.orphan_of("nobody-010203"), Verdict::UnknownTenant),
        (late, Verdict::Unrecorded),
        (undated, Verdict::Unrecorded),
    ] {
        let (output, outcome) = bed.swept(false, vec![orphan]).await;
        assert_eq!((output.found, output.taken_in), (1, 0), "{verdict:?}");
        assert_eq!(outcome.findings[0].verdict, verdict);
    }
    assert_eq!(bed.row().await.state, ResourceState::Destroyed);
}

#[tokio::test]
async fn a_tenant_without_a_row_is_left_unless_it_is_deleted() {
    let bed = Bed::active().await;
    let swept = Swept { count: 1, orphans: vec![bed.orphan()], ..Swept::new("make-other", "arn") };
    let sweep = Sweep::order(&bed.db, by(), false, None, None, bed.now).await.expect("ordered");
    let steps = vec![Asked { step: "make-other".to_owned(), swept: Some(swept), error: None }];
    let judge = SweepOrphans::new(bed.db.clone(), 3);
    assert_eq!(judge.run(Input { sweep: sweep.id, steps }).await.expect("judged").taken_in, 0);
    let outcome = Sweep::get(&bed.db, sweep.id).await.expect("read").expect("there").outcome;
    assert_eq!(outcome.expect("an outcome").findings[0].verdict, Verdict::Unrecorded);
}

#[tokio::test]
async fn a_repair_of_a_tenant_that_is_alive_or_failed_leaves_it_as_it_is() {
    for (bed, status) in [(Bed::active().await, Status::Active), (Bed::failed().await, Status::Failed)] {
        assert_eq!(bed.swept(false, vec![bed.orphan()]).await.0.taken_in, 1, "{status}");
        let task = bed.task().await.expect("a repair task");
        for (event, state) in [(Event::GotStuck, State::Stuck), (Event::Repaired, State::Succeeded)] {
            let repair = Tenants::new(bed.db.clone()).repair(&task.id, by(), None, bed.now).await;
            let repair = repair.expect("accepted");
            assert_eq!(repair.tenant.status, status);
            let tenants = Tenants::new(bed.db.clone());
            let record =
                tenants.operation(&bed.tenant, repair.operation).await.expect("read").expect("there");
            let doomed =
                store::doomed(&record.value, &repair.tenant, vec![bed.row().await, live(&bed.row().await)]);
            assert_eq!(doomed.len(), 1, "what is stuck goes, what is live stays");
            bed.settle(repair.operation, event, state).await;
            assert_eq!(bed.status().await, status, "{event:?}");
        }
    }
}

fn live(row: &Resource) -> Resource {
    Resource { state: ResourceState::Live, step: "make-other".to_owned(), ..row.clone() }
}

#[tokio::test]
async fn above_the_limit_nothing_is_touched() {
    let bed = Bed::deleted().await;
    let (output, outcome) = bed.counted(false, None, 4, vec![bed.orphan()]).await;
    assert!(output.refused.is_some_and(|why| why.contains("above 3")), "{outcome:?}");
    assert_eq!((output.found, outcome.findings[0].verdict), (4, Verdict::Orphan));
    assert_eq!((bed.row().await.state, bed.task().await), (ResourceState::Destroyed, None));
    assert_eq!(
        bed.counted(true, None, 4, vec![bed.orphan()]).await.0.refused,
        None,
        "a dry run only says so"
    );
    assert_eq!(bed.counted(false, Some(0), 1, vec![bed.orphan()]).await.0.taken_in, 0);
    assert_eq!(bed.counted(false, Some(4), 4, vec![bed.orphan()]).await.0.taken_in, 1);
}

#[tokio::test]
async fn what_somebody_is_at_work_on_is_left_and_not_counted() {
    let bed = Bed::failed().await;
    let retry = bed.order(Order::retry(by())).await;
    let (output, outcome) = bed.swept(false, vec![bed.orphan()]).await;
    assert_eq!((output.found, output.taken_in), (0, 0));
    assert_eq!(outcome.findings[0].verdict, Verdict::Busy);
    bed.made(retry).await;
    assert_eq!(bed.verdict(bed.orphan()).await, None, "by now it is in the ledger");
    bed.settle(retry, Event::Provisioned, State::Succeeded).await;
    let other = Orphan { handle: json!({ "name": "another" }), ..bed.orphan() };
    assert_eq!(bed.verdict(other).await, Some(Verdict::Misnamed));
}

#[tokio::test]
async fn a_row_that_changed_since_it_was_judged_is_not_written_over() {
    let bed = Bed::failed().await;
    let (before, orphan) = (bed.row().await, bed.orphan());
    let retry = bed.order(Order::retry(by())).await;
    bed.made(retry).await;
    let fault = Fault::terminal("an orphan");
    let taken = bed.ledger().take_in(&orphan, (STEP, "arn"), Some(before), retry, fault, bed.now).await;
    assert!(!taken.expect("answered"));
    assert_eq!((bed.row().await.state, bed.task().await), (ResourceState::Live, None));
}

/// Invariant 9.
#[tokio::test]
async fn a_sweep_that_is_called_again_says_the_same() {
    let bed = Bed::deleted().await;
    let sweep = Sweep::order(&bed.db, by(), false, None, None, bed.now).await.expect("ordered");
    let first = bed.run(sweep.id, 1, vec![bed.orphan()]).await;
    assert_eq!(bed.run(sweep.id, 1, vec![bed.orphan()]).await, first);
    // Cut off before it wrote down what it had done.
    let cut = Sweep::order(&bed.db, by(), false, None, None, bed.now).await.expect("ordered");
    let fault = Fault::terminal(found_by(cut.id));
    let (row, last) = (bed.row().await, first_operation(&bed).await);
    assert!(
        bed.ledger()
            .take_in(&bed.orphan(), (STEP, "arn"), Some(row), last, fault, bed.now)
            .await
            .expect("taken in")
    );
    assert_eq!(
        bed.run(cut.id, 1, vec![bed.orphan()]).await.0,
        Output { found: 1, taken_in: 1, refused: None }
    );
}

async fn first_operation(bed: &Bed) -> OperationId {
    Tenants::new(bed.db.clone()).operations(&bed.tenant).await.expect("read")[0].id
}

#[tokio::test]
async fn a_step_that_could_not_be_asked_is_named() {
    let bed = Bed::deleted().await;
    let sweep = Sweep::order(&bed.db, by(), false, None, None, bed.now).await.expect("ordered");
    let error = Caught { error: "Terminal".to_owned(), cause: Some("denied".to_owned()) };
    let steps = vec![Asked { step: STEP.to_owned(), swept: None, error: Some(error) }];
    let judge = SweepOrphans::new(bed.db.clone(), 3);
    judge.run(Input { sweep: sweep.id, steps }).await.expect("judged");
    let outcome = Sweep::get(&bed.db, sweep.id).await.expect("read").expect("there").outcome.expect("over");
    assert_eq!(
        (outcome.unswept[0].step.as_str(), outcome.unswept[0].fault.cause.as_str()),
        (STEP, "Terminal: denied")
    );
}
