//! AWS Secrets Manager as the cluster's External Secrets reads it: the emulator's.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Request, header};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::clouds::RemoteSecrets;
use crate::proxy::{Body, full};

/// The emulator asks who calls, and takes everybody's word for it.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, \
                      SignedHeaders=host, Signature=sandbox";

/// The cluster reads at once, and a vault is far: what the cluster will ask for is fetched before.
#[derive(Debug)]
pub struct Vault {
    emulator: String,
    client: Client<HttpConnector, Body>,
    read: Mutex<BTreeMap<String, String>>,
}

impl Vault {
    /// The emulator's, by its base URL.
    pub fn new(emulator: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { emulator: emulator.to_owned(), client, read: Mutex::default() }
    }

    /// Fetches these secrets, as far as they are not there yet, and forgets all others. One that was read is not read again
    /// while it is asked for, as if it were refreshed once in a long time.
    pub async fn fetch(&self, names: &[String]) {
        let missing: Vec<&String> = {
            let mut read = self.read();
            read.retain(|name, _| names.contains(name));
            names.iter().filter(|name| !read.contains_key(*name)).collect()
        };
        for name in missing {
            if let Some(text) = self.ask(name).await {
                self.read().insert(name.clone(), text);
            }
        }
    }

    /// What cannot be read is not there, and is asked for again the next time.
    async fn ask(&self, name: &str) -> Option<String> {
        let body = Bytes::from(json!({ "SecretId": name }).to_string());
        let request = Request::post(format!("{}/", self.emulator))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header(header::AUTHORIZATION, SIGNED)
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(full(body))
            .ok()?;
        let answer = self.client.request(request).await.ok()?;
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        let told: Value = serde_json::from_slice(&body).ok()?;
        told["SecretString"].as_str().map(str::to_owned)
    }

    fn read(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RemoteSecrets for Vault {
    fn read(&self, name: &str) -> Option<String> {
        Vault::read(self).get(name).cloned()
    }
}
