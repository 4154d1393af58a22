use std::net::IpAddr;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::Serialize;
use store::{Bucket, Buckets, Rate, Refusal};
use tenancy::{OperationId, Origin, Signup, SignupRequest, Tenant, Violation, Violations};
use utoipa::ToSchema;

use crate::acts::{accepted, kept};
use crate::preview::{Preview, Rehearsal};
use crate::request::Change;
use crate::{Api, Problem};

/// How often signups come from one place.
#[derive(Clone, Copy, Debug)]
pub struct SignupLimits {
    /// An hour, from one address.
    pub per_address: u32,
    /// An hour, for one e-mail domain; at a public mail provider, for one address.
    pub per_email_domain: u32,
    /// A month, with one card: plans with a trial.
    pub trials_per_card: u32,
}

/// A tenant that will be made, or that waits for approval.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct SignedUp {
    tenant: Tenant,
    /// What makes it; none while it waits.
    operation: Option<OperationId>,
}

/// Signs up
///
/// Open to anybody, or to who brings the key that the platform's own pages have (`Signup-Key`), as it is set up. Signups
/// that come too often from one address, for one e-mail domain or with one card are put off.
#[utoipa::path(
    post, path = "/v1/signups", tag = "signup", request_body = SignupRequest,
    params(Rehearsal, ("Signup-Key" = Option<String>, Header, description = "Where signups take a key")),
    responses(
        (status = 202, description = "It will be made, or waits for approval", body = SignedUp),
        (status = 200, description = "What would be done, or what is wrong: nothing was", body = Preview),
        (status = 403, description = "Signups take a key here", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sign_up(
    State(api): State<Api>,
    rehearsal: Rehearsal,
    change: Change,
) -> Result<Response, Problem> {
    api.open_to(&change).await?;
    let request: SignupRequest = change.decode()?;
    change.may_override(&request.overrides)?;
    change.may_clone(request.origin.as_ref())?;
    if request.synthetic {
        let allowed = "false: only admins and machines make a synthetic tenant";
        return Err(Problem::violated(Violation::new("synthetic", "is true", allowed)));
    }
    let signup = match Box::pin(api.checked(request, &rehearsal, &change)).await? {
        Checked::Signup(signup) => signup,
        Checked::Answered(answer) => return Ok(answer),
    };
    api.take_tokens(&signup, change.address).await?;
    api.enrol(&signup, &change).await
}

enum Checked {
    Signup(Box<Signup>),
    Answered(Response),
}

impl Api {
    /// Signs a tenant up whose request somebody vouches for.
    pub(crate) async fn sign_up(
        &self,
        request: SignupRequest,
        rehearsal: &Rehearsal,
        change: &Change,
    ) -> Result<Response, Problem> {
        match Box::pin(self.checked(request, rehearsal, change)).await? {
            Checked::Signup(signup) => self.enrol(&signup, change).await,
            Checked::Answered(answer) => Ok(answer),
        }
    }

    /// A signup that holds up, unless there is an answer already: it was only rehearsed, or is known by its key.
    async fn checked(
        &self,
        request: SignupRequest,
        rehearsal: &Rehearsal,
        change: &Change,
    ) -> Result<Checked, Problem> {
        if rehearsal.is_meant()
            && let Some(before) = self.replayed(change).await?
        {
            return Ok(Checked::Answered(before));
        }
        let (blueprint, plans, themes) = tokio::join!(
            self.catalogue.blueprint(&request.blueprint),
            self.catalogue.plans(),
            self.catalogue.themes(),
        );
        let checked = request.check(blueprint?, &plans?, &themes?);
        let checked = match checked {
            Ok(signup) => self.has_origin(signup).await?,
            wrong => wrong,
        };
        if let Some(preview) = Box::pin(self.rehearse_signup(checked.as_ref(), rehearsal)).await? {
            return Ok(Checked::Answered(preview.into_response()));
        }
        let signup = checked.map_err(Problem::invalid)?;
        if let Some(domain) = &signup.custom_domain {
            self.may_have("custom_domain", domain).await?.map_err(Problem::violated)?;
        }
        Ok(Checked::Signup(Box::new(signup)))
    }

    /// The same signup, if there is, or was, such a tenant as it is to be made from.
    async fn has_origin(&self, signup: Signup) -> Result<Result<Signup, Violations>, Problem> {
        let Some(Origin { tenant, at }) = &signup.origin else { return Ok(Ok(signup)) };
        let found = self.tenants.get(tenant).await?.map(|found| found.value);
        let wrong = match found {
            None => Some((format!("there is no tenant '{tenant}'"), "a tenant's id".to_owned())),
            Some(found) if found.blueprint.name != signup.blueprint.name => {
                let problem = format!("'{tenant}' is of the blueprint {}", found.blueprint.name);
                Some((problem, format!("a tenant of the blueprint {}", signup.blueprint.name)))
            }
            Some(found) => at.filter(|at| !(found.created_at..=clock::now()).contains(at)).map(|at| {
                let problem = format!("'{tenant}' has no backup of {at}");
                (problem, format!("a moment between {} and now", found.created_at))
            }),
        };
        Ok(match wrong {
            None => Ok(signup),
            Some((problem, allowed)) => Err(Violation::new("origin", problem, allowed).into()),
        })
    }

    async fn enrol(&self, signup: &Signup, change: &Change) -> Result<Response, Problem> {
        let (key, now) = (change.key.as_ref(), clock::now());
        if signup.waits_for_approval() {
            return Ok(kept(self.tenants.apply(signup, key, now).await.map_err(refused)?).into_response());
        }
        Ok(accepted(&self.tenants.sign_up(signup, key, now).await.map_err(refused)?).into_response())
    }

    /// Whether the caller brings the key, where there is one.
    async fn open_to(&self, change: &Change) -> Result<(), Problem> {
        let Some(key) = &self.settings.signup_key else { return Ok(()) };
        let brought = change.signup_key.as_deref().unwrap_or_default();
        if key.is(brought.as_bytes()).await? {
            Ok(())
        } else {
            Err(Problem::forbidden("signups take a key here: send it as Signup-Key"))
        }
    }

    /// Counts a signup before it costs anything.
    async fn take_tokens(&self, signup: &Signup, address: Option<IpAddr>) -> Result<(), Problem> {
        let rate = |burst: u32, hours| {
            let each = i32::try_from(burst).unwrap_or(i32::MAX).max(1);
            Rate { burst, per: SignedDuration::from_hours(hours) / each }
        };
        let SignupLimits { per_address, per_email_domain, trials_per_card } = self.settings.limits;
        let mut buckets = vec![(Bucket::Email(signup.email.clone()), rate(per_email_domain, 1))];
        buckets.extend(address.map(|address| (Bucket::Address(address), rate(per_address, 1))));
        let card = signup.card_fingerprint.as_deref().filter(|_| signup.plan.trial_days > 0);
        buckets.extend(card.map(|card| (Bucket::Card(card.to_owned()), rate(trials_per_card, 30 * 24))));
        Ok(Buckets::new(self.db.clone()).take(&buckets, clock::now()).await?)
    }
}

/// In the words of the signup: its domain is a field of another name than elsewhere.
pub(crate) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::DomainTaken(domain) => Problem::domain_taken("custom_domain", &domain),
        refusal => refusal.into(),
    }
}
