use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::api::{pause, signup};
use tests::merchant_workspace::BLUEPRINT;
use tests::{Api, Fault, Operation, Stack};

/// One in so many has something go wrong.
const FAULTY: u32 = 20;

/// What goes wrong: refused for good, or for a while, or lost on the way back.
const KINDS: [&str; 4] = ["deny", "error", "throttle", "lost_response"];

/// Where: at steps that make and change things.
const STEPS: [&str; 5] = [
    "merchant-create-group",
    "merchant-create-owner",
    "merchant-publish-website",
    "merchant-configure-dashboard",
    "vault-store-password",
];

/// An operation that takes longer has no end.
const PATIENCE: Duration = Duration::from_secs(600);

const PLANS: [&str; 3] = ["starter", "professional", "enterprise"];

/// What is done to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    SignUp,
    SignUpAndCancel,
    ChangePlan,
    Suspend,
    Resume,
    Retry,
    Delete,
}

/// Something to be done, and to whom.
#[derive(Debug)]
pub(crate) struct Act {
    what: What,
    tenant: Option<String>,
    faulty: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) what: What,
    pub(crate) faulty: bool,
    /// The state of the operation, or why there is none.
    pub(crate) end: String,
    pub(crate) took: Duration,
}

/// The tenants there are, and those of them to whom nothing is being done.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    wanted: usize,
    tenants: Arc<Mutex<Tenants>>,
}

#[derive(Debug, Default)]
struct Tenants {
    everybody: Vec<String>,
    /// With the status in which they rest.
    idle: BTreeMap<String, String>,
}

impl Population {
    pub(crate) fn new(wanted: usize) -> Self {
        Self { wanted, tenants: Arc::default() }
    }

    pub(crate) fn everybody(&self) -> Vec<String> {
        self.tenants().everybody.clone()
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody to whom nothing is being done; nobody else gets them until they rest again.
    fn take(&self) -> Option<(String, String)> {
        let mut tenants = self.tenants();
        let place = fastrand::usize(..tenants.idle.len().max(1));
        let id = tenants.idle.keys().nth(place)?.clone();
        tenants.idle.remove_entry(&id)
    }

    fn rests(&self, id: &str, status: &str) {
        self.tenants().idle.insert(id.to_owned(), status.to_owned());
    }
}

impl Act {
    pub(crate) fn draw(population: &Population) -> Self {
        let faulty = fastrand::u32(..FAULTY) == 0;
        let many = population.tenants().idle.len();
        let comes = many < population.wanted && fastrand::usize(..population.wanted) >= many / 2;
        let somebody = if comes { None } else { population.take() };
        let Some((id, status)) = somebody else {
            let what = if fastrand::u8(..8) == 0 { What::SignUpAndCancel } else { What::SignUp };
            return Self { what, tenant: None, faulty };
        };
        let what = match (status.as_str(), fastrand::u8(..10)) {
            ("active", 0..4) => What::ChangePlan,
            ("active", 4..7) => What::Suspend,
            ("suspended", 0..8) => What::Resume,
            ("failed", 0..5) => What::Retry,
            _ => What::Delete,
        };
        Self { what, tenant: Some(id), faulty }
    }

    pub(crate) async fn run(self, stack: Arc<Stack>, population: Population) -> Done {
        let begun = Instant::now();
        let signup = signup(BLUEPRINT);
        let whom = self.tenant.as_deref().or(signup["name"].as_str()).unwrap_or_default().to_owned();
        let fault = if self.faulty { Some(spoil(&stack, &whom).await) } else { None };
        let end = match self.begin(&stack.api, &signup).await {
            Ok(operation) => {
                if self.tenant.is_none() {
                    population.tenants().everybody.push(operation.tenant.clone());
                }
                let end = end(&stack.api, &operation).await;
                if let Some(status) = rest(&stack.api, &operation.tenant).await
                    && !["deleted", "stuck"].contains(&status.as_str())
                {
                    population.rests(&operation.tenant, &status);
                }
                end
            }
            Err(refused) => {
                if let Some(id) = &self.tenant
                    && let Some(status) = rest(&stack.api, id).await
                {
                    population.rests(id, &status);
                }
                format!("refused: {refused}")
            }
        };
        if let Some(fault) = fault {
            stack.lift(fault).await;
        }
        Done { what: self.what, faulty: self.faulty, end, took: begun.elapsed() }
    }

    /// Asks for it.
    async fn begin(&self, api: &Api, signup: &Value) -> Result<Operation, StatusCode> {
        let id = self.tenant.as_deref().unwrap_or_default();
        let reason = json!({ "reason": "a soak" });
        let change = |act: &str| format!("/v1/tenants/{id}/{act}");
        match self.what {
            What::SignUp => asked(api, Method::POST, "/v1/tenants", signup).await,
            What::SignUpAndCancel => {
                let operation = asked(api, Method::POST, "/v1/tenants", signup).await?;
                for _ in 0..fastrand::u8(..8) {
                    pause().await;
                }
                let path = format!("/v1/tenants/{}/operations/{}/cancel", operation.tenant, operation.id);
                match asked(api, Method::POST, &path, &reason).await {
                    // It has ended meanwhile.
                    Ok(_) | Err(StatusCode::CONFLICT) => Ok(operation),
                    Err(refused) => Err(refused),
                }
            }
            What::ChangePlan => {
                let now = api.tenant(id).await["plan"].as_str().unwrap_or_default().to_owned();
                let others: Vec<&str> = PLANS.into_iter().filter(|plan| *plan != now).collect();
                let wanted = json!({ "plan": others[fastrand::usize(..others.len())], "reason": "a soak" });
                asked(api, Method::POST, &change("change-plan"), &wanted).await
            }
            What::Suspend => asked(api, Method::POST, &change("suspend"), &reason).await,
            What::Resume => asked(api, Method::POST, &change("resume"), &reason).await,
            What::Retry => asked(api, Method::POST, &change("retry"), &reason).await,
            What::Delete => asked(api, Method::DELETE, &format!("/v1/tenants/{id}"), &reason).await,
        }
    }
}

async fn asked(api: &Api, method: Method, path: &str, body: &Value) -> Result<Operation, StatusCode> {
    let answer = api.request(method, path).json(body).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let status = answer.status();
    if status != StatusCode::ACCEPTED {
        return Err(status);
    }
    let answer: Value = answer.json().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Operation { tenant: text(&answer["tenant"]["id"]), id: text(&answer["operation"]), answer })
}

/// Has something go wrong for whoever's name or id is this.
async fn spoil(stack: &Stack, whom: &str) -> u64 {
    let function = Some(STEPS[fastrand::usize(..STEPS.len())]);
    let kind = KINDS[fastrand::usize(..KINDS.len())];
    let fault =
        Fault { function, acts: &["create"], contains: Some(whom), kind, times: Some(3), ..Fault::default() };
    stack.inject(&fault).await
}

/// How an operation ends, or that it does not.
async fn end(api: &Api, operation: &Operation) -> String {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let state = api.operation(operation).await["state"].as_str().unwrap_or_default().to_owned();
        if ["succeeded", "failed", "stuck"].contains(&state.as_str()) {
            return state;
        }
        slowly().await;
    }
    "without an end".to_owned()
}

/// The status of a tenant once nothing is done to it: a change that failed is led back by another operation.
async fn rest(api: &Api, id: &str) -> Option<String> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let tenant = api.tenant(id).await;
        if tenant["operation"].is_null() {
            return tenant["status"].as_str().map(str::to_owned);
        }
        slowly().await;
    }
    None
}

/// There are many who look.
async fn slowly() {
    for _ in 0..4 {
        pause().await;
    }
}
