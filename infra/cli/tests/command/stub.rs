mod billing;
mod catalogue;
mod changes;
mod domains;
mod dynamo;
mod listing;
mod webhooks;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The API, its sandbox and its sites. An operation goes one frame on each time somebody looks at it.
pub(crate) struct Stub {
    pub(crate) url: String,
    world: Shared,
}

/// How the deployment behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Healthy,
    /// What failed cannot be undone.
    Leaky,
    /// Faults have no effect.
    Deaf,
}

type Shared = Arc<Mutex<World>>;

struct World {
    url: String,
    mode: Mode,
    tenants: BTreeMap<String, Life>,
    keys: Vec<String>,
    acts: Vec<String>,
    faults: BTreeMap<u64, Value>,
    past_faults: Vec<Value>,
}

struct Life {
    tenant: Value,
    operation: String,
    frames: Vec<Value>,
    looked: usize,
}

impl Stub {
    pub(crate) fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        listener.set_nonblocking(true).expect("non-blocking");
        let world = Arc::new(Mutex::new(World {
            url: url.clone(),
            mode,
            tenants: BTreeMap::new(),
            keys: Vec::new(),
            acts: Vec::new(),
            faults: BTreeMap::new(),
            past_faults: Vec::new(),
        }));
        let router = router(Arc::clone(&world));
        std::thread::spawn(|| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("serves");
            });
        });
        Self { url, world }
    }

    /// One with a tenant that is being made.
    pub(crate) fn with_tenant() -> Self {
        let stub = Self::start(Mode::Healthy);
        let _ = lock(&stub.world).begin(tenant_of("acme-000000", "provisioning"), success());
        stub
    }

    /// The tenants there are, by status.
    pub(crate) fn tenants(&self, status: &str) -> usize {
        lock(&self.world).tenants.values().filter(|life| life.tenant["status"] == status).count()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        lock(&self.world).keys.clone()
    }

    /// What an operator asked for, with the reason.
    pub(crate) fn acts(&self) -> Vec<String> {
        lock(&self.world).acts.clone()
    }

    /// Faults that were asked for and taken away again, and how many are still in force.
    pub(crate) fn faults(&self) -> (Vec<Value>, usize) {
        let world = lock(&self.world);
        (world.past_faults.clone(), world.faults.len())
    }
}

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(world: Shared) -> Router {
    Router::new()
        .route("/v1/tenants", get(listing::tenants).post(sign_up))
        .route("/v1/tenants/{id}", get(tenant).patch(changes::change).delete(remove))
        .route("/v1/tenants/{id}/health", get(changes::health))
        .route("/v1/tenants/{id}/operations/{operation}/log", get(changes::log))
        .route("/v1/tenants/{id}/retry", post(retry))
        .route("/v1/tenants/{id}/force-delete", post(act))
        .route("/v1/tenants/{id}/audit", get(audit))
        .route("/v1/tenants/{id}/operations/{operation}/cancel", post(act))
        .route("/v1/tenants/{id}/operations/{operation}/skip", post(act))
        .route("/v1/tenants/{id}/export", get(changes::export))
        .route("/v1/repair-tasks", get(repair_tasks))
        .route("/v1/repair-tasks/{id}/{act}", post(act))
        .route("/v1/orphan-sweeps", get(sweeps).post(sweep))
        .route("/v1/orphan-sweeps/{id}", get(swept))
        .route("/v1/tenants/{id}/operations", get(operations))
        .route("/v1/tenants/{id}/operations/{operation}", get(operation))
        .route("/_faults", post(inject))
        .route("/_faults/{id}", delete(withdraw))
        .route("/sites/{subdomain}", get(site))
        .merge(billing::router())
        .merge(catalogue::router())
        .merge(domains::router())
        .merge(dynamo::router())
        .merge(webhooks::router())
        .merge(changes::router())
        .with_state(world)
}

fn problem(status: StatusCode, body: Value) -> Response {
    (status, [("content-type", "application/problem+json")], Json(body)).into_response()
}

fn no_tenant(id: &str) -> Response {
    let detail = format!("there is no tenant {id}");
    problem(
        StatusCode::NOT_FOUND,
        json!({ "type": "about:blank", "title": "Not found", "status": 404, "detail": detail }),
    )
}

/// A plan for somebody to approve is `enterprise`.
async fn sign_up(
    State(world): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut world = lock(&world);
    let request: tenancy::SignupRequest = serde_json::from_value(body).expect("a signup request");
    if let Some(query) = uri.query() {
        assert!(!headers.contains_key("idempotency-key"), "nothing is to be repeated");
        return if request.subdomain.as_deref() == Some("www") { refused() } else { changes::preview(query) };
    }
    world.keys.push(headers["idempotency-key"].to_str().expect("text").to_owned());
    if request.plan.as_deref() == Some("enterprise") {
        let mut tenant = tenant_of("acme-000000", "pending_approval");
        tenant["approve_by"] = "2026-01-15T00:00:00Z".into();
        return (StatusCode::ACCEPTED, Json(json!({ "tenant": tenant }))).into_response();
    }
    if request.subdomain.as_deref() == Some("www") {
        return problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            json!({ "type": "about:blank", "title": "Invalid signup", "status": 422,
                    "detail": "1 field is wrong", "violations": [reserved()] }),
        );
    }
    let slug = tenancy::slug_of(&request.name);
    let id = format!("{slug}-{:06x}", world.tenants.len());
    let tenant = json!({
        "id": id, "name": request.name, "subdomain": request.subdomain.unwrap_or(slug), "email": request.email, "plan": "starter",
        "theme": request.theme, "category": request.category, "integrations": request.integrations,
        "blueprint": { "name": request.blueprint, "version": 1 }, "newer_version": 2, "status": "provisioning",
        "created_at": "2026-01-01T00:00:00Z", "endpoints": {},
    });
    let frames = world.provision();
    world.begin(tenant, frames)
}

fn reserved() -> Value {
    json!({ "field": "subdomain", "problem": "'www' is reserved", "allowed": "another name" })
}

/// A rehearsal that finds something wrong.
fn refused() -> Response {
    Json(json!({ "valid": false, "violations": [reserved()] })).into_response()
}

/// A tenant nobody has signed up here.
fn tenant_of(id: &str, status: &str) -> Value {
    json!({
        "id": id, "name": "Acme", "subdomain": "acme", "email": "owner@acme.example", "plan": "starter",
        "integrations": [], "blueprint": { "name": "merchant-workspace", "version": 1 }, "status": status,
        "created_at": "2026-01-01T00:00:00.25Z", "endpoints": {},
    })
}

/// What an operator asks for: nothing becomes of it here, but it is remembered.
async fn act(State(world): State<Shared>, uri: Uri, Json(body): Json<Value>) -> Response {
    let mut world = lock(&world);
    let act = format!("{} because of {}", uri.path(), body["reason"].as_str().expect("a reason"));
    world.acts.push(act);
    let life = world.tenants.values().next().expect("a tenant");
    let accepted = json!({ "tenant": life.tenant, "operation": life.operation });
    (StatusCode::ACCEPTED, Json(accepted)).into_response()
}

async fn audit() -> Json<Value> {
    Json(json!({ "audit": [{ "at": moment(1000), "who": "ops", "why": "enough", "action": "cancel" }] }))
}

/// Two parts of one task each.
async fn repair_tasks(Query(part): Query<BTreeMap<String, String>>) -> Json<Value> {
    let task = |step: &str| {
        json!({ "id": format!("acme-000000:{step}"), "fault": denied(), "since": moment(1000), "tries": 2,
                "next_try": moment(2000) })
    };
    Json(match part.get("after") {
        None => json!({ "repair_tasks": [task(GROUP)], "next": "acme-000000:merchant-create-group" }),
        Some(_) => json!({ "repair_tasks": [task(SEED)] }),
    })
}

async fn retry(State(world): State<Shared>, uri: Uri, Path(id): Path<String>) -> Response {
    if let Some(query) = uri.query() {
        return changes::preview(query);
    }
    let mut world = lock(&world);
    let Some(life) = world.tenants.remove(&id) else { return no_tenant(&id) };
    let mut tenant = life.tenant;
    tenant["status"] = "provisioning".into();
    let frames = world.provision();
    world.begin(tenant, frames)
}

async fn remove(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if uri.query().is_some() || body["grace_days"] != 0 {
        return changes::change(State(shared), method, uri, Json(body)).await;
    }
    let mut world = lock(&shared);
    let Some(life) = world.tenants.remove(&id) else { return no_tenant(&id) };
    let mut tenant = life.tenant;
    tenant["status"] = "deleting".into();
    world.begin(tenant, deletion())
}

async fn tenant(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    lock(&world)
        .tenants
        .get(&id)
        .map_or_else(|| no_tenant(&id), |life| Json(life.tenant.clone()).into_response())
}

async fn operations(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let world = lock(&world);
    let listed = |life: &Life| Json(json!({ "operations": [{ "id": life.operation }] })).into_response();
    world.tenants.get(&id).map_or_else(|| no_tenant(&id), listed)
}

/// As it is, or, to who watches, as an event once it is another.
async fn operation(
    State(world): State<Shared>,
    Path((id, operation)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut world = lock(&world);
    let site = format!("{}/sites", world.url);
    let Some(life) = world.tenants.get_mut(&id).filter(|life| life.operation == operation) else {
        return no_tenant(&id);
    };
    life.looked += 1;
    // A gateway hiccup must not end a watch.
    if life.looked == 3 {
        return (StatusCode::BAD_GATEWAY, "upstream went away").into_response();
    }
    let at = life.looked.min(life.frames.len()) - 1;
    let frame = life.frames[at].clone();
    let status = match (frame["kind"].as_str(), frame["state"].as_str()) {
        (Some("provision"), Some("succeeded")) => Some("active"),
        (Some("delete"), Some("succeeded")) => Some("deleted"),
        (_, Some("failed")) => Some("failed"),
        (_, Some("stuck")) => Some("stuck"),
        _ => None,
    };
    if let Some(status) = status {
        life.tenant["status"] = status.into();
        if let Some(tenant) = life.tenant.as_object_mut() {
            tenant.remove("operation");
        }
    }
    if status == Some("active") {
        let subdomain = life.tenant["subdomain"].as_str().unwrap_or_default();
        life.tenant["endpoints"] = json!({
            "site": format!("{site}/{subdomain}"), "dashboard": format!("{site}/{subdomain}/admin"),
        });
    }
    if headers.get("accept").is_none_or(|accept| accept != "text/event-stream") {
        return Json(frame).into_response();
    }
    let event = if headers.get("last-event-id").is_some_and(|seen| *seen == at.to_string()) {
        ": nothing new\n\n".to_owned()
    } else {
        format!("id: {at}\nevent: change\ndata: {frame}\n\n")
    };
    ([("content-type", "text/event-stream")], event).into_response()
}

async fn inject(State(world): State<Shared>, Json(fault): Json<Value>) -> Response {
    let mut world = lock(&world);
    world.faults.insert(7, fault);
    (StatusCode::CREATED, Json(json!({ "id": 7 }))).into_response()
}

async fn withdraw(State(world): State<Shared>, Path(id): Path<u64>) -> StatusCode {
    let mut world = lock(&world);
    let Some(fault) = world.faults.remove(&id) else { return StatusCode::NOT_FOUND };
    world.past_faults.push(fault);
    StatusCode::NO_CONTENT
}

async fn site(State(world): State<Shared>, Path(subdomain): Path<String>) -> Response {
    let world = lock(&world);
    let found = world.tenants.values().find(|life| life.tenant["subdomain"] == subdomain.as_str());
    found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |life| Html(format!("<h1>{}</h1>", life.tenant["name"].as_str().unwrap_or_default())).into_response(),
    )
}

impl World {
    fn begin(&mut self, mut tenant: Value, frames: Vec<Value>) -> Response {
        let id = tenant["id"].as_str().expect("an id").to_owned();
        let operation = format!("01KE{:022}", self.tenants.len());
        tenant["operation"] = operation.as_str().into();
        let location = format!("/v1/tenants/{id}/operations/{operation}");
        let accepted = json!({ "tenant": tenant, "operation": operation });
        self.tenants.insert(id, Life { tenant, operation, frames, looked: 0 });
        (StatusCode::ACCEPTED, [("location", location)], Json(accepted)).into_response()
    }

    fn provision(&self) -> Vec<Value> {
        match self.mode {
            Mode::Healthy if self.faults.is_empty() => success(),
            Mode::Deaf => success(),
            Mode::Healthy => failure("failed"),
            Mode::Leaky => failure("stuck"),
        }
    }
}

const GROUP: &str = "merchant-create-group";
const SEED: &str = "merchant-seed-data";
const PUBLISH: &str = "merchant-publish-website";
const PROBE: &str = "merchant-probe-website";

/// The group, then data beside the website, then a look at it.
fn workflow() -> Value {
    let beside = json!({ "parallel": [{ "step": SEED }, { "step": PUBLISH }] });
    json!({ "sequence": [{ "step": GROUP }, beside, { "step": PROBE }] })
}

/// An operation as somebody looking at that moment sees it. Steps: name, state, when it changed.
fn frame(kind: &str, state: &str, percent: u8, steps: &[(&str, &str, u64)]) -> Value {
    let step = |(name, state, at): &(&str, &str, u64)| {
        let mut step = json!({ "name": name, "state": state, "attempts": 0, "busy_ms": 0 });
        if *state != "waiting" {
            step["attempts"] = 1.into();
            step["busy_ms"] = 300.into();
            step["changed_at"] = moment(*at).into();
        }
        if matches!(*state, "failed" | "stuck") {
            step["fault"] = denied();
        }
        step
    };
    let mut frame = json!({
        "id": "01KE0000000000000000000000", "tenant": "acme-000000", "kind": kind, "state": state,
        "percent": percent, "accepted_at": moment(0), "critical_path_ms": 900, "resources_left": 0,
        "workflow": workflow(), "steps": steps.iter().map(step).collect::<Vec<_>>(),
    });
    if state != "accepted" {
        frame["started_at"] = moment(100).into();
    }
    if matches!(state, "succeeded" | "failed" | "stuck") {
        frame["ended_at"] = moment(1800).into();
        frame["wall_ms"] = 1800.into();
    }
    if kind == "provision" && matches!(state, "compensating" | "failed" | "stuck") {
        frame["fault"] = json!({ "step": PUBLISH, "fault": denied() });
    }
    if state == "stuck" {
        frame["resources_left"] = 1.into();
    }
    frame
}

fn moment(ms: u64) -> String {
    format!("2026-01-01T00:00:{:02}.{:03}Z", ms / 1000, ms % 1000)
}

fn denied() -> Value {
    json!({ "kind": "Terminal", "cause": "s3 answered 403", "actor": "us", "provider": "s3",
            "request_id": "4F2A", "hint": "allow s3:PutObject" })
}

fn success() -> Vec<Value> {
    let provision = |state, percent, steps: &[(&str, &str, u64)]| frame("provision", state, percent, steps);
    vec![
        provision("accepted", 0, &[(GROUP, "waiting", 0), (SEED, "waiting", 0)]),
        provision("running", 0, &[(GROUP, "running", 200), (SEED, "waiting", 0), (PUBLISH, "waiting", 0)]),
        Value::Null,
        provision("running", 25, &[(GROUP, "done", 500), (SEED, "running", 510), (PUBLISH, "running", 520)]),
        provision(
            "running",
            75,
            &[(GROUP, "done", 500), (SEED, "done", 1200), (PUBLISH, "done", 900), (PROBE, "running", 1210)],
        ),
        provision(
            "succeeded",
            100,
            &[(GROUP, "done", 500), (SEED, "done", 1200), (PUBLISH, "done", 900), (PROBE, "done", 1700)],
        ),
    ]
}

/// The website is refused; what was made is undone, unless `end` is `stuck`.
fn failure(end: &str) -> Vec<Value> {
    let provision = |state, percent, steps: &[(&str, &str, u64)]| frame("provision", state, percent, steps);
    let group = if end == "stuck" { "stuck" } else { "undone" };
    vec![
        provision("accepted", 0, &[]),
        provision("running", 0, &[(GROUP, "running", 200)]),
        Value::Null,
        provision("running", 25, &[(GROUP, "done", 500), (SEED, "running", 510), (PUBLISH, "running", 520)]),
        provision(
            "compensating",
            50,
            &[(GROUP, "done", 500), (SEED, "undoing", 1100), (PUBLISH, "failed", 900)],
        ),
        provision(end, 50, &[(GROUP, group, 1700), (SEED, "undone", 1500), (PUBLISH, "undone", 1400)]),
    ]
}

fn deletion() -> Vec<Value> {
    vec![
        frame("delete", "running", 0, &[(GROUP, "waiting", 0), (SEED, "undoing", 300)]),
        frame("delete", "succeeded", 100, &[(GROUP, "undone", 1000), (SEED, "undone", 600)]),
    ]
}

const SWEEP: &str = "01KE0000000000000000000009";

/// What a sweep came to: refused, if more was found than it was to stop at.
fn outcome(dry_run: bool, limit: u64) -> Value {
    let verdict = if dry_run || limit < 2 { "orphan" } else { "taken_in" };
    let finding = |tenant: &str, verdict: &str| {
        let handle = json!({ "group": tenant });
        json!({ "step": "merchant-create-group", "tenant": tenant, "handle": handle, "verdict": verdict })
    };
    let mut outcome = json!({
        "found": 2, "limit": limit,
        "findings": [finding("acme-000000", verdict), finding("lost-000001", "unknown_tenant")],
        "unswept": [{ "step": "merchant-seed-data", "fault": denied() }],
    });
    if !dry_run && limit < 2 {
        outcome["refused"] = json!("2 resources are in no ledger");
    }
    outcome
}

fn shown(dry_run: bool, outcome: Option<Value>) -> Value {
    let mut sweep = json!({ "id": SWEEP, "dry_run": dry_run, "accepted_at": "2026-01-02T03:04:05Z" });
    if let Some(outcome) = outcome {
        sweep["outcome"] = outcome;
    }
    sweep
}

async fn sweep(State(world): State<Shared>, Json(asked): Json<BTreeMap<String, Value>>) -> Response {
    // In the order of its fields' names.
    lock(&world).acts.push(format!("sweep {}", serde_json::to_string(&asked).expect("JSON")));
    (StatusCode::ACCEPTED, Json(shown(asked["dry_run"] == true, None))).into_response()
}

/// As the last one that was asked for.
async fn swept(State(world): State<Shared>, Path(_): Path<String>) -> Json<Value> {
    let last = lock(&world).acts.last().and_then(|act| act.strip_prefix("sweep ").map(str::to_owned));
    let asked: Value = serde_json::from_str(&last.unwrap_or_default()).unwrap_or_default();
    let dry_run = asked["dry_run"] != false;
    Json(shown(dry_run, Some(outcome(dry_run, asked["limit"].as_u64().unwrap_or(10)))))
}

async fn sweeps() -> Json<Value> {
    Json(json!({ "orphan_sweeps": [shown(true, Some(outcome(true, 10)))] }))
}
