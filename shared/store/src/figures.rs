use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenancy::{
    DomainState, Domains, Kind, OPERATOR, Operation, OperationId, State, Status, Tenant, TenantId,
};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};
use crate::domains::domains_key;
use crate::histogram::Histogram;
use crate::tenants::{Tenants, operation_key, tenant_key};

/// How many days are shown, today among them.
const SHOWN_DAYS: i32 = 30;

/// What ended before is not counted any more.
const COUNTED_HOURS: i64 = 31 * 24;

/// How long a day is kept, and that an operation was counted: longer than either is asked for.
const KEPT_HOURS: i64 = 60 * 24;

/// So many records are counted by one transaction, which has room for 100 writes: three of a tenant.
const AT_ONCE: usize = 20;

/// How often a transaction is made anew that another one came before. Each meeting has a winner.
const TRIES: u32 = 16;

const PARTITION: &str = "FIGURES";

/// A record that the figures are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Tenant(TenantId),
    Domains(TenantId),
    Operation(TenantId, OperationId),
}

/// How many tenants there are of each status, how it went with what was done in the last days, and which tenants wait for
/// somebody: kept as records change, so that nobody has to count them.
///
/// Beside each record that was counted stands a mark of what it adds, written in the transaction that adds it. To count
/// a record is to take back what its mark says and to add what it is now. So it may be counted at any time, and as often
/// as anybody likes: each is in the figures once, as it was when it was counted last. Synthetic tenants are in none.
#[derive(Clone, Debug)]
pub struct Figures {
    db: Database,
}

/// How it went with what ended on a day, by the calendar of UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub day: Date,
    /// Provisionings. Those that somebody stopped are in neither.
    #[serde(default)]
    pub succeeded: u64,
    #[serde(default)]
    pub failed: u64,
    /// How long those took that succeeded, from their acceptance until their tenant was active.
    #[serde(default)]
    pub took: Histogram,
    /// Where operations of any kind have failed.
    #[serde(default)]
    pub failures: Vec<Failure>,
}

/// How often a step has failed an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    pub step: String,
    pub blueprint: String,
    pub count: u64,
    pub last_at: Timestamp,
}

/// A tenant that does not go on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub tenant: TenantId,
    pub what: Waits,
    pub since: Timestamp,
    /// Why, in a sentence.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    Approval,
    Failed,
    Stuck,
    /// A domain of its own was given up.
    Domain,
}

/// What a tenant's record or its domains add. An operation's mark says no more than that it was counted: it ends once.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Share {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<Waiting>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Totals {
    tenants: BTreeMap<Status, u64>,
}

/// What a transaction is to change.
#[derive(Debug, Default)]
struct Due {
    writes: Vec<Write>,
    tenants: BTreeMap<Status, i64>,
    ended: BTreeMap<Date, Vec<Operation>>,
}

impl Figures {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// Counts records as they are now. Whoever has changed one has it counted afterwards; again is the same.
    pub async fn count(&self, subjects: &BTreeSet<Subject>, now: Timestamp) -> Result<(), Error> {
        let subjects: Vec<&Subject> = subjects.iter().collect();
        for some in subjects.chunks(AT_ONCE) {
            self.count_some(some, now).await?;
        }
        Ok(())
    }

    /// All of a tenant that counts, and did not long ago.
    pub async fn of(&self, tenant: &TenantId, now: Timestamp) -> Result<Vec<Subject>, Error> {
        let operations = Tenants::new(self.db.clone()).operations(tenant).await?;
        let counts = operations.iter().filter(|operation| ended(operation, now).is_some());
        let operations = counts.map(|operation| Subject::Operation(tenant.clone(), operation.id));
        let others = [Subject::Tenant(tenant.clone()), Subject::Domains(tenant.clone())];
        Ok(others.into_iter().chain(operations).collect())
    }

    /// How many tenants there are of each status.
    pub async fn tenants(&self) -> Result<BTreeMap<Status, u64>, Error> {
        let known = self.db.get(&totals_key()).await?;
        let Totals { mut tenants } = known.map(|row| row.decode()).transpose()?.unwrap_or_default();
        for status in Status::ALL {
            tenants.entry(status).or_default();
        }
        Ok(tenants)
    }

    /// The last days, the oldest first. One on which nothing ended is among them.
    pub async fn days(&self, now: Timestamp) -> Result<Vec<Day>, Error> {
        let today = day(now);
        let days: Vec<Date> = (0..SHOWN_DAYS).rev().map(|ago| today.saturating_sub(ago.days())).collect();
        let keys: Vec<Key> = days.iter().copied().map(day_key).collect();
        let found = self.db.get_all(&keys).await?;
        let known =
            |(day, row): (Date, Option<Row>)| row.map_or_else(|| Ok(Day::new(day)), |row| row.decode());
        days.into_iter().zip(found).map(known).collect()
    }

    /// The tenants that wait for somebody, the longest first, and so many at most. One that has just gone on may still be
    /// among them: its status says so.
    pub async fn waiting(&self, most: usize) -> Result<Vec<Waiting>, Error> {
        let (rows, _) = self.db.query(Table::Claims, PARTITION, "WAITS#", most, None).await?;
        let mut waiting: Vec<Waiting> = rows.iter().map(Row::decode).collect::<Result<_, _>>()?;
        // Nobody is told that a domain was taken away which had been given up, so its row may be an old one.
        let domains = waiting.iter().filter(|it| it.what == Waits::Domain).map(|it| domains_key(&it.tenant));
        let mut so = BTreeSet::new();
        for row in self.db.get_all(&domains.collect::<Vec<_>>()).await?.into_iter().flatten() {
            let tenant: TenantId = row.key.pk.parse().map_err(Error::Unusable)?;
            so.extend(given_up(&tenant, &row.decode()?).waiting.map(|it| it.tenant));
        }
        waiting.retain(|it| it.what != Waits::Domain || so.contains(&it.tenant));
        Ok(waiting)
    }

    async fn count_some(&self, subjects: &[&Subject], now: Timestamp) -> Result<(), Error> {
        for _ in 0..TRIES {
            let writes = self.due(subjects, now).await?;
            if writes.is_empty() {
                return Ok(());
            }
            match self.db.transact(writes).await {
                // Somebody else has just counted.
                Err(Error::Conflict(_)) => {}
                done => return done,
            }
        }
        Err(Error::Rivals)
    }

    /// The writes by which the figures are true of these records.
    async fn due(&self, subjects: &[&Subject], now: Timestamp) -> Result<Vec<Write>, Error> {
        let keys = |key: fn(&Subject) -> Key| subjects.iter().copied().map(key).collect::<Vec<_>>();
        // The marks first: whoever counts a newer record than is read here changes a mark that was read before it.
        let marks = self.db.get_all(&keys(Subject::mark)).await?;
        let records = self.db.get_all(&keys(Subject::record)).await?;
        let synthetic = self.synthetic(subjects).await?;
        let mut due = Due::default();
        for ((subject, mark), record) in subjects.iter().zip(marks).zip(records) {
            if matches!(subject, Subject::Operation(tenant, _) if synthetic.contains(tenant)) {
                continue;
            }
            match self.weigh(subject, mark, record, now, &mut due).await {
                // It must not keep the others from being counted.
                Err(Error::Unusable(cause)) => tracing::error!("{subject:?} cannot be counted: {cause}"),
                done => done?,
            }
        }
        if due.tenants.values().any(|change| *change != 0) {
            let (condition, known) = self.read::<Totals>(&totals_key()).await?;
            let mut totals = known.unwrap_or_default();
            for (status, change) in &due.tenants {
                let count = totals.tenants.entry(*status).or_default();
                *count = count.saturating_add_signed(*change);
            }
            due.writes.push(Write::put(totals_key(), &totals, condition)?);
        }
        for (day, operations) in due.ended {
            let key = day_key(day);
            let (condition, known) = self.read(&key).await?;
            let mut figures = known.unwrap_or_else(|| Day::new(day));
            operations.iter().for_each(|operation| figures.add(operation));
            due.writes.push(Write::put(key, &figures, condition)?.until(now + KEPT_HOURS.hours()));
        }
        Ok(due.writes)
    }

    async fn weigh(
        &self,
        subject: &Subject,
        mark: Option<Row>,
        record: Option<Row>,
        now: Timestamp,
        due: &mut Due,
    ) -> Result<(), Error> {
        let share = match (subject, record) {
            (Subject::Operation(..), Some(record)) if mark.is_none() => {
                let operation: Operation = record.decode()?;
                if let Some(at) = ended(&operation, now) {
                    let mark = Write::put(subject.mark(), &Share::default(), Condition::Absent)?;
                    due.writes.push(mark.until(at + KEPT_HOURS.hours()));
                    due.ended.entry(day(at)).or_default().push(operation);
                }
                return Ok(());
            }
            (Subject::Operation(..), _) => return Ok(()),
            (Subject::Tenant(_), Some(record)) => self.share(record.decode()?).await?,
            (Subject::Domains(tenant), Some(record)) => given_up(tenant, &record.decode()?),
            (Subject::Tenant(_) | Subject::Domains(_), None) => Share::default(),
        };
        let (version, counted) = match mark {
            Some(mark) => (mark.version, mark.decode()?),
            None => (0, Share::default()),
        };
        if share == counted {
            return Ok(());
        }
        let condition = if version == 0 { Condition::Absent } else { Condition::Version(version) };
        due.writes.push(Write::put(subject.mark(), &share, condition)?);
        if let Some(waiting) = counted.waiting {
            due.writes.push(Write::Delete { key: waiting.key(version), condition: Condition::Version(1) });
        }
        if let Some(waiting) = share.waiting {
            due.writes.push(Write::put(waiting.key(version + 1), &waiting, Condition::Absent)?);
        }
        for (status, change) in [(counted.status, -1), (share.status, 1)] {
            if let Some(status) = status {
                *due.tenants.entry(status).or_default() += change;
            }
        }
        Ok(())
    }

    /// The synthetic ones among those whose operations are to be counted.
    async fn synthetic(&self, subjects: &[&Subject]) -> Result<BTreeSet<TenantId>, Error> {
        let of_operations = subjects.iter().filter_map(|subject| match subject {
            Subject::Operation(tenant, _) => Some(tenant),
            Subject::Tenant(_) | Subject::Domains(_) => None,
        });
        let tenants: BTreeSet<&TenantId> = of_operations.collect();
        let keys: Vec<Key> = tenants.iter().map(|tenant| tenant_key(tenant)).collect();
        let rows = self.db.get_all(&keys).await?;
        let is_synthetic = |row: &Option<Row>| {
            let tenant = row.as_ref().map(Row::decode::<Tenant>);
            tenant.is_some_and(|tenant| tenant.is_ok_and(|tenant| tenant.subdomain.is_synthetic()))
        };
        let synthetic = tenants.into_iter().zip(&rows).filter(|(_, row)| is_synthetic(row));
        Ok(synthetic.map(|(tenant, _)| tenant.clone()).collect())
    }

    async fn share(&self, tenant: Tenant) -> Result<Share, Error> {
        if tenant.subdomain.is_synthetic() {
            return Ok(Share::default());
        }
        let status = tenant.status;
        let waiting = match status {
            Status::PendingApproval => {
                let until = tenant.approve_by.map(|at| format!(" until {}", day(at))).unwrap_or_default();
                let detail = format!("waits for approval{until}");
                Some(Waiting { what: Waits::Approval, since: tenant.created_at, detail, tenant: tenant.id })
            }
            Status::Failed => Some(self.failed(tenant, Waits::Failed).await?),
            Status::Stuck => Some(self.failed(tenant, Waits::Stuck).await?),
            Status::Provisioning
            | Status::Active
            | Status::Suspended
            | Status::Hibernating
            | Status::ChangingPlan
            | Status::Cancelling
            | Status::Deleting
            | Status::Deleted => None,
        };
        Ok(Share { status: Some(status), waiting })
    }

    /// What its last operation that did not succeed says of it.
    async fn failed(&self, tenant: Tenant, what: Waits) -> Result<Waiting, Error> {
        let operations = Tenants::new(self.db.clone()).operations(&tenant.id).await?;
        let last = operations.into_iter().find(|it| matches!(it.state, State::Failed | State::Stuck));
        let since = last.as_ref().and_then(|it| it.ended_at).unwrap_or(tenant.created_at);
        let detail = match last.map(|it| (it.kind.name(), it.fault)) {
            Some((kind, Some(fault))) => format!("{kind} stopped at {}: {}", fault.step, fault.fault.cause),
            Some((kind, None)) => format!("{kind} did not succeed, and nobody said why"),
            None => "nothing says why".to_owned(),
        };
        Ok(Waiting { tenant: tenant.id, what, since, detail })
    }

    /// A row to be written over, or to be written.
    async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<(Condition, Option<T>), Error> {
        let found = self.db.get(key).await?;
        let condition = found.as_ref().map_or(Condition::Absent, |row| Condition::Version(row.version));
        Ok((condition, found.map(|row| row.decode()).transpose()?))
    }
}

impl Subject {
    fn record(&self) -> Key {
        match self {
            Self::Tenant(tenant) => tenant_key(tenant),
            Self::Domains(tenant) => domains_key(tenant),
            Self::Operation(tenant, operation) => operation_key(tenant, *operation),
        }
    }

    /// Marks are spread over as many partitions as there are tenants.
    fn mark(&self) -> Key {
        let Key { pk, sk, .. } = self.record();
        Key::new(Table::Claims, format_args!("{PARTITION}#{pk}"), sk)
    }
}

impl Waiting {
    /// In whole seconds all have as many digits, and sort as they follow. The version of the mark tells two apart that
    /// wait since the same second.
    fn key(&self, version: u64) -> Key {
        let since = Timestamp::from_second(self.since.as_second()).unwrap_or(self.since);
        let sk = format_args!("WAITS#{since}#{}#{}#{version}", self.tenant, self.what.name());
        Key::new(Table::Claims, PARTITION, sk)
    }
}

impl Waits {
    /// Whether a tenant of that status can wait for this.
    #[must_use]
    pub fn befits(self, status: Status) -> bool {
        match self {
            Self::Approval => status == Status::PendingApproval,
            Self::Failed => status == Status::Failed,
            Self::Stuck => status == Status::Stuck,
            Self::Domain => status != Status::Deleted,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Domain => "domain",
        }
    }
}

impl Day {
    fn new(day: Date) -> Self {
        Self { day, succeeded: 0, failed: 0, took: Histogram::default(), failures: Vec::new() }
    }

    fn add(&mut self, operation: &Operation) {
        let stopped = operation.fault.as_ref().is_some_and(|fault| fault.step == OPERATOR);
        let (Some(at), false) = (operation.ended_at, stopped) else { return };
        if operation.kind == Kind::Provision {
            if operation.state == State::Succeeded {
                self.succeeded += 1;
                let took = at.duration_since(operation.accepted_at).as_millis();
                self.took.add(u64::try_from(took).unwrap_or_default());
            } else {
                self.failed += 1;
            }
        }
        if let (Some(fault), true) = (&operation.fault, operation.state != State::Succeeded) {
            let (step, blueprint) = (fault.step.clone(), operation.blueprint.name.clone());
            Failure::tally(&mut self.failures, Failure { step, blueprint, count: 1, last_at: at });
        }
    }
}

impl Failure {
    /// Adds what has failed to what has, each step of a blueprint once.
    pub fn tally(all: &mut Vec<Self>, failure: Self) {
        let same = |it: &&mut Self| it.step == failure.step && it.blueprint == failure.blueprint;
        match all.iter_mut().find(same) {
            Some(known) => {
                known.count += failure.count;
                known.last_at = known.last_at.max(failure.last_at);
            }
            None => all.push(failure),
        }
    }
}

/// When an operation ended that counts.
fn ended(operation: &Operation, now: Timestamp) -> Option<Timestamp> {
    let recent = |at: &Timestamp| *at + COUNTED_HOURS.hours() > now;
    operation.ended_at.filter(|_| operation.state.is_final()).filter(recent)
}

/// The domain that failed first, of those that nobody has taken away or asked for again.
fn given_up(tenant: &TenantId, domains: &Domains) -> Share {
    let failed = domains.all.iter().filter(|domain| domain.state == DomainState::Failed);
    let first = failed.min_by_key(|domain| domain.looked_at.unwrap_or(domain.requested_at));
    let waiting = first.map(|domain| {
        let why = domain.fault.as_ref().map_or("it was not seen to lead here", |fault| &fault.cause);
        Waiting {
            tenant: tenant.clone(),
            what: Waits::Domain,
            since: domain.looked_at.unwrap_or(domain.requested_at),
            detail: format!("{}: {why}", domain.hostname),
        }
    });
    Share { status: None, waiting }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn totals_key() -> Key {
    Key::new(Table::Claims, PARTITION, "TENANTS")
}

fn day_key(day: Date) -> Key {
    Key::new(Table::Claims, PARTITION, format_args!("DAY#{day}"))
}
