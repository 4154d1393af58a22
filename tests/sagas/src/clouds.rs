//! The clouds of the provider sandbox, on the clock of a simulation: the same state machine that answers on the local
//! stack.

use std::sync::Mutex;

use bytes::Bytes;
use sandbox::clouds::{self, Credentials, Pace, ServiceAccount, Settings};
use serde_json::json;

use crate::chaos::Act;
use crate::service::{Memory, Reply, Request, Service, Takes, Thing, View, at, now};

/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../infra/local/sandbox/tests/clouds/keys/public.pem");
const PRIVATE_KEY: &str = include_str!("../../../infra/local/sandbox/tests/clouds/keys/private.pem");
const ACCOUNT: &str = "provisioner@acme.iam.gserviceaccount.com";

pub const CLOUDFLARE_TOKEN: &str = "cf_simulation";
/// The zone that the sandbox has from the start.
pub const ZONE: &str = "0123456789abcdef0123456789abcdef";
pub const ZONE_NAME: &str = "vendin.example";
/// What customers point their domains to.
pub const TARGET: &str = "customers.vendin.example";
pub const NEON_KEY: &str = "napi_simulation";
pub const KUBERNETES_TOKEN: &str = "k8s_simulation";
pub const PROJECT: &str = "acme";
pub const REGION: &str = "southamerica-east1";
/// The Neon project whose branches tenants get.
pub const BRANCHES: &str = "tenants";

/// A record in a customer's own DNS: a name, and for its owner what it leads to.
pub const ALIAS: &str = "alias";

/// Everything takes its time, and little enough of it that a step asks only a few times.
const PACE: Pace = Pace(0.25);

/// Neon, Google, and the stores that Cloud Run starts.
#[derive(Debug)]
pub struct Clouds(Mutex<Memory<clouds::Clouds>>);

impl Default for Clouds {
    fn default() -> Self {
        let settings =
            Settings { pace: PACE, neon_projects: vec![BRANCHES.to_owned()], ..Settings::default() };
        let credentials = Credentials {
            neon_key: NEON_KEY.to_owned(),
            cloudflare_token: CLOUDFLARE_TOKEN.to_owned(),
            google: ServiceAccount {
                client_email: ACCOUNT.to_owned(),
                public_key_pem: PUBLIC_KEY.to_owned(),
            },
            kubernetes_token: KUBERNETES_TOKEN.to_owned(),
            ..Credentials::default()
        };
        let mut clouds = clouds::Clouds::new(&settings, &credentials).expect("a key pair");
        // Whoever sets up a zone says where it leads to.
        let url =
            format!("https://api.cloudflare.com/client/v4/zones/{ZONE}/custom_hostnames/fallback_origin");
        let request = http::Request::put(url).header("authorization", format!("Bearer {CLOUDFLARE_TOKEN}"));
        let request =
            request.body(Bytes::from(json!({ "origin": format!("origin.{ZONE_NAME}") }).to_string()));
        let set = clouds.answer(clock::now(), &request.expect("a request"));
        assert!(set.status().is_success(), "{set:?}");
        Self(Mutex::new(Memory::new(clouds)))
    }
}

/// The file that Google gives an account's key out in.
pub fn key_file() -> String {
    json!({
        "type": "service_account", "project_id": PROJECT, "private_key_id": "1", "private_key": PRIVATE_KEY,
        "client_email": ACCOUNT, "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
}

impl Service for Clouds {
    fn asked(&self, request: &Request) -> (String, Act) {
        let call = clouds::Clouds::call(&with_bytes(request)).expect("an address of a cloud");
        let operation = call.operation.as_str();
        let act = if operation.starts_with("Get") || operation.starts_with("List") {
            Act::Read
        } else if operation.starts_with("Delete") {
            Act::Delete
        } else {
            Act::Write
        };
        (format!("{}:{operation}", call.service), act)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let act = self.asked(request).1;
        let mut reply =
            at(&self.0, view, act, |clouds| clouds.answer(clock::now(), &with_bytes(request))).map(Vec::from);
        if let Some(clouds::Takes(longer)) = reply.extensions().get().copied() {
            reply.extensions_mut().insert(Takes(longer));
        }
        reply
    }

    fn things(&self) -> Vec<Thing> {
        now(&self.0).now.things(clock::now()).into_iter().filter_map(thing).collect()
    }

    fn served(&self) -> Vec<String> {
        let things = now(&self.0).now.things(clock::now()).into_iter();
        things.filter(|thing| thing.kind == "custom-hostname").map(|thing| thing.name).collect()
    }

    fn plant(&self, thing: &Thing) {
        // A customer points a name of theirs to somewhere.
        if thing.field == ALIAS {
            return now(&self.0).now.point(clock::now(), &thing.name, Some(&thing.owner));
        }
        let (provider, place, mark) = match thing.field {
            "name" => ("neon", format!("projects/{BRANCHES}"), "tenantry_owner"),
            "secret" => ("secret-manager", format!("projects/{PROJECT}"), google::OWNER),
            "service" => ("cloud-run", format!("projects/{PROJECT}/locations/{REGION}"), google::OWNER),
            _ => return,
        };
        // A secret with a path is kept elsewhere.
        if !thing.name.contains('/') {
            let deployment = thing.owner.split('/').next().unwrap_or_default();
            let owner = match provider {
                "neon" => format!("{mark}={}", thing.owner),
                _ => format!("{mark}={},{}={deployment}", thing.owner, google::DEPLOYMENT),
            };
            let kind = if provider == "neon" { "branch" } else { thing.field };
            let planted =
                clouds::Thing { provider, kind, name: thing.name.clone(), owner: Some(owner), awake: None };
            now(&self.0).now.plant(clock::now(), &place, &planted);
        }
    }

    fn remove(&self, thing: &Thing) {
        let (provider, kind) = match thing.field {
            "name" => ("neon", "branch"),
            "secret" => ("secret-manager", "secret"),
            "service" => ("cloud-run", "service"),
            _ => return,
        };
        now(&self.0).now.remove(provider, kind, &thing.name);
    }

    fn says(&self, text: &str) -> bool {
        now(&self.0).now.says(text)
    }
}

/// A thing of a cloud, named as the handles of our steps name it.
fn thing(there: clouds::Thing) -> Option<Thing> {
    let field = match there.kind {
        "branch" => "name",
        "secret" => "secret",
        "service" => "service",
        // The record of a tenant's domain is found by its mark alone.
        "dns-record" => {
            let owner = there.owner.unwrap_or_default();
            return Some(Thing { field: "owner", name: owner.clone(), owner });
        }
        _ => return None,
    };
    let marks = there.owner.unwrap_or_default();
    let mark = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        matches!(key, "tenantry_owner" | "tenantry-owner").then(|| value.to_owned())
    };
    Some(Thing { field, name: there.name, owner: marks.split(',').find_map(mark).unwrap_or_default() })
}

fn with_bytes(request: &Request) -> http::Request<Bytes> {
    request.clone().map(Bytes::from)
}
