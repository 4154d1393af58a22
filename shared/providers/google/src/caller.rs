use std::sync::Arc;

use fault::{Fault, Kind};
use http_client::{Api, Governor, Http, Method, Quota, RequestBuilder, Response, StatusCode};
use secrets::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Tokens;

/// One of Google's APIs, called as the service account.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    api: Api,
    tokens: Tokens,
}

/// What Google says when it refuses (`google.rpc.Status`, <https://cloud.google.com/apis/design/errors>).
#[derive(Debug, Deserialize)]
struct Refusal {
    error: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Value>,
}

impl Caller {
    pub(crate) fn new(http: Http, service: &'static str, url: &str, tokens: Tokens) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, service, url)?, tokens })
    }

    pub(crate) fn governed(self, governor: Arc<dyn Governor>, quota: fn(&Method) -> Quota) -> Self {
        Self { api: self.api.governed(governor, quota), ..self }
    }

    pub(crate) fn service(&self) -> &'static str {
        self.api.provider()
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        self.api.request(method, path)
    }

    /// What must succeed.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.send(request).await?;
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// The same about a value that must not be repeated: what Google says is left out.
    pub(crate) async fn ask_quietly<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.send(request).await?;
        let status = answer.status();
        if status.is_success() {
            return self.api.decode(answer).await;
        }
        let mut fault = self.refused(answer).await;
        fault.cause = format!("{} answered {status}", self.service());
        // What it is about was seen a moment ago, by a look that came late or before somebody else was quicker.
        if status == StatusCode::NOT_FOUND {
            fault.kind = Kind::Transient;
        }
        Err(fault)
    }

    /// What need not be there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<Option<T>, Fault> {
        let answer = self.send(request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => self.api.decode(answer).await.map(Some),
            _ => Err(self.refused(answer).await),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let token = self.tokens.get().await?;
        self.api.send(request.bearer_auth(token.expose_secret())).await
    }

    async fn refused(&self, answer: Response) -> Fault {
        let status = answer.status();
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { error }) = said {
            fault.cause = format!("{} refused: {}: {}", self.service(), error.status, error.message);
            let request_id = error.details.iter().find_map(|detail| detail.get("requestId")?.as_str());
            fault.request_id = request_id.map(str::to_owned).or(fault.request_id);
        }
        match status {
            // Made by a twin, or changed since it was read: the next look will say.
            StatusCode::CONFLICT => fault.kind = Kind::Transient,
            // A token that ended early; the next try gets another, or hears why not.
            StatusCode::UNAUTHORIZED => {
                self.tokens.forget();
                fault.kind = Kind::Transient;
            }
            StatusCode::FORBIDDEN => {
                return fault
                    .hint("Does the service account have the role, and is the API enabled in the project?");
            }
            _ => {}
        }
        fault
    }
}
