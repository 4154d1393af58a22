use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;
use tests::Stack;
use tests::merchant_workspace::WHOLE;
use tests::world::inventory;

/// Where the world is not what the ledger says, one line each: of every tenant against what AWS lists, and whatever carries our
/// mark and is in no ledger, as a sweep finds it. Also whoever has not come to rest, or is stuck without a repair task.
pub(crate) async fn of(stack: &Stack, tenants: &[String]) -> Vec<String> {
    let mut found: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    let lines = inventory(stack, "").await;
    for line in &lines {
        // An id is a whole word of the line.
        let owner = line.split(['/', ' ', '"', '@']).find_map(|word| tenants.iter().find(|id| *id == word));
        if let Some(owner) = owner {
            let kind = line.split(' ').next().unwrap_or_default().to_owned();
            *found.entry(owner).or_default().entry(kind).or_default() += 1;
        }
    }
    let mut drift = Vec::new();
    for id in tenants {
        let tenant = stack.api.tenant(id).await;
        let status = tenant["status"].as_str().unwrap_or_default();
        let things = found.remove(id.as_str()).unwrap_or_default();
        let many = |kind: &str| things.get(kind).copied().unwrap_or_default();
        match status {
            "active" => {
                if let Some((kind, wanted)) = WHOLE.iter().find(|(kind, wanted)| many(kind) != *wanted) {
                    drift.push(format!("{id} is active, and of {wanted} {kind} there are {}", many(kind)));
                }
            }
            // Its pages say that it is suspended; its data is kept.
            "suspended" => {
                if ["group", "object", "secret", "user"].iter().any(|kind| many(kind) == 0) {
                    drift.push(format!("{id} is suspended, and there is only {things:?}"));
                }
            }
            "failed" | "deleted" => {
                if !things.is_empty() {
                    drift.push(format!("{id} is {status}, and there is {things:?}"));
                }
            }
            // Where there is nothing to repair, a change and its way back have failed, and the next try is an operator's (decision 0022).
            "stuck" => {
                if stack.api.repair_tasks(id).await.is_empty() {
                    let retry = stack.api.retry(id).await;
                    let state = stack.api.ended(&retry).await["state"].clone();
                    if state != "succeeded" {
                        drift.push(format!(
                            "{id} is stuck, nobody is asked to repair it, and a retry ends {state}"
                        ));
                    }
                }
            }
            other => drift.push(format!("{id} does not come to rest: it is {other}")),
        }
    }
    drift.extend(orphans(stack).await);
    drift
}

/// What carries our mark and is in no ledger.
async fn orphans(stack: &Stack) -> Vec<String> {
    let ordered =
        stack.api.send(Method::POST, "/v1/orphan-sweeps", &json!({ "reason": "a soak has ended" })).await;
    let id = ordered["id"].as_str().expect("an id");
    // It is started by the next look of the janitor, at whichever tenant.
    stack.janitor("nobody-010203", 0).await;
    let swept =
        stack.api.when(&format!("/v1/orphan-sweeps/{id}"), |sweep| sweep["outcome"].is_object()).await;
    let findings = swept["outcome"]["findings"].as_array().into_iter().flatten();
    findings.map(|finding| format!("an orphan: {finding}")).collect()
}
