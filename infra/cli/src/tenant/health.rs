use std::collections::BTreeMap;
use std::process::ExitCode;

use tenancy::TenantId;

use crate::Outcome;
use crate::api::{Health, Part, Pod, Seen};
use crate::session::Session;
use crate::table::table;
use crate::watch::reason;

/// Shows each part of a tenant as it was seen last; the exit code says whether something is wrong.
pub(crate) async fn health(Session { api, form, .. }: &Session, tenant: &TenantId) -> Outcome {
    let said = api.health(tenant).await?;
    form.tell(&said, |health| picture(tenant, health));
    Ok(if said.read.health == "unhealthy" { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn picture(tenant: &TenantId, Health { status, health, parts }: &Health) -> String {
    let row = |part: &Part| {
        let seen_at = part.seen_at.map(|at| format!("{at:.0}")).unwrap_or_default();
        let fault = part.fault.as_ref().map(reason).unwrap_or_default();
        [part.health.clone(), part.step.clone(), seen_at, fault]
    };
    let rows = table(parts.iter().map(row));
    let parts = rows.lines().zip(parts).map(|(line, part)| format!("{line}\n{}", table(details(&part.seen))));
    format!("tenant {tenant} {status}, {health}\n") + &parts.collect::<String>()
}

/// What was seen of a part, a line each: its pods, its conditions, its last backup.
fn details(seen: &Seen) -> Vec<[String; 3]> {
    let row = |what: &str, name: &str, how: String| [format!("  {what}"), name.to_owned(), how];
    let pod = |pod: &Pod| row("pod", &pod.pod, of_pod(pod));
    let mut rows = Vec::new();
    for service in &seen.services {
        let serving = format!("{} of {} serve", service.serving, service.wanted);
        let how: Vec<String> = std::iter::once(serving).chain(told(&service.conditions)).collect();
        rows.push(row("service", &service.name, how.join(", ")));
        rows.extend(service.pods.iter().map(pod));
    }
    rows.extend(seen.pods.iter().map(pod));
    rows.extend(seen.conditions.iter().map(|(kind, status)| row("condition", kind, status.clone())));
    rows.extend(seen.last_backup.as_ref().map(|backup| {
        let at = backup.at.map(|at| format!(" {at:.0}")).unwrap_or_default();
        row("last backup", &backup.name, format!("{}{at}", backup.phase))
    }));
    rows
}

fn of_pod(pod: &Pod) -> String {
    let ready = if pod.ready { "ready" } else { "not ready" };
    let why = pod.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{ready}, containers {}, restarts {}{why}", pod.containers, pod.restarts)
}

fn told(conditions: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    conditions.iter().map(|(kind, status)| format!("{kind} {status}"))
}
