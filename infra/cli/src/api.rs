mod catalogue;
mod domains;
mod operations;
mod problem;
mod repairs;
mod sweeps;
mod tenants;

use reqwest::{Client, Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tenancy::{OperationId, Tenant};

pub(crate) use domains::Shown;
pub(crate) use operations::Operation;
pub(crate) use problem::Error;
use problem::Problem;
pub(crate) use sweeps::Sweep;
pub(crate) use tenants::{Again, Signup};

/// The API of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    base: Url,
    token: Option<SecretString>,
}

/// The API took a request on, and this operation does it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) tenant: Tenant,
    pub(crate) operation: OperationId,
}

impl Api {
    pub(crate) fn new(base: Url, token: Option<SecretString>) -> Self {
        Self { http: http_client::client(), base, token }
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
