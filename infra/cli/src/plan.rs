use std::process::ExitCode;

use crate::Outcome;
use crate::api::Api;
use crate::entry::offered;
use crate::preview::{cycle, money};

/// Lists all plans, on offer or not.
pub(crate) async fn list(api: &Api) -> Outcome {
    for plan in api.plans().await? {
        let price = money(plan.price_cents.into(), &plan.currency);
        let cycle = cycle(&plan.billing_cycle, plan.trial_days);
        println!("{:<16} {:<16} {price}{cycle}{}", plan.id, plan.name, offered(plan.active));
    }
    Ok(ExitCode::SUCCESS)
}
