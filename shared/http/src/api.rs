use std::sync::Arc;

use fault::Fault;
use governor::{Governor, Quota};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::governed::{Governed, heard};
use crate::refusal::request_id;
use crate::{CLIENT, Http, no_answer, refused};

/// One outside API at its address. What a call asks and what its answer means is the provider's; how it gets
/// there and back is here.
#[derive(Clone, Debug)]
pub struct Api {
    http: Http,
    /// Only builds requests; `http` sends them.
    builder: Client,
    provider: &'static str,
    base: Url,
    governed: Option<Governed>,
}

impl Api {
    /// `base` is what all addresses of the API begin with, `https://console.neon.tech/api/v2`.
    pub fn new(http: Http, provider: &'static str, base: &str) -> Result<Self, Fault> {
        let base: Url = base.parse().map_err(|e| Fault::terminal(format!("'{base}' is no address: {e}")))?;
        if base.cannot_be_a_base() {
            return Err(Fault::terminal(format!("'{base}' is no address of an API")));
        }
        let builder = match &http {
            Http::Network(client) => client.clone(),
            Http::InProcess(_) => CLIENT.clone(),
        };
        Ok(Self { http, builder, provider, base, governed: None })
    }

    /// The same, asked only when the governor lets it be; `quota` says what a request of that method counts against.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>, quota: fn(&Method) -> Quota) -> Self {
        Self { governed: Some(Governed { governor, quota }), ..self }
    }

    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// A request of the address that these segments make below the base. A segment is one name, whatever is in it:
    /// a slash or a question mark in a name leads nowhere else.
    pub fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        // These would be dropped or climb: deleting `branches/` plus nothing must not become deleting `branches`.
        if let Some(segment) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            let cause = format!("'{segment}' cannot be part of an address of {}", self.provider);
            return Err(Fault::terminal(cause).from_provider(self.provider, None));
        }
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Ok(self.builder.request(method, url))
    }

    /// The answer to a request, whatever its status. A fault means that there was none, or that the request was not sent
    /// because it may not be yet.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let request = request.build().map_err(|e| {
            let cause = format!("a request to {} cannot be built: {}", self.provider, e.without_url());
            Fault::terminal(cause).from_provider(self.provider, None)
        })?;
        let Some(Governed { governor, quota }) = &self.governed else {
            return self.http.ask(self.provider, request).await;
        };
        let quota = quota(request.method());
        let pass = governor.admit(quota, governor::haste()).await?;
        let answer = self.http.ask(self.provider, request).await;
        governor.hear(quota, pass, heard(&answer)).await;
        answer
    }

    /// Reads an answer. The fault in one that cannot be read says where, not what: the body may hold a secret.
    pub async fn decode<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Fault> {
        let request_id = request_id(answer.headers()).map(str::to_owned);
        let body = answer.bytes().await.map_err(|e| no_answer(self.provider, &e))?;
        serde_json::from_slice(&body).map_err(|e| {
            let at = format!("line {}, column {}", e.line(), e.column());
            let fault = if e.classify() == Category::Eof {
                Fault::transient(format!("{} broke off an answer at {at}", self.provider))
            } else {
                Fault::terminal(format!(
                    "{} answered what its documentation does not say, at {at}",
                    self.provider
                ))
                .hint("Has the API changed, or does something else answer in its place?")
            };
            fault.from_provider(self.provider, request_id.as_deref())
        })
    }

    /// What a refusal means, and what it says of itself, if it does so in the API's way.
    pub async fn refusal<E: DeserializeOwned>(&self, answer: Response) -> (Fault, Option<E>) {
        let fault = refused(self.provider, &answer);
        let body = answer.bytes().await.unwrap_or_default();
        (fault, serde_json::from_slice(&body).ok())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Mutex;

    use fault::Kind;
    use governor::{Haste, Heard, Pass, Saying, at_leisure};
    use reqwest::Request;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::Answers;

    #[derive(Debug)]
    struct Echo;

    impl Answers for Echo {
        fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
            let said = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
            Box::pin(async move { http::Response::new(said).into() })
        }
    }

    #[derive(Debug, Deserialize)]
    struct Password {
        #[allow(dead_code)] // Only its type is of interest.
        length: u8,
    }

    fn api() -> Api {
        Api::new(Http::InProcess(Arc::new(Echo)), "lab", "https://api.example.com/v2/").expect("an address")
    }

    fn path(segments: &[&str]) -> String {
        let request = api().request(Method::GET, segments).expect("segments").build().expect("a request");
        request.url().to_string()
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        assert_eq!(path(&["a", "b:setIamPolicy"]), "https://api.example.com/v2/a/b:setIamPolicy");
        assert_eq!(path(&["a/../b", "c?d#e"]), "https://api.example.com/v2/a%2F..%2Fb/c%3Fd%23e");
        for climbing in ["", ".", ".."] {
            let refused = api().request(Method::DELETE, &["branches", climbing]).expect_err("no name");
            assert_eq!(refused.kind, Kind::Terminal);
        }
    }

    #[tokio::test]
    async fn an_answer_of_another_shape_is_told_without_its_words() {
        for (body, kind) in [(r#"{"length":"hunter2"}"#, Kind::Terminal), (r#"{"length":1"#, Kind::Transient)]
        {
            let request = api().request(Method::POST, &["x"]).expect("segments").body(body);
            let answer = api().send(request).await.expect("an answer");
            let fault = api().decode::<Password>(answer).await.expect_err("no number");
            assert_eq!(fault.kind, kind, "{fault:?}");
            assert_eq!(fault.provider.as_deref(), Some("lab"));
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_built_is_told_without_its_secret() {
        let request = api().request(Method::GET, &["x"]).expect("segments").bearer_auth("hunter2\n");
        let fault = api().send(request).await.expect_err("a line break in a header");
        assert_eq!(fault.kind, Kind::Terminal);
        assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    }

    const READS: Quota = Quota { provider: "lab", of: "reads", calls: 1, seconds: 60, burst: 1 };
    const CHANGES: Quota = Quota { of: "changes", ..READS };

    /// Lets through what is not at leisure, and remembers.
    #[derive(Debug, Default)]
    struct Porter(Mutex<Vec<String>>);

    impl Porter {
        fn note(&self, what: String) {
            self.0.lock().expect("no panic while it is held").push(what);
        }
    }

    impl Governor for Porter {
        fn admit(&self, quota: Quota, haste: Haste) -> Saying<'_, Result<Pass, Fault>> {
            self.note(format!("{haste:?}: {}", quota.of));
            Box::pin(async move {
                match haste {
                    Haste::Now => Ok(Pass { trial: quota == CHANGES }),
                    Haste::AtLeisure => Err(Fault::not_ready("later")),
                }
            })
        }

        fn hear(&self, quota: Quota, pass: Pass, heard: Heard) -> Saying<'_, ()> {
            self.note(format!("{heard:?}: {}, trial: {}", quota.of, pass.trial));
            Box::pin(async {})
        }
    }

    #[tokio::test]
    async fn the_governor_is_asked_before_a_request_and_told_what_came_of_it() {
        let porter = Arc::new(Porter::default());
        let api = api().governed(Arc::clone(&porter) as Arc<dyn Governor>, |method| {
            if *method == Method::GET { READS } else { CHANGES }
        });
        for method in [Method::GET, Method::DELETE] {
            api.send(api.request(method, &["x"]).expect("segments")).await.expect("an answer");
        }
        let later = at_leisure(api.send(api.request(Method::GET, &["x"]).expect("segments"))).await;
        assert_eq!(later.expect_err("not now").cause, "later");
        assert_eq!(
            *porter.0.lock().expect("no panic while it is held"),
            [
                "Now: reads",
                "Answered: reads, trial: false",
                "Now: changes",
                "Answered: changes, trial: true",
                "AtLeisure: reads",
            ]
        );
    }

    #[tokio::test]
    async fn what_came_of_a_call_is_recorded_and_of_one_that_was_not_made_nothing_is() {
        let api = api().governed(Arc::new(Porter::default()), |_| READS);
        let request = || api.request(Method::GET, &["x"]).expect("segments");
        telemetry::listen();
        api.send(request()).await.expect("an answer");
        at_leisure(api.send(request())).await.expect_err("not now");
        let heard = telemetry::heard();
        let [line] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!((&line["provider"], &line["outcome"]), (&json!("lab"), &json!("ok")));
        assert!(line["ProviderCall"].is_u64());
    }
}
