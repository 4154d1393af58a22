//! What the cases of the store's suites stand on: items of no meaning, and a small catalogue to sign up for.

// Each suite uses its own part of it.
#![allow(dead_code, unused_macros)]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use fault::Fault;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::{
    Catalogue, Claims, Condition, Conflict, Database, Error, Index, Key, Outbox, Outcome, RequestKey, Row,
    Table,
};
use store::{Tenants, Write};
use tenancy::{
    Blueprint, Email, Event, Operation, OperationId, Plan, Signup, State, StepFault, Subdomain, Tenant,
    TenantId, Theme, Workflow,
};

/// Holds a suite against both databases. Each case is written once, and named once, here; a case that is not named does
/// not compile.
macro_rules! contract {
    ($($case:ident,)*) => {
        mod memory {
            use store::Database;
            $(#[tokio::test] async fn $case() { super::$case(Database::memory()).await; })*
        }
        mod emulator {
            $(
                #[tokio::test]
                #[ignore = "needs the local stack"]
                async fn $case() { super::$case(super::bed::emulator().await).await; }
            )*
        }
    };
}

/// DynamoDB on the emulator, with tables of these suites' own.
pub(crate) async fn emulator() -> Database {
    aws::variable("AWS_ENDPOINT_URL").expect("an emulator: nothing is made on AWS itself");
    let name = |table: Table| format!("contract-{table:?}");
    let client = aws_sdk_dynamodb::Client::new(&aws::config().await);
    let text = |name: &str| {
        let attribute =
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().expect("complete")
    };
    let part = |name: &str, kind| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("complete")
    };
    let index = |index: Index| {
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.name())
            .key_schema(part(index.name(), KeyType::Hash))
            .key_schema(part(Index::ORDER, KeyType::Range))
            .projection(all);
        index.build().expect("complete")
    };
    for table in Table::ALL {
        let create = client.create_table().table_name(name(table)).billing_mode(BillingMode::PayPerRequest);
        let create = create.attribute_definitions(text("pk")).attribute_definitions(text("sk"));
        let create = create.key_schema(part("pk", KeyType::Hash)).key_schema(part("sk", KeyType::Range));
        let create = match table {
            Table::Tenants => {
                Index::ALL.into_iter().fold(create.attribute_definitions(text(Index::ORDER)), |create, it| {
                    create.attribute_definitions(text(it.name())).global_secondary_indexes(index(it))
                })
            }
            _ => create,
        };
        match create.send().await.map_err(aws_sdk_dynamodb::Error::from) {
            // Another case was first.
            Ok(_) | Err(aws_sdk_dynamodb::Error::ResourceInUseException(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    Database::named(name).await
}

/// A name nobody else has, in this run or another.
pub(crate) fn drawn(name: &str) -> String {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).expect("random bytes");
    format!("{name}-{}", hex::encode(bytes))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

pub(crate) fn key(name: &str) -> Key {
    Key::new(Table::Ledger, drawn(name), "ITEM")
}

pub(crate) fn body(n: u64) -> Map<String, Value> {
    Map::from_iter([("n".to_owned(), n.into())])
}

pub(crate) fn put(key: &Key, n: u64, condition: Condition) -> Write {
    Write::put(key.clone(), &body(n), condition).expect("a structure")
}

/// What [`put`] left there.
pub(crate) async fn field(db: &Database, key: &Key) -> Option<u64> {
    let row = db.get(key).await.expect("read")?;
    Some(row.body["n"].as_u64().expect("put by a test"))
}

pub(crate) async fn sort_keys(db: &Database, pk: &str, prefix: &str) -> Vec<String> {
    let rows = db.query_all(Table::Ledger, pk, prefix).await.expect("read");
    rows.into_iter().map(|row| row.key.sk).collect()
}

pub(crate) fn conflict<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Conflict {
    match outcome.expect_err("a condition does not hold") {
        Error::Conflict(conflict) => *conflict,
        other => panic!("not a conflict: {other}"),
    }
}

/// Starts all of them before any is done, and gives their outcomes in order.
pub(crate) async fn at_once<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let started: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut outcomes = Vec::with_capacity(started.len());
    for task in started {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}

pub(crate) fn fault(cause: &str) -> StepFault {
    StepFault { step: "cognito-create-group".to_owned(), fault: Fault::terminal(cause) }
}

/// A database with a catalogue of one plan, one theme and one blueprint, under names of its own.
pub(crate) struct Bed {
    pub(crate) db: Database,
    pub(crate) tenants: Tenants,
    pub(crate) claims: Claims,
    pub(crate) catalogue: Catalogue,
    pub(crate) plan: Plan,
    pub(crate) theme: Theme,
    pub(crate) blueprint: Blueprint,
    tag: String,
}

impl Bed {
    pub(crate) async fn new(db: Database) -> Self {
        let tag = drawn("t");
        let (plan, theme) = (plan(&tag), theme(&tag));
        let blueprint = Blueprint {
            name: tag.clone(),
            version: 1,
            description: "of the contract suite".to_owned(),
            active: false,
            approval: false,
            plans: vec![plan.id.clone()],
            themes: vec![theme.id.clone()],
            categories: BTreeSet::new(),
            integrations: BTreeSet::new(),
            on_failure: tenancy::OnFailure::Compensate,
            optional: BTreeSet::new(),
            providers: Vec::new(),
            costs: BTreeMap::new(),
            custom_domain: Some("cloudflare-serve-domain".to_owned()),
            clones: true,
            hibernates: true,
            hibernation: tenancy::Hibernation { idle_days: 30 },
            settings: BTreeMap::from([("region".to_owned(), "eu-west-1".to_owned())]),
            workflow: Workflow::Sequence(vec![Workflow::Step("cognito-create-group".to_owned())]),
            usual_ms: BTreeMap::new(),
        };
        let catalogue = Catalogue::new(db.clone());
        catalogue.put_plan(&plan).await.expect("put");
        catalogue.put_theme(&theme).await.expect("put");
        catalogue.put_blueprint(&blueprint).await.expect("put");
        let (tenants, claims) = (Tenants::new(db.clone()), Claims::new(db.clone()));
        Self { db, tenants, claims, catalogue, plan, theme, blueprint, tag }
    }

    pub(crate) fn signup(&self, name: &str) -> Signup {
        Signup {
            name: name.to_owned(),
            subdomain: Subdomain::parse(&format!("{name}-{}", self.tag)).expect("a subdomain"),
            email: Email::parse("owner@example.com").expect("an address"),
            blueprint: self.blueprint.clone(),
            plan: self.plan.clone(),
            theme: Some(self.theme.clone()),
            category: None,
            integrations: BTreeSet::new(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: BTreeMap::new(),
            origin: None,
        }
    }

    pub(crate) fn key(&self, key: &str, digest: &str) -> RequestKey {
        RequestKey { caller: self.tag.clone(), key: key.to_owned(), digest: digest.to_owned() }
    }

    /// A tenant that was provisioned, and rests.
    pub(crate) async fn live(&self, name: &str) -> Tenant {
        let accepted = self.tenants.sign_up(&self.signup(name), None, now()).await.expect("accepted");
        self.settle(&accepted.tenant.id, accepted.operation, Event::Provisioned, State::Succeeded).await
    }

    pub(crate) async fn settle(
        &self,
        id: &TenantId,
        operation: OperationId,
        event: Event,
        state: State,
    ) -> Tenant {
        let endpoints = (event == Event::Provisioned)
            .then(|| BTreeMap::from([("site".to_owned(), "https://acme.example.com".to_owned())]));
        let outcome = Outcome { event, state, steps: Vec::new(), endpoints };
        self.tenants.settle(id, operation, outcome, now()).await.expect("settled")
    }

    pub(crate) async fn tenant(&self, id: &TenantId) -> Tenant {
        self.tenants.get(id).await.expect("read").expect("there").value
    }

    pub(crate) async fn operation(&self, id: &TenantId, operation: OperationId) -> Operation {
        self.tenants.operation(id, operation).await.expect("read").expect("there").value
    }

    /// The operations of a tenant that wait to be started.
    pub(crate) async fn outbox(&self, id: &TenantId) -> Vec<OperationId> {
        let rows = self.db.query_all(Table::Tenants, id.as_str(), "OUTBOX#").await.expect("read");
        rows.iter().map(Row::decode::<Outbox>).map(|row| row.expect("an outbox row").operation).collect()
    }
}

fn plan(id: &str) -> Plan {
    serde_json::from_value(json!({
        "id": id, "name": "Starter", "description": "", "price_cents": 2900, "currency": "EUR",
        "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": false, "features": ["one"],
        "limits": { "products": 100 },
    }))
    .expect("a plan")
}

fn theme(id: &str) -> Theme {
    let colours = ["background", "surface", "text", "muted", "accent", "on_accent"];
    let palette: Map<String, Value> =
        colours.map(|name| (name.to_owned(), "#0a0b0c".into())).into_iter().collect();
    serde_json::from_value(json!({
        "id": id, "name": "Plain", "description": "", "version": "1.0.0", "active": false, "layout": "modern",
        "palette": palette, "fonts": { "heading": "serif", "body": "system" },
    }))
    .expect("a theme")
}
