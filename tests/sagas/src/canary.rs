//! What the canary finds in a deployment: its own machine, over the API and the sites as they are seen from outside.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use canary::{Credentials, Platform};
use canary_cancel::Cancel;
use canary_probe_absence::ProbeAbsence;
use canary_probe_active::ProbeActive;
use canary_report::Report;
use canary_sign_up::SignUp;
use canary_visit::Visit;
use http_body_util::BodyExt as _;
use http_client::{Answers, Http};
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use tenancy::Status;
use tower::ServiceExt as _;

use crate::asl;
use crate::blueprints::{self, Blueprint};
use crate::chaos::{Act, Chaos, Planned, pass};
use crate::deployment::Deployment;
use crate::law::Finding;
use crate::simulated;
use crate::wire::Wire;
use crate::world::World;

const BLUEPRINT: &str = "merchant-workspace";

/// What the schedule does, and who comes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// One run.
    One,
    /// Another an hour later, once what was broken is mended.
    AndAnother,
    /// Two runs begin at the same time.
    Twice,
    /// Somebody stops the first, so many seconds after it began. Another comes an hour later.
    Stopped(u64),
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It saw its tenant live and go.
    Well,
    /// It failed in a phase, for a cause.
    Failed(String),
    /// It left the name to another run.
    Yielded,
    /// It came to no end of its own.
    Died(String),
}

/// How it went.
#[derive(Debug)]
pub struct Flown {
    pub runs: Vec<Ran>,
    /// The synthetic tenants there were, in the order of their coming.
    pub tenants: Vec<Status>,
    /// How many of them the list of tenants shows.
    pub listed: usize,
    /// What is left of them at providers.
    pub left: Vec<String>,
    /// What must not have been.
    pub broken: Vec<Finding>,
}

impl Flown {
    /// In a deployment in which that goes wrong.
    #[must_use]
    pub fn of(hours: Hours, planned: &[&str]) -> Self {
        let planned = planned.iter().map(|planned| planned.parse().expect("a trouble")).collect();
        simulated(flown(hours, planned))
    }
}

async fn flown(hours: Hours, planned: Vec<Planned>) -> Flown {
    let shop = blueprints::named(BLUEPRINT).expect("a blueprint");
    let watched = Blueprint { deploy: with_canary, ..shop };
    let world = World::new(watched, Chaos::new(planned), vec![0], 1).await;
    let runs = match hours {
        Hours::One => vec![run(&world, "first").await],
        Hours::AndAnother => {
            let first = run(&world, "first").await;
            world.chaos().mend();
            pass(Duration::from_secs(3600)).await;
            vec![first, run(&world, "second").await]
        }
        Hours::Twice => {
            let (first, second) = tokio::join!(run(&world, "first"), run(&world, "second"));
            vec![first, second]
        }
        Hours::Stopped(seconds) => {
            let stop = async {
                pass(Duration::from_secs(seconds)).await;
                world.stop_executions();
            };
            let (first, ()) = tokio::join!(run(&world, "first"), stop);
            pass(Duration::from_secs(3600)).await;
            vec![first, run(&world, "second").await]
        }
    };
    pass(Duration::from_secs(1)).await;
    assert!(world.rest().await, "something still runs after a week");
    let mut tenants = world.tenants();
    tenants.sort_by_key(|tenant| tenant.created_at);
    let listed = world.ask(crate::domain::asks("GET", "/v1/tenants".to_owned(), "list", Value::Null)).await;
    let listed = listed.expect("an answer").body;
    let ids: Vec<&str> = tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    let things = world.law().things().into_iter().map(|thing| thing.name);
    Flown {
        runs,
        left: things.filter(|name| ids.iter().any(|id| name.contains(id))).collect(),
        tenants: tenants.iter().map(|tenant| tenant.status).collect(),
        listed: listed["tenants"].as_array().expect("a list").len(),
        broken: world.law().broken().into_iter().collect(),
    }
}

async fn run(world: &World, name: &str) -> Ran {
    let running = world.running();
    let (status, outcome) = world.run("canary", name, json!({ "blueprint": BLUEPRINT })).await;
    drop(running);
    match (status, outcome) {
        (asl::Status::Succeeded, Ok(said)) if said["failed"] == false => Ran::Well,
        (asl::Status::Succeeded, Ok(said)) if said["outcome"] == "another_runs" => Ran::Yielded,
        (asl::Status::Failed, Err(failure)) if failure.error == "CanaryFailed" => Ran::Failed(failure.cause),
        (_, outcome) => Ran::Died(format!("{outcome:?}")),
    }
}

fn with_canary(to: &mut Deployment) {
    (blueprints::named(BLUEPRINT).expect("a blueprint").deploy)(to);
    let is_site = |service: &&Arc<dyn crate::service::Service>| {
        service.asked(&http::Request::new(Vec::new())) == ("site:Visit".to_owned(), Act::Read)
    };
    let site = Arc::clone(to.services.iter().find(is_site).expect("a site"));
    let outside = Http::InProcess(Arc::new(Outside { api: to.api(), site: to.wire(site) }));
    let credentials = || Credentials {
        client_id: "canary".to_owned(),
        client_secret: "simulation".to_owned().into(),
        token_url: "https://issuer.example/oauth2/token".to_owned(),
    };
    let platform =
        || Platform::new(outside.clone(), "https://tenantry.example", credentials()).expect("an address");
    let task = SignUp { platform: platform() };
    to.task("canary-sign-up", task, |task, input| async move { task.run(input).await });
    let task = ProbeActive { platform: platform() };
    to.task("canary-probe-active", task, |task, input| async move { task.run(input).await });
    let task = Visit { http: outside.clone() };
    to.task("canary-visit", task, |task, input| async move { task.run(input).await });
    let task = Cancel { platform: platform() };
    to.task("canary-cancel", task, |task, input| async move { task.run(input).await });
    let task = ProbeAbsence { platform: platform(), http: outside.clone() };
    to.task("canary-probe-absence", task, |task, input| async move { task.run(input).await });
    let task = Report;
    to.task("canary-report", task, |task, input| async move { Ok(task.run(input)) });
}

/// The deployment as the internet has it: the issuer, the API behind its gateway, and the sites.
#[derive(Debug)]
struct Outside {
    api: Router,
    site: Wire,
}

const TOKEN: &str = "the-canary";

impl Answers for Outside {
    fn answer(&self, request: reqwest::Request) -> Pin<Box<dyn Future<Output = reqwest::Response> + Send>> {
        let path = request.url().path();
        if path == "/oauth2/token" {
            let token = json!({ "access_token": TOKEN, "expires_in": 3600 }).to_string();
            return Box::pin(async move { http::Response::new(token).into() });
        }
        if !path.starts_with("/v1/") {
            return self.site.answer(request);
        }
        let bearer = format!("Bearer {TOKEN}");
        let let_in = request.headers().get("authorization").is_some_and(|token| token == bearer.as_str());
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let uri = request.url().query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let mut asked = http::Request::builder().method(request.method()).uri(uri).extension(the_canary());
        if let Some(headers) = asked.headers_mut() {
            headers.extend(request.headers().clone());
        }
        let (asked, api) = (asked.body(Body::from(body)).expect("a request"), self.api.clone());
        Box::pin(async move {
            if !let_in {
                return http::Response::builder().status(401).body("").expect("an answer").into();
            }
            let (parts, body) = api.oneshot(asked).await.expect("a router answers").into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            http::Response::from_parts(parts, body).into()
        })
    }
}

/// Who asks, as API Gateway says it once it knows the token.
fn the_canary() -> RequestContext {
    let context = json!({
        "authorizer": { "jwt": { "claims": { "sub": "canary", "scope": "tenantry/canary" } } },
        "routeKey": "ANY /v1/{proxy+}", "stage": "$default", "timeEpoch": 0,
        "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.9", "userAgent": "-" },
    });
    RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a context"))
}
