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
pub(crate) struct Access(HashMap<(Method, String), Option<BTreeSet<Role>>>);

impl Access {
    /// The roles that each operation of an OpenAPI document names. One that names no scheme at all is open to anybody.
    pub(crate) fn read(document: &Value) -> Self {
        let mut routes = HashMap::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = Method::from_bytes(method.to_ascii_uppercase().as_bytes()) else { continue };
                routes.insert((method, path.clone()), roles(&operation["security"]));
            }
        }
        Self(routes)
    }

    fn of(&self, method: &Method, path: &str) -> Option<&BTreeSet<Role>> {
        // What answers GET answers HEAD.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(&(method.clone(), path.to_owned())).and_then(Option::as_ref)
    }
}

fn roles(security: &Value) -> Option<BTreeSet<Role>> {
    let names: Vec<&str> =
        security.as_array()?.first()?.get("token")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(Role::ALL.into_iter().filter(|role| names.contains(&role.name())).collect())
}

/// Lets through who may ask for that. To a tenant's people nothing but their own tenant exists.
pub(crate) async fn permit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut request = Caller::into_request(request, &api.settings.claim_names);
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let permitted = path.as_deref().and_then(|path| api.access.of(request.method(), path)).cloned();
    if let Some(permitted) = permitted {
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let named = request.extract_parts::<RawPathParams>().await.ok();
        let first = named.as_ref().and_then(|params| params.iter().next()).map(|(_, value)| value.to_owned());
        if let Err(problem) =
            admit(&caller, &permitted, path.as_deref().unwrap_or_default(), first.as_deref())
        {
            return problem.into_response();
        }
    }
    next.run(request).await
}

fn admit(
    caller: &Caller,
    permitted: &BTreeSet<Role>,
    path: &str,
    named: Option<&str>,
) -> Result<(), Problem> {
    if let (Some(own), Some(named)) = (caller.only_tenant(), named)
        && !(path.starts_with("/v1/tenants/{id}") && named == own.as_str())
    {
        return Err(match path.starts_with("/v1/tenants/{id}") {
            true => Problem::no_tenant(named),
            false => Problem::not_found("there is no such resource"),
        });
    }
    if caller.roles.iter().any(|role| permitted.contains(role)) {
        return Ok(());
    }
    let names: Vec<&str> = permitted.iter().map(|role| role.name()).collect();
    Err(Problem::forbidden(format!("this takes one of the roles: {}", names.join(", "))))
}
