//! The API over tables in memory, which has had a tenant in each state that requests can lead to.
//!
//! Every input meets the same state: what one has written is taken back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use fault::Fault;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use saga::{Begun, Intent, Lease, Ledger as _};
use serde_json::{Value, json};
use store::{
    Catalogue, Condition, Database, Key, Line, Memory, Operation, Outcome, ResourceLedger, Tenants, Way,
    Write,
};
use tenancy::{Calendar, Event, State};
use tenant_api::{ClaimNames, Letters, Notifier, Platform, Settings, SignupLimits};
use tower::ServiceExt as _;

const STEP: &str = "merchant-create-group";

/// A deployment's API, and what is there to be asked for.
pub struct Api {
    router: Router,
    /// What it asks, and the same tables seen from beside.
    db: Database,
    tables: Database,
    admin: RequestContext,
    /// What is in the tables before anybody asks, and what was written since.
    first: BTreeMap<Key, Write>,
    written: Arc<Written>,
    names: Vec<(&'static str, String)>,
    /// The paths of whatever is read with a query, as the API's own document has them.
    pub lists: Vec<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

thread_local! {
    static API: Api = crate::run(Api::new());
}

/// Asks the API as it is before anybody has asked.
pub fn with(ask: impl FnOnce(&Api)) {
    API.with(|api| {
        ask(api);
        crate::run(api.restore());
    });
}

impl Api {
    async fn new() -> Self {
        let (memory, written) = (Memory::default(), Arc::new(Written::default()));
        let db = Database::Memory(memory.over(Arc::clone(&written) as Arc<dyn Line>));
        let router = router(db.clone());
        let names = filled(&db, &router).await;
        let first = written.take().into_iter().map(|write| (write.key().clone(), write));
        let (tables, first) = (Database::Memory(memory), first.collect());
        let mut api = Self { router, db, tables, admin: admin(), first, written, names, lists: Vec::new() };
        let document = Request::get("/v1/openapi.json").body(Body::empty()).expect("a request");
        let lists = queried(&answer(&api.router, document).await.json());
        api.lists = lists.iter().map(|path| api.named(path)).collect();
        for key in api.first.keys() {
            api.put_back(key).await;
        }
        api
    }

    async fn restore(&self) {
        for write in self.written.take() {
            self.put_back(write.key()).await;
        }
    }

    /// Has a row be as it was, at its first version.
    async fn put_back(&self, key: &Key) {
        if let Some(row) = self.tables.get(key).await.expect("read") {
            let condition = Condition::Version(row.version);
            self.tables.write(Write::Delete { key: key.clone(), condition }).await.expect("deleted");
        }
        let first = self.first.get(key).cloned();
        if let Some(Write::Put { key, body, expires_at, listed, .. }) = first {
            let put = Write::Put { key, body, expires_at, listed, condition: Condition::Absent };
            self.tables.write(put).await.expect("put back");
        }
    }

    /// The answer to whatever an admin asks.
    pub fn ask(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(self.admin.clone());
        crate::run(answer(&self.router, request))
    }

    /// The ledger of the same tenants.
    pub fn ledger(&self) -> ResourceLedger {
        ResourceLedger::new(self.db.clone())
    }

    /// With the names that are made up anew each time: `{active}` is a tenant, `{provisioned}` the operation that made it.
    pub fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

fn queried(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().expect("paths");
    let queried = paths.iter().filter(|(_, item)| {
        let parameters = item["get"]["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["in"] == "query"))
    });
    let real = |path: &String| {
        let path = path.replace("/tenants/{id}", "/tenants/{active}");
        path.replace("{operation}", "{provisioned}").replace("/webhooks/{id}", "/webhooks/{webhook}")
    };
    queried.map(|(path, _)| real(path)).collect()
}

fn router(db: Database) -> Router {
    let settings = Settings {
        claim_names: ClaimNames { role: "cognito:groups".to_owned(), tenant: "custom:tenant".to_owned() },
        signup_key: None,
        limits: SignupLimits { per_address: 100, per_email_domain: 100, trials_per_card: 2 },
        calendar: Calendar { day_seconds: 86_400, notices: Vec::new() },
        separation_of_duty: false,
        platform: Some(Platform {
            domain: "vendin.store".to_owned(),
            target: "stores.vendin.store".to_owned(),
        }),
        letters: Some(Letters { queue: queue(), dead: queue() }),
        missing_accounts: [].into(),
        notifier: Some(Notifier {
            seal: seal::Seal::Memory,
            errands: queue(),
            private: false,
            deployment: "fuzz".to_owned(),
        }),
    };
    tenant_api::router(db, settings).expect("an API that can be described")
}

fn queue() -> sqs::Queue {
    sqs::Queue::Memory(sqs::Memory::default())
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("it is in memory");
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Who may do whatever can be done, as API Gateway says it.
fn admin() -> RequestContext {
    let claims = json!({ "sub": "a", "username": "ana", "cognito:groups": "[admin]" });
    let context = json!({
        "authorizer": { "jwt": { "claims": claims } }, "routeKey": "ANY /v1/{proxy+}", "stage": "$default",
        "timeEpoch": 0,
        "http": {
            "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "fuzz",
        },
    });
    RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a context"))
}

/// Fills the tables by the API itself, and gives what was made.
async fn filled(db: &Database, router: &Router) -> Vec<(&'static str, String)> {
    catalogue(db).await;
    let ask = async |path: &str, body: Value| {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").extension(admin());
        let answer = answer(router, request.body(Body::from(body.to_string())).expect("a request")).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.json()
    };
    let mut names = Vec::new();
    for (tenant, operation, subdomain) in [
        ("{active}", "{provisioned}", "acme"),
        ("{new}", "{provisions}", "beta"),
        ("{stuck}", "{failed}", "gamma"),
    ] {
        let signup = json!({
            "name": format!("The {subdomain} shop"), "subdomain": subdomain, "email": format!("o@{subdomain}.example"),
            "blueprint": "merchant-workspace",
        });
        let accepted = ask("/v1/tenants", signup).await;
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        names.extend([(tenant, text(&accepted["tenant"]["id"])), (operation, text(&accepted["operation"]))]);
    }
    let settle = async |tenant: &str, operation: &str, event: Event, state: State| {
        let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
        let (tenant, operation) = (tenant.parse().expect("an id"), operation.parse().expect("an id"));
        let settled = Tenants::new(db.clone()).settle(&tenant, operation, outcome, Timestamp::now()).await;
        settled.expect("settled");
    };
    settle(&names[0].1, &names[1].1, Event::Provisioned, State::Succeeded).await;
    stick(db, &names[4].1, &names[5].1).await;
    settle(&names[4].1, &names[5].1, Event::GotStuck, State::Stuck).await;
    let webhook = ask("/v1/webhooks", json!({ "url": "https://hooks.example.com/t" })).await;
    names.push(("{webhook}", webhook["id"].as_str().expect("an id").to_owned()));
    names
}

async fn catalogue(db: &Database) {
    let catalogue = Catalogue::new(db.clone());
    for (id, price, limit) in [("starter", 2999, 100), ("professional", 9999, 1000)] {
        let plan = json!({
            "id": id, "name": id, "description": "d", "price_cents": price, "currency": "USD", "billing_cycle": "month",
            "trial_days": 14, "popular": false, "active": true, "features": [], "limits": { "products": limit },
            "settings": { "replicas": "1" }, "bounds": { "replicas": { "min": "1", "max": "3", "whole": true } },
        });
        catalogue.put_plan(&serde_json::from_value(plan).expect("a plan")).await.expect("stored");
    }
    let theme = toml::from_str(include_str!("../corpus/catalogue/upfront-classic.toml")).expect("a theme");
    catalogue.put_theme(&theme).await.expect("stored");
    let blueprint = json!({
        "name": "merchant-workspace", "version": 1, "description": "d", "active": true,
        "plans": ["starter", "professional"], "themes": ["upfront-classic"], "categories": ["electronics"],
        "integrations": ["stripe"], "custom_domain": STEP, "clones": true, "hibernates": true,
        "workflow": { "step": STEP },
    });
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("stored");
}

/// Has the one resource of a tenant be made and then not go.
async fn stick(db: &Database, tenant: &str, operation: &str) {
    let (tenant, operation) = (tenant.parse().expect("an id"), operation.parse().expect("an id"));
    let ledger = ResourceLedger::new(db.clone());
    let lease = Lease { holder: "call".to_owned(), until: Timestamp::now() };
    let intent = Intent {
        tenant: tenancy::TenantId::clone(&tenant),
        step: STEP,
        operation,
        handle: json!({ "group": "gamma" }),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease,
    };
    let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("fresh") };
    ledger.commit(*row, &json!({})).await.expect("live");
    ledger.mark_stuck(&tenant, STEP, operation, Fault::terminal("denied")).await.expect("marked");
}

/// What was written. DynamoDB would have taken it ("Quotas"), as the twin in memory takes anything.
#[derive(Debug, Default)]
struct Written(Mutex<Vec<Write>>);

impl Written {
    fn take(&self) -> Vec<Write> {
        std::mem::take(&mut self.0.lock().expect("no panic while it is held"))
    }
}

impl Line for Written {
    fn there(&self, _: Operation<'_>) -> Way<Way<()>> {
        Box::pin(async { Ok(Box::pin(async { Ok(()) }) as Way<()>) })
    }

    fn written(&self, writes: &[Write]) {
        for Key { pk, sk, .. } in writes.iter().map(Write::key) {
            assert!((1..=2048).contains(&pk.len()) && (1..=1024).contains(&sk.len()), "{pk}/{sk}");
        }
        self.0.lock().expect("no panic while it is held").extend_from_slice(writes);
    }
}
