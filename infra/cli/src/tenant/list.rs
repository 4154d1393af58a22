use std::process::ExitCode;

use tenancy::Tenant;

use crate::Outcome;
use crate::api::{Api, Wanted};
use crate::table::table;

pub(crate) async fn list(api: &Api, wanted: &Wanted) -> Outcome {
    let (tenants, more) = api.tenants(wanted).await?;
    print!("{}", table(tenants.iter().map(row)));
    if more {
        eprintln!("there may be more: raise --limit");
    }
    Ok(ExitCode::SUCCESS)
}

fn row(Tenant { id, name, status, plan, blueprint, created_at, .. }: &Tenant) -> [String; 6] {
    [
        id.to_string(),
        name.clone(),
        status.to_string(),
        plan.clone(),
        blueprint.to_string(),
        format!("{created_at:.0}"),
    ]
}
