mod gate;
mod headroom;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fault::Fault;
use gate::{Gate, Lease};
use governor::{Governor, Haste, Heard, Pass, Quota, Saying};
pub use headroom::Headroom;
use jiff::{SignedDuration, Timestamp};

use crate::database::{Condition, Database, Error, Key, Row, Table, Write};

/// Callers that come at once write one after the other; whoever loses this often comes again in a second.
const TRIES: usize = 16;

/// A call of a provider is not held up any longer than this for being counted.
const PATIENCE: Duration = Duration::from_secs(2);

/// For so long a store that did not answer is not asked.
const BLIND: SignedDuration = SignedDuration::from_secs(5);

/// The governor of a deployment: a row per quota in the ledger's table, read and written by every function.
///
/// An instance takes a few calls by one write and uses them up, for a second to five, without asking: so long it may not
/// have heard that a provider wants none. Does the store not answer, every call goes ahead
/// ([0020](../../../docs/decisions/0020-calls-are-leased-from-a-row-per-quota.md)).
#[derive(Debug)]
pub struct RateGovernor {
    db: Database,
    known: Mutex<Known>,
}

/// What this instance knows and nobody else does.
#[derive(Debug, Default)]
struct Known {
    leases: HashMap<(Quota, Haste), Lease>,
    /// When a provider last answered. Told with the next write.
    answered: HashMap<Quota, Timestamp>,
    blind_until: Option<Timestamp>,
}

impl RateGovernor {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db, known: Mutex::default() }
    }

    /// One governor for all the providers that a function asks.
    #[must_use]
    pub fn shared(db: &Database) -> Arc<dyn Governor> {
        Arc::new(Self::new(db.clone()))
    }

    async fn let_in(&self, quota: Quota, haste: Haste) -> Result<Pass, Fault> {
        if let Some(pass) = self.known().spend(quota, haste, clock::now()) {
            return Ok(pass);
        }
        match self.patiently("not counted", quota, self.lease(quota, haste)).await {
            Some(Ok(lease)) => Ok(self.known().begin(quota, haste, lease)),
            Some(Err(fault)) => {
                telemetry::provider_deferred(quota.provider);
                Err(fault)
            }
            None => Ok(Pass::default()),
        }
    }

    async fn told(&self, quota: Quota, pass: Pass, heard: Heard) {
        if heard == Heard::Answered {
            self.known().answered.insert(quota, clock::now());
            if !pass.trial {
                return;
            }
        } else {
            // Whatever it knew of the provider has changed.
            self.known().leases.retain(|(of, _), _| *of != quota);
        }
        self.patiently("not told", quota, self.record(quota, pass, heard)).await;
    }

    /// Takes calls for this instance. The fault is what the gate says, the error that there was no gate to ask.
    async fn lease(&self, quota: Quota, haste: Haste) -> Result<Result<Lease, Fault>, Error> {
        self.over(quota, |gate, now| {
            telemetry::provider_shut(quota.provider, gate.is_shut(now));
            gate.give(quota, haste, now)
        })
        .await
    }

    async fn record(&self, quota: Quota, pass: Pass, heard: Heard) -> Result<Result<(), Fault>, Error> {
        let closed = self.over(quota, |gate, now| {
            let before = gate.closed_until();
            gate.hear(quota, pass.trial, heard, now);
            Ok(gate.closed_until().filter(|until| before != Some(*until)))
        });
        Ok(closed.await?.map(|closed| {
            if let Some(until) = closed {
                tracing::warn!(
                    provider.name = quota.provider,
                    "{} is not asked before {until:.0}",
                    quota.provider
                );
            }
        }))
    }

    /// Changes the gate as it stands, however many others do so, too. What the change refuses is not written.
    async fn over<T>(
        &self,
        quota: Quota,
        change: impl Fn(&mut Gate, Timestamp) -> Result<T, Fault>,
    ) -> Result<Result<T, Fault>, Error> {
        let answered = self.known().answered.get(&quota).copied();
        let mut found = self.db.get(&key(quota)).await?;
        for _ in 0..TRIES {
            let now = clock::now();
            let before = found.as_ref().map(gate).unwrap_or_default();
            let mut after = before.clone();
            if let Some(at) = answered {
                after.answered(at);
            }
            let outcome = match change(&mut after, now) {
                Ok(outcome) => outcome,
                Err(fault) => return Ok(Err(fault)),
            };
            if after == before {
                return Ok(Ok(outcome));
            }
            let condition = found.map_or(Condition::Absent, |row| Condition::Version(row.version));
            match self.db.write(Write::put(key(quota), &after, condition)?).await {
                Ok(_) => return Ok(Ok(outcome)),
                Err(Error::Conflict(conflict)) => found = conflict.existing,
                Err(error) => return Err(error),
            }
        }
        let mut fault = Fault::not_ready(format!("too many ask for {} at once", quota.provider))
            .from_provider(quota.provider, None);
        fault.retry_at = Some(clock::now() + SignedDuration::from_secs(1));
        Ok(Err(fault))
    }

    /// What the store says, unless it is not to be had.
    async fn patiently<T>(
        &self,
        without: &str,
        quota: Quota,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Option<T> {
        if self.known().blind_until.is_some_and(|until| clock::now() < until) {
            return None;
        }
        let why = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(said)) => return Some(said),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(provider.name = quota.provider, "a call of {} is {without}: {why}", quota.provider);
        self.known().blind_until = Some(clock::now() + BLIND);
        None
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Governor for RateGovernor {
    fn admit(&self, quota: Quota, haste: Haste) -> Saying<'_, Result<Pass, Fault>> {
        Box::pin(self.let_in(quota, haste))
    }

    fn hear(&self, quota: Quota, pass: Pass, heard: Heard) -> Saying<'_, ()> {
        Box::pin(self.told(quota, pass, heard))
    }
}

impl Known {
    /// One of the calls that were taken before.
    fn spend(&mut self, quota: Quota, haste: Haste, now: Timestamp) -> Option<Pass> {
        let lease = self.leases.get_mut(&(quota, haste)).filter(|lease| now < lease.until)?;
        lease.calls = lease.calls.checked_sub(1)?;
        Some(Pass::default())
    }

    /// The first of the calls that were taken now; the rest is kept.
    fn begin(&mut self, quota: Quota, haste: Haste, lease: Lease) -> Pass {
        let kept = self.leases.entry((quota, haste)).or_insert(Lease { calls: 0, ..lease });
        // Calls made side by side may have taken some each.
        let calls = if kept.until == lease.until { kept.calls } else { 0 };
        *kept = Lease { calls: calls + lease.calls.saturating_sub(1), trial: false, ..lease };
        Pass { trial: lease.trial }
    }
}

/// A gate that another version wrote and this one cannot read begins anew: what it knew is over in a window.
fn gate(row: &Row) -> Gate {
    row.decode().unwrap_or_default()
}

fn key(quota: Quota) -> Key {
    Key::new(Table::Ledger, format_args!("PROVIDER#{}", quota.provider), format_args!("QUOTA#{}", quota.of))
}
