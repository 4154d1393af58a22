//! A world of clouds with a clock, and the calls tests make there.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings};
use sandbox::contract::{Contract, Violation};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "provisioner@acme.iam.gserviceaccount.com";
pub(crate) const RUNNER: &str = "tenant-7f3a@acme.iam.gserviceaccount.com";
pub(crate) const NEON: &str = "https://console.neon.tech/api/v2/projects/tenants";
pub(crate) const SECRETS: &str = "https://secretmanager.googleapis.com/v1/projects/acme/secrets";
pub(crate) const SERVICES: &str =
    "https://run.googleapis.com/v2/projects/acme/locations/southamerica-east1/services";
pub(crate) const IMAGE: &str = "southamerica-east1-docker.pkg.dev/acme/containers/tenant-instance:2.21";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

pub(crate) fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/contract/specs");
        Contract::load(&folder).unwrap()
    })
}

/// The test's own key pair, made for nothing else.
pub(crate) fn credentials() -> Credentials {
    let public_key_pem = include_str!("keys/public.pem").to_owned();
    Credentials {
        neon_key: "napi_test".to_owned(),
        cloudflare_token: "cf_test".to_owned(),
        google: ServiceAccount { client_email: ACCOUNT.to_owned(), public_key_pem },
        minio: Account { user: "minioadmin".to_owned(), password: "minioadmin-secret".to_owned() },
        grafana: Account { user: "admin".to_owned(), password: "grafana-secret".to_owned() },
        // As the recording has it.
        rabbitmq: Account { user: "guest".to_owned(), password: "op:erator".to_owned() },
        websites_token: "websites_test".to_owned(),
        kubernetes_token: "k8s_test".to_owned(),
    }
}

/// An assertion of the account, with some claims replaced.
pub(crate) fn assertion(now: Timestamp, other: &Value) -> String {
    let iat = now.as_second();
    let mut claims = json!({
        "iss": ACCOUNT, "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token", "iat": iat, "exp": iat + 3600,
    });
    for (name, value) in other.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_rsa_pem(include_bytes!("keys/private.pem")).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) clouds: Clouds,
    pub(crate) now: Timestamp,
    token: String,
}

/// An answer with its body, if that is JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) response: Response<Bytes>,
    /// The request's fault; an answer's would have failed the test.
    pub(crate) violations: Vec<Violation>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&Settings::default())
    }

    pub(crate) fn with(settings: &Settings) -> Self {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let clouds = Clouds::new(settings, &credentials()).unwrap();
        let mut world = Self { clouds, now, token: String::new() };
        world.sign_in();
        world
    }

    /// A new access token of Google's.
    pub(crate) fn sign_in(&mut self) {
        let answer = self.ask_for_token(&assertion(self.now, &json!({})));
        answer.body["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    pub(crate) fn ask_for_token(&mut self, assertion: &str) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        form.append_pair("assertion", assertion);
        let request = Request::post("https://oauth2.googleapis.com/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form.finish()))
            .unwrap();
        self.send(&request)
    }

    pub(crate) fn later(&mut self, ms: u64) {
        self.now = self.now.checked_add(Duration::from_millis(ms)).unwrap();
    }

    /// Sends as it is. What the answer does against the document fails the test; so does a request that goes
    /// against it and is taken all the same.
    pub(crate) fn send(&mut self, request: &Request<Bytes>) -> Answer {
        let response = self.clouds.answer(self.now, request);
        let violations = contract().check(request, &response);
        let told = format!("{} {}: {violations:#?} {response:?}", request.method(), request.uri());
        let only_ours = violations.iter().all(|it| it.part == sandbox::contract::Part::Request);
        assert!(only_ours, "{told}");
        assert!(violations.is_empty() || response.status().is_client_error(), "{told}");
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        Answer { status: response.status(), body, response, violations }
    }

    /// With the credentials that belong to the host.
    pub(crate) fn call(&mut self, method: Method, url: &str, body: &Value) -> Answer {
        let bearer = match url.split('/').nth(2).unwrap() {
            "console.neon.tech" => "napi_test",
            "api.cloudflare.com" => "cf_test",
            "websites-service.e-commerce-shared.svc.cluster.local:8080" => "websites_test",
            "kubernetes.example" => "k8s_test",
            _ => &self.token,
        };
        self.send(&request(method, url, Some(bearer), body))
    }

    pub(crate) fn get(&mut self, url: &str) -> Answer {
        self.call(Method::GET, url, &Value::Null)
    }

    pub(crate) fn post(&mut self, url: &str, body: &Value) -> Answer {
        self.call(Method::POST, url, body)
    }

    pub(crate) fn delete(&mut self, url: &str) -> Answer {
        self.call(Method::DELETE, url, &Value::Null)
    }

    /// A branch with a compute and all its operations done; its id.
    pub(crate) fn branch(&mut self, name: &str) -> String {
        let order = json!({"branch": {"name": name}, "endpoints": [{"type": "read_write"}]});
        let made = self.post(&format!("{NEON}/branches"), &order);
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        self.later(3000);
        made.body["branch"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn connection_uri(&mut self, branch: &str) -> String {
        let uri = self.get(&format!(
            "{NEON}/connection_uri?branch_id={branch}&database_name=neondb&role_name=neondb_owner"
        ));
        uri.body["uri"].as_str().unwrap().to_owned()
    }

    /// A secret that the runner may read, once the grant is in effect.
    pub(crate) fn secret(&mut self, id: &str, value: &str) {
        use base64::Engine as _;
        self.post(&format!("{SECRETS}?secretId={id}"), &json!({"replication": {"automatic": {}}}));
        let data = base64::engine::general_purpose::STANDARD.encode(value);
        self.post(&format!("{SECRETS}/{id}:addVersion"), &json!({"payload": {"data": data}}));
        let member = format!("serviceAccount:{RUNNER}");
        let binding = json!({"role": "roles/secretmanager.secretAccessor", "members": [member]});
        let granted =
            self.post(&format!("{SECRETS}/{id}:setIamPolicy"), &json!({"policy": {"bindings": [binding]}}));
        assert_eq!(granted.status, StatusCode::OK, "{granted:?}");
        self.later(2000);
    }

    /// A store that is live and public, with a branch of its own; its URL.
    pub(crate) fn store(&mut self, name: &str) -> String {
        let branch = self.branch(name);
        let uri = self.connection_uri(&branch);
        self.secret(&format!("{name}-db"), &uri);
        let created = self.post(&format!("{SERVICES}?serviceId={name}"), &service(name));
        assert_eq!(created.status, StatusCode::OK, "{created:?}");
        self.later(15_000);
        let service = self.get(&format!("{SERVICES}/{name}"));
        service.body["uri"].as_str().unwrap().to_owned()
    }
}

/// A store as our blueprint orders it: public, its database in a secret.
pub(crate) fn service(name: &str) -> Value {
    let secret = json!({"secretKeyRef": {"secret": format!("{name}-db"), "version": "latest"}});
    let env = json!([
        {"name": "DATABASE_URL", "valueSource": secret}, {"name": "JWT_SECRET", "value": "not so secret"},
    ]);
    json!({
        "labels": {"tenant": name}, "invokerIamDisabled": true,
        "template": {
            "serviceAccount": RUNNER, "scaling": {"maxInstanceCount": 10}, "timeout": "300s",
            "containers": [{"image": IMAGE, "ports": [{"containerPort": 9000}], "env": env}],
        },
    })
}

/// JSON in the body, unless it is null.
pub(crate) fn request(method: Method, url: &str, bearer: Option<&str>, body: &Value) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(url);
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    if body.is_null() {
        return request.body(Bytes::new()).unwrap();
    }
    request.header("content-type", "application/json").body(Bytes::from(body.to_string())).unwrap()
}
