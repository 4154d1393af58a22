mod found;
mod operation;
mod service;

use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
pub use found::{Found, Listed, State};
use http_client::{Governor, Http, Method, Quota, RequestBuilder};
use operation::Operation;
pub use operation::Progress;
use serde::Deserialize;
use serde_json::{Value, json};
pub use service::{
    Boot, Container, EnvVar, HttpGet, Ingress, InstanceScaling, Port, Resources, SecretVersion, Service,
    ServiceScaling, Template,
};

use crate::caller::Caller;
use crate::{DEPLOYMENT, Part, RUN_URL, Tokens, iam};

const SERVICE: &str = "cloud-run";

/// 3000 reads and 180 changes a minute for each project and region, unless Google gave it more
/// (<https://cloud.google.com/run/quotas>).
pub const RUN_READS: Quota = Quota { provider: SERVICE, of: "reads", calls: 2700, seconds: 60, burst: 300 };
pub const RUN_CHANGES: Quota = Quota { of: "changes", calls: 160, burst: 40, ..RUN_READS };

/// Who may call a service, and who everybody is.
const INVOKER: &str = "roles/run.invoker";
const ALL_USERS: &str = "allUsers";

/// The services of one Google Cloud project in one region.
#[derive(Clone, Debug)]
pub struct CloudRun {
    caller: Caller,
    project: String,
    region: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    services: Vec<Value>,
    next_page_token: Option<String>,
}

impl CloudRun {
    /// The project and the region that `GOOGLE_PROJECT` and `GOOGLE_REGION` name; `GOOGLE_RUN_URL` says where Cloud Run
    /// answers, if elsewhere.
    pub fn from_env(tokens: Tokens, governor: Arc<dyn Governor>) -> Result<Self, Fault> {
        let missing = |e: aws::MissingVariable| Fault::terminal(e.to_string());
        let project = aws::variable("GOOGLE_PROJECT").map_err(missing)?;
        let region = aws::variable("GOOGLE_REGION").map_err(missing)?;
        let url = aws::variable("GOOGLE_RUN_URL").ok().unwrap_or_else(|| RUN_URL.to_owned());
        Ok(Self::new(Http::network(), &url, tokens, project, region)?.governed(governor))
    }

    pub fn new(
        http: Http,
        url: &str,
        tokens: Tokens,
        project: String,
        region: String,
    ) -> Result<Self, Fault> {
        Ok(Self { caller: Caller::new(http, SERVICE, url, tokens)?, project, region })
    }

    /// The same, asked only when the governor lets it be.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>) -> Self {
        let quota = |method: &Method| if *method == Method::GET { RUN_READS } else { RUN_CHANGES };
        Self { caller: self.caller.governed(governor, quota), ..self }
    }

    pub async fn find(&self, id: &str) -> Result<Option<Found>, Fault> {
        let found: Option<Value> =
            self.caller.find(self.caller.request(Method::GET, &self.path(id))?).await?;
        found.map(Found::read).transpose()
    }

    /// A deployment's services, of a hundred at a time: a part may have few of them, or none, and others behind it.
    pub async fn list(&self, deployment: &str, after: Option<&str>) -> Result<Part<Listed>, Fault> {
        let request = self
            .caller
            .request(Method::GET, &self.services())?
            .query(&[("pageSize", Some("100")), ("pageToken", after)]);
        let Listing { services, next_page_token } = self.caller.ask(request).await?;
        let ours = |service: &Value| service["labels"][DEPLOYMENT] == deployment;
        let items =
            services.iter().filter(|service| ours(service)).map(Listed::read).collect::<Result<_, _>>()?;
        Ok(Part { items, next: next_page_token.filter(|token| !token.is_empty()) })
    }

    /// Begins to make a service, and gives the operation that does. The caller has looked that there is none of this id:
    /// at most 49 lower-case letters, digits and hyphens, beginning with a letter.
    pub async fn create(&self, id: &str, service: &Service) -> Result<String, Fault> {
        let request = self.caller.request(Method::POST, &self.services())?;
        self.begin(request.query(&[("serviceId", id)]).json(service)).await
    }

    /// Begins to make a service what is wanted, and gives the operation that does. What is not wanted goes, too. A service
    /// that changed since it was found is left alone (`Transient`).
    pub async fn update(&self, id: &str, service: &Service, found: &Found) -> Result<String, Fault> {
        let mut body = serde_json::to_value(service).map_err(|_| {
            Fault::terminal("a service cannot be written as JSON").from_provider(SERVICE, None)
        })?;
        body["etag"] = found.etag.clone().into();
        self.begin(self.caller.request(Method::PATCH, &self.path(id))?.json(&body)).await
    }

    /// Begins to delete a service, and gives the operation that does; `None` when it is gone already.
    pub async fn delete(&self, id: &str) -> Result<Option<String>, Fault> {
        let begun: Option<Operation> =
            self.caller.find(self.caller.request(Method::DELETE, &self.path(id))?).await?;
        Ok(begun.map(|operation| operation.name))
    }

    /// How an operation stands once it has ended, or these seconds have passed: Google waits, not we. One that is not seen
    /// yet is running; a fault when it failed.
    pub async fn wait(&self, name: &str, seconds: u8) -> Result<Progress, Fault> {
        let name = format!("{name}:wait");
        let path: Vec<&str> = ["v2"].into_iter().chain(name.split('/')).collect();
        let request = self
            .caller
            .request(Method::POST, &path)?
            .timeout(Duration::from_secs(u64::from(seconds) + 5))
            .json(&json!({ "timeout": format!("{seconds}s") }));
        match self.caller.find::<Operation>(request).await? {
            Some(operation) => operation.progress(),
            None => Ok(Progress::Running),
        }
    }

    /// Lets everybody call a service, by its policy. Where the organisation allows it, `Service::invoker_iam_disabled`
    /// does without.
    pub async fn publish(&self, id: &str) -> Result<(), Fault> {
        iam::grant(&self.caller, &self.path(id), ALL_USERS, INVOKER).await
    }

    /// Whether everybody may call a service, by its policy.
    pub async fn is_public(&self, id: &str) -> Result<bool, Fault> {
        iam::holds(&self.caller, &self.path(id), ALL_USERS, INVOKER).await
    }

    /// Takes back what [`Self::publish`] gave.
    pub async fn unpublish(&self, id: &str) -> Result<(), Fault> {
        iam::revoke(&self.caller, &self.path(id), ALL_USERS, INVOKER).await
    }

    async fn begin(&self, request: RequestBuilder) -> Result<String, Fault> {
        let begun: Operation = self.caller.ask(request).await?;
        Ok(begun.name)
    }

    fn services(&self) -> [&str; 6] {
        ["v2", "projects", &self.project, "locations", &self.region, "services"]
    }

    fn path<'a>(&'a self, id: &'a str) -> [&'a str; 7] {
        ["v2", "projects", &self.project, "locations", &self.region, "services", id]
    }
}
