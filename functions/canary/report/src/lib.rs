//! Says how a run of the canary went: metrics, which alarms look at, and a line that tells a person which phase failed and why.

use std::time::Duration;

use jiff::Timestamp;
use saga::Caught;
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct Report;

#[derive(Debug, Deserialize)]
pub struct Input {
    blueprint: String,
    /// The execution's name.
    run: String,
    tenant: Option<Named>,
    /// It was about what another run had left behind.
    left_over: bool,
    reached: Reached,
    failed: Failed,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// What the run came through, and when.
#[derive(Debug, Deserialize)]
struct Reached {
    signed_up_at: Option<Timestamp>,
    active_at: Option<Timestamp>,
    visit_ms: Option<u64>,
    cancelled_at: Option<Timestamp>,
    absent_at: Option<Timestamp>,
}

/// What it did not come through. More than one: whatever fails, the tenant is cancelled.
#[derive(Debug, Deserialize)]
struct Failed {
    sign_up: Option<Caught>,
    active: Option<Caught>,
    visit: Option<Caught>,
    cancel: Option<Caught>,
    absence: Option<Caught>,
}

/// How it went.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    pub failed: bool,
    /// The first phase that failed.
    pub phase: Option<&'static str>,
    pub cause: Option<String>,
}

impl Report {
    pub fn run(&self, input: Input) -> Output {
        let (phases, first) = (input.reached.phases(), input.failed.first(input.left_over));
        let tenant = input.tenant.as_ref().map(|tenant| tenant.id.as_str());
        telemetry::canary_ran(&input.blueprint, first.is_some(), &phases);
        let Some((phase, cause)) = first else {
            tracing::info!(
                canary.run = input.run,
                tenant.id = tenant,
                blueprint = input.blueprint,
                "the canary lives"
            );
            return Output { failed: false, phase: None, cause: None };
        };
        tracing::error!(
            canary.run = input.run,
            canary.phase = phase,
            tenant.id = tenant,
            blueprint = input.blueprint,
            "the canary failed in {phase}: {cause}"
        );
        Output { failed: true, phase: Some(phase), cause: Some(cause) }
    }
}

impl Reached {
    /// The phases that ended, each with how long it took.
    fn phases(&self) -> Vec<(&'static str, Duration)> {
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
            Duration::try_from(to?.duration_since(from?)).ok()
        };
        [
            ("signup-to-active", between(self.signed_up_at, self.active_at)),
            ("use", self.visit_ms.map(Duration::from_millis)),
            ("cancel-to-absent", between(self.cancelled_at, self.absent_at)),
        ]
        .into_iter()
        .filter_map(|(phase, took)| Some((phase, took?)))
        .collect()
    }
}

impl Failed {
    fn first(self, left_over: bool) -> Option<(&'static str, String)> {
        let Self { sign_up, active, visit, cancel, absence } = self;
        let (cancelling, going) = if left_over { ("clear", "clear") } else { ("cancel", "absence") };
        let phases = [
            ("sign-up", sign_up),
            ("active", active),
            ("use", visit),
            (cancelling, cancel),
            (going, absence),
        ];
        phases.into_iter().find_map(|(phase, caught)| Some((phase, caught?.fault().cause)))
    }
}

#[cfg(test)]
mod tests;
