//! Runs a tenant's store in its service on Cloud Run, which was reserved with a page and goes with it. Of a tenant that is
//! suspended it runs the page again, which says so; the store's data stay where they are. One that is read-only runs its
//! store, and tells it to refuse changes. Of one that sleeps no instance stands ready, and the first call starts one.
//!
//! A revision starts only once Google lets its account read the secrets it names, and a grant takes up to minutes to be
//! felt. What failed for that is asked for again; what failed for another reason would fail again.

use std::collections::BTreeMap;

use fault::{Fault, Kind};
use google::{
    Boot, CloudRun, Container, EnvVar, Found, HttpGet, InstanceScaling, Port, Progress, Resources,
    SecretVersion, Service, ServiceScaling, State, Template,
};
use saga::{Context, Setup, whole_number};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct DeployService {
    pub run: CloudRun,
    pub deployment: String,
    /// The service account that stores run as: an address.
    pub account: String,
    /// The stores' Redis; each has its own namespace in it.
    pub redis_url: String,
    /// The image of the page.
    pub page: String,
    /// `https://{subdomain}.my.example.com`
    pub store_url: String,
}

/// What plan and blueprint set, and the names of the secrets.
#[derive(Debug, Deserialize)]
pub struct Params {
    service: String,
    image: String,
    port: String,
    cpu: String,
    memory: String,
    min_instances: String,
    max_instances: String,
    /// Calls that one instance answers at a time.
    concurrency: String,
    timeout_seconds: String,
    connection: Kept,
    signing_key: Kept,
}

/// A secret whose value the store reads when it starts.
#[derive(Debug, Deserialize)]
pub struct Kept {
    secret: String,
    changed_at: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    uri: String,
}

impl Setup for DeployService {
    const NAME: &'static str = "google-deploy-service";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let service = &params.service;
        let wanted = if cx.tenant.suspended { self.page(cx) } else { self.store(cx, params)? };
        let mut found = self.found(service, &cx.mark).await?;
        // A look may be a moment late, and see what was there before it was suspended.
        if found.has(&wanted) {
            found = self.found(service, &cx.mark).await?;
        }
        if !found.has(&wanted) || is_worth_another_try(&found.state) {
            let operation = self.run.update(service, &wanted, &found).await?;
            match self.run.wait(&operation, google::PATIENCE).await {
                Ok(Progress::Running) => {
                    return Err(Fault::not_ready(format!("the service {service} is being deployed")));
                }
                // What failed is in the service's own state, with a reason that can be told from others.
                Ok(Progress::Done) | Err(Fault { kind: Kind::Terminal, .. }) => {}
                Err(fault) => return Err(fault),
            }
            found = self.found(service, &cx.mark).await?;
            if !found.has(&wanted) {
                return Err(Fault::not_ready(format!(
                    "the service {service} is not seen as it is to be yet"
                )));
            }
        }
        match found.state {
            State::Ready => {
                let none = || Fault::not_ready(format!("the service {service} has no address"));
                Ok(Output { uri: found.uri.ok_or_else(none)? })
            }
            State::Working => Err(Fault::not_ready(format!("the service {service} is being deployed"))),
            State::Failed { message, .. } if is_worth_another_try(&found.state) => {
                Err(Fault::not_ready(format!("the store may not read its secrets yet: {message}")))
            }
            State::Failed { reason, message } => {
                Err(Fault::terminal(format!("the store does not start: {reason}: {message}"))
                    .from_provider("cloud-run", None)
                    .hint("Look at the revision's logs in Google's console; then retry."))
            }
        }
    }
}

impl DeployService {
    async fn found(&self, service: &str, mark: &Mark) -> Result<Found, Fault> {
        match self.run.find(service).await? {
            Some(found) if is_ours(&found, mark) => Ok(found),
            Some(_) => Err(Fault::terminal(format!("the service {service} belongs to somebody else"))),
            None => Err(Fault::not_ready(format!("the service {service} is not seen yet"))),
        }
    }

    fn page(&self, cx: &Context) -> Service {
        let page = EnvVar::Plain { name: "PAGE".to_owned(), value: "suspended".to_owned() };
        let template = Template::small(&self.page, &self.account, vec![page]);
        Service::owned(&cx.mark.to_string(), &self.deployment, template)
    }

    fn store(&self, cx: &Context, params: &Params) -> Result<Service, Fault> {
        let port = whole_number("port", &params.port)?;
        let limits = [("cpu", &params.cpu), ("memory", &params.memory)];
        let container = Container {
            image: params.image.clone(),
            ports: vec![Port { container_port: port }],
            env: self.environment(cx, params),
            resources: Resources {
                limits: BTreeMap::from(limits.map(|(name, limit)| (name.to_owned(), limit.clone()))),
                cpu_idle: true,
                startup_cpu_boost: true,
            },
            // A first start migrates the database.
            boot: Some(Boot {
                http_get: HttpGet { path: "/health".to_owned(), port },
                period_seconds: 5,
                timeout_seconds: 5,
                failure_threshold: 48,
            }),
        };
        let template = Template {
            labels: BTreeMap::from([("tenant".to_owned(), cx.tenant.id.to_string())]),
            scaling: InstanceScaling {
                min_instance_count: 0,
                max_instance_count: whole_number("max_instances", &params.max_instances)?,
            },
            max_instance_request_concurrency: whole_number("concurrency", &params.concurrency)?,
            timeout: format!("{}s", whole_number::<u16>("timeout_seconds", &params.timeout_seconds)?),
            service_account: self.account.clone(),
            containers: vec![container],
        };
        // Not of the revision: nothing is deployed for going to sleep, nor for waking.
        let least =
            if cx.tenant.hibernating { 0 } else { whole_number("min_instances", &params.min_instances)? };
        let service = Service::owned(&cx.mark.to_string(), &self.deployment, template);
        Ok(Service { scaling: ServiceScaling::Automatic(least), ..service })
    }

    fn environment(&self, cx: &Context, params: &Params) -> Vec<EnvVar> {
        let plain =
            |name: &str, value: &str| EnvVar::Plain { name: name.to_owned(), value: value.to_owned() };
        let secret = |name: &str, secret: &str| EnvVar::Secret {
            name: name.to_owned(),
            from: SecretVersion { secret: secret.to_owned(), version: "latest".to_owned() },
        };
        let Params { connection, signing_key, .. } = params;
        let address = self.store_url.replace("{subdomain}", cx.tenant.subdomain.as_str());
        // Said only where there is something to refuse: a store that was deployed before is not deployed anew for it.
        let access = Some(cx.tenant.access).filter(|access| !access.is_full());
        let access = access.map(|access| plain("TENANT_ACCESS", access.name()));
        let mut environment = vec![
            plain("MEDUSA_BACKEND_URL", &address),
            plain("STORE_CORS", &address),
            plain("ADMIN_CORS", &address),
            plain("AUTH_CORS", &address),
            plain("NODE_ENV", "production"),
            plain("TENANT_ID", cx.tenant.id.as_str()),
            plain("REDIS_URL", &self.redis_url),
            // An instance reads its secrets when it starts: a changed value makes a new revision.
            plain("SECRETS_CHANGED_AT", &format!("{},{}", connection.changed_at, signing_key.changed_at)),
            plain("REDIS_NAMESPACE", &format!("tenant-{}", cx.tenant.id)),
            secret("DATABASE_URL", &connection.secret),
            secret("JWT_SECRET", &signing_key.secret),
            secret("COOKIE_SECRET", &signing_key.secret),
        ];
        environment.extend(access);
        environment
    }
}

fn is_ours(found: &Found, mark: &Mark) -> bool {
    found.owner.as_deref() == Some(&mark.to_string())
}

/// Whether a deployment failed for want of what comes by itself.
fn is_worth_another_try(state: &State) -> bool {
    matches!(state, State::Failed { reason, .. } if reason == "SECRETS_ACCESS_CHECK_FAILED")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SECRETS_ACCESS_CHECK_FAILED", true)]
    #[case("HEALTH_CHECK_CONTAINER_ERROR", false)]
    #[case("", false)]
    fn only_what_mends_itself_is_tried_again(#[case] reason: &str, #[case] again: bool) {
        let (reason, message) = (reason.to_owned(), String::new());
        assert_eq!(is_worth_another_try(&State::Failed { reason, message }), again);
    }

    #[test]
    fn a_setting_that_is_no_number_is_told_as_such() {
        assert_eq!(whole_number::<u16>("port", "3000").expect("a port"), 3000);
        let fault = whole_number::<u16>("port", "70000").expect_err("none");
        assert!(fault.cause.contains("port is '70000'") && fault.hint.is_some());
    }
}
