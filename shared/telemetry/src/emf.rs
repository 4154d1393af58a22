//! Lines of CloudWatch's embedded metric format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::metric::{Metric, NAMESPACE};

/// Whose metrics these are. Until it is known they go where the log goes then: nowhere.
static DEPLOYMENT: OnceLock<String> = OnceLock::new();

pub(crate) fn begin(called: &str, function: &str) {
    DEPLOYMENT.get_or_init(|| deployment(called, function).to_owned());
}

/// `acme` of `acme-tenant-api`, which is what the function `tenant-api` is called there.
fn deployment<'a>(called: &'a str, function: &str) -> &'a str {
    let before = called.strip_suffix(function).and_then(|before| before.strip_suffix('-'));
    before.filter(|before| !before.is_empty()).unwrap_or("none")
}

/// Some metrics, and what they are recorded by.
pub(crate) struct Line<'a> {
    labels: &'a [(&'static str, &'a str)],
    values: &'a [(&'static Metric, u64)],
}

/// Records values of some metrics, by the labels that they have.
pub(crate) fn record(labels: &[(&'static str, &str)], values: &[(&'static Metric, u64)]) {
    let line = Line { labels, values };
    #[cfg(feature = "captured")]
    if captured::keep(&line) {
        return;
    }
    if let Some(deployment) = DEPLOYMENT.get() {
        // A metric that cannot be written must not fail the work it measures.
        let _ = writeln!(std::io::stdout().lock(), "{}", line.document(deployment, Timestamp::now()));
    }
}

impl Line<'_> {
    fn document(&self, deployment: &str, at: Timestamp) -> Value {
        let mut members = Map::new();
        members.insert("deployment".to_owned(), json!(deployment));
        members.extend(self.labels.iter().map(|(name, label)| ((*name).to_owned(), json!(label))));
        members.extend(self.values.iter().map(|(metric, value)| (metric.name.to_owned(), json!(value))));
        let directives: Vec<Value> = self.values.iter().map(|(metric, _)| directive(metric)).collect();
        members.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives }),
        );
        Value::Object(members)
    }
}

fn directive(metric: &Metric) -> Value {
    let by: Vec<Vec<&str>> = metric.by.iter().map(|by| [&["deployment"], *by].concat()).collect();
    json!({
        "Namespace": NAMESPACE,
        "Dimensions": by,
        "Metrics": [{ "Name": metric.name, "Unit": metric.unit.name() }],
    })
}

pub(crate) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

/// What a test hears instead of standard output.
#[cfg(feature = "captured")]
pub(crate) mod captured {
    use std::cell::RefCell;

    use jiff::Timestamp;
    use serde_json::Value;

    use super::Line;

    thread_local! {
        static HEARD: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
    }

    /// From now on, what this thread records is kept.
    pub fn listen() {
        HEARD.set(Some(Vec::new()));
    }

    /// What this thread has recorded since it was asked to listen, or since it was asked last.
    #[must_use]
    pub fn heard() -> Vec<Value> {
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(std::mem::take).unwrap_or_default())
    }

    pub(super) fn keep(line: &Line<'_>) -> bool {
        HEARD.with_borrow_mut(|heard| {
            let Some(heard) = heard else { return false };
            heard.push(line.document("test", Timestamp::now()));
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_what_a_functions_name_begins_with() {
        assert_eq!(deployment("acme-dev-tenant-api", "tenant-api"), "acme-dev");
        for nameless in ["", "tenant-api", "-tenant-api", "acme-tenant-dispatch"] {
            assert_eq!(deployment(nameless, "tenant-api"), "none");
        }
    }
}
