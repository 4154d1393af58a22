//! One life of a process, from its start to its last answer.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};
use tenancy::{OperationId, TenantId};
use tokio::task::JoinSet;

use crate::certificate::Certificate;
use crate::cloud::Cloud;
use crate::process;
use crate::program::Program;
use crate::runtime::Runtime;
use crate::server;

const STEP: &str = "websites-register-website";
const DEPLOYMENT: &str = "bench";
const TENANTS: &str = "bench-tenants";
const LEDGER: &str = "bench-ledger";

/// One that has not come to its end by then never will, even where it is watched.
const PATIENCE: Duration = Duration::from_secs(300);

/// What programs are run in.
#[derive(Debug)]
pub struct Harness {
    folder: PathBuf,
    certificate: Certificate,
}

/// What was seen of a process.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From its start to the end of its first call over TLS.
    pub first_tls: Duration,
    /// From its start to its first response.
    pub first_response: Duration,
    /// The most memory it had, in bytes.
    pub peak_memory: u64,
    /// On a processor, for each invocation after the first ones.
    pub own_time: Duration,
}

impl Harness {
    /// Keeps what it must in a folder of its own.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), certificate: Certificate::new(folder)? })
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a program and has it serve so many tenants, one after the other. An error means that it did not do what it is for.
    pub async fn run(&self, program: &Program, tenants: u8) -> io::Result<Run> {
        self.watched(program.command(&[]), tenants).await
    }

    /// The same, of a command that has the program run.
    pub(crate) async fn watched(&self, mut command: Command, tenants: u8) -> io::Result<Run> {
        let cloud = Arc::new(Cloud::default());
        let invocations: Vec<(TenantId, OperationId)> = (0..tenants)
            .map(|n| (TenantId::new("bench", [0, 0, n]), OperationId::new(n.into(), 0)))
            .collect();
        for (tenant, operation) in &invocations {
            let sk = format!("OPERATION#{operation}");
            cloud.put(TENANTS, tenant.as_str(), &sk, &self::operation(tenant, *operation));
        }
        let events = invocations.iter().map(|(tenant, operation)| event(tenant, *operation)).collect();
        let runtime = Arc::new(Runtime::new(events));

        let mut servers = JoinSet::new();
        let api = server::start(&mut servers, None, Arc::clone(&runtime)).await?;
        let tls = || Some(Arc::clone(&self.certificate.config).into());
        let aws = server::start(&mut servers, tls(), Arc::clone(&cloud)).await?;
        let websites = server::start(&mut servers, tls(), Arc::clone(&cloud)).await?;
        self.environment(&mut command, api, aws, websites);

        let begun = Instant::now();
        let mut child = Ended(command.spawn()?);
        runtime.seen().process = Some(child.0.id());
        let ended = tokio::time::timeout(PATIENCE, runtime.over()).await;
        let peak_memory = process::peak_memory(child.0.id());
        child.end()?;

        let seen = runtime.seen();
        if let Some(failure) = &seen.failure {
            return Err(io::Error::other(failure.clone()));
        }
        ended.map_err(io::Error::other)?;
        for (tenant, operation) in &invocations {
            did_its_work(&cloud, tenant, *operation)?;
        }
        let since =
            |at: Option<Instant>| at.map(|at| at - begun).ok_or_else(|| io::Error::other("no answer"));
        Ok(Run {
            first_tls: since(cloud.first_answer())?,
            first_response: since(seen.answers.first().copied())?,
            peak_memory: peak_memory?,
            own_time: own_time(&seen.computed),
        })
    }

    /// What Lambda and the template give a function; and where to find whom to believe, each language in its own way.
    fn environment(&self, command: &mut Command, api: u16, aws: u16, websites: u16) {
        let Certificate { own, authorities, .. } = &self.certificate;
        let code = command.get_current_dir().map(Path::to_owned).unwrap_or_default();
        command
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{api}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("{DEPLOYMENT}-{STEP}"))
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("LAMBDA_TASK_ROOT", code)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            .env("AWS_SESSION_TOKEN", "session")
            .env("AWS_ENDPOINT_URL", format!("https://localhost:{aws}"))
            .env("WEBSITES_URL", format!("https://localhost:{websites}/api/v1"))
            .env("WEBSITES_TOKEN_SECRET", "websites-token")
            .env("DEPLOYMENT", DEPLOYMENT)
            .env("TENANTS_TABLE", TENANTS)
            .env("LEDGER_TABLE", LEDGER)
            .env("SSL_CERT_FILE", authorities)
            .env("AWS_CA_BUNDLE", authorities)
            .env("NODE_EXTRA_CA_CERTS", own)
            // It would say so on every start.
            .env("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
    }
}

/// A process that does not outlive what is measured of it.
struct Ended(Child);

impl Ended {
    /// Terminates it, so that whoever watches it can say what it saw.
    fn end(&mut self) -> io::Result<()> {
        kill(process::id(self.0.id())?, Signal::SIGTERM)?;
        self.0.wait().map(drop)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A tenth of the invocations warm up.
fn own_time(computed: &[Duration]) -> Duration {
    let warm = computed.len() / 10;
    match (computed.get(warm), computed.last(), u32::try_from(computed.len() - 1 - warm)) {
        (Some(first), Some(last), Ok(invocations @ 1..)) => (*last - *first) / invocations,
        _ => Duration::ZERO,
    }
}

/// The row was written twice, the fence looked at twice, and the tenant has its website.
fn did_its_work(cloud: &Cloud, tenant: &TenantId, operation: OperationId) -> io::Result<()> {
    let row = |name: &str| cloud.attribute(LEDGER, tenant.as_str(), &format!("RESOURCE#{STEP}"), name);
    let (state, version, id) = (row("state"), row("row_version"), row("output")["M"]["id"].clone());
    let looks = cloud.reads(TENANTS, tenant.as_str(), &format!("OPERATION#{operation}"));
    let is_live = state == json!({ "S": "live" }) && version == json!({ "N": "2" }) && id["N"].is_string();
    if is_live && looks == 2 && cloud.has_website(&format!("{DEPLOYMENT}/{tenant}")) {
        return Ok(());
    }
    let row = format!("state {state}, version {version}, website {id}, {looks} looks at the fence");
    Err(io::Error::other(format!("{tenant} was not served: {row}")))
}

/// What the state machine sends.
fn event(tenant: &TenantId, operation: OperationId) -> Value {
    json!({
        "action": "apply",
        "operation": operation,
        "tenant": {
            "id": tenant, "name": "Acme Coffee", "subdomain": "acme-coffee", "email": "owner@example.com",
            "integrations": ["stripe"], "blueprint": { "name": "kubernetes-argocd", "version": 1 },
            "plan": {
                "id": "starter", "name": "Starter", "description": "For a first shop.", "price_cents": 2999,
                "currency": "USD", "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": true,
                "features": ["Storefront on its own address", "Up to 100 products"],
                "limits": { "products": 100, "orders_per_month": 500 },
            },
            "settings": { "cpu": "1", "memory": "512Mi", "domain": "shops.example" },
        },
        "params": { "domain": "shops.example" },
    })
}

/// An operation under way.
fn operation(tenant: &TenantId, operation: OperationId) -> Value {
    json!({
        "id": operation, "tenant": tenant, "kind": "provision", "state": "running",
        "blueprint": { "name": "kubernetes-argocd", "version": 1 },
        "workflow": { "sequence": [{ "step": STEP }] },
        "accepted_at": "2026-11-21T08:00:00Z", "row_version": 1,
    })
}
