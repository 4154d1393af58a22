//! Functions and services, wired to each other as the templates wire them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use archive::ColdStorage;
use aws_lambda_events::dynamodb::Event;
use axum::Router;
use fault::Fault;
use s3::Bucket;
use saga::{BackUp, BackedUp, Probe, ProbeRunner, Runner, SettingUp, Setup, Step};
use saga_drain::Drain;
use saga_fence::Fence;
use saga_janitor::Janitor;
use saga_list_resources::ListResources;
use saga_list_steps::ListSteps;
use saga_mark_stuck::MarkStuck;
use saga_settle::Settle;
use saga_sweep_orphans::SweepOrphans;
use sandbox::clouds::Pace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use step_functions::Executions;
use store::{Catalogue, Claims, Database, Memory, ResourceLedger, Tenants};
use tenancy::Calendar;
use tenant_activate::Activate;
use tenant_admit::Admit;
use tenant_api::{ClaimNames, Platform, Settings, SignupLimits};
use tenant_archive::Seal;
use tenant_certify::Certify;
use tenant_dispatch::Dispatch;
use tenant_notify::Notify;
use tenant_notify_domain::NotifyDomain;
use tenant_notify_offboarding::NotifyOffboarding;
use tenant_offboard::Offboard;
use tenant_settle_domain::SettleDomain;
use tenant_thaw::Thaw;

use crate::aws::{self, Kms, Mail, S3, StepFunctions};
use crate::chaos::Chaos;
use crate::clouds;
use crate::lambda::{Handler, function};
use crate::law::Law;
use crate::service::Service;
use crate::tally::Tally;
use crate::version::{NextVersion, Versioned};
use crate::wire::Wire;
use crate::world::DEPLOYMENT;

/// How long a day of grace is: nobody waits here for longer than for the janitor.
pub const DAY_SECONDS: u32 = 60;

#[derive(Debug)]
pub struct Deployment {
    pub chaos: Chaos,
    pub tally: Tally,
    pub law: Law,
    /// The tables, seen from beside them.
    pub tables: Memory,
    /// The tables, as functions see them.
    pub db: Database,
    pub services: Vec<Arc<dyn Service>>,
    pub functions: Functions,
    pub next_version: NextVersion,
    /// How fast the clouds are.
    pub pace: Pace,
    /// Of `infra/cluster`, those that steps have.
    pub roles: &'static [&'static str],
    /// What is kept of tenants that are gone, seen from beside it.
    pub archive: Arc<S3>,
}

/// By name.
#[derive(Default)]
pub struct Functions(pub BTreeMap<String, Handler>);

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Deployment {
    /// The wire to a service, which may hold things of a tenant.
    pub fn service(&mut self, service: Arc<dyn Service>) -> Wire {
        self.services.push(Arc::clone(&service));
        self.wire(service)
    }

    /// Another way to a service that is there.
    pub fn wire(&self, service: Arc<dyn Service>) -> Wire {
        Wire { service, chaos: self.chaos.clone(), tally: self.tally.clone(), law: self.law.clone() }
    }

    pub fn step<S: Step + 'static>(&mut self, step: S) {
        let step = Versioned { step, next: self.next_version.clone() };
        let runner = Rc::new(Runner::new(step, ResourceLedger::new(self.db.clone()), DEPLOYMENT));
        let call = move |payload, invocation| {
            let runner = Rc::clone(&runner);
            async move { runner.run(payload, &invocation).await }
        };
        self.functions.0.insert(S::NAME.to_owned(), function(call));
    }

    /// A step whose resource is backed up.
    pub fn step_backed_up<S: BackUp + 'static>(&mut self, step: S) {
        let step = Versioned { step, next: self.next_version.clone() };
        let runner = Runner::new(step, ResourceLedger::new(self.db.clone()), DEPLOYMENT);
        let runner = Rc::new(BackedUp::new(runner, self.cold_storage()));
        let call = move |payload, invocation| {
            let runner = Rc::clone(&runner);
            async move { runner.run(payload, &invocation).await }
        };
        self.functions.0.insert(S::NAME.to_owned(), function(call));
    }

    /// The archive, as functions see it.
    fn cold_storage(&mut self) -> ColdStorage {
        let wire = self.service(Arc::clone(&self.archive) as Arc<dyn Service>);
        ColdStorage::new(Bucket::new(&aws::config(wire), "archive".to_owned()), "DEEP_ARCHIVE".to_owned())
    }

    pub fn probe<P: Probe + 'static>(&mut self, probe: P) {
        let runner = Rc::new(ProbeRunner::new(probe, ResourceLedger::new(self.db.clone()), DEPLOYMENT));
        let call = move |payload, invocation| {
            let runner = Rc::clone(&runner);
            async move { runner.run(payload, &invocation).await }
        };
        self.functions.0.insert(P::NAME.to_owned(), function(call));
    }

    pub fn setup<S: Setup + 'static>(&mut self, setup: S) {
        self.probe(SettingUp(setup));
    }

    pub fn task<T, I, O, F>(&mut self, name: &str, task: T, run: fn(Rc<T>, I) -> F)
    where
        T: 'static,
        I: DeserializeOwned + 'static,
        O: Serialize + 'static,
        F: Future<Output = Result<O, Fault>> + 'static,
    {
        let task = Rc::new(task);
        let call = move |input, _| run(Rc::clone(&task), input);
        self.functions.0.insert(name.to_owned(), function(call));
    }

    /// The platform's own functions.
    pub fn platform(&mut self, step_functions: Arc<StepFunctions>, mail: Arc<Mail>) {
        let db = self.db.clone();
        let db = || db.clone();
        let (tenants, ledger) = (Tenants::new(db()), ResourceLedger::new(db()));
        let (catalogue, claims) = (Catalogue::new(db()), Claims::new(db()));
        let database = db();
        let mail = aws_sdk_sesv2::Client::new(&aws::config(self.service(mail)));
        let step_functions = aws_sdk_sfn::Client::new(&aws::config(self.service(step_functions)));

        let task = Admit { tenants: tenants.clone() };
        self.task("tenant-admit", task, |task, input| async move { task.run(input).await });
        let task = ListSteps { catalogue: catalogue.clone() };
        self.task("saga-list-steps", task, |task, input| async move { task.run(input).await });
        let task = SweepOrphans::new(database.clone(), 10);
        self.task("saga-sweep-orphans", task, |task, input| async move { task.run(input).await });
        let calendar = calendar();
        let task = Thaw {
            tenants: tenants.clone(),
            ledger: ledger.clone(),
            archive: self.cold_storage(),
            calendar: calendar.clone(),
        };
        self.task("tenant-thaw", task, |task, input| async move { task.run(input).await });
        let task = Activate { tenants: tenants.clone(), ledger: ledger.clone(), catalogue };
        self.task("tenant-activate", task, |task, input| async move { task.run(input).await });
        let mailer = ses::Mailer::new(mail, "hello@tenantry.example".to_owned());
        let target = || clouds::TARGET.to_owned();
        let task = NotifyDomain { mailer: mailer.clone(), tenants: tenants.clone(), target: target() };
        self.task("tenant-notify-domain", task, |task, input| async move { task.run(input).await });
        let task = SettleDomain { tenants: tenants.clone(), ledger: ledger.clone() };
        self.task("tenant-settle-domain", task, |task, input| async move { task.run(input).await });
        let task = NotifyOffboarding { mailer: mailer.clone(), tenants: tenants.clone() };
        self.task("tenant-notify-offboarding", task, |task, input| async move { task.run(input).await });
        let task = Offboard { tenants: tenants.clone(), ledger: ledger.clone(), calendar: calendar.clone() };
        self.task("tenant-offboard", task, |task, input| async move { task.run(input).await });
        let task = Seal {
            tenants: tenants.clone(),
            ledger: ledger.clone(),
            archive: self.cold_storage(),
            calendar: calendar.clone(),
            retention_days: 365,
        };
        self.task("tenant-archive", task, |task, input| async move { task.run(input).await });
        let kms = aws_sdk_kms::Client::new(&aws::config(self.service(Arc::new(Kms::default()))));
        let task = Certify {
            tenants: tenants.clone(),
            ledger: ledger.clone(),
            db: db(),
            key: kms::SigningKey::new(kms, "key".to_owned()),
            deployment: DEPLOYMENT.to_owned(),
        };
        self.task("tenant-certify", task, |task, input| async move { task.run(input).await });
        let task = Notify { mailer, claims, ledger: ledger.clone() };
        self.task("tenant-notify", task, |task, input| async move { task.run(input).await });
        let task = Fence { tenants: tenants.clone(), ledger: ledger.clone() };
        self.task("saga-fence", task, |task, input| async move { task.run(input).await });
        let task = Drain { tenants: tenants.clone(), ledger: ledger.clone() };
        self.task("saga-drain", task, |task, input| async move { task.run(input).await });
        let task = ListResources { tenants: tenants.clone(), ledger: ledger.clone() };
        self.task("saga-list-resources", task, |task, input| async move { task.run(input).await });
        let task = MarkStuck { ledger: ledger.clone() };
        self.task("saga-mark-stuck", task, |task, input| async move { task.run(input).await });
        let task = Settle { tenants, ledger };
        self.task("saga-settle", task, |task, input| async move { task.run(input).await });
        let machine = StepFunctions::machine;
        let (provision, teardown) = (machine("provision-tenant"), machine("teardown-tenant"));
        let executions = Executions::new(step_functions, provision, teardown, Some(machine("sweep-orphans")));
        let executions =
            executions.with_domains(machine("custom-domain")).with_offboarding(machine("offboard-tenant"));
        let task = Janitor::new(executions.clone(), database.clone());
        self.task("saga-janitor", task, |task, input| async move { task.run(input).await });
        let task = Dispatch { executions, db: database };
        self.task("tenant-dispatch", task, |task, event: Event| async move { task.run(event).await });
        let api = crate::client::served(self.api());
        self.functions.0.insert("tenant-api".to_owned(), api);
    }

    /// The API of this deployment.
    pub fn api(&self) -> Router {
        let platform = Platform { domain: clouds::ZONE_NAME.to_owned(), target: clouds::TARGET.to_owned() };
        let settings = Settings {
            claim_names: ClaimNames { role: "cognito:groups".to_owned(), tenant: "custom:tenant".to_owned() },
            signup_key: None,
            limits: SignupLimits { per_address: 100, per_email_domain: 100, trials_per_card: 100 },
            calendar: calendar(),
            separation_of_duty: false,
            platform: Some(platform),
            letters: None,
            missing_accounts: BTreeSet::new(),
            notifier: None,
        };
        tenant_api::router(self.db.clone(), settings).expect("an API that can be described")
    }
}

fn calendar() -> Calendar {
    Calendar { day_seconds: DAY_SECONDS, notices: vec![3, 1] }
}
