use std::fmt;

use clap::Args;
use fault::Fault;
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::{
    Blueprint, DnsRecord, Domain, Kind, OperationId, Plan, State, StepFault, StepProgress, SweepId, Tenant,
    TenantId, Theme, Workflow,
};

/// The API of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    base: Url,
    token: Option<SecretString>,
}

/// A signup, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Signup {
    /// The store's name, as customers read it.
    #[arg(long)]
    pub(crate) name: String,
    /// Its name under our domain.
    #[arg(long)]
    pub(crate) subdomain: String,
    /// The owner's address.
    #[arg(long)]
    pub(crate) email: String,
    /// What it is made of.
    #[arg(long, default_value = "merchant-workspace")]
    pub(crate) blueprint: String,
    /// Defaults to the blueprint's first.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    /// Defaults to the blueprint's first.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme: Option<String>,
    /// What the store sells.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// An outside service to connect; may be repeated.
    #[arg(long = "integration")]
    pub(crate) integrations: Vec<String>,
    /// What becomes of what is made, should it fail; defaults to the blueprint's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<String>,
}

/// A retry, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Again {
    /// Why: it is written down.
    #[arg(long)]
    pub(crate) reason: String,
    /// Whether what is done is taken as it is, or every step runs again.
    #[arg(long, value_parser = ["failed_step", "start"], default_value = "failed_step")]
    pub(crate) from: String,
    /// What becomes of what it makes, should it fail again; defaults to the signup's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<String>,
    /// An optional step to do without; may be repeated.
    #[arg(long)]
    pub(crate) skip: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) edit: Edit,
}

/// What of a signup is to be different when it is tried again; what is not named stays.
#[derive(Clone, Debug, Default, Args, Serialize)]
#[command(next_help_heading = "Changes to the signup")]
pub(crate) struct Edit {
    /// The store's name.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Its name under our domain; the old one is free for others then.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subdomain: Option<String>,
    /// The owner's address.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme: Option<String>,
    /// What the store sells.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// An outside service to connect, instead of those there are; may be repeated.
    #[arg(long = "integration")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) integrations: Vec<String>,
}

/// What somebody did to a tenant.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Audit {
    pub(crate) at: Timestamp,
    pub(crate) who: String,
    pub(crate) why: String,
    pub(crate) action: String,
}

/// A domain of a tenant's own, with what is to be published for it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) domain: Domain,
    pub(crate) records: Vec<DnsRecord>,
}

/// What was accepted about a domain.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) operation: OperationId,
    pub(crate) hostname: String,
    #[serde(default)]
    pub(crate) records: Vec<DnsRecord>,
}

/// A resource that would not go.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RepairTask {
    pub(crate) id: String,
    pub(crate) fault: Fault,
    pub(crate) since: Timestamp,
    pub(crate) tries: u32,
    pub(crate) next_try: Timestamp,
}

/// A search for orphans.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sweep {
    pub(crate) id: SweepId,
    pub(crate) dry_run: bool,
    pub(crate) accepted_at: Timestamp,
    #[serde(default)]
    pub(crate) outcome: Option<SweepOutcome>,
}

/// What a sweep came to.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SweepOutcome {
    pub(crate) found: usize,
    pub(crate) limit: usize,
    #[serde(default)]
    pub(crate) refused: Option<String>,
    pub(crate) findings: Vec<Found>,
    #[serde(default)]
    pub(crate) unswept: Vec<Unswept>,
}

/// Something that a provider holds and no ledger does.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Found {
    pub(crate) step: String,
    pub(crate) tenant: TenantId,
    pub(crate) handle: serde_json::Value,
    pub(crate) verdict: String,
}

/// A step whose provider could not be asked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Unswept {
    pub(crate) step: String,
    pub(crate) fault: Fault,
}

/// The API took a request on, and this operation does it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) tenant: Tenant,
    pub(crate) operation: OperationId,
}

/// An operation and how far its steps are.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) percent: u8,
    pub(crate) accepted_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) wall_ms: Option<u64>,
    pub(crate) critical_path_ms: u64,
    pub(crate) resources_left: u64,
    pub(crate) fault: Option<StepFault>,
    pub(crate) workflow: Workflow,
    pub(crate) steps: Vec<StepProgress>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Refused(Problem),
    #[error("{0}")]
    Unanswered(String),
    #[error("{url} does not answer as this version of tenantry expects: {cause}")]
    Unreadable { url: Url, cause: serde_json::Error },
}

impl Error {
    /// Whether asking again may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::Unanswered(_) => true,
            Self::Unreadable { .. } => false,
        }
    }
}

/// Why the API refuses, in the words of RFC 9457.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    title: String,
    status: u16,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    violations: Vec<Violation>,
}

#[derive(Debug, Deserialize)]
struct Violation {
    field: String,
    problem: String,
    allowed: String,
}

impl Problem {
    /// What stands before the API (a gateway, a proxy) refuses in words of its own: they are the detail then.
    fn read(status: StatusCode, body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            title: status.canonical_reason().unwrap_or("refused").to_owned(),
            status: status.as_u16(),
            detail: String::from_utf8_lossy(body).chars().take(300).collect(),
            violations: Vec::new(),
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.title, self.status)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        self.violations
            .iter()
            .try_for_each(|v| write!(f, "\n  {}: {}; allowed: {}", v.field, v.problem, v.allowed))?;
        match self.status {
            401 => f.write_str(
                "\n  sign in: set TENANTRY_TOKEN to a token that has not expired, or TENANTRY_CLIENT_ID, \
                 TENANTRY_CLIENT_SECRET and TENANTRY_TOKEN_URL for a machine",
            ),
            403 => f.write_str("\n  your role may not do this: use the token of somebody who may"),
            _ => Ok(()),
        }
    }
}

impl Api {
    pub(crate) fn new(base: Url, token: Option<SecretString>) -> Self {
        Self { http: http_client::client(), base, token }
    }

    pub(crate) async fn sign_up(&self, signup: &Signup, key: &str) -> Result<Accepted, Error> {
        let request = self.request(Method::POST, &["tenants"]).header("idempotency-key", key).json(signup);
        answer(request).await
    }

    pub(crate) async fn tenant(&self, id: &TenantId) -> Result<Tenant, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str()])).await
    }

    pub(crate) async fn operation(&self, tenant: &TenantId, id: OperationId) -> Result<Operation, Error> {
        answer(self.request(Method::GET, &["tenants", tenant.as_str(), "operations", &id.to_string()])).await
    }

    /// The operation a tenant had last.
    pub(crate) async fn last_operation(&self, tenant: &TenantId) -> Result<Option<OperationId>, Error> {
        #[derive(Deserialize)]
        struct Operations {
            operations: Vec<Summary>,
        }
        #[derive(Deserialize)]
        struct Summary {
            id: OperationId,
        }
        let newest_first: Operations =
            answer(self.request(Method::GET, &["tenants", tenant.as_str(), "operations"])).await?;
        Ok(newest_first.operations.first().map(|operation| operation.id))
    }

    pub(crate) async fn retry(&self, id: &TenantId, retry: &Again) -> Result<Accepted, Error> {
        self.act(id, "retry", retry).await
    }

    pub(crate) async fn cancel(
        &self,
        id: &TenantId,
        operation: OperationId,
        reason: &str,
    ) -> Result<Accepted, Error> {
        let path = ["tenants", id.as_str(), "operations", &operation.to_string(), "cancel"];
        answer(self.request(Method::POST, &path).json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn skip(
        &self,
        id: &TenantId,
        operation: OperationId,
        step: &str,
        reason: &str,
    ) -> Result<Accepted, Error> {
        let path = ["tenants", id.as_str(), "operations", &operation.to_string(), "skip"];
        answer(self.request(Method::POST, &path).json(&json!({ "step": step, "reason": reason }))).await
    }

    pub(crate) async fn delete(&self, id: &TenantId, reason: Option<&str>) -> Result<Accepted, Error> {
        let request = self.request(Method::DELETE, &["tenants", id.as_str()]);
        answer(match reason {
            Some(reason) => request.json(&json!({ "reason": reason })),
            None => request,
        })
        .await
    }

    pub(crate) async fn force_delete(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "force-delete", &json!({ "reason": reason })).await
    }

    pub(crate) async fn suspend(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "suspend", &json!({ "reason": reason })).await
    }

    pub(crate) async fn resume(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "resume", &json!({ "reason": reason })).await
    }

    pub(crate) async fn change_plan(
        &self,
        id: &TenantId,
        plan: &str,
        reason: &str,
    ) -> Result<Accepted, Error> {
        self.act(id, "change-plan", &json!({ "reason": reason, "plan": plan })).await
    }

    /// What is asked of a tenant as a whole.
    async fn act(&self, id: &TenantId, act: &str, wish: &impl Serialize) -> Result<Accepted, Error> {
        answer(self.request(Method::POST, &["tenants", id.as_str(), act]).json(wish)).await
    }

    pub(crate) async fn domains(&self, id: &TenantId) -> Result<Vec<Shown>, Error> {
        #[derive(Deserialize)]
        struct Domains {
            domains: Vec<Shown>,
        }
        let request = self.request(Method::GET, &["tenants", id.as_str(), "domains"]);
        answer(request).await.map(|Domains { domains }| domains)
    }

    pub(crate) async fn domain(&self, id: &TenantId, hostname: &str) -> Result<Shown, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "domains", hostname])).await
    }

    pub(crate) async fn add_domain(&self, id: &TenantId, hostname: &str) -> Result<Asked, Error> {
        let request = self.request(Method::POST, &["tenants", id.as_str(), "domains"]);
        answer(request.json(&json!({ "hostname": hostname }))).await
    }

    pub(crate) async fn remove_domain(&self, id: &TenantId, hostname: &str) -> Result<Asked, Error> {
        answer(self.request(Method::DELETE, &["tenants", id.as_str(), "domains", hostname])).await
    }

    /// Who did what to a tenant, and why.
    pub(crate) async fn audit(&self, id: &TenantId) -> Result<Vec<Audit>, Error> {
        self.all(&["tenants", id.as_str(), "audit"]).await
    }

    /// Everything that would not go.
    pub(crate) async fn repair_tasks(&self) -> Result<Vec<RepairTask>, Error> {
        self.all(&["repair-tasks"]).await
    }

    /// A list that is given part by part.
    async fn all<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        #[derive(Deserialize)]
        struct Part<T> {
            #[serde(alias = "audit", alias = "repair_tasks")]
            items: Vec<T>,
            next: Option<String>,
        }
        let (mut items, mut url) = (Vec::new(), self.url(path));
        loop {
            let part: Part<T> = answer(self.ask(Method::GET, url.clone())).await?;
            items.extend(part.items);
            let Some(next) = part.next else { return Ok(items) };
            url.query_pairs_mut().clear().append_pair("after", &next);
        }
    }

    pub(crate) async fn repair(&self, task: &str, act: &str, reason: &str) -> Result<Accepted, Error> {
        let request = self.request(Method::POST, &["repair-tasks", task, act]);
        answer(request.json(&json!({ "reason": reason }))).await
    }

    pub(crate) async fn sweep(
        &self,
        reason: &str,
        dry_run: bool,
        limit: Option<usize>,
    ) -> Result<Sweep, Error> {
        let wanted = json!({ "reason": reason, "dry_run": dry_run, "limit": limit });
        answer(self.request(Method::POST, &["orphan-sweeps"]).json(&wanted)).await
    }

    pub(crate) async fn show_sweep(&self, id: SweepId) -> Result<Sweep, Error> {
        answer(self.request(Method::GET, &["orphan-sweeps", &id.to_string()])).await
    }

    pub(crate) async fn newest_sweep(&self) -> Result<Option<Sweep>, Error> {
        #[derive(Deserialize)]
        struct Sweeps {
            orphan_sweeps: Vec<Sweep>,
        }
        let newest_first: Sweeps = answer(self.request(Method::GET, &["orphan-sweeps"])).await?;
        Ok(newest_first.orphan_sweeps.into_iter().next())
    }

    pub(crate) async fn plans(&self) -> Result<Vec<Plan>, Error> {
        #[derive(Deserialize)]
        struct Plans {
            plans: Vec<Plan>,
        }
        answer(self.request(Method::GET, &["plans"])).await.map(|Plans { plans }| plans)
    }

    pub(crate) async fn themes(&self) -> Result<Vec<Theme>, Error> {
        #[derive(Deserialize)]
        struct Themes {
            themes: Vec<Theme>,
        }
        answer(self.request(Method::GET, &["themes"])).await.map(|Themes { themes }| themes)
    }

    pub(crate) async fn blueprint(&self, name: &str) -> Result<Blueprint, Error> {
        answer(self.request(Method::GET, &["blueprints", name])).await
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.ask(method, self.url(path))
    }

    fn ask(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only a URL that cannot have a path (`mailto:`) has no segments; reqwest refuses to send that one.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        url
    }
}

/// Sends a request and reads what it is answered.
pub(crate) async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    let answer = request.send().await.map_err(|e| unanswered(&e))?;
    let (status, url) = (answer.status(), answer.url().clone());
    let body = answer.bytes().await.map_err(|e| unanswered(&e))?;
    if !status.is_success() {
        return Err(Error::Refused(Problem::read(status, &body)));
    }
    serde_json::from_slice(&body).map_err(|cause| Error::Unreadable { url, cause })
}

/// reqwest says what it did; why it failed is at the far end of the chain.
pub(crate) fn unanswered(error: &reqwest::Error) -> Error {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let place = error.url().map_or_else(|| "the server".to_owned(), Url::to_string);
    Error::Unanswered(format!("{place} did not answer: {root}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signup_is_sent_as_the_api_reads_it() {
        let signup = Signup {
            name: "Acme".to_owned(),
            subdomain: "acme".to_owned(),
            email: "owner@acme.example".to_owned(),
            blueprint: "merchant-workspace".to_owned(),
            plan: None,
            theme: Some("modern".to_owned()),
            category: None,
            integrations: vec!["stripe".to_owned()],
            on_failure: Some("hold".to_owned()),
        };
        let sent = serde_json::to_value(signup).expect("JSON");
        let read: tenancy::SignupRequest = serde_json::from_value(sent).expect("a signup request");
        assert_eq!(read.theme.as_deref(), Some("modern"));
        assert_eq!(read.plan, None);
        assert!(read.integrations.contains("stripe"));
        assert_eq!(read.on_failure, Some(tenancy::OnFailure::Hold));
    }

    #[test]
    fn a_retry_names_what_is_to_be_different_and_nothing_else() {
        let retry = Again {
            reason: "mistyped".to_owned(),
            from: "failed_step".to_owned(),
            on_failure: None,
            skip: Vec::new(),
            edit: Edit { email: Some("owner@acme.example".to_owned()), ..Edit::default() },
        };
        let sent = serde_json::to_value(retry).expect("JSON");
        let wanted = json!({
            "reason": "mistyped", "from": "failed_step", "skip": [], "email": "owner@acme.example",
        });
        assert_eq!(sent, wanted);
    }

    #[test]
    fn a_problem_says_what_is_wrong_with_every_field() {
        let body =
            br#"{"type":"about:blank","title":"Invalid signup","status":422,"detail":"2 fields are wrong",
            "violations":[{"field":"subdomain","problem":"'www' is reserved","allowed":"3 to 40 of a-z"},
                          {"field":"email","problem":"has no '@'","allowed":"an address"}]}"#;
        assert_eq!(
            Problem::read(StatusCode::UNPROCESSABLE_ENTITY, body).to_string(),
            "Invalid signup (422): 2 fields are wrong\n  \
             subdomain: 'www' is reserved; allowed: 3 to 40 of a-z\n  \
             email: has no '@'; allowed: an address"
        );
    }

    #[test]
    fn a_refusal_by_what_stands_before_the_api_is_shown_as_it_came() {
        let problem = Problem::read(StatusCode::BAD_GATEWAY, br#"{"message":"Internal Server Error"}"#);
        assert_eq!(problem.to_string(), r#"Bad Gateway (502): {"message":"Internal Server Error"}"#);
    }

    #[test]
    fn a_caller_who_is_turned_away_is_told_what_to_do() {
        let told = |status| Problem::read(status, br#"{"message":"no"}"#).to_string();
        assert!(told(StatusCode::UNAUTHORIZED).contains("\n  sign in: set TENANTRY_TOKEN"));
        assert!(told(StatusCode::FORBIDDEN).contains("\n  your role may not do this"));
    }

    #[test]
    fn the_token_is_sent_and_shown_to_nobody() {
        let url: Url = "http://127.0.0.1:4571".parse().expect("a URL");
        let api = Api::new(url, Some(SecretString::from("a.b.c")));
        let request = api.request(Method::GET, &["plans"]).build().expect("a request");
        let header = &request.headers()["authorization"];
        assert_eq!(header, "Bearer a.b.c");
        assert!(header.is_sensitive());
        assert!(!format!("{api:?} {request:?}").contains("a.b.c"));
    }

    #[test]
    fn paths_go_below_the_base_and_cannot_leave_it() {
        let api = Api::new("http://127.0.0.1:4571/stage/".parse().expect("a URL"), None);
        let url =
            api.request(Method::GET, &["blueprints", "../x y"]).build().expect("a request").url().to_string();
        assert_eq!(url, "http://127.0.0.1:4571/stage/v1/blueprints/..%2Fx%20y");
    }
}
