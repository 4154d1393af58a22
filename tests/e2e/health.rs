//! How a tenant is, down to its pods, and a look at it anew.

use jiff::Timestamp;
use serde_json::{Value, json};
use tests::Stack;
use tests::api::signup;

/// A part of a tenant, by the step that looks at it.
fn part<'a>(health: &'a Value, step: &str) -> &'a Value {
    let mut parts = health["parts"].as_array().expect("parts").iter();
    parts.find(|part| part["step"] == step).unwrap_or_else(|| panic!("no {step}: {health:#}"))
}

fn seen_at(part: &Value) -> Timestamp {
    part["seen_at"].as_str().expect("a time").parse().expect("a time")
}

/// There are some, and all of them serve and never had to be started again.
fn are_well(pods: &Value) {
    let pods = pods.as_array().expect("pods");
    assert!(!pods.is_empty());
    for pod in pods {
        assert!(pod["pod"].is_string() && pod["containers"].as_u64() > Some(0), "{pod}");
        assert_eq!((&pod["restarts"], &pod["ready"]), (&json!(0), &json!(true)), "{pod}");
    }
}

/// Of a workshop that is well.
fn is_told(health: &Value) {
    assert_eq!(health["health"], "healthy", "{health:#}");
    let database = &part(health, "cloudnativepg-probe-database")["seen"];
    are_well(&database["pods"]);
    assert_eq!(database["phase"], "Cluster in healthy state", "{database}");
    assert_eq!(database["conditions"]["Ready"], "True", "{database}");
    let services = part(health, "kubernetes-probe-workloads")["seen"]["services"].clone();
    let services = services.as_array().expect("services");
    let named =
        |name: &str| services.iter().any(|it| it["name"].as_str().is_some_and(|it| it.contains(name)));
    assert!(named("api") && named("web"), "{services:?}");
    for service in services {
        are_well(&service["pods"]);
        assert_eq!(service["serving"], service["wanted"], "{service}");
        assert_eq!(service["conditions"]["Available"], "True", "{service}");
    }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workshop_tells_of_its_pods_and_is_looked_at_anew() {
    let stack = Stack::from_env().await;
    let mut workshop = signup("helm-cloudnativepg");
    workshop["plan"] = json!("workshop-free");
    let operation = stack.api.sign_up(&workshop).await;
    stack.api.succeeded(&operation).await;
    let path = format!("/v1/tenants/{}", operation.tenant);
    let before = stack.api.read(&format!("{path}/health")).await;
    is_told(&before);

    stack.api.succeeded(&stack.api.act(&format!("{path}/check")).await).await;
    let after = stack.api.read(&format!("{path}/health")).await;
    is_told(&after);
    assert_eq!(stack.api.tenant(&operation.tenant).await["status"], "active");
    for step in ["cloudnativepg-probe-database", "kubernetes-probe-workloads"] {
        assert!(seen_at(part(&after, step)) > seen_at(part(&before, step)), "{step}");
    }

    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
    assert_eq!(stack.in_the_clouds(&operation.tenant).await, [""; 0]);
}
