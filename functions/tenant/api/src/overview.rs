use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use store::{ChangeRequest, Day, Failure, Figures, Histogram, RepairTask, Waiting, Waits, Wish};
use tenancy::{Status, TenantId};
use utoipa::ToSchema;

use crate::{Api, Problem};

/// So many of what needs a person are shown.
const SHOWN: usize = 50;

/// How a deployment fares.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// How many there are of each status.
    tenants: BTreeMap<Status, u64>,
    provisioning: Provisioning,
    /// Where operations of any kind have failed in these days, most often first.
    failures_by_step: Vec<Failure>,
    /// What does not go on without somebody, the longest first: 50 at most.
    needs_a_person: Vec<Need>,
}

/// How it went with the tenants that were to be made in the last 30 days, by when that was over. Those that somebody
/// stopped do not count.
#[derive(Debug, Serialize, ToSchema)]
struct Provisioning {
    /// The first of these days, of UTC.
    since: Date,
    succeeded: u64,
    failed: u64,
    /// The part that succeeded, of all that are over.
    success_rate: Option<f64>,
    time_to_active_ms: Took,
    days: Vec<OneDay>,
}

/// How long half of them took at most, and all but five of a hundred: to within 3.2 %.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimeToActive)]
struct Took {
    p50: Option<u64>,
    p95: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvisioningDay)]
struct OneDay {
    day: Date,
    succeeded: u64,
    failed: u64,
    #[serde(flatten)]
    took: Took,
}

#[derive(Debug, Serialize, ToSchema)]
struct Need {
    what: What,
    /// What it is called where it is dealt with, of a change request and a repair task.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Whose, if a tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// The tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Since when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Why, in a sentence.
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NeedKind)]
#[serde(rename_all = "snake_case")]
enum What {
    /// A signup to be approved or turned down.
    Approval,
    /// What one person wants done, and another has to approve.
    ChangeRequest,
    /// What would not go. It is tried again by itself, too.
    RepairTask,
    Stuck,
    Failed,
    /// What billers said and could not be dealt with.
    DeadEvent,
    /// A custom domain that was given up.
    Domain,
}

/// Shows how it all goes
///
/// Its figures are kept as things happen, and follow within seconds. What needs a person is read of what waits for one.
#[utoipa::path(
    get, path = "/v1/overview", tag = "operations",
    responses((status = 200, description = "Tenants, provisioning, failures, and what needs a person", body = Overview)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn show(State(api): State<Api>) -> Result<Json<Overview>, Problem> {
    let (figures, now) = (Figures::new(api.db.clone()), clock::now());
    let (tenants, days, needs) =
        tokio::join!(figures.tenants(), figures.days(now), api.needs_a_person(&figures, now));
    let days = days?;
    Ok(Json(Overview {
        tenants: tenants?,
        failures_by_step: failures(&days),
        provisioning: provisioning(days),
        needs_a_person: needs?,
    }))
}

impl Api {
    /// Of each kind no more is read than is shown of all.
    async fn needs_a_person(&self, figures: &Figures, now: Timestamp) -> Result<Vec<Need>, Problem> {
        let (waiting, wishes, tasks, dead) = tokio::join!(
            figures.waiting(SHOWN),
            ChangeRequest::page(&self.db, SHOWN, None, now),
            RepairTask::page(&self.db, SHOWN, None),
            self.dead_events(),
        );
        let mut needs: Vec<(Option<Waits>, Need)> = Vec::new();
        needs.extend(waiting?.into_iter().map(|it| (Some(it.what), Need::from(it))));
        needs.extend(wishes?.0.into_iter().map(|wish| (None, Need::from(wish))));
        needs.extend(tasks?.0.into_iter().map(|task| (None, Need::from(task))));
        needs.extend(dead?.map(|dead| (None, dead)));
        needs.sort_by_key(|(_, need)| need.since);
        needs.truncate(SHOWN);
        let ids: BTreeSet<TenantId> = needs.iter().filter_map(|(_, need)| need.tenant.clone()).collect();
        let known = self.tenants.get_all(&ids).await?;
        // The figures are some seconds late: who has gone on waits no more.
        let still = |(waits, mut need): (Option<Waits>, Need)| {
            let tenant = need.tenant.as_ref().and_then(|id| known.get(id));
            need.name = tenant.map(|tenant| tenant.name.clone());
            waits.is_none_or(|waits| tenant.is_some_and(|it| waits.befits(it.status))).then_some(need)
        };
        Ok(needs.into_iter().filter_map(still).collect())
    }

    async fn dead_events(&self) -> Result<Option<Need>, Problem> {
        let Some(letters) = &self.settings.letters else { return Ok(None) };
        let count = letters.dead.waiting().await?;
        let detail = match count {
            1 => "a billing event could not be dealt with".to_owned(),
            count => format!("{count} billing events could not be dealt with"),
        };
        let dead = Need { what: What::DeadEvent, id: None, tenant: None, name: None, since: None, detail };
        Ok((count > 0).then_some(dead))
    }
}

fn provisioning(days: Vec<Day>) -> Provisioning {
    let (succeeded, failed) =
        days.iter().fold((0, 0), |(succeeded, failed), day| (succeeded + day.succeeded, failed + day.failed));
    let mut took = Histogram::default();
    days.iter().for_each(|day| took.merge(&day.took));
    Provisioning {
        since: days.first().map_or(Date::ZERO, |day| day.day),
        succeeded,
        failed,
        success_rate: rate(succeeded, succeeded + failed),
        time_to_active_ms: Took::of(&took),
        days: days.into_iter().map(OneDay::from).collect(),
    }
}

fn failures(days: &[Day]) -> Vec<Failure> {
    let mut all = Vec::new();
    days.iter().flat_map(|day| &day.failures).for_each(|failure| Failure::tally(&mut all, failure.clone()));
    all.sort_by_key(|failure| Reverse((failure.count, failure.last_at)));
    all
}

/// To a tenth of a percent.
fn rate(part: u64, all: u64) -> Option<f64> {
    let thousandths = (part * 1_000 + all / 2).checked_div(all)?;
    Some(f64::from(u32::try_from(thousandths).ok()?) / 1_000.0)
}

impl Took {
    fn of(took: &Histogram) -> Self {
        Self { p50: took.percentile(50), p95: took.percentile(95) }
    }
}

impl From<Day> for OneDay {
    fn from(day: Day) -> Self {
        Self { day: day.day, succeeded: day.succeeded, failed: day.failed, took: Took::of(&day.took) }
    }
}

impl From<Waiting> for Need {
    fn from(waiting: Waiting) -> Self {
        let what = match waiting.what {
            Waits::Approval => What::Approval,
            Waits::Failed => What::Failed,
            Waits::Stuck => What::Stuck,
            Waits::Domain => What::Domain,
        };
        let Waiting { tenant, since, detail, .. } = waiting;
        Self { what, id: None, tenant: Some(tenant), name: None, since: Some(since), detail }
    }
}

impl From<ChangeRequest> for Need {
    fn from(request: ChangeRequest) -> Self {
        let wish = match request.wish {
            Wish::Delete { .. } => "deleted",
            Wish::Override { .. } => "given settings of its own",
        };
        Self {
            what: What::ChangeRequest,
            id: Some(request.id.to_string()),
            tenant: Some(request.tenant),
            name: None,
            since: Some(request.asked_at),
            detail: format!("{} wants it {wish}: {}", request.who, request.why),
        }
    }
}

impl From<RepairTask> for Need {
    fn from(task: RepairTask) -> Self {
        Self {
            what: What::RepairTask,
            detail: format!("what {} made would not go: {}", task.id.step, task.fault.cause),
            id: Some(task.id.to_string()),
            tenant: Some(task.id.tenant),
            name: None,
            since: Some(task.since),
        }
    }
}
