//! The clouds of the provider sandbox, on the clock of a simulation: the same state machine that answers on the local
//! stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sandbox::clouds::{
    self, Account, Bench, Cluster, Credentials, Pace, Resolved, Right, ServiceAccount, Settings,
};
use serde_json::{Value, json};

use crate::chaos::Act;
use crate::service::{Memory, Reply, Request, Service, Takes, Thing, View, at, now};
use crate::world::DEPLOYMENT;

/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../infra/local/sandbox/tests/clouds/keys/public.pem");
const PRIVATE_KEY: &str = include_str!("../../../infra/local/sandbox/tests/clouds/keys/private.pem");
const ACCOUNT: &str = "provisioner@acme.iam.gserviceaccount.com";

pub const CLOUDFLARE_TOKEN: &str = "cf_simulation";
/// The zone that the sandbox has from the start.
pub const ZONE: &str = "0123456789abcdef0123456789abcdef";
pub const ZONE_NAME: &str = "vendin.example";
/// The one whose names lead to the bench's host, and where that is.
pub const BENCH_ZONE: &str = "fedcba9876543210fedcba9876543210";
pub const BENCH_ZONE_NAME: &str = "frappe.example";
pub const BENCH_ADDRESS: &str = "203.0.113.7";
/// What customers point their domains to.
pub const TARGET: &str = "customers.vendin.example";
pub const NEON_KEY: &str = "napi_simulation";
/// Of whoever may do all in the cluster, and of the account that steps are.
pub const KUBERNETES_TOKEN: &str = "k8s_simulation";
pub const ACCOUNT_TOKEN: &str = "k8s_account";
pub const KUBERNETES_URL: &str = "https://kubernetes.example";
pub const MINIO_URL: &str = "http://minio.e-commerce-shared.svc.cluster.local:9000";
pub const GRAFANA_URL: &str = "http://grafana.e-commerce-monitoring.svc.cluster.local:3000/api";
pub const WEBSITES_URL: &str = "http://websites-service.e-commerce-shared.svc.cluster.local:8111/api/v1";
pub const WEBSITES_TOKEN: &str = "websites_simulation";
pub const RABBITMQ_URL: &str = "http://rabbitmq.e-commerce-shared.svc.cluster.local:15672/api";
/// Who may do all, at each of those that know people; and what each signs in with.
pub const ADMINISTRATOR: &str = "administrator";
pub const PASSWORD: &str = "administrator-secret";
/// What is sealed for MinIO is sealed through so many KiB: as many as it takes outside would be most of a run.
pub const SEALING: u32 = 64;
/// Where Argo CD is.
pub const ARGOCD: &str = "argocd";
pub const PROJECT: &str = "acme";
pub const REGION: &str = "southamerica-east1";
/// The Neon project whose branches tenants get.
pub const BRANCHES: &str = "tenants";

/// A record in a customer's own DNS: a name, and for its owner what it leads to.
pub const ALIAS: &str = "alias";

/// The domain of the shop of whoever signs up here.
pub const SHOP: &str = "acme.collectverything.example";

/// The bucket of all backups.
const BACKUPS: &str = "mechanicbuddy-backups";

/// How a tenant's user is called at the object store and the broker, behind the tenant's id; and its buckets.
const USER: &str = "-app-user";
const BUCKETS: [&str; 3] = ["-products", "-sav", "-newsletters"];

/// Everything takes its time, and little enough of it that a step asks only a few times.
pub const PACE: Pace = Pace(0.25);

/// Neon, Google, and the stores that Cloud Run starts; a cluster, and what runs beside its tenants.
#[derive(Debug)]
pub struct Clouds {
    memory: Mutex<Memory<clouds::Clouds>>,
    /// What the websites and records that somebody else has planted are called, by their domains.
    planted: Mutex<BTreeMap<String, String>>,
    /// What was applied to the cluster last, by its path.
    applied: Mutex<BTreeMap<String, Value>>,
    /// What calls on the cluster took a right to.
    rights: Mutex<BTreeSet<Right>>,
}

impl Clouds {
    /// With this cluster among them.
    pub fn new(pace: Pace, cluster: Cluster) -> Self {
        let settings = Settings {
            pace,
            neon_projects: vec![BRANCHES.to_owned()],
            cluster,
            minio_memory: SEALING,
            backups: Some(BACKUPS.to_owned()),
            bench: Bench { deployment: DEPLOYMENT.to_owned(), ..Bench::default() },
            ..Settings::default()
        };
        let account = || Account { user: ADMINISTRATOR.to_owned(), password: PASSWORD.to_owned() };
        let credentials = Credentials {
            neon_key: NEON_KEY.to_owned(),
            cloudflare_token: CLOUDFLARE_TOKEN.to_owned(),
            google: ServiceAccount {
                client_email: ACCOUNT.to_owned(),
                public_key_pem: PUBLIC_KEY.to_owned(),
            },
            kubernetes_token: KUBERNETES_TOKEN.to_owned(),
            minio: account(),
            grafana: account(),
            rabbitmq: account(),
            websites_token: WEBSITES_TOKEN.to_owned(),
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
        Self {
            memory: Mutex::new(Memory::new(clouds)),
            planted: Mutex::default(),
            applied: Mutex::default(),
            rights: Mutex::default(),
        }
    }

    /// Somebody else makes a thing, which the clouds have under this name and in this place.
    fn put(&self, provider: &'static str, kind: &'static str, place: &str, name: &str, owner: String) {
        let name = name.to_owned();
        let planted = clouds::Thing { provider, kind, name, owner: Some(owner), awake: None };
        now(&self.memory).now.plant(clock::now(), place, &planted);
    }

    /// The same of what is none without a specification.
    fn post(
        &self,
        (version, kind, plural): (&str, &str, &str),
        (place, name): (&str, &str),
        owner: &str,
        spec: &Value,
    ) {
        let deployment = owner.split('/').next().unwrap_or_default();
        let object = json!({
            "apiVersion": version, "kind": kind,
            "metadata": {
                "name": name, "namespace": place,
                "annotations": { kubernetes::OWNER: owner }, "labels": { kubernetes::DEPLOYMENT: deployment },
            },
            "spec": spec,
        });
        let request =
            http::Request::post(format!("{KUBERNETES_URL}/apis/{version}/namespaces/{place}/{plural}"))
                .header("authorization", format!("Bearer {KUBERNETES_TOKEN}"))
                .header("content-type", "application/json");
        let request = request.body(Bytes::from(object.to_string())).expect("a request");
        now(&self.memory).now.answer(clock::now(), &request);
    }

    fn post_application(&self, name: &str, owner: &str) {
        let spec = json!({
            "project": "default",
            "source": { "repoURL": "https://github.com/elsewhere/manifests", "path": ".", "targetRevision": "HEAD" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "elsewhere" },
        });
        self.post(("argoproj.io/v1alpha1", "Application", "applications"), (ARGOCD, name), owner, &spec);
    }

    /// It is called as its owner is. One that is in the way has the name that a tenant wants.
    fn post_record(&self, name: &str, owner: &str) {
        let label = if owner == "somebody/else" { "acme" } else { name };
        let domain = format!("{label}.{BENCH_ZONE_NAME}");
        let record =
            json!({ "type": "A", "name": domain, "content": "192.0.2.9", "ttl": 1, "comment": owner });
        let url = format!("https://api.cloudflare.com/client/v4/zones/{BENCH_ZONE}/dns_records");
        let request = http::Request::post(url).header("authorization", format!("Bearer {CLOUDFLARE_TOKEN}"));
        let request = request.body(Bytes::from(record.to_string())).expect("a request");
        self.planted.lock().expect("no panic while it is held").insert(domain, name.to_owned());
        now(&self.memory).now.answer(clock::now(), &request);
    }

    /// What it is in is somebody's own.
    fn post_release(&self, name: &str, owner: &str) {
        let (namespace, name) = name.split_once('/').unwrap_or_default();
        let theirs = format!("{}=somebody/else", kubernetes::OWNER);
        self.put("kubernetes", "Namespace", "cluster", namespace, theirs);
        let source = json!({ "kind": "HelmRepository", "name": "elsewhere", "namespace": "flux-system" });
        let chart = json!({ "chart": "elsewhere", "version": "1.0.0", "sourceRef": source });
        let spec = json!({ "interval": "10m", "chart": { "spec": chart } });
        let kind = ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "helmreleases");
        self.post(kind, (namespace, name), owner, &spec);
    }

    /// What each name server says of a name.
    pub(crate) fn addresses(&self, name: &str, view: View) -> Vec<(&'static str, Resolved)> {
        at(&self.memory, view, Act::Read, |clouds| clouds.addresses(clock::now(), name))
    }

    /// All there is, as the clouds call it.
    fn all(&self) -> Vec<clouds::Thing> {
        now(&self.memory).now.things(clock::now())
    }

    /// What the cluster says of something.
    fn look(&self, path: &str) -> Value {
        self.ask(&format!("{KUBERNETES_URL}/{path}"), KUBERNETES_TOKEN)
    }

    /// What is answered to whoever has a token, without a moment of its own.
    fn ask(&self, url: &str, token: &str) -> Value {
        let request = http::Request::get(url).header("authorization", format!("Bearer {token}"));
        let request = request.body(Bytes::new()).expect("a request");
        let answer = now(&self.memory).now.answer(clock::now(), &request);
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }
}

/// The same, to whoever speaks S3: it is refused in XML.
#[derive(Debug)]
pub struct ObjectStore(pub Arc<Clouds>);

impl Service for ObjectStore {
    fn asked(&self, request: &Request) -> (String, Act) {
        self.0.asked(request)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        self.0.answer(request, view)
    }

    fn refusal(&self, status: u16, code: &str) -> Reply {
        let body =
            format!("<Error><Code>{code}</Code><Message>{code}, says the simulation</Message></Error>");
        http::Response::builder().status(status).body(body.into_bytes()).expect("a status and a body")
    }

    fn things(&self) -> Vec<Thing> {
        self.0.things()
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
        let is = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
        let act = if is(&["Get", "List", "Watch", "Head", "list", "look", "read"]) {
            Act::Read
        } else if is(&["Delete", "delete-", "drop-", "withdraw"]) {
            Act::Delete
        } else {
            Act::Write
        };
        (format!("{}:{operation}", call.service), act)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let act = self.asked(request).1;
        if request.headers().get("content-type").is_some_and(|it| it == "application/apply-patch+yaml") {
            let manifest = serde_json::from_slice(request.body()).expect("JSON");
            let mut applied = self.applied.lock().expect("no panic while it is held");
            applied.insert(request.uri().path().to_owned(), manifest);
        }
        let request = with_bytes(request);
        let mut reply =
            at(&self.memory, view, act, |clouds| clouds.answer(clock::now(), &request)).map(Vec::from);
        if let Some(right) = clouds::Clouds::right(&request) {
            let mut rights = self.rights.lock().expect("no panic while it is held");
            if reply.status() == http::StatusCode::CREATED {
                rights.insert(right.clone().to_create());
            }
            rights.insert(right);
        }
        if let Some(clouds::Takes(longer)) = reply.extensions().get().copied() {
            reply.extensions_mut().insert(Takes(longer));
        }
        reply
    }

    fn things(&self) -> Vec<Thing> {
        let there = self.all();
        let planted = self.planted.lock().expect("no panic while it is held");
        let mut things: Vec<Thing> =
            there.iter().filter_map(|thing| self::thing(thing, &there, &planted)).collect();
        // Some of what a step makes are several, and the step's one.
        things.sort();
        things.dedup();
        things
    }

    fn manifests(&self) -> Vec<Value> {
        self.applied.lock().expect("no panic while it is held").values().cloned().collect()
    }

    fn rights(&self) -> BTreeSet<Right> {
        self.rights.lock().expect("no panic while it is held").clone()
    }

    fn served(&self) -> Vec<String> {
        let things = now(&self.memory).now.things(clock::now()).into_iter();
        let hostname = |thing: clouds::Thing| match thing.kind {
            "custom-hostname" => Some(thing.name),
            "Ingress" => own_domain(&thing.name).map(|(_, hostname)| hostname.to_owned()),
            _ => None,
        };
        things.filter_map(hostname).collect()
    }

    fn plant(&self, thing: &Thing) {
        // A customer points a name of theirs to somewhere.
        if thing.field == ALIAS {
            return now(&self.memory).now.point(clock::now(), &thing.name, Some(&thing.owner));
        }
        let Thing { field, name, owner } = thing;
        let deployment = owner.split('/').next().unwrap_or_default();
        let google = || format!("{}={owner},{}={deployment}", google::OWNER, google::DEPLOYMENT);
        let cluster = || format!("{}={owner},{}={deployment}", kubernetes::OWNER, kubernetes::DEPLOYMENT);
        let named = format!("{name} [{owner}]");
        match *field {
            "name" => {
                let place = format!("projects/{BRANCHES}");
                self.put("neon", "branch", &place, name, format!("tenantry_owner={owner}"));
            }
            // A secret with a path is kept elsewhere.
            "secret" if !name.contains('/') => {
                self.put("secret-manager", "secret", &format!("projects/{PROJECT}"), name, google());
            }
            "service" => {
                let place = format!("projects/{PROJECT}/locations/{REGION}");
                self.put("cloud-run", "service", &place, name, google());
            }
            "namespace" => self.put("kubernetes", "Namespace", "cluster", name, cluster()),
            "application" => self.post_application(name, owner),
            "release" => self.post_release(name, owner),
            "store_user" => {
                self.put("minio", "policy", "", name, owner.clone());
                self.put("minio", "user", "", name, owner.clone());
            }
            "backup_user" => {
                let note = format!("bucket={BACKUPS} days=14");
                self.put("minio", "policy", &note, name, owner.clone());
                self.put("minio", "user", "", name, owner.clone());
            }
            "organisation" => {
                self.put("grafana", "org", "", &named, owner.clone());
                self.put("grafana", "user", "", name, named);
            }
            "vhost" => {
                self.put("rabbitmq", "vhost", "", name, owner.clone());
                self.put("rabbitmq", "user", "", &format!("{name}{USER}"), owner.clone());
            }
            // It is called as its owner is. One that is in the way has the domain that a tenant wants.
            "website" => {
                let domain = if owner == "somebody/else" { SHOP.to_owned() } else { name.replace('/', ".") };
                self.planted.lock().expect("no panic while it is held").insert(domain.clone(), name.clone());
                self.put("websites", "website", "", &domain, owner.clone());
            }
            "site" | "certificate" => self.put("bench-host", field, "", name, owner.clone()),
            // One that is in the way has a name that a tenant wants.
            "served" => {
                let hosts =
                    if owner == "somebody/else" { format!("acme.{BENCH_ZONE_NAME}") } else { String::new() };
                self.put("bench-host", "nginx-file", &hosts, name, owner.clone());
            }
            "records_of" => self.post_record(name, owner),
            _ => {}
        }
    }

    fn edit(&self, _: &str, that: &str) {
        now(&self.memory).now.write(that);
    }

    fn remove(&self, thing: &Thing) {
        let there = self.all();
        let planted = self.planted.lock().expect("no panic while it is held").clone();
        for gone in there.iter().filter(|it| self::thing(it, &there, &planted).as_ref() == Some(thing)) {
            now(&self.memory).now.remove(gone.provider, gone.kind, &gone.name);
        }
    }

    fn says(&self, text: &str) -> bool {
        // What a job was told is done with.
        let kinds = [
            "api/v1/namespaces",
            "api/v1/configmaps",
            "apis/networking.k8s.io/v1/ingresses",
            "apis/argoproj.io/v1alpha1/applications",
        ];
        let told = |kind: &&str| self.look(kind)["items"].to_string().contains(text);
        let listed = || self.ask(&format!("{WEBSITES_URL}/websites"), WEBSITES_TOKEN)["data"].to_string();
        now(&self.memory).now.says(text) || kinds.iter().any(told) || listed().contains(text)
    }
}

/// A thing of a cloud, named as the handles of our steps name it.
fn thing(there: &clouds::Thing, all: &[clouds::Thing], planted: &BTreeMap<String, String>) -> Option<Thing> {
    let clouds::Thing { provider, kind, name, .. } = there;
    let (name, marks) = (name.clone(), there.owner.clone().unwrap_or_default());
    let mark = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        // A label has a form of the mark that fits, and an annotation the mark.
        let is_mark = matches!(key, "tenantry_owner" | "tenantry-owner")
            || key == kubernetes::OWNER && value.contains('/');
        is_mark.then(|| value.to_owned())
    };
    let mark = || marks.split(',').find_map(mark).unwrap_or_default();
    let (field, name, owner) = match (*provider, *kind) {
        (_, "branch") => ("name", name, mark()),
        (_, "secret") => ("secret", name, mark()),
        (_, "service") => ("service", name, mark()),
        // The host's database goes with its site.
        ("bench-host", "database") => ("site", name.trim_start_matches('_').replace('_', "-"), marks),
        ("bench-host", "site") => ("site", name, marks),
        ("bench-host", "nginx-file") => ("served", name, marks),
        ("bench-host", _) => ("certificate", name, marks),
        // What makes a tenant's names lead to the bench is called by whose it is.
        (_, "dns-record") if name.ends_with(BENCH_ZONE_NAME) => {
            let tenant = marks.split_once('/')?.1.to_owned();
            ("records_of", planted.get(&name).cloned().unwrap_or(tenant), marks)
        }
        // The record of a tenant's domain is found by its mark alone.
        (_, "dns-record") => ("owner", marks.clone(), marks),
        ("kubernetes", "Ingress") => ("served_in", own_domain(&name)?.0.to_owned(), mark()),
        // What is in a namespace goes with it.
        ("kubernetes", "Namespace") => ("namespace", name, mark()),
        ("kubernetes", "Application") => {
            ("application", name.strip_prefix(&format!("{ARGOCD}/"))?.to_owned(), mark())
        }
        ("minio", "bucket") => {
            let tenant = BUCKETS.iter().find_map(|purpose| name.strip_suffix(purpose))?;
            let is_its = |it: &&clouds::Thing| {
                it.kind == "policy" && it.name.strip_prefix(tenant).is_some_and(|rest| rest.starts_with(USER))
            };
            // Made a moment ago it has no mark yet. Its policy has one since before.
            let policy = all.iter().find(is_its);
            let owner = Some(mark()).filter(|owner| !owner.is_empty());
            let owner = owner.or_else(|| policy?.owner.clone()).unwrap_or_default();
            let user = policy.map_or_else(|| format!("{tenant}{USER}"), |policy| policy.name.clone());
            ("store_user", user, owner)
        }
        // One of either kind, whichever controller has it.
        ("kubernetes", "HelmRelease" | "HelmChart") => ("release", name, mark()),
        ("minio", "policy" | "user") if name.contains("-backups") => ("backup_user", name, marks),
        ("minio", "policy" | "user") if name.contains(USER) => ("store_user", name, marks),
        ("grafana", "org") => {
            let (name, owner) = named(&name)?;
            ("organisation", name, owner)
        }
        ("grafana", "user") => ("organisation", name, named(&marks)?.1),
        // Another version's is of whom the first one's is.
        ("websites", _) => {
            let owner = marks.strip_suffix("-2").unwrap_or(&marks).to_owned();
            ("website", planted.get(&name).cloned().unwrap_or(marks), owner)
        }
        ("rabbitmq", "vhost") => ("vhost", name, marks),
        ("rabbitmq", "user") => ("vhost", name.replace(USER, ""), marks),
        _ => return None,
    };
    Some(Thing { field, name, owner })
}

/// Where a domain of a tenant's own is served: `e-commerce-acme-7f3a9c/shop.example.com`.
fn own_domain(ingress: &str) -> Option<(&str, &str)> {
    ingress.split_once('/').filter(|(_, hostname)| hostname.contains('.'))
}

/// `acme-7f3a9c [demo/acme-7f3a9c]`
fn named(text: &str) -> Option<(String, String)> {
    let (name, owner) = text.strip_suffix(']')?.split_once(" [")?;
    Some((name.to_owned(), owner.to_owned()))
}

fn with_bytes(request: &Request) -> http::Request<Bytes> {
    request.clone().map(Bytes::from)
}
