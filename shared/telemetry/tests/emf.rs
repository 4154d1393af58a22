//! What is written is what CloudWatch reads.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use telemetry::{Answered, Certificate, Ended, Finding, SET};

const FINDINGS: [Finding; 12] = [
    Finding::OperationStalled,
    Finding::OutboxOverdue,
    Finding::CompensationStuck,
    Finding::OrphansFound,
    Finding::DomainFailed,
    Finding::BackupFailed,
    Finding::ChangeUntold,
    Finding::WebhookDead,
    Finding::WebhookDisabled,
    Finding::BillingPoison,
    Finding::BillingUnknown,
    Finding::BillingAmiss,
];

/// More than CloudWatch takes in one line.
const LONGEST: usize = 1024 * 1024;

fn failed() -> Ended<'static> {
    Ended {
        kind: "provision",
        blueprint: "neon-cloud-run",
        outcome: "failed",
        succeeded: false,
        rolled_back: true,
        stopped: false,
        failed_at: Some("neon-create-database"),
        tenant: "failed",
        took: Duration::from_millis(61_200),
        calls: 14,
        busy_ms: 40_000,
    }
}

/// What is heard of one recording.
fn heard(record: impl FnOnce()) -> Vec<Value> {
    telemetry::listen();
    record();
    telemetry::heard()
}

/// All that can be recorded, once.
fn everything() {
    let second = Duration::from_secs(1);
    telemetry::operation_ended(&failed());
    telemetry::went_without("frappe-bench", "certbot-issue-certificate");
    telemetry::step_ended("neon-create-database", "apply", "Transient", second);
    telemetry::step_done("neon-create-database", second);
    telemetry::step_retried("neon-create-database", None);
    telemetry::lease_ended(second);
    telemetry::lease_awaited(second);
    telemetry::leases_expired(2);
    telemetry::tenants_counted("active", 7);
    telemetry::tenants_idle(3);
    telemetry::certificate_seen(Certificate::Waiting, second);
    telemetry::certificate_seen(Certificate::Issued, second);
    telemetry::provider_answered("neon", Answered::with(429), second);
    telemetry::provider_deferred("neon");
    telemetry::provider_shut("neon", true);
    telemetry::webhook_delivered(true, second);
    telemetry::canary_ran("neon-cloud-run", false, &[("use", second)]);
    FINDINGS.iter().for_each(|finding| telemetry::found(*finding, 1));
}

fn directives(line: &Value) -> &Vec<Value> {
    line["_aws"]["CloudWatchMetrics"].as_array().expect("directives")
}

fn names(line: &Value) -> Vec<&str> {
    directives(line)
        .iter()
        .map(|directive| directive["Metrics"][0]["Name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn every_line_is_one_of_the_embedded_metric_format() {
    let schema: Value = serde_json::from_str(include_str!("emf.schema.json")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in heard(everything) {
        let errors: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
        assert!(line.to_string().len() < LONGEST && !line.to_string().contains('\n'));
        for directive in directives(&line) {
            for dimension in
                directive["Dimensions"].as_array().into_iter().flatten().flat_map(Value::as_array).flatten()
            {
                let value = line[dimension.as_str().expect("a name")].as_str();
                assert!(value.is_some_and(|value| (1..=1024).contains(&value.len())), "{line}: {dimension}");
            }
            let name = directive["Metrics"][0]["Name"].as_str().expect("a name");
            assert!(line[name].is_u64(), "{line}: {name}");
        }
    }
}

#[test]
fn all_that_is_declared_is_recorded_and_nothing_else() {
    let lines = heard(everything);
    let recorded: BTreeSet<&str> = lines.iter().flat_map(names).collect();
    let declared: BTreeSet<&str> = SET.iter().map(|metric| metric.name).collect();
    assert_eq!(recorded, declared);
    assert_eq!(declared.len(), SET.len(), "one is declared twice");
}

/// A series for each customer would cost as much as the customer pays.
#[test]
fn nothing_is_counted_by_what_grows_with_customers() {
    let bounded = BTreeSet::from([
        "action",
        "after",
        "attempt",
        "blueprint",
        "kind",
        "outcome",
        "phase",
        "provider",
        "state",
        "status",
        "step",
    ]);
    let used: BTreeSet<&str> = SET.iter().flat_map(|metric| metric.by.concat()).collect();
    assert_eq!(used, bounded);
}

#[test]
fn a_failed_operation_is_counted_at_its_step_and_for_the_rates() {
    let [line] = &heard(|| telemetry::operation_ended(&failed()))[..] else { panic!("one line") };
    assert_eq!((&line["OperationFailed"], &line["OperationRolledBack"]), (&json!(1), &json!(1)));
    assert_eq!((&line["OperationFailedAt"], &line["step"]), (&json!(1), &json!("neon-create-database")));
    assert_eq!(line["OperationDuration"], 61_200);
}

#[test]
fn one_that_succeeded_is_in_the_rates_as_that_and_at_no_step() {
    let succeeded = Ended { outcome: "succeeded", succeeded: true, rolled_back: false, ..failed() };
    let [line] = &heard(|| telemetry::operation_ended(&succeeded))[..] else { panic!("one line") };
    assert_eq!((&line["OperationFailed"], &line["OperationRolledBack"]), (&json!(0), &json!(0)));
    assert!(!names(line).contains(&"OperationFailedAt"), "{line}");
}

#[test]
fn one_that_somebody_stopped_is_in_no_rate() {
    let stopped = Ended { stopped: true, failed_at: Some("operator"), ..failed() };
    let [line] = &heard(|| telemetry::operation_ended(&stopped))[..] else { panic!("one line") };
    assert_eq!(names(line), ["OperationDuration", "OperationCalls", "OperationBusy", "TenantBecame"]);
}

#[test]
fn what_a_status_says_of_a_provider() {
    let said = [200, 302, 404, 429, 500, 503].map(Answered::with);
    use Answered::{Failed, Ok, Refused, Throttled};
    assert_eq!(said, [Ok, Ok, Refused, Throttled, Failed, Failed]);
}

/// Nothing is written before `init`, and nothing that a test records is.
#[test]
fn who_does_not_listen_hears_nothing() {
    everything();
    assert!(telemetry::heard().is_empty());
}
