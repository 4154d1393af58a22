//! One deployment with everything in it, from the API to the providers, on a clock of its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sandbox::clouds::{Pace, Right};
use serde_json::{Map, Value, json};
use store::{Catalogue, Database, Memory, Table, Tenants, Write};
use tenancy::{Operation, Plan, Tenant, TenantId, Theme};
use tokio::sync::mpsc::unbounded_channel;

use crate::asl::{self, Execution, Failure, Host, Outcome, Status, Tokens};
use crate::aws::{Mail, S3, Start, StepFunctions};
use crate::blueprints::{self, Blueprint};
use crate::chaos::{Chaos, pass};
use crate::client::{Answer, Ask};
use crate::clouds::PACE;
use crate::deployment::{Deployment, Functions};
use crate::lambda::Lambda;
use crate::law::Law;
use crate::line;
use crate::service::{Service, Thing};
use crate::tally::{Running, Taken, Tally};
use crate::version::NextVersion;
use crate::wish::Wish;
use crate::workflow;

/// The first half of every ownership mark here.
pub(crate) const DEPLOYMENT: &str = "simulation";

/// How long the janitor has to bring an operation to its end.
const HOURS: usize = 3;

/// How the stream delivers an event: each number of seconds after it was written, one delivery.
pub(crate) type Deliveries = Vec<u64>;

/// How a world is run.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Of all that is drawn.
    pub seed: u64,
    /// How fast the clouds are.
    pub pace: Pace,
    /// So many branches of a Parallel run at once. With one, all is done in turn, as a script would.
    pub branches: usize,
    /// How long a machine waits until it tries again, of what it says.
    pub delays: f64,
}

impl Default for Manner {
    fn default() -> Self {
        Self { seed: 1, pace: PACE, branches: usize::MAX, delays: 1.0 }
    }
}

#[derive(Clone, Debug)]
pub struct World(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    chaos: Chaos,
    lambda: Lambda,
    functions: Functions,
    machines: BTreeMap<String, Rc<Value>>,
    law: Law,
    tables: Memory,
    step_functions: Arc<StepFunctions>,
    mail: Arc<Mail>,
    services: Vec<Arc<dyn Service>>,
    next_version: NextVersion,
    archive: Arc<S3>,
    blueprint: &'static str,
    manner: Manner,
}

impl World {
    /// Builds it. Must run in a `LocalSet`, on a paused clock.
    pub async fn new(blueprint: Blueprint, chaos: Chaos, deliveries: Deliveries, seed: u64) -> Self {
        let tables = Memory::default();
        let manner = Manner { seed, ..Manner::default() };
        Self::under(Law::new(tables.clone()), tables, blueprint, chaos, deliveries, manner).await
    }

    /// One in which nothing goes wrong and nobody looks, for what it takes by itself.
    pub async fn unwatched(blueprint: Blueprint) -> Self {
        Self::unwatched_in(Manner::default(), blueprint).await
    }

    /// The same in another manner.
    pub async fn unwatched_in(manner: Manner, blueprint: Blueprint) -> Self {
        let tables = Memory::default();
        Self::under(Law::blind(tables.clone()), tables, blueprint, Chaos::default(), vec![0], manner).await
    }

    async fn under(
        law: Law,
        tables: Memory,
        blueprint: Blueprint,
        chaos: Chaos,
        deliveries: Deliveries,
        manner: Manner,
    ) -> Self {
        fastrand::seed(manner.seed);
        clock::simulate("2027-01-01T00:00:00Z".parse().expect("a time"));
        let tally = Tally::default();
        let (starts, mut started) = unbounded_channel();
        let (stream, mut written) = unbounded_channel();
        let offer = Offer::of(blueprint.name).with(blueprint.settings);
        offer.put(&Catalogue::new(Database::Memory(tables.clone()))).await;
        let wire = line::Wire { chaos: chaos.clone(), law: law.clone(), tally: tally.clone(), stream };
        let mut deployment = Deployment {
            chaos: chaos.clone(),
            tally: tally.clone(),
            law: law.clone(),
            db: Database::Memory(tables.over(Arc::new(wire))),
            tables: tables.clone(),
            services: Vec::new(),
            functions: Functions::default(),
            next_version: NextVersion::default(),
            pace: manner.pace,
            roles: blueprint.roles,
            archive: Arc::new(S3::archive()),
        };
        let step_functions = Arc::new(StepFunctions::new(starts, tally.clone()));
        let mail = Arc::new(Mail::default());
        deployment.platform(Arc::clone(&step_functions), Arc::clone(&mail));
        (blueprint.deploy)(&mut deployment);
        law.watch(deployment.services.clone());
        let world = Self(Rc::new(Inner {
            lambda: Lambda { chaos: chaos.clone(), tally },
            chaos,
            functions: deployment.functions,
            machines: machines(),
            law,
            tables,
            step_functions,
            mail,
            services: deployment.services,
            next_version: deployment.next_version,
            archive: deployment.archive,
            blueprint: blueprint.name,
            manner,
        }));
        let here = world.clone();
        tokio::task::spawn_local(async move {
            while let Some(start) = started.recv().await {
                tokio::task::spawn_local(here.clone().execute(start));
            }
        });
        let here = world.clone();
        tokio::task::spawn_local(async move {
            loop {
                pass(Duration::from_secs(60)).await;
                let _ = here.invoke("saga-janitor", json!({})).await;
            }
        });
        let here = world.clone();
        tokio::task::spawn_local(async move {
            while let Some((write, running)) = written.recv().await {
                tokio::task::spawn_local(here.clone().deliver(write, deliveries.clone(), running));
            }
        });
        world
    }

    /// Deploys another version of every step.
    pub fn redeploy(&self) {
        self.0.next_version.deploy();
    }

    pub fn chaos(&self) -> &Chaos {
        &self.0.chaos
    }

    pub fn law(&self) -> &Law {
        &self.0.law
    }

    pub fn tables(&self) -> &Memory {
        &self.0.tables
    }

    pub fn mails(&self) -> Vec<String> {
        self.0.mail.sent()
    }

    /// What the mails were about.
    pub fn subjects(&self) -> Vec<String> {
        self.0.mail.subjects()
    }

    /// The customers' own names that are served.
    pub fn served(&self) -> Vec<String> {
        self.0.services.iter().flat_map(|service| service.served()).collect()
    }

    pub fn executions(&self) -> usize {
        self.0.step_functions.of_operations()
    }

    /// How many executions the janitor started anew.
    pub fn rescues(&self) -> usize {
        self.0.step_functions.of_the_janitor()
    }

    /// What the archive has under a key.
    pub fn kept(&self, key: &str) -> Option<Arc<Vec<u8>>> {
        self.0.archive.object(key)
    }

    /// Somebody stops everything that runs, in the console.
    pub fn stop_executions(&self) {
        self.0.step_functions.stop_all();
    }

    pub fn plant(&self, thing: &Thing) {
        self.0.services.iter().for_each(|service| service.plant(thing));
    }

    pub fn remove(&self, thing: &Thing) {
        self.0.services.iter().for_each(|service| service.remove(thing));
    }

    /// A tenant's people write one thing in place of another.
    pub fn edit(&self, this: &str, that: &str) {
        self.0.services.iter().for_each(|service| service.edit(this, that));
    }

    /// Whether anything that people can read says so.
    pub fn says(&self, text: &str) -> bool {
        self.0.services.iter().any(|service| service.says(text))
    }

    /// A plan of the blueprint, another than this one.
    pub fn other_plan(&self, plan: &str) -> String {
        let plans = Offer::of(self.0.blueprint).blueprint.plans;
        plans.into_iter().find(|other| other != plan).expect("two plans")
    }

    /// Of the two versions of the blueprint the other than this one.
    pub fn other_version(&self, version: u32) -> u32 {
        let first = Offer::of(self.0.blueprint).blueprint.version;
        if version == first { first + 1 } else { first }
    }

    /// The steps that a tenant here can live without.
    pub fn optional(&self) -> BTreeSet<String> {
        self.0.law.optional()
    }

    /// Waits until nothing runs, and the janitor has nothing that it would set going.
    pub async fn rest(&self) -> bool {
        for _ in 0..HOURS * 60 {
            if !self.0.lambda.tally.rest().await {
                return false;
            }
            // Nor is there anything to wait for where something never ends.
            let over = self.tenants().iter().all(|tenant| tenant.operation.is_none());
            if over || self.0.law.has_no_end() {
                return true;
            }
            pass(Duration::from_secs(60)).await;
        }
        // Who says that something is under way is asked next.
        true
    }

    /// Keeps the world from resting for as long as it is held.
    pub fn running(&self) -> Running {
        self.0.lambda.tally.running()
    }

    /// How often providers were called so far, and what they have computed for.
    pub fn calls(&self) -> (usize, Duration) {
        self.0.lambda.tally.calls()
    }

    /// What it took so far that AWS bills.
    pub fn taken(&self) -> Taken {
        self.0.lambda.tally.taken()
    }

    /// What calls on the cluster took a right to.
    pub fn rights(&self) -> BTreeSet<Right> {
        self.0.services.iter().flat_map(|service| service.rights()).collect()
    }

    /// What was applied to the cluster, as it was sent.
    pub fn manifests(&self) -> Vec<Value> {
        self.0.services.iter().flat_map(|service| service.manifests()).collect()
    }

    /// Signs somebody up, and waits until their tenant is what it will be.
    pub async fn provision(&self, name: &str) -> Tenant {
        self.provision_as(name, &json!({})).await
    }

    /// The same with more in the signup.
    pub async fn provision_as(&self, name: &str, special: &Value) -> Tenant {
        let mut body = json!({
            "name": name, "subdomain": tenancy::slug_of(name), "blueprint": self.0.blueprint,
            "email": format!("owner@{}.example", tenancy::slug_of(name)),
        });
        for (field, value) in special.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        let (action, key) = ("sign-up".to_owned(), format!("{name} wants one"));
        let ask = Ask { action, method: "POST".to_owned(), path: "/v1/tenants".to_owned(), key, body };
        let answer = self.ask(ask).await.expect("an answer");
        let id: TenantId = serde_json::from_value(answer.body["tenant"]["id"].clone()).expect("an id");
        self.settled(&id).await
    }

    /// Moves a tenant to the other version of its blueprint, and waits until it is what it will be.
    pub async fn upgrade(&self, tenant: &Tenant) -> Tenant {
        let key = format!("from version {}", tenant.blueprint.version);
        for ask in Wish::Upgrade.asks(self, tenant, &key) {
            self.ask(ask).await.expect("an answer");
        }
        self.settled(&tenant.id).await
    }

    /// Gives a tenant another plan, and waits until it is what it will be.
    pub async fn change_plan(&self, tenant: &Tenant, plan: &str) -> Tenant {
        let path = format!("/v1/tenants/{}/change-plan", tenant.id);
        let key = format!("from {} to {plan}", tenant.plan);
        let answer = self.ask(Ask::post("change-plan", path, &key, json!({ "plan": plan }))).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.body);
        self.settled(&tenant.id).await
    }

    /// Has a tenant deleted, and waits until it is what it will be.
    pub async fn delete(&self, id: &TenantId) -> Tenant {
        let answer = self.ask(Ask::delete(id.as_str(), &format!("{id} goes"))).await.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.body);
        self.settled(id).await
    }

    /// A tenant once nothing is done to it any more.
    async fn settled(&self, id: &TenantId) -> Tenant {
        let tenants = Tenants::new(Database::Memory(self.0.tables.clone()));
        loop {
            pass(Duration::from_secs(1)).await;
            let tenant = tenants.get(id).await.expect("a look").expect("a tenant").value;
            if tenant.operation.is_none() {
                return tenant;
            }
        }
    }

    /// Asks the API until it answers; an answer that is its own fault is none.
    pub(crate) async fn ask(&self, ask: Ask) -> Option<Answer> {
        for _ in 0..20 {
            let asked = serde_json::to_value(&ask).expect("a request");
            let answer = self.invoke("tenant-api", asked).await;
            if let Some(answer) = answer.ok().and_then(|answer| serde_json::from_value::<Answer>(answer).ok())
                && answer.status < 500
            {
                return Some(answer);
            }
            pass(Duration::from_secs(3)).await;
        }
        None
    }

    async fn invoke(&self, name: &str, payload: Value) -> Outcome {
        let missing = || Failure::new("Lambda.ResourceNotFoundException", format!("no function {name}"));
        let handler = self.0.functions.0.get(name).ok_or_else(missing)?;
        if name == "saga-list-resources"
            && let Ok(subject) = serde_json::from_value(payload.clone())
        {
            self.0.law.before_listing(&subject);
        }
        self.0.lambda.invoke(name, handler, payload).await
    }

    async fn execute(self, start: Start) {
        // How it ended, the tables say.
        let _ = self.run(&start.machine, &start.name, start.input).await;
        drop(start.running);
    }

    /// How an execution ended, and what came of it.
    pub(crate) async fn run(&self, machine: &str, name: &str, input: Value) -> (Status, Outcome) {
        let missing = || Failure::new("States.Runtime", format!("no machine {machine}"));
        let Some(definition) = self.0.machines.get(machine) else {
            return (Status::Failed, Err(missing()));
        };
        let seed = self.0.manner.seed.wrapping_add(self.0.lambda.tally.next() as u64);
        let arn = StepFunctions::execution(machine, name);
        let stopped = self.0.step_functions.begun(&arn);
        let course = Course { arn: &arn, step_functions: &self.0.step_functions };
        let execution = Execution::new(self.clone(), arn.clone(), seed);
        let (status, outcome) = tokio::select! {
            biased;
            () = stopped.notified() => (Status::Aborted, Err(Failure::new("States.ExecutionAborted", "it was stopped"))),
            outcome = execution.run(definition, input) => (execution.status(&outcome), outcome),
        };
        if execution.is_full() {
            self.0.law.without_end(&arn);
        }
        course.ended(status);
        (status, outcome)
    }

    /// Delivers a row of the outbox to its reader, as often as that takes.
    async fn deliver(self, write: Write, deliveries: Deliveries, running: Running) {
        let at_once = deliveries.into_iter().map(|delay| {
            let (here, event) = (self.clone(), event(&write));
            tokio::task::spawn_local(async move {
                pass(Duration::from_secs(delay)).await;
                for _ in 0..100 {
                    if here.invoke("tenant-dispatch", event.clone()).await.is_ok() {
                        return;
                    }
                    pass(Duration::from_secs(1)).await;
                }
            })
        });
        for delivery in at_once.collect::<Vec<_>>() {
            delivery.await.expect("a delivery does not panic");
        }
        drop(running);
    }

    /// The tenants there are.
    pub fn tenants(&self) -> Vec<Tenant> {
        let rows = self.0.tables.table(Table::Tenants);
        let tenants = rows.iter().filter(|row| row.key.sk == "TENANT");
        tenants.map(|row| row.decode().expect("a tenant")).collect()
    }

    /// All that was ever done to them.
    pub fn operations(&self) -> Vec<Operation> {
        let rows = self.0.tables.table(Table::Tenants);
        let operations = rows.iter().filter(|row| row.key.sk.starts_with("OPERATION#"));
        operations.map(|row| row.decode().expect("an operation")).collect()
    }
}

/// What is told of an execution. One that its parent drops was aborted.
struct Course<'a> {
    arn: &'a str,
    step_functions: &'a StepFunctions,
}

impl Course<'_> {
    fn ended(self, status: Status) {
        self.step_functions.ended(self.arn, status.name());
        std::mem::forget(self);
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        self.step_functions.ended(self.arn, Status::Aborted.name());
    }
}

impl Host for World {
    fn call(
        &self,
        resource: &str,
        arguments: Value,
    ) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + '_>> {
        let child = resource.ends_with(":startExecution.sync:2");
        self.0.lambda.tally.carried(&arguments);
        Box::pin(async move {
            if child {
                let machine = arguments["StateMachineArn"].as_str().unwrap_or_default();
                let name = format!("child-{}", self.0.lambda.tally.next());
                let input = &arguments["Input"];
                let (status, outcome) = self.run(machine, &name, input.clone()).await;
                let execution = StepFunctions::execution(machine, &name);
                return asl::described(&execution, input, status, outcome);
            }
            let name = arguments["FunctionName"].as_str().unwrap_or_default();
            let answer = self.invoke(name, arguments["Payload"].clone()).await?;
            self.0.lambda.tally.carried(&answer);
            Ok(json!({ "Payload": answer, "StatusCode": 200 }))
        })
    }

    fn tokens(&self) -> &Tokens {
        self.0.step_functions.tokens()
    }

    fn branches(&self) -> usize {
        self.0.manner.branches
    }

    fn delays(&self) -> f64 {
        self.0.manner.delays
    }
}

/// The machines of the repository.
fn machines() -> BTreeMap<String, Rc<Value>> {
    thread_local! {
        static READ: BTreeMap<String, Rc<Value>> = read("statemachine")
            .chain(read("statemachine/blueprints"))
            .filter_map(|(file, text)| Some((file.strip_suffix(".asl.json")?.to_owned(), asl::deployed(&text))))
            .collect();
    }
    READ.with(Clone::clone)
}

/// The catalogue of the repository, as `tenantry catalogue apply` puts it there.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    plans: Vec<Plan>,
    themes: Vec<Theme>,
    pub(crate) blueprint: tenancy::Blueprint,
}

impl Offer {
    pub(crate) fn of(blueprint: &'static str) -> Self {
        thread_local! {
            static READ: RefCell<BTreeMap<&'static str, Offer>> = RefCell::default();
        }
        READ.with_borrow_mut(|read| read.entry(blueprint).or_insert_with(|| Self::read(blueprint)).clone())
    }

    fn read(blueprint: &str) -> Self {
        let file = |folder: &str, end: &str| text(&format!("{folder}/{blueprint}{end}"));
        let mut described: tenancy::Blueprint =
            toml::from_str(&file("infra/catalogue/blueprints", ".toml")).expect("a blueprint");
        let machine: workflow::Machine =
            serde_json::from_str(&file("statemachine/blueprints", ".asl.json")).expect("a machine");
        described.workflow = machine.workflow().expect("a workflow");
        if let Some(bought) = blueprints::named(blueprint).and_then(|blueprint| blueprint.plan) {
            described.plans.sort_by_key(|plan| plan != bought);
        }
        Self {
            plans: read("infra/catalogue/plans")
                .map(|(_, text)| toml::from_str(&text).expect("a plan"))
                .collect(),
            themes: read("infra/catalogue/themes")
                .map(|(_, text)| toml::from_str(&text).expect("a theme"))
                .collect(),
            blueprint: described,
        }
    }

    /// With these settings, whichever the plan is.
    fn with(mut self, settings: &[(&str, &str)]) -> Self {
        let plans = self.plans.iter_mut().map(|plan| &mut plan.settings);
        for into in plans.chain([&mut self.blueprint.settings]) {
            into.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        self
    }

    async fn put(&self, catalogue: &Catalogue) {
        for plan in &self.plans {
            catalogue.put_plan(plan).await.expect("put");
        }
        for theme in &self.themes {
            catalogue.put_theme(theme).await.expect("put");
        }
        let newest = tenancy::Blueprint { version: self.blueprint.version + 1, ..self.blueprint.clone() };
        let mut former = self.blueprint.clone();
        let (name, value) = blueprints::named(&former.name).expect("a blueprint").former;
        former.settings.insert(name.to_owned(), value.to_owned());
        for version in [former, newest] {
            catalogue.put_blueprint(&version).await.expect("put");
        }
    }
}

/// The files of a folder of the repository.
fn read(folder: &str) -> impl Iterator<Item = (String, String)> + use<> {
    let folder = root().join(folder);
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|file| file.is_file()).collect();
    files.sort();
    files.into_iter().map(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        (name, std::fs::read_to_string(file).expect("a text"))
    })
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A row of the outbox, as the stream tells of it.
fn event(write: &Write) -> Value {
    let Write::Put { key, body, .. } = write else { return Value::Null };
    let keys = [("pk".to_owned(), json!(key.pk)), ("sk".to_owned(), json!(key.sk))];
    let fields = body.clone().into_iter().chain(keys);
    let image: Map<String, Value> = fields.map(|(name, value)| (name, json!({ "S": value }))).collect();
    json!({ "Records": [{
        "eventID": key.sk, "eventName": "INSERT", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": { "NewImage": image, "Keys": {}, "SizeBytes": 1 },
    }] })
}
