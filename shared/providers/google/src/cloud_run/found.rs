use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::service::AUTOMATIC;
use super::{SERVICE, Service};
use crate::OWNER;

/// A service as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    /// Where it answers; `None` until Google has given it an address.
    pub uri: Option<String>,
    pub state: State,
    pub made_at: Option<Timestamp>,
    pub(super) etag: Option<String>,
    service: Value,
}

/// Whether what was last asked of a service has come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Ready,
    Working,
    /// The revision that was served before, if there was one, still is.
    Failed {
        /// `SECRETS_ACCESS_CHECK_FAILED`, `HEALTH_CHECK_CONTAINER_ERROR`; empty when Google does not say.
        reason: String,
        message: String,
    },
}

/// A service in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub owner: Option<String>,
    pub made_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    name: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    uri: Option<String>,
    etag: Option<String>,
    create_time: Option<Timestamp>,
    #[serde(default)]
    reconciling: bool,
    terminal_condition: Option<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    state: String,
    message: String,
    reason: Option<String>,
    revision_reason: Option<String>,
}

impl Found {
    pub(super) fn read(service: Value) -> Result<Self, Fault> {
        let mut told = told(&service)?;
        let owner = told.annotations.remove(OWNER);
        let state = State::of(told.reconciling, told.terminal_condition);
        Ok(Self { owner, uri: told.uri, state, made_at: told.create_time, etag: told.etag, service })
    }

    /// Whether the service is asked to be what is wanted already. What Google adds to it does not count. That it is asked
    /// to be does not say that it is: look at the state first. A service that failed may have what is wanted, and yet need
    /// an update to try again.
    #[must_use]
    pub fn has(&self, wanted: &Service) -> bool {
        serde_json::to_value(wanted).is_ok_and(|wanted| contains(Some(&self.service), &wanted))
    }
}

impl Listed {
    pub(super) fn read(service: &Value) -> Result<Self, Fault> {
        let mut told = told(service)?;
        let id = told.name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { id, owner: told.annotations.remove(OWNER), made_at: told.create_time })
    }
}

impl State {
    fn of(reconciling: bool, condition: Option<Condition>) -> Self {
        let condition = condition.unwrap_or_default();
        match condition.state.as_str() {
            _ if reconciling => Self::Working,
            "CONDITION_SUCCEEDED" => Self::Ready,
            "CONDITION_FAILED" => Self::Failed {
                reason: condition.reason.or(condition.revision_reason).unwrap_or_default(),
                message: condition.message,
            },
            _ => Self::Working,
        }
    }
}

fn told(service: &Value) -> Result<Told, Fault> {
    Told::deserialize(service).map_err(|_| {
        Fault::terminal("cloud-run describes a service in an unknown way").from_provider(SERVICE, None)
    })
}

/// Whether all that is wanted is there. Google leaves out what has its type's default, and calls unspecified what it has
/// not made up its mind about: the ingress, until there is a revision.
fn contains(found: Option<&Value>, wanted: &Value) -> bool {
    match (found.filter(|found| !found.is_null()), wanted) {
        (Some(Value::String(found)), _) if found.ends_with("_UNSPECIFIED") => true,
        (found @ (None | Some(Value::Object(_))), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| match (key.as_str(), found.and_then(|found| found.get(key))) {
                ("cpu", Some(found)) => thousandths(found) == thousandths(wanted),
                ("scalingMode", None) => wanted == AUTOMATIC,
                (_, found) => contains(found, wanted),
            })
        }
        (None, wanted) => {
            wanted.is_null()
                || wanted == false
                || wanted == 0
                || wanted == ""
                || *wanted == Value::Array(Vec::new())
        }
        (Some(Value::Array(found)), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| contains(Some(found), wanted))
        }
        (Some(found), wanted) => found == wanted,
    }
}

/// `1` and `1000m` are as many processors.
fn thousandths(cpu: &Value) -> Option<u32> {
    let cpu = cpu.as_str()?;
    match cpu.strip_suffix('m') {
        Some(thousandths) => thousandths.parse().ok(),
        None => cpu.parse::<u32>().ok()?.checked_mul(1000),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::more_than_wanted(json!({ "a": 1, "b": 2 }), json!({ "a": 1 }), true)]
    #[case::another_value(json!({ "a": 1 }), json!({ "a": 2 }), false)]
    #[case::missing(json!({}), json!({ "a": 1 }), false)]
    #[case::defaults_left_out(json!({}), json!({ "a": 0, "b": false, "c": "", "d": [], "e": { "f": 0 } }), true)]
    #[case::nested_default_left_out(json!({ "s": { "max": 3 } }), json!({ "s": { "min": 0, "max": 3 } }), true)]
    #[case::not_a_default(json!({}), json!({ "e": { "f": 1 } }), false)]
    #[case::same_list(json!({ "l": [{ "n": "A", "x": 1 }] }), json!({ "l": [{ "n": "A" }] }), true)]
    #[case::longer_list(json!({ "l": [{ "n": "A" }, { "n": "B" }] }), json!({ "l": [{ "n": "A" }] }), false)]
    #[case::shorter_list(json!({ "l": [] }), json!({ "l": [{ "n": "A" }] }), false)]
    #[case::automatic_unless_said(json!({}), json!({ "scaling": { "scalingMode": "AUTOMATIC" } }), true)]
    #[case::manual(json!({ "scaling": { "scalingMode": "MANUAL" } }), json!({ "scaling": { "scalingMode": "AUTOMATIC" } }), false)]
    #[case::another_type(json!({ "scaling": "MANUAL" }), json!({ "scaling": { "scalingMode": "AUTOMATIC" } }), false)]
    #[case::undecided(json!({ "ingress": "INGRESS_TRAFFIC_UNSPECIFIED" }), json!({ "ingress": "INGRESS_TRAFFIC_ALL" }), true)]
    #[case::in_thousandths(json!({ "cpu": "1000m" }), json!({ "cpu": "1" }), true)]
    #[case::more_processors(json!({ "cpu": "1" }), json!({ "cpu": "2" }), false)]
    #[case::unlimited(json!({}), json!({ "cpu": "1" }), false)]
    #[case::true_where_false_is_wanted(json!({ "a": true }), json!({ "a": false }), false)]
    fn only_what_is_wanted_is_compared(#[case] found: Value, #[case] wanted: Value, #[case] there: bool) {
        assert_eq!(contains(Some(&found), &wanted), there);
    }

    #[rstest]
    #[case(json!({ "reconciling": true, "terminalCondition": { "state": "CONDITION_SUCCEEDED" } }), State::Working)]
    #[case(json!({ "terminalCondition": { "state": "CONDITION_SUCCEEDED" } }), State::Ready)]
    #[case(json!({ "terminalCondition": { "state": "CONDITION_RECONCILING" } }), State::Working)]
    #[case(json!({ "terminalCondition": { "state": "CONDITION_PENDING" } }), State::Working)]
    #[case(json!({}), State::Working)]
    #[case(
        json!({ "terminalCondition": {
            "state": "CONDITION_FAILED", "reason": "SECRETS_ACCESS_CHECK_FAILED", "message": "no",
        } }),
        State::Failed { reason: "SECRETS_ACCESS_CHECK_FAILED".to_owned(), message: "no".to_owned() }
    )]
    fn how_far_a_service_is(#[case] service: Value, #[case] state: State) {
        assert_eq!(Found::read(service).expect("a service").state, state);
    }
}
