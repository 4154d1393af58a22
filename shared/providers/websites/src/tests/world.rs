//! The crate against the sandbox's service, in this process: what it holds afterwards.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_client::{Answers, Request};
use sandbox::clouds::{Clouds, Credentials, ServiceAccount, Settings, Thing};

use super::*;

/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

#[derive(Debug)]
struct Sky(Mutex<Clouds>);

impl Sky {
    fn new() -> Arc<Self> {
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let websites_token = "hunter2".to_owned();
        let credentials = Credentials { google, websites_token, ..Credentials::default() };
        Arc::new(Self(Mutex::new(Clouds::new(&Settings::default(), &credentials).expect("a key"))))
    }

    fn http(self: &Arc<Self>) -> Http {
        Http::InProcess(Arc::clone(self) as Arc<dyn Answers>)
    }

    /// All there is, as `website acme.collectverything.com`.
    fn things(&self) -> Vec<String> {
        let clouds = self.0.lock().expect("no panic while it is held");
        let told = |thing: Thing| format!("{} {}", thing.kind, thing.name);
        clouds.things(clock::now()).into_iter().map(told).collect()
    }
}

impl Answers for Sky {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.0.lock().expect("no panic while it is held").answer(clock::now(), &plain);
        Box::pin(async move { answer.into() })
    }
}

#[tokio::test]
async fn a_record_lives_and_goes() {
    let sky = Sky::new();
    let websites = Websites::new(sky.http(), URL, SecretString::from("hunter2")).expect("an address");
    let made = websites.create(&new()).await.expect("a record");
    assert_eq!(websites.find(OWNER).await.expect("an answer"), Some(made.clone()));
    assert_eq!(websites.create(&new()).await.expect_err("a duplicate").kind, Kind::Transient);
    let change = Change { tier: Some("business"), status: Some(Status::Deprovisioning), ..Change::default() };
    let changed = websites.change(made.id, &change).await.expect("an answer").expect("a record");
    assert_eq!((changed.tier.as_str(), changed.status), ("business", Status::Deprovisioning));
    let listed = websites.list(None).await.expect("a part").items;
    assert_eq!(listed, [changed]);
    assert_eq!(sky.things(), ["website acme.collectverything.com"]);
    for _ in 0..2 {
        websites.delete(made.id).await.expect("gone");
    }
    assert!(sky.things().is_empty());
    assert_eq!(websites.find(OWNER).await.expect("an answer"), None);
    assert_eq!(websites.change(made.id, &change).await.expect("an answer"), None);
}
