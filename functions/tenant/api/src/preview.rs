use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Claims, Headroom, Refusal};
use tenancy::{Blueprint, Edit, EditRequest, Event, Plan, Signup, Tenant, TenantId, Violation, Violations};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{domain_taken, subdomain_taken};
use crate::request::Asked;
use crate::{Api, Problem};

/// Whether a change is only rehearsed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rehearsal {
    /// Does nothing. `validate` says everything that is wrong with the request, `plan` also what would be done
    #[param(inline)]
    dry_run: Option<DryRun>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DryRun {
    Validate,
    Plan,
}

impl<S: Send + Sync> FromRequestParts<S> for Rehearsal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Asked::from_request_parts(parts, state).await.map(|Asked(rehearsal)| rehearsal)
    }
}

/// What a change would come to. Nothing was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Whether it would be accepted.
    valid: bool,
    /// Everything that is wrong with it.
    violations: Vec<Violation>,
    /// What would be done, where that was asked for and nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plans>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangePreview)]
struct Plans {
    steps: Vec<Step>,
    /// How long the longest chain of these steps usually takes, in milliseconds: what is destroyed, as long as making it.
    estimated_ms: u64,
    /// Whether somebody has to approve it first.
    approval: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    /// How much more its resources cost us a month, roughly, in cents of a US dollar: less than nothing where some are
    /// taken away. One that is made larger is not counted: what that costs is its provider's to say.
    cost_cents: i64,
    /// How much the providers let us ask of them now.
    headroom: Vec<Headroom>,
    /// The providers that we have no account with here.
    missing_permissions: Vec<String>,
}

/// What one step would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewStep)]
struct Step {
    step: String,
    does: Does,
    #[serde(skip_serializing_if = "Option::is_none")]
    usual_ms: Option<u64>,
    /// What is there already, by the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Does {
    Make,
    Check,
    Change,
    Destroy,
}

#[derive(Debug, Serialize, ToSchema)]
struct Price {
    cents: u32,
    currency: String,
    billing_cycle: String,
    trial_days: u16,
}

impl Price {
    fn of(plan: &Plan) -> Self {
        let Plan { price_cents, currency, billing_cycle, trial_days, .. } = plan.clone();
        Self { cents: price_cents, currency, billing_cycle, trial_days }
    }
}

impl IntoResponse for Preview {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl Preview {
    /// Without a plan: nobody asked for one, or something is wrong.
    fn of(violations: Vec<Violation>) -> Self {
        Self { valid: violations.is_empty(), violations, plan: None }
    }

    fn planned(plan: Plans) -> Self {
        Self { plan: Some(plan), ..Self::of(Vec::new()) }
    }

    fn without(mut self, skip: &BTreeSet<String>) -> Self {
        if let Some(plan) = &mut self.plan {
            plan.steps.retain(|step| !skip.contains(&step.step));
        }
        self
    }
}

impl Rehearsal {
    pub(crate) fn is_meant(&self) -> bool {
        self.dry_run.is_none()
    }

    fn plans(&self) -> bool {
        self.dry_run == Some(DryRun::Plan)
    }
}

impl Api {
    /// What a signup would come to, unless it is meant.
    pub(crate) async fn rehearse_signup(
        &self,
        checked: Result<&Signup, &Violations>,
        rehearsal: &Rehearsal,
    ) -> Result<Option<Preview>, Problem> {
        if rehearsal.is_meant() {
            return Ok(None);
        }
        let signup = match checked {
            Ok(signup) => signup,
            Err(violations) => return Ok(Some(Preview::of(violations.iter().cloned().collect()))),
        };
        let mut wrong = Vec::new();
        let claims = Claims::new(self.db.clone());
        if claims.tenant_of(&signup.subdomain).await?.is_some() {
            wrong.push(subdomain_taken(&signup.subdomain));
        }
        if let Some(domain) = &signup.custom_domain {
            if claims.tenant_at(domain).await?.is_some() {
                wrong.push(domain_taken("custom_domain", domain));
            }
            wrong.extend(self.may_have("custom_domain", domain).await?.err());
        }
        if !wrong.is_empty() || !rehearsal.plans() {
            return Ok(Some(Preview::of(wrong)));
        }
        let blueprint = &signup.blueprint;
        let steps = blueprint.workflow.steps().into_iter().map(|step| made(blueprint, step));
        let plan = self.plan_of(blueprint, steps.collect(), |_| 1).await?;
        let (approval, price) = (signup.waits_for_approval(), Some(Price::of(&signup.plan)));
        Ok(Some(Preview::planned(Plans { approval, price, ..plan })))
    }

    /// What a change of a tenant would come to, unless it is meant.
    pub(crate) async fn rehearse_change(
        &self,
        id: &TenantId,
        edit: &EditRequest,
        rehearsal: &Rehearsal,
    ) -> Result<Option<Preview>, Problem> {
        if rehearsal.is_meant() {
            return Ok(None);
        }
        let tenant = self.known(id).await?;
        let blueprint = self.tenants.blueprint(&tenant).await?;
        let checked = self.fits(edit.clone(), &tenant, &blueprint).await?;
        let approval = self.settings.separation_of_duty && edit.overrides.is_some();
        self.rehearse_edit(tenant, checked, approval, rehearsal).await.map(Some)
    }

    /// What another try would come to, without the steps that it is to do without, unless it is meant.
    pub(crate) async fn rehearse_retry(
        &self,
        id: &TenantId,
        edit: &EditRequest,
        skip: &BTreeSet<String>,
        rehearsal: &Rehearsal,
    ) -> Result<Option<Preview>, Problem> {
        if rehearsal.is_meant() {
            return Ok(None);
        }
        // Refused as the real one is: there is no field to change.
        self.known(id).await?.status.after(Event::RetryRequested).map_err(Refusal::NotNow)?;
        let preview = self.rehearse_change(id, edit, rehearsal).await?;
        Ok(preview.map(|preview| preview.without(skip)))
    }

    /// What an edit of a tenant would come to, that may need somebody's approval.
    pub(crate) async fn rehearse_edit(
        &self,
        mut tenant: Tenant,
        checked: Result<Edit, Violations>,
        approval: bool,
        rehearsal: &Rehearsal,
    ) -> Result<Preview, Problem> {
        match checked {
            Ok(edit) => edit.apply(&mut tenant),
            Err(violations) => return Ok(Preview::of(violations.iter().cloned().collect())),
        }
        if !rehearsal.plans() {
            return Ok(Preview::of(Vec::new()));
        }
        // As it would be then: its steps are those of the version it would be of.
        let blueprint = self.tenants.blueprint(&tenant).await?;
        let resources = self.ledger.resources(&tenant.id).await?;
        let held: BTreeMap<&str, &Value> = resources
            .iter()
            .filter(|held| held.is_left())
            .map(|held| (held.step.as_str(), &held.handle))
            .collect();
        let steps = blueprint.workflow.steps().into_iter().map(|step| {
            let resource = held.get(step).map(|handle| (*handle).clone());
            let does = if resource.is_some() { Does::Change } else { does(step) };
            Step { does, resource, ..made(&blueprint, step) }
        });
        let more = |step: &str| i64::from(!held.contains_key(step));
        let plan = self.plan_of(&blueprint, steps.collect(), more).await?;
        let price = self.catalogue.plan(&tenant.plan).await?.as_ref().map(Price::of);
        Ok(Preview::planned(Plans { approval, price, ..plan }))
    }

    /// What a deletion would come to, unless it is meant.
    pub(crate) async fn rehearse_deletion(
        &self,
        id: &TenantId,
        rehearsal: &Rehearsal,
    ) -> Result<Option<Preview>, Problem> {
        if rehearsal.is_meant() {
            return Ok(None);
        }
        let tenant = self.known(id).await?;
        // Refused as the real one is: there is no field to change.
        match (tenant.hold.clone(), tenant.deletion_lock.clone()) {
            (Some(hold), _) => return Err(Refusal::Held(hold).into()),
            (None, Some(lock)) => return Err(Refusal::Locked(lock).into()),
            (None, None) => {}
        }
        if !rehearsal.plans() {
            return Ok(Some(Preview::of(Vec::new())));
        }
        let blueprint = self.tenants.blueprint(&tenant).await?;
        let resources = self.ledger.resources(id).await?;
        let steps = resources.into_iter().filter(saga::Resource::is_left).map(|resource| Step {
            does: Does::Destroy,
            usual_ms: None,
            step: resource.step,
            resource: Some(resource.handle),
        });
        let plan = self.plan_of(&blueprint, steps.collect(), |_| -1).await?;
        Ok(Some(Preview::planned(Plans { approval: self.settings.separation_of_duty, ..plan })))
    }

    /// `more`: how many more there would be of what a step makes.
    async fn plan_of(
        &self,
        blueprint: &Blueprint,
        steps: Vec<Step>,
        more: impl Fn(&str) -> i64,
    ) -> Result<Plans, Problem> {
        let headroom = Headroom::of(&self.db, &blueprint.providers, clock::now()).await?;
        let concerned = |step: &str| steps.iter().any(|found| found.step == step);
        let usual = |step: &str| {
            blueprint.usual_ms.get(step).copied().filter(|_| concerned(step)).unwrap_or_default()
        };
        let cost = |(step, cents): (&String, &u32)| more(step) * i64::from(*cents);
        let missing = self.settings.missing_accounts.iter().filter(|provider| {
            let is_its =
                |step: &str| step.strip_prefix(provider.as_str()).is_some_and(|it| it.starts_with('-'));
            steps.iter().any(|step| is_its(&step.step))
        });
        Ok(Plans {
            estimated_ms: blueprint.workflow.critical_path(&usual),
            approval: false,
            price: None,
            cost_cents: blueprint.costs.iter().filter(|(step, _)| concerned(step)).map(cost).sum(),
            headroom,
            missing_permissions: missing.cloned().collect(),
            steps,
        })
    }
}

fn made(blueprint: &Blueprint, step: &str) -> Step {
    let usual_ms = blueprint.usual_ms.get(step).copied();
    Step { step: step.to_owned(), does: does(step), usual_ms, resource: None }
}

/// What only looks is called so (`neon-probe-database`).
fn does(step: &str) -> Does {
    if step.contains("-probe-") { Does::Check } else { Does::Make }
}
