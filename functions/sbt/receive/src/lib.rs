//! Does what a control plane of the AWS SaaS Builder Toolkit asks for: what it registers is signed up, what it offboards is
//! deleted, what it deactivates is suspended, and the other way round. `sbt-report` says how it went; what cannot even be
//! begun with is answered here.

mod offer;

use aws_lambda_events::sqs::SqsEvent;
use event_bridge::{Bus, Entry};
use fault::{Actor, Fault, Kind};
use sbt::{Detail, Job, Request};
use serde_json::Map;
use store::{By, Catalogue, Correspondence, Database, Order, Refusal, RequestKey, Tenants};
use tenancy::{SignupRequest, Status};

pub use offer::Offer;

#[derive(Debug)]
pub struct Receive {
    pub tenants: Tenants,
    pub catalogue: Catalogue,
    pub db: Database,
    /// The control plane's.
    pub bus: Bus,
    /// What it knows the application plane by.
    pub source: String,
    pub offer: Offer,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is being done: `sbt-report` will say how it went.
    Begun,
    /// It was so before.
    Done,
    Refused(Fault),
}

impl Receive {
    /// Each letter is one request. One that cannot be begun with yet comes again.
    pub async fn run(&self, letters: SqsEvent) -> Result<(), Fault> {
        for letter in letters.records {
            let request = serde_json::from_str(letter.body.as_deref().unwrap_or_default());
            let request: Request =
                request.map_err(|e| Fault::terminal(format!("a letter is no request: {e}")))?;
            let Some(job) = Job::asked(&request.detail_type) else { continue };
            let outcome = Box::pin(self.begin(job, &request)).await?;
            tracing::info!(
                sbt.tenant = request.detail.tenant_id,
                sbt.asked = request.detail_type,
                ?outcome,
                "heard"
            );
            self.answer(job, &request.detail, &outcome).await?;
        }
        Ok(())
    }

    /// Begins with a request, unless it is done or cannot be.
    pub async fn begin(&self, job: Job, request: &Request) -> Result<Outcome, Fault> {
        let known = Correspondence::find(&self.db, &request.detail.tenant_id).await?;
        let begun = match (job, known) {
            (Job::Provision, Some(_)) => return Ok(Outcome::Begun),
            (Job::Provision, None) => self.provision(&request.detail).await?,
            // What never was is gone.
            (Job::Deprovision, None) => return Ok(Outcome::Done),
            (Job::Activate | Job::Deactivate, None) => Err(unknown(&request.detail)),
            (_, Some(known)) => return self.order(job, request, &known).await,
        };
        Ok(begun.map_or_else(Outcome::Refused, |()| Outcome::Begun))
    }

    async fn provision(&self, detail: &Detail) -> Result<Result<(), Fault>, Fault> {
        let plan = match self.offer.plan(detail.tier.as_deref()) {
            Ok(plan) => plan,
            Err(fault) => return Ok(Err(fault)),
        };
        let wanted = SignupRequest {
            name: detail.tenant_name.clone().unwrap_or_default(),
            email: detail.email.clone().unwrap_or_default(),
            blueprint: self.offer.blueprint.clone(),
            plan,
            subdomain: None,
            theme: None,
            category: None,
            integrations: [].into(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: [].into(),
            origin: None,
            synthetic: false,
        };
        let blueprint = self.catalogue.blueprint(&self.offer.blueprint).await?;
        let (plans, themes) = (self.catalogue.plans().await?, self.catalogue.themes().await?);
        let signup = match wanted.check(blueprint, &plans, &themes) {
            Ok(signup) => signup,
            Err(violations) => {
                let wrong: Vec<String> =
                    violations.iter().map(|wrong| format!("{} {}", wrong.field, wrong.problem)).collect();
                return Ok(Err(Fault::new(Kind::Terminal, Actor::Customer, wrong.join("; "))));
            }
        };
        let (theirs, registration) = (&detail.tenant_id, detail.tenant_registration_id.as_deref());
        match self.tenants.sign_up_for(&signup, theirs, registration, clock::now()).await {
            Ok(_) => Ok(Ok(())),
            Err(refusal) => refused(refusal).map(Err),
        }
    }

    async fn order(&self, job: Job, request: &Request, known: &Correspondence) -> Result<Outcome, Fault> {
        let Some(tenant) = self.tenants.get(&known.tenant).await? else { return Ok(Outcome::Done) };
        let done = match job {
            Job::Provision => true,
            Job::Deprovision => tenant.value.status == Status::Deleted,
            Job::Activate => tenant.value.status == Status::Active,
            Job::Deactivate => tenant.value.status == Status::Suspended && tenant.value.operation.is_none(),
        };
        if done {
            return Ok(Outcome::Done);
        }
        let by = By {
            who: "sbt".to_owned(),
            why: format!("asked for by the control plane, event {}", request.id),
        };
        let order = match job {
            Job::Provision => Order::retry(by),
            Job::Deprovision => Order::delete(by),
            Job::Activate => Order::resume(by),
            Job::Deactivate => Order::suspend(by),
        };
        // The bus may deliver it again.
        let key = RequestKey {
            caller: "sbt".to_owned(),
            key: request.id.clone(),
            digest: request.detail_type.clone(),
        };
        match self.tenants.order(&known.tenant, order, Some(&key), clock::now()).await {
            Ok(_) => Ok(Outcome::Begun),
            Err(refusal) => refused(refusal).map(Outcome::Refused),
        }
    }

    /// Says at once what nobody else will say later.
    async fn answer(&self, job: Job, detail: &Detail, outcome: &Outcome) -> Result<(), Fault> {
        let said = match outcome {
            Outcome::Begun => return Ok(()),
            Outcome::Done => Ok(Map::new()),
            Outcome::Refused(fault) => Err(fault),
        };
        let entry = Entry {
            source: self.source.clone(),
            detail_type: job.answer(said.is_ok()).to_owned(),
            detail: sbt::detail(job, &detail.tenant_id, detail.tenant_registration_id.as_deref(), said)
                .to_string(),
            time: clock::now(),
        };
        self.bus.put(&[entry]).await
    }
}

/// What a refusal means to the control plane; a fault when it is asked again.
fn refused(refusal: Refusal) -> Result<Fault, Fault> {
    match refusal {
        Refusal::Busy(_) => Err(Fault::not_ready(refusal.to_string())),
        Refusal::Store(error) => Err(error.into()),
        refusal => Ok(Fault::new(Kind::Terminal, Actor::Customer, refusal.to_string())),
    }
}

fn unknown(detail: &Detail) -> Fault {
    let cause = format!("no tenant was ever registered as {}", detail.tenant_id);
    Fault::new(Kind::Terminal, Actor::Customer, cause)
}

#[cfg(test)]
mod tests;
