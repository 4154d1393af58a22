use std::collections::BTreeMap;

use fault::Fault;
use http_client::{Api, Http, Method, RequestBuilder, Response, StatusCode};
use secrets::{ExposeSecret, SecretRef, Vault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenancy::{OperationId, State, StepFault, Subdomain, TenantId};

use crate::token::{Credentials, Tokens};

const SERVICE: &str = "tenantry";

/// Whoever owns synthetic tenants is Amazon's: it takes every mail, and none counts to our reputation.
/// <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator>
const OWNER: &str = "success+canary@simulator.amazonses.com";

/// The platform's API, as the canary is let in there: no other tenants than synthetic ones exist.
#[derive(Clone, Debug)]
pub struct Platform {
    api: Api,
    tokens: Tokens,
}

/// What a synthetic tenant is signed up with.
#[derive(Clone, Debug, Serialize)]
pub struct SignUp {
    name: String,
    pub subdomain: Subdomain,
    email: &'static str,
    blueprint: String,
    synthetic: bool,
}

impl SignUp {
    /// The one of a blueprint: all the rest is as it is offered first.
    pub fn of(blueprint: &str) -> Result<Self, Fault> {
        let subdomain =
            Subdomain::synthetic(blueprint).map_err(|wrong| Fault::terminal(wrong.to_string()))?;
        let name = format!("Canary {blueprint}");
        Ok(Self { name, subdomain, email: OWNER, blueprint: blueprint.to_owned(), synthetic: true })
    }
}

/// The tenant that a call is about, as a machine passes it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: TenantId,
}

/// A tenant, and of one that is gone or failed what is left of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Tenant {
    #[serde(flatten)]
    pub tenant: tenancy::Tenant,
    #[serde(default)]
    pub resources: Vec<Left>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Left {
    pub step: String,
}

#[derive(Debug)]
pub enum SignedUp {
    Tenant(Box<tenancy::Tenant>),
    /// Another tenant has the name.
    Taken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    Begun,
    /// Something is under way that has to end before.
    Busy(String),
    /// Somebody else has to approve it.
    Waits,
}

/// What the API says when it refuses (RFC 9457).
#[derive(Debug, Deserialize)]
struct Problem {
    r#type: String,
    detail: String,
}

impl Platform {
    /// `TENANTRY_URL` is where the API answers, `CANARY_CLIENT_SECRET` names our credentials in the vault.
    pub async fn from_env() -> Result<Self, Fault> {
        let url = aws::variable("TENANTRY_URL").map_err(|e| Fault::terminal(e.to_string()))?;
        let secret = aws::variable("CANARY_CLIENT_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let secret = Vault::from_env().await.read(&SecretRef(secret)).await?;
        let credentials = serde_json::from_str(secret.expose_secret()).map_err(|_| {
            Fault::terminal("the canary's secret has no client_id, client_secret and token_url")
        })?;
        Self::new(Http::network(), &url, credentials)
    }

    pub fn new(http: Http, url: &str, credentials: Credentials) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http.clone(), SERVICE, url)?, tokens: Tokens::new(http, credentials)? })
    }

    /// Signs up. The same key gives the same tenant.
    pub async fn sign_up(&self, wanted: &SignUp, key: &str) -> Result<SignedUp, Fault> {
        #[derive(Deserialize)]
        struct Accepted {
            tenant: tenancy::Tenant,
        }
        let request = self.api.request(Method::POST, &["v1", "tenants"])?;
        let answer = self.send(request.header("idempotency-key", key).json(wanted)).await?;
        if answer.status().is_success() {
            let Accepted { tenant } = self.api.decode(answer).await?;
            return Ok(SignedUp::Tenant(Box::new(tenant)));
        }
        match self.refused(answer).await {
            (_, Some(problem)) if problem.is("subdomain-taken") => Ok(SignedUp::Taken),
            (fault, _) => Err(fault),
        }
    }

    /// What would keep such a tenant from being made, if anything.
    pub async fn would_refuse(&self, wanted: &SignUp) -> Result<Option<String>, Fault> {
        #[derive(Deserialize)]
        struct Preview {
            violations: Vec<Violation>,
        }
        #[derive(Deserialize)]
        struct Violation {
            field: String,
            problem: String,
        }
        let request = self.api.request(Method::POST, &["v1", "tenants"])?.query(&[("dry_run", "validate")]);
        let Preview { violations } = self.ask(request.json(wanted)).await?;
        Ok(violations.first().map(|Violation { field, problem }| format!("{field}: {problem}")))
    }

    /// A tenant by its id.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, Fault> {
        let answer = self.send(self.about(Method::GET, id, &[])?).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.read(answer).await.map(Some)
    }

    /// The tenant that has a subdomain.
    pub async fn holder(&self, subdomain: &Subdomain) -> Result<Option<tenancy::Tenant>, Fault> {
        #[derive(Deserialize)]
        struct Listing {
            tenants: Vec<tenancy::Tenant>,
        }
        let request = self.api.request(Method::GET, &["v1", "tenants"])?;
        // Whoever is called by the whole of the text comes first.
        let Listing { tenants } =
            self.ask(request.query(&[("text", subdomain.as_str()), ("limit", "1")])).await?;
        Ok(tenants.into_iter().find(|tenant| tenant.subdomain == *subdomain))
    }

    /// Why the last thing that was done to a tenant did not succeed, as far as it says so.
    pub async fn fault(&self, id: &TenantId) -> Result<Option<StepFault>, Fault> {
        #[derive(Deserialize)]
        struct Listing {
            operations: Vec<Summary>,
        }
        #[derive(Deserialize)]
        struct Summary {
            id: OperationId,
            state: State,
        }
        #[derive(Deserialize)]
        struct Operation {
            fault: Option<StepFault>,
        }
        let Listing { operations } = self.ask(self.about(Method::GET, id, &["operations"])?).await?;
        let Some(last) = operations.into_iter().find(|operation| operation.state != State::Succeeded) else {
            return Ok(None);
        };
        let operation = self.about(Method::GET, id, &["operations", &last.id.to_string()])?;
        Ok(self.ask::<Operation>(operation).await?.fault)
    }

    /// Deletes a tenant, without a day of grace.
    pub async fn delete(&self, id: &TenantId, reason: &str) -> Result<Deletion, Fault> {
        #[derive(Deserialize)]
        struct Accepted {
            operation: Option<OperationId>,
        }
        let wish = BTreeMap::from([("reason", reason)]);
        let answer = self.send(self.about(Method::DELETE, id, &[])?.json(&wish)).await?;
        if answer.status().is_success() {
            let Accepted { operation } = self.api.decode(answer).await?;
            return Ok(if operation.is_some() { Deletion::Begun } else { Deletion::Waits });
        }
        match self.refused(answer).await {
            (_, Some(problem)) if problem.is("operation-under-way") || problem.is("wrong-status") => {
                Ok(Deletion::Busy(problem.detail))
            }
            (fault, _) => Err(fault),
        }
    }

    fn about(&self, method: Method, id: &TenantId, rest: &[&str]) -> Result<RequestBuilder, Fault> {
        self.api.request(method, &[&["v1", "tenants", id.as_str()], rest].concat())
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Fault> {
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await.0)
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let token = self.tokens.get().await?;
        let answer = self.api.send(request.bearer_auth(token.expose_secret())).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            // The next call brings another.
            self.tokens.forget();
            return Err(
                Fault::transient("the API did not take the canary's token").from_provider(SERVICE, None)
            );
        }
        Ok(answer)
    }

    async fn refused(&self, answer: Response) -> (Fault, Option<Problem>) {
        let (mut fault, said) = self.api.refusal::<Problem>(answer).await;
        if let Some(problem) = &said {
            fault.cause = format!("the API refused: {}", problem.detail);
            // Two calls for one record met: one of them was first.
            if problem.is("request-in-progress") {
                fault = Fault::transient(fault.cause).from_provider(SERVICE, None);
            }
        }
        (fault, said)
    }
}

impl Problem {
    fn is(&self, problem: &str) -> bool {
        self.r#type.strip_prefix("/problems/") == Some(problem)
    }
}
