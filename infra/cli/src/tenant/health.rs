use std::collections::BTreeMap;
use std::process::ExitCode;

use tenancy::TenantId;

use crate::Outcome;
use crate::api::{Api, Health, Pod, Seen};
use crate::table::table;
use crate::watch::reason;

/// Shows each part of a tenant as it was seen last; the exit code says whether something is wrong.
pub(crate) async fn health(api: &Api, id: &TenantId) -> Outcome {
    let Health { status, health, parts } = api.health(id).await?;
    println!("tenant {id} {status}, {health}");
    let (rows, seen): (Vec<[String; 4]>, Vec<Seen>) = parts
        .into_iter()
        .map(|part| {
            let seen_at = part.seen_at.map(|at| format!("{at:.0}")).unwrap_or_default();
            let fault = part.fault.as_ref().map(reason).unwrap_or_default();
            ([part.health, part.step, seen_at, fault], part.seen)
        })
        .unzip();
    for (line, seen) in table(rows).lines().zip(seen) {
        println!("{line}");
        print!("{}", table(details(seen)));
    }
    Ok(if health == "unhealthy" { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What was seen of a part, a line each: its pods, its conditions, its last backup.
fn details(seen: Seen) -> Vec<[String; 3]> {
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
    rows.extend(seen.conditions.into_iter().map(|(kind, status)| row("condition", &kind, status)));
    rows.extend(seen.last_backup.map(|backup| {
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
