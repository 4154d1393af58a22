mod billing;
mod catalogue;
mod certificates;
mod change_requests;
mod domains;
mod health;
mod listing;
mod operations;
mod preview;
mod problem;
mod repairs;
mod reply;
mod said;
mod sweeps;
mod tenants;
mod watched;
mod webhooks;

use reqwest::{Client, Method, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use billing::{DeadEvent, DeadEvents, Subscription, UnknownEvent};
pub(crate) use catalogue::Seeded;
pub(crate) use certificates::CertificateKey;
pub(crate) use domains::{Asked, Shown};
pub(crate) use health::{Health, Part, Pod, Seen};
pub(crate) use listing::Wanted;
pub(crate) use operations::Operation;
pub(crate) use preview::{Headroom, Plan, Preview, Price, Step};
pub(crate) use problem::{Error, Problem, Violation};
pub(crate) use repairs::RepairTask;
pub(crate) use reply::{Accepted, Change, Reply};
pub(crate) use said::Said;
pub(crate) use sweeps::Sweep;
pub(crate) use tenants::{
    Again, Approval, Audit, Deletion, PlanChange, ShownTenant, Signup, Update, Upgrade,
};
pub(crate) use watched::Changed;
pub(crate) use webhooks::Webhook;

/// The API of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    base: Url,
    token: Option<SecretString>,
}

impl Api {
    pub(crate) fn new(base: Url, token: Option<SecretString>) -> Self {
        Self { http: http_client::client(), base, token }
    }

    /// A list, of the name it has in the answer, that is given part by part.
    async fn all<T: DeserializeOwned>(&self, name: &str, mut url: Url) -> Result<Said<Vec<T>>, Error> {
        let mut items = Vec::new();
        loop {
            let part: Said<Next> = answer(self.ask(Method::GET, url.clone())).await?;
            let mut json = part.json;
            items.extend(json[name].as_array_mut().map(std::mem::take).unwrap_or_default());
            let Some(next) = part.read.next else { break };
            url.query_pairs_mut().clear().append_pair("after", &next);
        }
        let items = Value::Array(items);
        let read = Vec::deserialize(&items).map_err(|cause| Error::Unreadable { url, cause })?;
        Ok(Said { json: json!({ name: items }), read })
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

    /// Where something is.
    pub(crate) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only a URL that cannot have a path (`mailto:`) has no segments; reqwest refuses to send that one.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        url
    }
}

/// Where a list goes on.
#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

/// Sends a request and reads what it is answered.
pub(crate) async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<Said<T>, Error> {
    let answer = granted(request).await?;
    let url = answer.url().clone();
    let body = answer.bytes().await.map_err(|e| unanswered(&e))?;
    Said::read(&body).map_err(|cause| Error::Unreadable { url, cause })
}

async fn granted(request: RequestBuilder) -> Result<Response, Error> {
    let answer = request.send().await.map_err(|e| unanswered(&e))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let headers = answer.headers().clone();
    let body = answer.bytes().await.map_err(|e| unanswered(&e))?;
    Err(Error::Refused(Problem::read(status, &headers, &body)))
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
