use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

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

    /// Whether the service is asked to be what is wanted already. What Google adds to it does not count.
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

/// Whether all that is wanted is there. Google leaves out what has its type's default.
fn contains(found: Option<&Value>, wanted: &Value) -> bool {
    match (found, wanted) {
        (None | Some(Value::Null), Value::Object(wanted)) => {
            wanted.values().all(|wanted| contains(None, wanted))
        }
        (None | Some(Value::Null), wanted) => {
            wanted.is_null()
                || wanted == false
                || wanted == 0
                || wanted == ""
                || *wanted == Value::Array(Vec::new())
        }
        (Some(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| contains(found.get(key), wanted))
        }
        (Some(Value::Array(found)), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| contains(Some(found), wanted))
        }
        (Some(found), wanted) => found == wanted,
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
