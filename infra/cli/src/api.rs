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
mod sweeps;
mod tenants;
mod webhooks;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) use catalogue::Seeded;
pub(crate) use certificates::CertificateKey;
pub(crate) use domains::Shown;
pub(crate) use health::{Health, Pod, Seen};
pub(crate) use listing::Wanted;
pub(crate) use operations::Operation;
pub(crate) use preview::{DryRun, Headroom, Plan, Preview, Price, Step};
pub(crate) use problem::Error;
use problem::Problem;
pub(crate) use reply::{Accepted, Reply};
pub(crate) use sweeps::Sweep;
pub(crate) use tenants::{Again, Approval, Deletion, PlanChange, ShownTenant, Signup, Update, Upgrade};
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

    /// A list that is given part by part.
    async fn all<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        #[derive(Deserialize)]
        struct Part<T> {
            #[serde(alias = "audit", alias = "change_requests", alias = "repair_tasks")]
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

/// Sends a request and reads what it is answered.
pub(crate) async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    let answer = granted(request).await?;
    let url = answer.url().clone();
    let body = answer.bytes().await.map_err(|e| unanswered(&e))?;
    serde_json::from_slice(&body).map_err(|cause| Error::Unreadable { url, cause })
}

/// Sends a request whose answer says nothing more.
async fn done(request: RequestBuilder) -> Result<(), Error> {
    granted(request).await.map(|_| ())
}

async fn granted(request: RequestBuilder) -> Result<Response, Error> {
    let answer = request.send().await.map_err(|e| unanswered(&e))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let again = answer.headers().get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let body = answer.bytes().await.map_err(|e| unanswered(&e))?;
    Err(Error::Refused(Problem::read(status, again, &body)))
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
