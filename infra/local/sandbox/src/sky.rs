//! The clouds on the wire: on a port where the first path segment is the real host, on the clock of the machine,
//! as slow as they say they are, and behind faults.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::call::Call;
use crate::clouds::{Clouds, Pace, Takes, Thing, unfold};
use crate::contract::{Contract, Violation};
use crate::fault::{Content, Faults, Kind};
use crate::proxy::{Body, Dropped, full, serve};
use crate::refusal::{self, Refusal};
use crate::vault::Vault;

/// So many violations are kept; all are counted.
const KEPT: usize = 100;

/// The clouds behind their port.
#[derive(Debug)]
pub struct Sky {
    clouds: Mutex<Clouds>,
    contract: Option<Contract>,
    checked: Mutex<Checked>,
    faults: Arc<Faults>,
    vault: Option<Arc<Vault>>,
}

/// What came of holding calls against the providers' documents.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Checked {
    /// Calls that a document is about.
    pub calls: u64,
    pub violations: u64,
    pub first: Vec<Found>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Found {
    pub service: String,
    pub function: Option<String>,
    #[serde(flatten)]
    pub violation: Violation,
}

impl Sky {
    /// Without a contract nothing is checked.
    pub fn new(clouds: Clouds, contract: Option<Contract>, faults: Arc<Faults>) -> Self {
        Self { clouds: Mutex::new(clouds), contract, checked: Mutex::default(), faults, vault: None }
    }

    /// The vault that the cluster reads from, filled before each call on the cluster.
    #[must_use]
    pub fn reading(self, vault: Arc<Vault>) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// Answers on the listener for as long as the process lives.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        serve(listener, move |request| {
            let sky = Arc::clone(&self);
            async move { sky.answer(request).await }
        })
        .await;
    }

    pub fn things(&self) -> Vec<Thing> {
        self.clouds().things(Timestamp::now())
    }

    /// By service and operation.
    pub fn calls(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let mut by_service: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for ((service, operation), count) in self.clouds().calls() {
            by_service.entry(*service).or_default().insert(*operation, *count);
        }
        by_service
    }

    /// A customer's DNS changes.
    pub fn point(&self, name: &str, target: Option<&str>) {
        self.clouds().point(Timestamp::now(), name, target);
    }

    /// What a name server of our zones answers, if it does. A question says nothing of the function that asks it.
    #[expect(clippy::disallowed_methods, reason = "being slow is what was asked for")]
    pub async fn name_server(&self, query: &Message) -> Option<Message> {
        let name = query.queries.first().map(|question| question.name().to_ascii()).unwrap_or_default();
        let (service, operation) = ("dns".to_owned(), "GetAnswer".to_owned());
        let call = Call { function: None, service, operation };
        let fault = self.faults.strike(&call, Content { path: &name, body: &[] });
        let answer = self.clouds().name_server(Timestamp::now(), query);
        let refuse = |code| {
            let mut refusal = Message::error_msg(query.id, query.op_code, code);
            refusal.add_queries(query.queries.iter().cloned());
            Some(refusal)
        };
        match fault.as_ref().map(|fault| fault.kind) {
            Some(Kind::Deny) => return refuse(ResponseCode::Refused),
            Some(Kind::Error) => return refuse(ResponseCode::ServFail),
            Some(Kind::Throttle | Kind::LostResponse | Kind::Hang) => return None,
            Some(Kind::Slow) => {
                tokio::time::sleep(Duration::from_millis(fault.map_or(0, |fault| fault.ms))).await;
            }
            None => {}
        }
        Some(answer)
    }

    pub fn set_pace(&self, pace: Pace) {
        self.clouds().set_pace(pace);
    }

    pub fn checked(&self) -> Checked {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clouds(&self) -> MutexGuard<'_, Clouds> {
        self.clouds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::disallowed_methods, reason = "being slow is what the clouds are")]
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let Some(uri) = unfold(&parts.uri) else {
            return Ok(no_cloud());
        };
        parts.uri = uri;
        let Ok(body) = body.collect().await else { return Err(Dropped) };
        let request = Request::from_parts(parts, body.to_bytes());
        let Some(call) = Clouds::call(&request) else { return Ok(no_cloud()) };
        let fault = self.faults.strike(&call, Content { path: &path, body: request.body() });
        let refuse = |refusal| Ok(refusal::answer(refusal, &call).map(full));
        let kind = fault.as_ref().map(|fault| fault.kind);
        match kind {
            Some(Kind::Deny) => return refuse(Refusal::Deny),
            Some(Kind::Error) => return refuse(Refusal::Error),
            Some(Kind::Throttle) => return refuse(Refusal::Throttle),
            Some(Kind::Slow) => {
                tokio::time::sleep(Duration::from_millis(fault.map_or(0, |fault| fault.ms))).await;
            }
            Some(Kind::LostResponse | Kind::Hang) | None => {}
        }
        if let Some(vault) = self.vault.as_ref().filter(|_| call.service == "kubernetes") {
            let names = self.clouds().remote_secrets();
            vault.fetch(&names).await;
        }
        let response = self.clouds().answer(Timestamp::now(), &request);
        self.check(&call, &request, &response);
        match kind {
            Some(Kind::LostResponse) => return Err(Dropped),
            Some(Kind::Hang) => return pending().await,
            _ => {}
        }
        if let Some(Takes(duration)) = response.extensions().get() {
            tokio::time::sleep(*duration).await;
        }
        Ok(response.map(full))
    }

    fn check(&self, call: &Call, request: &Request<Bytes>, response: &Response<Bytes>) {
        let Some(contract) = self.contract.as_ref().filter(|contract| contract.judges(request)) else {
            return;
        };
        let violations = contract.check(request, response);
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.calls += 1;
        for violation in violations {
            checked.violations += 1;
            if checked.first.len() < KEPT {
                let (service, function) = (call.service.clone(), call.function.clone());
                checked.first.push(Found { service, function, violation });
            }
        }
    }
}

fn no_cloud() -> Response<Body> {
    let message = r#"{"message":"The first segment of the path is no host of the sandbox."}"#;
    let mut response = Response::new(full(Bytes::from_static(message.as_bytes())));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
