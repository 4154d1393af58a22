use std::process::ExitCode;

use tenancy::TenantId;

use crate::Outcome;
use crate::api::{Api, Health};
use crate::table::table;
use crate::watch::reason;

/// Shows each part of a tenant as it was seen last; the exit code says whether something is wrong.
pub(crate) async fn health(api: &Api, id: &TenantId) -> Outcome {
    let Health { status, health, parts } = api.health(id).await?;
    println!("tenant {id} {status}, {health}");
    let rows = parts.into_iter().map(|part| {
        let seen = part.seen_at.map(|at| format!("{at:.0}")).unwrap_or_default();
        [part.health, part.step, seen, part.fault.as_ref().map(reason).unwrap_or_default()]
    });
    print!("{}", table(rows));
    Ok(if health == "unhealthy" { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
