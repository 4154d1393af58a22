use std::collections::{BTreeSet, HashMap};

use axum::RequestExt;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::caller::{Caller, Role};
use crate::{Api, Problem};

/// Who may ask for what: read from the API's own document, so that what it promises is what is enforced.
#[derive(Clone, Debug)]
pub(crate) struct Access(HashMap<(Method, String), BTreeSet<Role>>);

impl Access {
    /// The roles that each operation of an OpenAPI document names. One that names no scheme at all is open to anybody.
    pub(crate) fn read(document: &Value) -> Self {
        let mut routes = HashMap::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = Method::from_bytes(method.to_ascii_uppercase().as_bytes()) else { continue };
                routes.extend(roles(&operation["security"]).map(|roles| ((method, path.clone()), roles)));
            }
        }
        Self(routes)
    }

    fn of(&self, method: &Method, path: &str) -> Option<&BTreeSet<Role>> {
        // What answers GET answers HEAD.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(&(method.clone(), path.to_owned()))
    }
}

fn roles(security: &Value) -> Option<BTreeSet<Role>> {
    let names: Vec<&str> =
        security.as_array()?.first()?.get("token")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(Role::ALL.into_iter().filter(|role| names.contains(&role.name())).collect())
}

/// Lets through who may ask for that. To a tenant's people nothing but their own tenant exists, to the canary none but synthetic
/// ones.
pub(crate) async fn permit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut request = Caller::into_request(request, &api.settings.claim_names);
    let params = match request.extract_parts::<RawPathParams>().await {
        Ok(params) => params,
        Err(e) => return Problem::malformed(e.body_text()).into_response(),
    };
    if let Some(path) = request.extensions().get::<MatchedPath>().cloned()
        && let Some(permitted) = api.access.of(request.method(), path.as_str())
    {
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let named = params.iter().next().map(|(_, value)| value);
        let admitted = match admit(&caller, permitted, path.as_str(), named) {
            Ok(()) if caller.only_synthetic => api.is_synthetic(path.as_str(), named).await,
            admitted => admitted,
        };
        if let Err(problem) = admitted {
            return problem.into_response();
        }
    }
    next.run(request).await
}

impl Api {
    /// Whether what a path leads to is a synthetic tenant, or all of them: which those are, the route says itself.
    async fn is_synthetic(&self, path: &str, named: Option<&str>) -> Result<(), Problem> {
        match named {
            None if ["/v1/me", "/v1/tenants"].contains(&path) => Ok(()),
            Some(named) if path.starts_with("/v1/tenants/{id}") => {
                let id = named.parse().map_err(Problem::not_found)?;
                let synthetic = self.known(&id).await?.subdomain.is_synthetic();
                if synthetic { Ok(()) } else { Err(Problem::no_tenant(named)) }
            }
            _ => Err(Problem::not_found("there is no such resource")),
        }
    }
}

fn admit(
    caller: &Caller,
    permitted: &BTreeSet<Role>,
    path: &str,
    named: Option<&str>,
) -> Result<(), Problem> {
    if let (Some(own), Some(named)) = (caller.only_tenant(), named) {
        if !path.starts_with("/v1/tenants/{id}") {
            return Err(Problem::not_found("there is no such resource"));
        }
        if named != own.as_str() {
            return Err(Problem::no_tenant(named));
        }
    }
    if caller.roles.iter().any(|role| permitted.contains(role)) {
        return Ok(());
    }
    let names: Vec<&str> = permitted.iter().map(|role| role.name()).collect();
    Err(Problem::forbidden(format!("this takes one of the roles: {}", names.join(", "))))
}
