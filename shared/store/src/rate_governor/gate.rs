use std::collections::BTreeMap;

use fault::Fault;
use governor::{Haste, Heard, Quota};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A window has so many slots. What was given out in a slot is used in that slot or not at all, and counts until a whole
/// window has passed since the slot ended: so in no window, wherever it begins, are there more calls than allowed.
const SLOTS: i64 = 60;

/// As many calls as one caller is given at once, while there are plenty.
const BATCH: u32 = 8;

/// So many failures in a row close the gate.
const FAILURES: u32 = 5;
/// For so long, and each time that a trial fails, twice as long.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// A trial of which nothing was heard for so long is given up: whoever made it died.
const TRIAL: SignedDuration = SignedDuration::from_secs(30);

/// A provider is not left alone for longer than this on its own word, which may be a mistake.
const LONGEST_QUIET: SignedDuration = SignedDuration::from_hours(1);

/// What all callers together know of a quota: what has been used of it, and how its provider is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Gate {
    /// The calls given out, by slot.
    slots: BTreeMap<i64, u32>,
    /// What the provider allows, for who only looks: so many calls in so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<(u32, u32)>,
    /// The provider wants no calls until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_until: Option<Timestamp>,
    /// In a row.
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    /// While this is set, calls fail at once; after it, one call at a time finds out.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_until: Option<Timestamp>,
    /// How often in a row it was closed.
    closings: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_until: Option<Timestamp>,
}

/// Calls given out to one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) calls: u32,
    /// The end of their slot.
    pub(super) until: Timestamp,
    pub(super) trial: bool,
}

impl Gate {
    /// Gives out a few calls, or says when there will be some.
    pub(super) fn give(&mut self, quota: Quota, haste: Haste, now: Timestamp) -> Result<Lease, Fault> {
        let trial = self.open(quota, now)?;
        let slot = slot(quota, now);
        self.slots = self.slots.split_off(&(slot - SLOTS));
        let room = self.room(quota, haste, slot);
        if room == 0 {
            return Err(self.used_up(quota, haste, slot));
        }
        // The less there is, the fewer lie unused with somebody who does not need them.
        let calls = if trial { 1 } else { (room / 4).clamp(1, BATCH) };
        *self.slots.entry(slot).or_default() += calls;
        self.window = Some((quota.calls, quota.seconds));
        if trial {
            self.trial_until = Some(now + TRIAL);
        }
        Ok(Lease { calls, until: begins(quota, slot + 1), trial })
    }

    /// Whether the provider may be asked, and whether that is a trial.
    fn open(&self, quota: Quota, now: Timestamp) -> Result<bool, Fault> {
        let Quota { provider, .. } = quota;
        if let Some(until) = self.quiet_until.filter(|until| now < *until) {
            let cause = format!("{provider} has had too many calls and wants none before {until:.0}");
            return Err(wait(quota, until, cause));
        }
        let Some(closed_until) = self.closed_until else { return Ok(false) };
        let failures = self.failures;
        if now < closed_until {
            let cause =
                format!("{provider} has failed {failures} times in a row; asked again at {closed_until:.0}");
            return Err(wait(quota, closed_until, cause));
        }
        if let Some(until) = self.trial_until.filter(|until| now < *until) {
            let cause = format!(
                "{provider} has failed {failures} times in a row; one call finds out whether it still does"
            );
            return Err(wait(quota, until, cause));
        }
        Ok(true)
    }

    /// Whether the provider is not asked, but to find out whether it may be again.
    pub(super) fn is_shut(&self, now: Timestamp) -> bool {
        self.closed_until.is_some() || self.quiet_until.is_some_and(|until| now < until)
    }

    /// How many calls were given out in the last window, and how many there are in one of so many seconds.
    pub(super) fn used(&self, now: Timestamp) -> (u32, Option<(u32, u32)>) {
        let Some((calls, seconds)) = self.window else { return (0, None) };
        let quota = Quota { provider: "", of: "", calls, seconds, burst: calls };
        let used = self.slots.range(slot(quota, now) - SLOTS..).map(|(_, calls)| calls).sum();
        (used, self.window)
    }

    /// Until when the provider is not asked, be it by its own wish or ours.
    pub(super) fn shut_until(&self) -> Option<Timestamp> {
        self.quiet_until.max(self.closed_until)
    }

    /// How many calls there are in a slot.
    fn room(&self, quota: Quota, haste: Haste, slot: i64) -> u32 {
        let (calls, burst) = match haste {
            Haste::Now => (quota.calls, quota.burst),
            Haste::AtLeisure => (quota.calls / 2, quota.burst.div_ceil(2)),
        };
        // Open to the right: somebody's clock may be ahead.
        let given = |from: i64| self.slots.range(from..).map(|(_, calls)| calls).sum::<u32>();
        calls.saturating_sub(given(slot - SLOTS)).min(burst.saturating_sub(given(slot)))
    }

    fn used_up(&self, quota: Quota, haste: Haste, slot: i64) -> Fault {
        let last = slot + SLOTS + 1;
        let next = (slot + 1..last).find(|next| self.room(quota, haste, *next) > 0).unwrap_or(last);
        let at = begins(quota, next);
        let Quota { provider, of, calls, seconds, .. } = quota;
        let cause = match haste {
            Haste::Now => format!("{provider} has had the {calls} {of} that it may have in {seconds} s"),
            Haste::AtLeisure => {
                format!(
                    "half of the {calls} {of} that {provider} may have in {seconds} s are kept for tenants"
                )
            }
        };
        wait(quota, at, format!("{cause}; asked again at {at:.0}"))
    }

    /// Takes in how a call went.
    pub(super) fn hear(&mut self, quota: Quota, trial: bool, heard: Heard, now: Timestamp) {
        match heard {
            Heard::Answered => {}
            Heard::Throttled { until } => {
                let shortly = now + SignedDuration::from_secs(i64::from(quota.seconds) / 10 + 1);
                self.hush(until.unwrap_or(shortly), now);
            }
            Heard::Failed { until } => {
                if let Some(until) = until {
                    self.hush(until, now);
                }
                return self.failed(trial, now);
            }
        }
        if trial {
            (self.failures, self.failed_at) = (0, None);
            (self.closed_until, self.closings, self.trial_until) = (None, 0, None);
        }
    }

    /// Takes in that the provider answered at some moment: whatever failed before that was not the last in a row.
    pub(super) fn answered(&mut self, at: Timestamp) {
        // Once the gate is closed, the trial decides.
        if self.closed_until.is_none() && self.failed_at.is_some_and(|failed| failed < at) {
            (self.failures, self.failed_at) = (0, None);
        }
    }

    fn hush(&mut self, until: Timestamp, now: Timestamp) {
        let until = until.min(now + LONGEST_QUIET);
        self.quiet_until = Some(self.quiet_until.map_or(until, |known| known.max(until)));
    }

    fn failed(&mut self, trial: bool, now: Timestamp) {
        // What was under way when it closed says nothing new.
        if self.closed_until.is_some() && !trial {
            return;
        }
        self.failures += 1;
        self.failed_at = Some(now);
        if trial || self.failures >= FAILURES {
            let pause = PAUSE.saturating_mul(1 << self.closings.min(5)).min(LONGEST_PAUSE);
            (self.closed_until, self.trial_until) = (Some(now + pause), None);
            self.closings += 1;
        }
    }

    /// Until when nobody asks, if that is so.
    pub(super) fn closed_until(&self) -> Option<Timestamp> {
        self.closed_until.max(self.quiet_until)
    }
}

fn wait(quota: Quota, at: Timestamp, cause: String) -> Fault {
    let mut fault = Fault::not_ready(cause).from_provider(quota.provider, None);
    fault.retry_at = Some(at);
    fault
}

fn slot(quota: Quota, now: Timestamp) -> i64 {
    now.as_millisecond().div_euclid(slot_millis(quota))
}

fn begins(quota: Quota, slot: i64) -> Timestamp {
    Timestamp::from_millisecond(slot.saturating_mul(slot_millis(quota))).unwrap_or(Timestamp::MAX)
}

/// Rounded up: all slots together must not be shorter than the window.
fn slot_millis(quota: Quota) -> i64 {
    ((i64::from(quota.seconds) * 1000 + SLOTS - 1) / SLOTS).max(1)
}

#[cfg(test)]
mod tests;
