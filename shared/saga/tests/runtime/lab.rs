//! A tenant with an operation under way, the ledger, the provider, and the steps as the machine calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use fault::{Fault, Kind as FaultKind};
use jiff::{Timestamp, ToSpan};
use saga::{Invocation, ProbeRunner, Resource, ResourceState, Runner, Step};
use serde_json::{Value, json};
use store::{Catalogue, Database, Outcome, ResourceLedger, Tenants};
use tenancy::{
    Blueprint, Email, Event, Kind, OperationId, Plan, Signup, Snapshot, State, StepFault, Subdomain,
    TenantId, Workflow,
};

use crate::provider::{MakeOther, MakeThing, ProbeThing, Provider, Thing, Trouble};
use crate::turns::run;

const DEPLOYMENT: &str = "lab";

pub(crate) struct Lab {
    pub(crate) provider: Provider,
    pub(crate) ledger: ResourceLedger,
    pub(crate) tenants: Tenants,
    pub(crate) tenant: TenantId,
    pub(crate) snapshot: Snapshot,
    pub(crate) operation: OperationId,
    pub(crate) make: Runner<MakeThing, ResourceLedger>,
    pub(crate) other: Runner<MakeOther, ResourceLedger>,
    pub(crate) probe: ProbeRunner<ProbeThing, ResourceLedger>,
}

/// A call that may run for a minute, by whoever.
pub(crate) fn caller(name: &str) -> Invocation {
    let deadline = Timestamp::now() + 1.minute();
    Invocation { id: name.to_owned(), function: "arn:of:the:step".to_owned(), deadline }
}

/// A call whose time is over, so that nobody has to wait for it: what a crash leaves behind.
pub(crate) fn doomed_caller(name: &str) -> Invocation {
    Invocation { deadline: Timestamp::now() - 1.second(), ..caller(name) }
}

impl Lab {
    pub(crate) fn new() -> Self {
        run(Self::open())
    }

    async fn open() -> Self {
        let db = Database::memory();
        let (tenants, catalogue) = (Tenants::new(db.clone()), Catalogue::new(db.clone()));
        let (plan, blueprint) = (plan(), blueprint());
        catalogue.put_plan(&plan).await.expect("put");
        catalogue.put_blueprint(&blueprint).await.expect("put");
        let signup = Signup {
            name: "Acme".to_owned(),
            subdomain: Subdomain::parse("acme").expect("a subdomain"),
            email: Email::parse("owner@example.com").expect("an address"),
            blueprint,
            plan,
            theme: None,
            category: None,
            integrations: BTreeSet::new(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: BTreeMap::new(),
            origin: None,
        };
        let accepted = tenants.sign_up(&signup, None, Timestamp::now()).await.expect("accepted");
        let snapshot = tenants
            .snapshot(&accepted.tenant, tenancy::Kind::Provision)
            .await
            .expect("all of it is in the catalogue");
        let (ledger, provider) = (ResourceLedger::new(db), Provider::default());
        Self {
            make: Runner::new(MakeThing(provider.clone()), ledger.clone(), DEPLOYMENT),
            other: Runner::new(MakeOther(provider.clone()), ledger.clone(), DEPLOYMENT),
            probe: ProbeRunner::new(ProbeThing(provider.clone()), ledger.clone(), DEPLOYMENT),
            provider,
            ledger,
            tenants,
            tenant: accepted.tenant.id,
            snapshot,
            operation: accepted.operation,
        }
    }

    /// Ends the operation and starts another, as an operator's retry does.
    pub(crate) fn next_operation(&mut self) {
        let (now, event) = (Timestamp::now(), Event::RetryRequested);
        self.settle();
        let accepted = run(self.tenants.request(&self.tenant, Kind::Provision, event, None, now));
        self.operation = accepted.expect("accepted").operation;
    }

    pub(crate) fn settle(&self) {
        let outcome =
            Outcome { event: Event::GotStuck, state: State::Stuck, steps: Vec::new(), endpoints: None };
        run(self.tenants.settle(&self.tenant, self.operation, outcome, Timestamp::now())).expect("settled");
    }

    pub(crate) async fn fence(&self) {
        let fault = StepFault { step: "fake-make-thing".to_owned(), fault: Fault::terminal("enough") };
        let raised = self
            .tenants
            .fence(&self.tenant, self.operation, "arn", Some(fault), None, Timestamp::now())
            .await;
        raised.expect("raised");
    }

    /// Raises the fence, waits until no call is in flight, and destroys all that the ledger then lists, as
    /// the teardown machine does.
    pub(crate) async fn compensate(&self) -> Vec<Resource> {
        self.fence().await;
        let now = Timestamp::now();
        while self.rows().await.iter().any(|row| row.in_flight(now)) {
            tokio::task::yield_now().await;
        }
        let listed: Vec<Resource> = self.rows().await.into_iter().filter(Resource::is_left).collect();
        for row in &listed {
            while let Err(fault) = self.call(&row.step, self.destroy(), &caller("compensation")).await {
                assert!(matches!(fault.kind, FaultKind::NotReady | FaultKind::Transient), "{fault}");
            }
        }
        listed
    }

    pub(crate) async fn call(&self, step: &str, payload: Value, caller: &Invocation) -> Result<Value, Fault> {
        match step {
            MakeThing::NAME => self.make.run(payload, caller).await,
            MakeOther::NAME => self.other.run(payload, caller).await,
            unknown => panic!("no step {unknown}"),
        }
    }

    /// What the machine sends to make a thing of a size.
    pub(crate) fn apply(&self, size: u32) -> Value {
        let params = json!({ "size": size });
        json!({ "action": "apply", "operation": self.operation, "tenant": self.snapshot, "params": params })
    }

    /// What the machine sends to destroy: all else is in the ledger.
    pub(crate) fn destroy(&self) -> Value {
        json!({ "action": "destroy", "operation": self.operation, "tenant": { "id": self.tenant } })
    }

    /// One call to make a thing, to its end.
    pub(crate) fn made(&self, size: u32) -> Result<Value, Fault> {
        run(self.make.run(self.apply(size), &caller("a call")))
    }

    pub(crate) fn destroyed(&self) -> Result<Value, Fault> {
        run(self.make.run(self.destroy(), &caller("a call")))
    }

    pub(crate) async fn rows(&self) -> Vec<Resource> {
        self.ledger.resources(&self.tenant).await.expect("read")
    }

    /// The ledger's row of the thing.
    pub(crate) fn row(&self) -> Resource {
        let rows = run(self.rows());
        rows.into_iter().find(|row| row.step == MakeThing::NAME).expect("the ledger names the thing")
    }

    pub(crate) fn state(&self) -> ResourceState {
        self.row().state
    }

    pub(crate) fn name(&self) -> String {
        format!("thing-{}", self.tenant)
    }

    pub(crate) fn mark(&self) -> String {
        format!("{DEPLOYMENT}/{}", self.tenant)
    }

    /// What the provider holds under the thing's name.
    pub(crate) fn thing(&self) -> Option<Thing> {
        self.provider.things().remove(&self.name())
    }

    /// Our thing, of that size, written that often.
    pub(crate) fn ours(&self, size: u32, writes: u32) -> Option<Thing> {
        Some(Thing { owner: self.mark(), size, writes })
    }

    pub(crate) fn troubled(self, troubles: impl IntoIterator<Item = Trouble>) -> Self {
        self.provider.troubles(troubles);
        self
    }
}

/// Polls a call until something is so, and leaves it there.
pub(crate) fn poll_until<F: Future>(call: std::pin::Pin<&mut F>, so: impl Fn() -> bool) {
    let mut call = call;
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while !so() {
        assert!(call.as_mut().poll(&mut cx).is_pending(), "the call ended first");
    }
}

/// Polls a call that many times, and lets it die where it stands: gives whether it had ended.
pub(crate) fn die_after<F: Future>(polls: usize, call: F) -> bool {
    let mut call = std::pin::pin!(call);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    (0..polls).any(|_| call.as_mut().poll(&mut cx).is_ready())
}

fn plan() -> Plan {
    serde_json::from_value(json!({
        "id": "starter", "name": "Starter", "description": "", "price_cents": 2900, "currency": "EUR",
        "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": true, "features": [],
        "limits": {},
    }))
    .expect("a plan")
}

fn blueprint() -> Blueprint {
    Blueprint {
        name: "fake".to_owned(),
        version: 1,
        description: String::new(),
        active: true,
        approval: false,
        plans: vec!["starter".to_owned()],
        themes: Vec::new(),
        categories: BTreeSet::new(),
        integrations: BTreeSet::new(),
        on_failure: tenancy::OnFailure::Compensate,
        optional: BTreeSet::new(),
        clones: false,
        hibernates: false,
        hibernation: tenancy::Hibernation::default(),
        custom_domain: None,
        providers: Vec::new(),
        costs: BTreeMap::new(),
        settings: BTreeMap::new(),
        workflow: Workflow::Sequence(vec![Workflow::Step(MakeThing::NAME.to_owned())]),
        usual_ms: BTreeMap::new(),
    }
}
