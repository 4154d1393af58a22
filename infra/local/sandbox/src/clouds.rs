//! The clouds a tenant of ours lives in, as one state machine: Neon, Google and Cloudflare by their real host
//! names, the instances that Cloud Run starts, and a Kubernetes cluster with what runs in it beside its tenants: MinIO,
//! RabbitMQ, Grafana and the websites service, by their names there; and a bench host with Frappe's sites.
//!
//! Pure and synchronous: a request and the time go in, an answer comes out. What goes on in a cloud meanwhile is
//! computed from moments in the state when somebody looks. So the local stack serves it on the wire and a
//! simulation drives it on a clock of its own. The same calls at the same times have the same answers.

use std::collections::BTreeMap;
use std::time::Duration;

use hickory_proto::op::Message;
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::ask::Takes;
use self::ask::{Ask, Waits};
pub use self::bench_host::Bench;
use self::bench_host::BenchHost;
use self::cloud_run::{CloudRun, Neighbours};
use self::cloudflare::Cloudflare;
use self::customer_dns::CustomerDns;
use self::google_token::GoogleToken;
use self::grafana::Grafana;
use self::kubernetes::Kubernetes;
pub use self::kubernetes::{
    Charts, Cluster, ClusterRole, End, Release, RemoteSecrets, Right, Rule, Subject, render,
};
use self::minio::Minio;
pub use self::name_servers::Resolved;
use self::neon::Neon;
pub use self::pace::Pace;
use self::pace::{Moment, latency};
use self::rabbitmq::RabbitMq;
use self::secret_manager::SecretManager;
use self::websites::Websites;
use crate::call::{Call, function};

mod ask;
mod bench_host;
mod cloud_run;
mod cloudflare;
mod customer_dns;
mod google;
mod google_token;
mod grafana;
mod iam;
mod instance;
mod kubernetes;
mod medusa;
mod minio;
mod name_servers;
mod neon;
mod pace;
mod quota;
mod rabbitmq;
mod secret_manager;
mod websites;

/// What the clouds are like from the start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Stands before the host in the URL of an instance: `https://` in the world, the address of the clouds' port
    /// on the local stack.
    pub base: String,
    pub pace: Pace,
    /// Neon projects that exist, by id.
    pub neon_projects: Vec<String>,
    /// Cloudflare zones that exist: names by id.
    pub cloudflare_zones: BTreeMap<String, String>,
    /// Container images that exist; every one when there is no list.
    pub images: Option<Vec<String>>,
    /// An image with this in its name serves the start page; all others are a Medusa store.
    pub start_page: String,
    pub limits: Limits,
    pub cluster: Cluster,
    /// The memory, in KiB, that MinIO derives keys through. Its clients have 64 MiB fixed; a simulation has less.
    pub minio_memory: u32,
    /// A bucket that an operator made in MinIO, for backups.
    pub backups: Option<String>,
    pub bench: Bench,
}

/// How much the providers stand.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Calls on Neon's API in a minute.
    pub neon_per_minute: u64,
    /// Branches of a Neon project.
    pub neon_branches: usize,
    /// Calls on Cloudflare's API in five minutes; one more, and there is none for another five.
    pub cloudflare_per_5_minutes: u64,
    /// Custom hostnames of a zone.
    pub custom_hostnames: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base: "https://".to_owned(),
            pace: Pace::default(),
            neon_projects: vec!["tenants".to_owned()],
            cloudflare_zones: BTreeMap::from([
                ("0123456789abcdef0123456789abcdef".to_owned(), "vendin.example".to_owned()),
                ("fedcba9876543210fedcba9876543210".to_owned(), "frappe.example".to_owned()),
            ]),
            images: None,
            start_page: "start-page".to_owned(),
            limits: Limits::default(),
            cluster: Cluster::default(),
            minio_memory: 64 * 1024,
            backups: None,
            bench: Bench::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            neon_per_minute: 700,
            neon_branches: 5000,
            cloudflare_per_5_minutes: 1200,
            custom_hostnames: 50_000,
        }
    }
}

/// Whom the clouds let in. What is empty lets nobody in.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub neon_key: String,
    pub cloudflare_token: String,
    pub google: ServiceAccount,
    /// Its root: an access key and its secret.
    #[serde(default)]
    pub minio: Account,
    /// The server admin.
    #[serde(default)]
    pub grafana: Account,
    /// The administrator of the broker.
    #[serde(default)]
    pub rabbitmq: Account,
    #[serde(default)]
    pub websites_token: String,
    /// Of the account that may do all in the cluster. Without one, nobody is let in.
    #[serde(default)]
    pub kubernetes_token: String,
}

/// Who signs in with a password.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub user: String,
    pub password: String,
}

/// A Google service account; its key is the public one.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    pub client_email: String,
    pub public_key_pem: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccount").field("client_email", &self.client_email).finish_non_exhaustive()
    }
}

/// Something that exists in a cloud and would cost money there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Thing {
    /// As faults name it: `neon`, `secret-manager`, `cloud-run`, `cloudflare`, `kubernetes`, `minio`,
    /// `grafana`, `websites`, `rabbitmq`, `bench-host`.
    pub provider: &'static str,
    /// `branch`, `project`, `secret`, `service`, `custom-hostname`, `dns-record`, `bucket`, `user`, `policy`, `org`, `website`,
    /// `vhost`, `site`, `database`, `nginx-file`, `certificate`;
    /// in the cluster, the kind: `Deployment`.
    pub kind: &'static str,
    pub name: String,
    /// What stands where a mark of ownership would: labels and annotations (`key=value`, by commas), metadata or
    /// comment. `None` where nothing does.
    pub owner: Option<String>,
    /// Whether it computes though nobody uses it, of what computes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awake: Option<bool>,
}

impl Thing {
    pub(crate) fn new(provider: &'static str, kind: &'static str, name: &str, owner: Option<String>) -> Self {
        Self { provider, kind, name: name.to_owned(), owner, awake: None }
    }

    pub(crate) fn awake(self, awake: bool) -> Self {
        Self { awake: Some(awake), ..self }
    }
}

/// `key=value` pairs by commas, as `Thing::owner` has them.
fn labels(of: &Value) -> String {
    let pairs = of.as_object().into_iter().flatten();
    let pair = |(key, value): (&String, &Value)| {
        value.as_str().map_or_else(|| format!("{key}={value}"), |value| format!("{key}={value}"))
    };
    pairs.map(pair).collect::<Vec<_>>().join(",")
}

/// All that is written on something, as `Thing::owner` has it.
fn marks(labels: &Value, annotations: &Value) -> Option<String> {
    let marks = [self::labels(labels), self::labels(annotations)];
    let marks: Vec<&str> = marks.iter().map(String::as_str).filter(|marks| !marks.is_empty()).collect();
    (!marks.is_empty()).then(|| marks.join(","))
}

/// Which of the marks of a thing are Google's labels; the rest are annotations, in which anything may stand.
fn sorted(marks: &Value) -> (Value, Value) {
    sorted_by(marks, |key, value| secret_manager::check_labels(&json!({ key: value })).is_ok())
}

/// The marks of a thing as labels and, where that is none, as annotations.
fn sorted_by(marks: &Value, is_label: impl Fn(&str, &Value) -> bool) -> (Value, Value) {
    let marks = marks.as_object().cloned().unwrap_or_default();
    let (labels, annotations): (Map<_, _>, Map<_, _>) =
        marks.into_iter().partition(|(key, value)| is_label(key, value));
    (labels.into(), annotations.into())
}

/// Which cloud a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Neon,
    GoogleToken,
    SecretManager,
    CloudRun,
    Cloudflare,
    Kubernetes,
    /// Cloudflare's public resolver.
    Resolver,
    Minio,
    Grafana,
    Websites,
    RabbitMq,
    Bench,
    /// What a tenant of the bench shows the world.
    BenchTenant,
    /// What a tenant of the cluster shows the world.
    Tenant,
    Instance,
}

impl Host {
    fn of(name: &str) -> Option<Self> {
        match name {
            "console.neon.tech" => Some(Self::Neon),
            "oauth2.googleapis.com" => Some(Self::GoogleToken),
            "secretmanager.googleapis.com" => Some(Self::SecretManager),
            "run.googleapis.com" => Some(Self::CloudRun),
            "api.cloudflare.com" => Some(Self::Cloudflare),
            "kubernetes.example" => Some(Self::Kubernetes),
            "cloudflare-dns.com" => Some(Self::Resolver),
            "minio.e-commerce-shared.svc.cluster.local" => Some(Self::Minio),
            "grafana.e-commerce-monitoring.svc.cluster.local" => Some(Self::Grafana),
            "websites-service.e-commerce-shared.svc.cluster.local" => Some(Self::Websites),
            "rabbitmq.e-commerce-shared.svc" | "rabbitmq.e-commerce-shared.svc.cluster.local" => {
                Some(Self::RabbitMq)
            }
            "bench.example" => Some(Self::Bench),
            name if bench_host::is_tenant(name) => Some(Self::BenchTenant),
            name if kubernetes::is_tenant(name) => Some(Self::Tenant),
            name if name.ends_with(".run.app") => Some(Self::Instance),
            _ => None,
        }
    }

    /// As faults name it.
    fn service(self) -> &'static str {
        match self {
            Self::Neon => "neon",
            Self::GoogleToken => "google-token",
            Self::SecretManager => "secret-manager",
            Self::CloudRun => "cloud-run",
            Self::Cloudflare => "cloudflare",
            Self::Kubernetes => "kubernetes",
            Self::Resolver => "resolver",
            Self::Minio => "minio",
            Self::Grafana => "grafana",
            Self::Websites => "websites",
            Self::RabbitMq => "rabbitmq",
            Self::Bench => "bench-host",
            Self::BenchTenant | Self::Tenant => "tenant",
            Self::Instance => "medusa",
        }
    }
}

/// All clouds. A clone is another world, as it was then.
#[derive(Debug, Clone)]
pub struct Clouds {
    pace: Pace,
    neon: Neon,
    google_token: GoogleToken,
    secret_manager: SecretManager,
    cloud_run: CloudRun,
    cloudflare: Cloudflare,
    kubernetes: Kubernetes,
    customer_dns: CustomerDns,
    grafana: Grafana,
    websites: Websites,
    rabbitmq: RabbitMq,
    bench_host: BenchHost,
    calls: BTreeMap<(&'static str, &'static str), u64>,
}

/// The public key of the service account cannot be read.
#[derive(Debug)]
pub struct BadKey(jsonwebtoken::errors::Error);

impl std::fmt::Display for BadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the service account's public key is no RSA key in PEM: {}", self.0)
    }
}

impl std::error::Error for BadKey {}

/// `http://127.0.0.1:4570/run.googleapis.com/v2/...`, as the local stack is called, for
/// `https://run.googleapis.com/v2/...`. As a proxy is called, the real host is there already.
pub fn unfold(uri: &Uri) -> Option<Uri> {
    if uri.host().is_some_and(|host| Host::of(host).is_some()) {
        return Some(uri.clone());
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix('/')?;
    let rest = if rest.contains('/') { rest.to_owned() } else { rest.replacen('?', "/?", 1) };
    let uri: Uri = format!("https://{rest}").parse().ok()?;
    uri.host().is_some().then_some(uri)
}

impl Clouds {
    pub fn new(settings: &Settings, credentials: &Credentials) -> Result<Self, BadKey> {
        let mut google_token = GoogleToken::new(&settings.base);
        let account = &credentials.google;
        google_token.know(&account.client_email, &account.public_key_pem).map_err(BadKey)?;
        Ok(Self {
            pace: settings.pace,
            neon: Neon::new(&credentials.neon_key, &settings.neon_projects, &settings.limits),
            google_token,
            secret_manager: SecretManager::default(),
            cloud_run: CloudRun::new(settings.images.clone(), &settings.base, &settings.start_page),
            cloudflare: Cloudflare::new(
                &credentials.cloudflare_token,
                &settings.cloudflare_zones,
                &settings.limits,
            ),
            kubernetes: Kubernetes::new(
                &credentials.kubernetes_token,
                &settings.cluster,
                settings.images.clone(),
                Minio::new(&credentials.minio, settings.minio_memory, settings.backups.as_deref()),
            ),
            customer_dns: CustomerDns::default(),
            grafana: Grafana::new(&credentials.grafana),
            websites: Websites::new(&credentials.websites_token),
            rabbitmq: RabbitMq::new(&credentials.rabbitmq),
            bench_host: BenchHost::new(&settings.bench),
            calls: BTreeMap::new(),
        })
    }

    /// From now on everything takes so long. What has begun ends when it was going to, but for certificates.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// What a request asks for, for faults; `None` when its host is no cloud of ours.
    pub fn call(request: &Request<Bytes>) -> Option<Call> {
        let host = Host::of(request.uri().host()?)?;
        Some(Call {
            function: function(request.headers()),
            service: host.service().to_owned(),
            operation: Self::operation(host, request).to_owned(),
        })
    }

    fn operation(host: Host, request: &Request<Bytes>) -> &'static str {
        let ask = Ask::of(request);
        match host {
            Host::Neon => Neon::operation(&ask),
            Host::GoogleToken => GoogleToken::operation(&ask),
            Host::SecretManager => SecretManager::operation(&ask),
            Host::CloudRun => CloudRun::operation(&ask),
            Host::Cloudflare => Cloudflare::operation(&ask),
            Host::Kubernetes => Kubernetes::operation(&ask),
            Host::Resolver => "GetAnswer",
            Host::Minio => Minio::operation(&ask),
            Host::Grafana => Grafana::operation(&ask),
            Host::Websites => Websites::operation(&ask),
            Host::RabbitMq => RabbitMq::operation(&ask),
            Host::Bench => BenchHost::operation(&ask),
            Host::BenchTenant | Host::Tenant => "GetPage",
            Host::Instance => medusa::operation(&ask),
        }
    }

    /// What a call takes a right to, if it is the cluster's API that is called. What it makes by applying takes another.
    pub fn right(request: &Request<Bytes>) -> Option<Right> {
        let is_cluster = Host::of(request.uri().host()?) == Some(Host::Kubernetes);
        if is_cluster { Kubernetes::right(&Ask::of(request)) } else { None }
    }

    /// The answer to a request at that time. Its URI has the real host name; see [`unfold`]. How long it takes is
    /// an extension of the answer: [`Takes`].
    pub fn answer(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        let moment = Moment { now, pace: self.pace };
        let name = request.uri().host().unwrap_or_default();
        let Some(host) = Host::of(name) else {
            let body = json!({"message": format!("No cloud of the sandbox is called {name}.")});
            return ask::json(StatusCode::BAD_GATEWAY, &body);
        };
        let number: u64 = self.calls.values().sum();
        *self.calls.entry((host.service(), Self::operation(host, request))).or_default() += 1;
        let ask = Ask::of(request);
        let mut takes = latency(number);
        let waits = if host == Host::CloudRun { self.cloud_run.waits(now, &ask) } else { Duration::ZERO };
        let mut response = match host {
            Host::Neon => self.neon.answer(moment, &ask),
            Host::GoogleToken => self.google_token.answer(now, &ask),
            Host::SecretManager => self.secret_manager.answer(moment, &ask, &self.google_token),
            Host::CloudRun => {
                let neighbours = Neighbours {
                    tokens: &self.google_token,
                    secrets: &self.secret_manager,
                    neon: &mut self.neon,
                };
                let waited = SignedDuration::try_from(waits).unwrap_or_default();
                self.cloud_run.answer(Moment { now: now + waited, ..moment }, &ask, neighbours)
            }
            Host::Cloudflare => self.cloudflare.answer(moment, &ask, &self.customer_dns),
            Host::Kubernetes => self.kubernetes.answer(moment, &ask),
            Host::Resolver => {
                ask::json(StatusCode::OK, &self.customer_dns.answer(ask.query("name").unwrap_or_default()))
            }
            Host::Minio => self.kubernetes.minio(moment).answer(now, &ask),
            Host::Grafana => self.grafana.answer(now, &ask),
            Host::Websites => self.websites.answer(now, &ask),
            Host::RabbitMq => self.rabbitmq.answer(&ask),
            Host::Bench => self.bench_host.answer(moment, &ask, self.cloudflare.name_servers()),
            Host::BenchTenant => self.bench_host.visit(now, name, &ask, self.cloudflare.name_servers()),
            Host::Tenant => self.kubernetes.visit(moment, name, &ask),
            Host::Instance => match self.cloud_run.visit(moment, name) {
                Err(turned_away) => turned_away,
                Ok(visit) => {
                    if visit.cold {
                        takes += instance::cold_start(visit.program);
                    }
                    instance::answer(visit.program, &visit.environment, &mut self.neon, moment, &ask)
                }
            },
        };
        let watched = response.extensions().get::<Waits>().map_or(Duration::ZERO, |waits| waits.0);
        response.extensions_mut().insert(Takes(self.pace.scale(takes) + waits + watched));
        response
    }

    /// Everything there is, sorted.
    pub fn things(&self, now: Timestamp) -> Vec<Thing> {
        let mut things = self.neon.things();
        things.extend(self.secret_manager.things());
        things.extend(self.cloud_run.things(now));
        things.extend(self.cloudflare.things());
        things.extend(self.kubernetes.minio.things());
        things.extend(self.grafana.things());
        things.extend(self.websites.things());
        things.extend(self.rabbitmq.things());
        things.extend(self.bench_host.things(now, self.cloudflare.name_servers()));
        things.extend(self.kubernetes.things());
        things.sort();
        things
    }

    /// Puts a thing there that nobody of ours asked for, with the owner it says, if any; whether the place was
    /// there and the name free. The place is the parent as the API spells it: `projects/<id>` for Neon and Secret
    /// Manager, `projects/<id>/locations/<region>` for Cloud Run, `zones/<id>` for Cloudflare, and in the cluster
    /// `namespaces/<name>`, or `cluster` for a namespace itself. The rest have one place; of a policy of MinIO it is what
    /// that notes, and of a file of nginx' the hosts it serves.
    pub fn plant(&mut self, now: Timestamp, place: &str, thing: &Thing) -> bool {
        let moment = Moment { now, pace: self.pace };
        let pairs = thing.owner.iter().flat_map(|owner| owner.split(','));
        let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), Value::from(value)));
        let marks: Value = Value::Object(pairs.filter_map(pair).collect());
        match thing.provider {
            "neon" => self.neon.plant(moment, place, thing.kind, &thing.name, &marks),
            "secret-manager" => self.secret_manager.plant(now, place, &thing.name, sorted(&marks)),
            "cloud-run" => {
                let neighbours = Neighbours {
                    tokens: &self.google_token,
                    secrets: &self.secret_manager,
                    neon: &mut self.neon,
                };
                self.cloud_run.plant(moment, place, &thing.name, sorted(&marks), neighbours)
            }
            "cloudflare" => self.cloudflare.plant(moment, place, thing, &marks),
            "minio" => self.kubernetes.minio.plant(now, place, thing, &marks),
            "grafana" => self.grafana.plant(now, thing),
            "websites" => self.websites.plant(now, thing),
            "rabbitmq" => self.rabbitmq.plant(thing),
            "bench-host" => self.bench_host.plant(now, place, thing),
            "kubernetes" => self.kubernetes.plant(now, place, thing, &marks),
            _ => false,
        }
    }

    /// A customer writes `name CNAME target` into their own DNS, or takes the name out of it.
    pub fn point(&mut self, now: Timestamp, name: &str, target: Option<&str>) {
        let moment = Moment { now, pace: self.pace };
        self.cloudflare.keep_issued(moment, &self.customer_dns);
        self.customer_dns.point(now, name, target);
    }

    /// What each name server of Cloudflare's says of a name's addresses by now, by the server's name.
    pub fn addresses(&self, now: Timestamp, name: &str) -> Vec<(&'static str, Resolved)> {
        self.cloudflare.name_servers().addresses(now, name)
    }

    /// What the name server that learns last answers.
    pub fn name_server(&self, now: Timestamp, query: &Message) -> Message {
        self.cloudflare.name_servers().answer(now, query)
    }

    /// Takes a thing away behind everyone's back, as somebody at the provider's console does; whether there was one.
    pub fn remove(&mut self, provider: &str, kind: &str, name: &str) -> bool {
        match provider {
            "neon" => self.neon.remove(kind, name),
            "secret-manager" => self.secret_manager.remove(name),
            "cloud-run" => self.cloud_run.remove(name),
            "cloudflare" => self.cloudflare.remove(kind, name),
            "minio" => self.kubernetes.minio.remove(kind, name),
            "grafana" => self.grafana.remove(kind, name),
            "websites" => self.websites.remove(name),
            "rabbitmq" => self.rabbitmq.remove(kind, name),
            "bench-host" => self.bench_host.remove(kind, name),
            "kubernetes" => self.kubernetes.remove(kind, name),
            _ => false,
        }
    }

    /// Whether the cluster's policies let a connection through.
    pub fn lets_through(&self, from: &End, to: &End, protocol: &str, port: u64) -> bool {
        self.kubernetes.lets_through(from, to, protocol, port)
    }

    /// The secrets of another vault that something in the cluster is made of, by their names there.
    pub fn remote_secrets(&self) -> Vec<String> {
        self.kubernetes.remote_names()
    }

    /// What the cluster's Prometheus takes metrics from in a namespace, as `service:port`.
    pub fn scraped(&self, namespace: &str) -> Vec<String> {
        self.kubernetes.scraped(namespace)
    }

    /// What a bucket of MinIO holds below a prefix by now, by key, with what it is tagged with.
    pub fn objects(
        &mut self,
        now: Timestamp,
        bucket: &str,
        prefix: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        self.kubernetes.minio(Moment { now, pace: self.pace }).objects(now, bucket, prefix)
    }

    /// On the bench host, so many of the next attempts of a task end with this failure; whether there is such a task.
    pub fn fail(&mut self, task: &str, code: &'static str, times: usize) -> bool {
        self.bench_host.fail(task, code, times)
    }

    /// People write this into whatever site of a bench they have.
    pub fn write(&mut self, text: &str) {
        self.bench_host.write_into_sites(text);
    }

    /// Whether a store says so: in what it keeps of its owner and itself, or in what its container was told; or a site, in
    /// what it keeps of its people, or nginx, in what it answers to.
    pub fn says(&self, text: &str) -> bool {
        self.neon.says(text) || self.cloud_run.says(text) || self.bench_host.says(text)
    }

    /// How often each operation was asked for, by service: `("neon", "CreateBranch")`.
    pub fn calls(&self) -> &BTreeMap<(&'static str, &'static str), u64> {
        &self.calls
    }
}
