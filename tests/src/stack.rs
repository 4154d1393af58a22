use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_lambda::primitives::Blob;
use jiff::{Timestamp, ToSpan};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Api;

/// A running local stack.
#[derive(Clone, Debug)]
pub struct Stack {
    pub api: Api,
    pub deployment: String,
    pub aws: aws_config::SdkConfig,
    outputs: HashMap<String, String>,
    sandbox: String,
    pub(crate) emulator: String,
}

/// A fault to be put between the functions and AWS. What is left out matches everything.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fault<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<&'a str>,
    pub acts: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<&'a str>,
    pub kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// What `infra/local/stack` writes down about a stack.
#[derive(Deserialize)]
struct Record {
    deployment: String,
    emulator_url: String,
    urls: Urls,
}

#[derive(Deserialize)]
struct Urls {
    front: String,
    control: String,
}

impl Stack {
    /// # Panics
    /// Outside of a local stack: run the tests with `make test`.
    #[allow(clippy::disallowed_methods)] // Configuration of the tests.
    pub async fn from_env() -> Self {
        let variable =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: use `make test`"));
        let outputs = std::fs::read(variable("TENANTRY_STACK_OUTPUTS")).expect("the stack's outputs");
        Self {
            api: Api {
                http: http_client::client(),
                url: variable("TENANTRY_API"),
                token: Some(variable("TENANTRY_TOKEN")),
            },
            deployment: variable("TENANTRY_DEPLOYMENT"),
            aws: aws::config().await,
            outputs: serde_json::from_slice(&outputs).expect("outputs by name"),
            sandbox: variable("TENANTRY_SANDBOX"),
            emulator: variable("TENANTRY_EMULATOR"),
        }
    }

    /// The stack of a directory, as `infra/local/stack --directory` keeps it.
    ///
    /// # Panics
    /// Where no stack is.
    pub async fn at(directory: &Path) -> Self {
        let read = |file: &str| std::fs::read(directory.join(file)).expect("a stack was started here");
        let record: Record = serde_json::from_slice(&read("record.json")).expect("a stack's record");
        // Built anew: what is said here counts for more than `AWS_ENDPOINT_URL`, what is said later does not.
        let http = aws::config().await.http_client().expect("it has a client");
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        let aws = loader.endpoint_url(&record.emulator_url).load().await;
        let mut stack = Self {
            api: Api { http: http_client::client(), url: record.urls.front, token: None },
            deployment: record.deployment,
            aws,
            outputs: serde_json::from_slice(&read("outputs.json")).expect("outputs by name"),
            sandbox: record.urls.control,
            emulator: record.emulator_url,
        };
        stack.api = stack.api.as_(stack.people().admin().await);
        stack
    }

    pub fn http(&self) -> &Client {
        &self.api.http
    }

    /// An output of the root stack.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the root stack has no output {name}"))
    }

    /// Puts a fault in force, and gives its id.
    pub async fn inject(&self, fault: &Fault<'_>) -> u64 {
        let answer = self.http().post(format!("{}/_faults", self.sandbox)).json(fault).send().await;
        let answer = answer.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        answer.json::<Value>().await.expect("JSON")["id"].as_u64().expect("an id")
    }

    /// How many calls a fault has hit.
    pub async fn hits(&self, fault: u64) -> u64 {
        let answer =
            self.http().get(format!("{}/_faults", self.sandbox)).send().await.expect("the sandbox answers");
        let faults: Value = answer.json().await.expect("JSON");
        let faults = faults.as_array().or_else(|| faults["faults"].as_array()).expect("a list");
        faults.iter().find(|f| f["id"] == fault).map_or(0, |f| f["hits"].as_u64().unwrap_or(0))
    }

    /// What the sandbox's clouds hold of a tenant, with all that is said of it.
    pub async fn things(&self, tenant: &str) -> Vec<Value> {
        let request = self.http().get(format!("{}/_inventory", self.sandbox)).query(&[("tenant", tenant)]);
        request.send().await.expect("the sandbox answers").json().await.expect("JSON")
    }

    /// The same, by kind and name.
    pub async fn in_the_clouds(&self, tenant: &str) -> Vec<String> {
        let things = self.things(tenant).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut things: Vec<_> =
            things.iter().map(|it| format!("{} {}", text(&it["kind"]), text(&it["name"]))).collect();
        things.sort();
        things
    }

    /// How fast the clouds are: 1 is as slow as the real ones.
    pub async fn pace(&self, pace: f64) {
        let request = self.http().put(format!("{}/_pace", self.sandbox));
        let answer = request.json(&json!({ "pace": pace })).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success());
    }

    /// Publishes an alias in a customer's own DNS.
    pub async fn point(&self, name: &str, target: &str) {
        let request = self.http().put(format!("{}/_dns/{name}", self.sandbox));
        let answer = request.json(&json!({ "cname": target })).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success());
    }

    /// Waits until a fault has hit.
    #[allow(clippy::disallowed_methods)] // A test waits for the world.
    pub async fn hit(&self, fault: u64) {
        while self.hits(fault).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn lift(&self, fault: u64) {
        let answer = self.http().delete(format!("{}/_faults/{fault}", self.sandbox)).send().await;
        assert!(answer.expect("the sandbox answers").status().is_success());
    }

    /// Has the janitor look at one tenant as it will in so many minutes.
    pub async fn janitor(&self, tenant: &str, minutes: i64) {
        let as_of = Timestamp::now() + minutes.minutes();
        let request = aws_sdk_lambda::Client::new(&self.aws).invoke();
        let request = request.function_name(format!("{}-saga-janitor", self.deployment));
        let payload = json!({ "tenant": tenant, "as_of": as_of.to_string() });
        let answer = request.payload(Blob::new(payload.to_string())).send().await.expect("it answers");
        assert_eq!(answer.function_error(), None, "{:?}", answer.payload());
    }

    /// Every mail that was sent to an address, as JSON text.
    pub async fn mails_to(&self, address: &str) -> Vec<String> {
        let answer = self.http().get(format!("{}/_ministack/ses/messages", self.emulator)).send().await;
        let mails: Value = answer.expect("the inbox answers").json().await.expect("JSON");
        let mut found = Vec::new();
        leaves(&mails["messages"], &mut |mail| {
            let mail = mail.to_string();
            if mail.contains(address) {
                found.push(mail);
            }
        });
        found
    }
}

/// The inbox keeps mails by account and region: whatever the nesting, a mail is an object with a body.
fn leaves(value: &Value, found: &mut impl FnMut(&Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leaves(value, found)),
        Value::Object(fields) if fields.keys().any(|key| key.eq_ignore_ascii_case("subject")) => found(value),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, found)),
        _ => {}
    }
}
