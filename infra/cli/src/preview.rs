use std::process::ExitCode;

use crate::Outcome;
use crate::api::{Headroom, Plan, Preview, Price, Said, Step};
use crate::failure::Failure;
use crate::form::Form;
use crate::table::table;

/// Shows what a change would come to; one that would be refused is a failure.
pub(crate) fn show(form: Form, said: Said<Preview>) -> Outcome {
    if !said.read.valid {
        return Err(Failure::invalid(said.read.violations).into());
    }
    form.tell(&said, |preview| {
        let plan = preview.plan.as_ref().map(picture).unwrap_or_default();
        format!("it would be accepted; nothing was done\n{plan}")
    });
    Ok(ExitCode::SUCCESS)
}

fn picture(plan: &Plan) -> String {
    let step = |Step { step, does, usual_ms }: &Step| {
        [format!("  {does}"), step.clone(), usual_ms.map(seconds).unwrap_or_default()]
    };
    let mut picture = table(plan.steps.iter().map(step));
    let mut line = |what: &str, told: String| picture += &format!("{what:<10}{told}\n");
    line("takes", format!("{} usually", seconds(plan.estimated_ms)));
    line("cost", format!("{} a month more, roughly", money(plan.cost_cents, "USD")));
    if let Some(Price { cents, currency, billing_cycle, trial_days }) = &plan.price {
        line("price", format!("{}{}", money((*cents).into(), currency), cycle(billing_cycle, *trial_days)));
    }
    for headroom in &plan.headroom {
        line("headroom", left(headroom));
    }
    for provider in &plan.missing_permissions {
        line("missing", format!("an account with {provider}"));
    }
    if plan.approval {
        line("approval", "somebody has to approve it first".to_owned());
    }
    picture
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

pub(crate) fn money(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} {currency}", cents.abs() / 100, cents.abs() % 100)
}

pub(crate) fn cycle(billing_cycle: &str, trial_days: u16) -> String {
    let trial = if trial_days == 0 { String::new() } else { format!(", {trial_days} days' trial") };
    format!(" {billing_cycle}{trial}")
}

/// How much a provider lets us ask of it.
fn left(Headroom { provider, of, used, calls, seconds, closed_until }: &Headroom) -> String {
    let limit = match (calls, seconds) {
        (Some(calls), Some(seconds)) => format!(" of {calls} in {seconds} s"),
        _ => String::new(),
    };
    let closed = closed_until.map(|until| format!(", not asked before {until:.0}")).unwrap_or_default();
    format!("{provider}: {used}{limit} {of}{closed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_costs_less() {
        assert_eq!(money(-5, "USD"), "-0.05 USD");
        assert_eq!(money(2905, "EUR"), "29.05 EUR");
    }
}
