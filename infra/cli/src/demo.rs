mod bought;
mod visitor;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::json;
use tenancy::{OperationId, State, Status, StepState, Tenant, TenantId, slug_of};
use tokio::task::JoinSet;
use ulid::Ulid;

use self::visitor::Visitor;
use crate::Outcome;
use crate::api::{Accepted, Api, Deletion, Operation, Said, Signup, answer};
use crate::failure::Failure;
use crate::form::Form;
use crate::session::Session;
use crate::watch::{Screen, follow, reason};

/// How many more sign-ups are timed.
const SIGNUPS: usize = 10;

/// A demo that takes longer has failed, whatever it waits for.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// What the tenant is made of.
    #[arg(long, default_value = "merchant-workspace")]
    blueprint: String,
    /// What is bought, for example enterprise; the blueprint's first, if none is named.
    #[arg(long)]
    plan: Option<String>,
    /// Make this step fail, for example publish-website.
    #[arg(long, value_name = "STEP", requires = "sandbox")]
    fail: Option<String>,
    /// Where the sandbox takes faults; only --fail needs it.
    #[arg(long, env = "TENANTRY_SANDBOX")]
    sandbox: Option<Url>,
    #[command(flatten)]
    biller: bought::Biller,
    #[command(flatten)]
    visitor: Visitor,
}

impl Demo {
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        if session.form == Form::Json {
            return Err(Failure::usage("a demo is for people to look at: it does not speak JSON").into());
        }
        if self.biller.bought {
            let name = invent(&self.blueprint, None).name;
            let life = bought::live_and_end(session, &self.biller, &self.visitor, name);
            return in_time(async { Box::pin(life).await.map(|()| ExitCode::SUCCESS) }).await;
        }
        let blueprint = session.api.blueprint(&self.blueprint).await?.read;
        let plans: Vec<&str> = blueprint.plans.iter().map(String::as_str).collect();
        let plan = self.plan.as_deref().map(|plan| named("plan", plan, &plans)).transpose()?;
        let wanted = Wanted { blueprint: &self.blueprint, plan: plan.as_deref(), session };
        let (Some(step), Some(sandbox)) = (&self.fail, &self.sandbox) else {
            return in_time(Box::pin(succeed(wanted, &self.visitor))).await;
        };
        let step = named("step", step, &blueprint.workflow.steps())?;
        let fault = Fault::inject(sandbox, &step).await?;
        let outcome = in_time(Box::pin(fail(wanted, &step))).await;
        match fault.remove().await {
            Ok(()) => outcome,
            Err(error) => {
                eprintln!("the fault is still in force: {error}");
                outcome.and(Ok(ExitCode::FAILURE))
            }
        }
    }
}

/// What a demo's tenants are made of, what was bought of it, and where.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    blueprint: &'a str,
    plan: Option<&'a str>,
    session: &'a Session,
}

/// Ends a demo that hangs, or that somebody has seen enough of, in an orderly way.
async fn in_time(demo: impl Future<Output = Outcome>) -> Outcome {
    tokio::select! {
        outcome = tokio::time::timeout(PATIENCE, demo) => {
            outcome.unwrap_or_else(|_| Err(format!("gave up after {} s", PATIENCE.as_secs()).into()))
        }
        _ = tokio::signal::ctrl_c() => Err("interrupted; what was begun goes on by itself".into()),
    }
}

/// One tenant from nothing to a site that answers; then sign-ups against the clock, deleted again.
async fn succeed(wanted: Wanted<'_>, visitor: &Visitor) -> Outcome {
    let (tenant, (id, operation), took) = sign_up(wanted).await?;
    if tenant.status != Status::Active {
        return Err(why(&tenant, &operation).into());
    }
    let wall_ms = operation.wall_ms.ok_or("the operation does not say how long it took")?;
    let wall = Duration::from_millis(wall_ms).as_secs_f64();
    let critical_path = Duration::from_millis(operation.critical_path_ms).as_secs_f64();
    for (purpose, address) in &tenant.endpoints {
        println!("{purpose:<10}{address}");
    }
    println!("tenant {} active in {:.1}s", tenant.id, took.as_secs_f64());
    println!("wall {wall:.1}s, critical path {critical_path:.1}s, ratio {:.2}", wall / critical_path);
    visit(&tenant, visitor).await?;
    let outcome = time_signups(wanted).await?;
    print!("{}", wanted.session.link(&tenant.id, Some(id)));
    Ok(outcome)
}

/// A tenant whose step is refused: everything made before it must go again.
async fn fail(wanted: Wanted<'_>, step: &str) -> Outcome {
    println!("{step} will be refused by its provider");
    let (tenant, (id, operation), _) = sign_up(wanted).await?;
    if tenant.status != Status::Failed {
        return Err(format!("{step} was refused, and yet {}", why(&tenant, &operation)).into());
    }
    println!("tenant {} failed, {} resources left", tenant.id, operation.resources_left);
    print!("{}", wanted.session.link(&tenant.id, Some(id)));
    Ok(if operation.resources_left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Signs up a tenant and shows its steps, until it is what it will be.
async fn sign_up(
    wanted: Wanted<'_>,
) -> Result<(Tenant, (OperationId, Operation), Duration), Box<dyn std::error::Error>> {
    let api = &wanted.session.api;
    let signup = invent(wanted.blueprint, wanted.plan);
    println!("signing up {} as {}", signup.name, signup.subdomain.as_deref().unwrap_or_default());
    let begun = Instant::now();
    let Accepted { tenant, operation: id } = accepted(api, &signup).await?;
    print!("{}", wanted.session.link(&tenant.id, Some(id)));
    let mut screen = Screen::open(Form::Words);
    let operation = follow(api, &tenant.id, id, |operation| screen.show(operation)).await?;
    let tenant = api.tenant(&tenant.id).await?.read;
    Ok((tenant, (id, operation), begun.elapsed()))
}

async fn accepted(api: &Api, signup: &Signup) -> Result<Accepted, Box<dyn std::error::Error>> {
    let reply = api.sign_up(signup).ask_once(&Ulid::generate().to_string()).await?;
    Ok(reply.read.operation()?)
}

/// Why a tenant is not what it was to be.
fn why(tenant: &Tenant, operation: &Operation) -> String {
    let mut why =
        format!("tenant {} is {}, {} resources left", tenant.id, tenant.status, operation.resources_left);
    if let Some(stopped) = &operation.fault {
        why += &format!("\n  {}: {}", stopped.step, reason(&stopped.fault));
    }
    for step in operation.steps.iter().filter(|step| step.state == StepState::Stuck) {
        let cause = step.fault.as_ref().map_or_else(|| "the ledger does not say why".to_owned(), reason);
        why += &format!("\n  {} is stuck: {cause}", step.name);
    }
    why
}

/// Looks at the site as a visitor would; of a tenant that has none, at its API.
async fn visit(
    Tenant { id, name, subdomain, endpoints, .. }: &Tenant,
    visitor: &Visitor,
) -> Result<(), Box<dyn std::error::Error>> {
    let program = endpoints.get("api").or_else(|| endpoints.get("shop"));
    // A site says whose it is, by one of its names.
    let (address, wanted) = match (endpoints.get("site"), program) {
        (Some(site), _) => (site.clone(), [name.as_str(), subdomain.as_str()]),
        (None, Some(program)) => (format!("{program}/health"), ["", ""]),
        (None, None) => return Err(format!("tenant {id} is active, and nowhere to be seen").into()),
    };
    let page = visitor.visit(&address).await?;
    let status = page.status();
    let page = page.text().await?;
    if status != 200 || !wanted.iter().any(|name| page.contains(name)) {
        return Err(format!("{address} answers {status}, without '{}'", wanted[0]).into());
    }
    Ok(())
}

/// Times sign-ups, one after another; then sees all of them live and die at once.
async fn time_signups(wanted: Wanted<'_>) -> Outcome {
    let api = &wanted.session.api;
    let mut latencies = Vec::new();
    let mut tenants = Vec::new();
    for _ in 0..SIGNUPS {
        let signup = invent(wanted.blueprint, wanted.plan);
        let begun = Instant::now();
        tenants.push(accepted(api, &signup).await?);
        latencies.push(begun.elapsed());
    }
    latencies.sort();
    let median = (latencies[SIGNUPS / 2 - 1] + latencies[SIGNUPS / 2]) / 2;
    println!("signup answers in {} ms at the median ({SIGNUPS} signups)", median.as_millis());

    let mut lives: JoinSet<_> =
        tenants.into_iter().map(|accepted| live_and_die(api.clone(), accepted)).collect();
    let (mut deleted, mut left, mut wrong) = (0, 0, Vec::new());
    while let Some(life) = lives.join_next().await {
        match life? {
            Ok(operation) => {
                deleted += usize::from(operation.state == State::Succeeded);
                left += operation.resources_left;
            }
            Err(why) => wrong.push(why),
        }
    }
    println!("{deleted} tenants deleted, {left} resources left");
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    Ok(if deleted == SIGNUPS && left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until a tenant is active, and deletes it.
async fn live_and_die(api: Api, Accepted { tenant, operation }: Accepted) -> Result<Operation, String> {
    let (tenant, operation) = settled(&api, &tenant.id, operation).await?;
    if tenant.status != Status::Active {
        return Err(why(&tenant, &operation));
    }
    let deletion = api.delete(&tenant.id, &Deletion::default()).ask().await;
    let deletion = deletion.map_err(|e| format!("tenant {}: {e}", tenant.id))?.read.operation()?;
    let (tenant, operation) = settled(&api, &tenant.id, deletion.operation).await?;
    if tenant.status == Status::Deleted { Ok(operation) } else { Err(why(&tenant, &operation)) }
}

async fn settled(api: &Api, id: &TenantId, operation: OperationId) -> Result<(Tenant, Operation), String> {
    let named = |e| format!("tenant {id}: {e}");
    let operation = follow(api, id, operation, |_| ()).await.map_err(named)?;
    Ok((api.tenant(id).await.map_err(named)?.read, operation))
}

/// A store nobody has, with a name a person can read out.
fn invent(blueprint: &str, plan: Option<&str>) -> Signup {
    const MADE_OF: [&str; 16] = [
        "Amber", "Birch", "Cedar", "Copper", "Coral", "Cotton", "Flint", "Indigo", "Ivory", "Juniper",
        "Linen", "Maple", "Olive", "Pearl", "Saffron", "Slate",
    ];
    const SOLD_BY: [&str; 16] = [
        "Badger", "Crane", "Falcon", "Finch", "Fox", "Heron", "Ibis", "Lark", "Lynx", "Marten", "Otter",
        "Owl", "Raven", "Robin", "Swift", "Wren",
    ];
    let [first, second, a, b, ..] = Ulid::generate().random().to_le_bytes();
    let name = format!("{} {}", MADE_OF[usize::from(first % 16)], SOLD_BY[usize::from(second % 16)]);
    let subdomain = format!("{}-{a:02x}{b:02x}", slug_of(&name));
    Signup {
        email: format!("owner@{subdomain}.example"),
        name,
        subdomain: Some(subdomain),
        blueprint: blueprint.to_owned(),
        plan: plan.map(str::to_owned),
        theme: None,
        category: None,
        integrations: Vec::new(),
        custom_domain: None,
        overrides: Vec::new(),
        origin: None,
        on_failure: None,
    }
}

/// The step or plan a person means: its whole name, or what follows the provider's or the product's.
fn named(what: &str, given: &str, there: &[&str]) -> Result<String, String> {
    let ending = format!("-{given}");
    let meant: Vec<&&str> = there.iter().filter(|name| **name == given || name.ends_with(&ending)).collect();
    match meant[..] {
        [name] => Ok((*name).to_owned()),
        [] => Err(format!("no {what} is called '{given}'; one of: {}", there.join(", "))),
        _ => Err(format!("'{given}' may be any of several {what}s; one of: {}", there.join(", "))),
    }
}

/// A fault in force in the provider sandbox.
struct Fault {
    http: Client,
    url: Url,
}

impl Fault {
    /// Has every request of a step refused. A probe makes nothing: its looking is refused.
    async fn inject(sandbox: &Url, step: &str) -> Result<Self, Box<dyn std::error::Error>> {
        #[derive(Deserialize)]
        struct Added {
            id: u64,
        }
        let http = http_client::client();
        let acts: &[&str] = if step.contains("-probe-") { &["create", "read"] } else { &["create"] };
        let fault = json!({ "function": step, "acts": acts, "kind": "deny" });
        let faults = sandbox.join("/_faults")?;
        let Said { read: Added { id }, .. } = answer(http.post(faults).json(&fault)).await?;
        Ok(Self { url: sandbox.join(&format!("/_faults/{id}"))?, http })
    }

    async fn remove(self) -> reqwest::Result<()> {
        self.http.delete(self.url).send().await?.error_for_status().map(|_| ())
    }
}
