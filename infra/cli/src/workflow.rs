use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use tenancy::Workflow;

/// As much of a state machine (Amazon States Language) as says what waits for what.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Machine {
    start_at: String,
    states: BTreeMap<String, State>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    r#type: Type,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    branches: Vec<Machine>,
    next: Option<String>,
    default: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Type {
    Task,
    Parallel,
    Choice,
    Pass,
    Wait,
    Succeed,
    Fail,
    Map,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no state '{0}', but StartAt, Next or Default names it")]
    Missing(String),
    #[error("state '{0}' comes round again: wait for a provider with a Retry, not with a loop")]
    Loop(String),
    #[error("state '{0}' is a Map: a blueprint names its steps one by one, so that each can be shown")]
    Map(String),
}

impl Machine {
    /// The machine with everything but its steps taken away.
    pub(crate) fn workflow(&self) -> Result<Workflow, Error> {
        let mut parts = Vec::new();
        let mut seen = BTreeSet::new();
        let mut at = Some(&self.start_at);
        while let Some(name) = at {
            let state = self.states.get(name).ok_or_else(|| Error::Missing(name.clone()))?;
            if !seen.insert(name) {
                return Err(Error::Loop(name.clone()));
            }
            match state.r#type {
                Type::Task if state.calls_a_lambda() => parts.push(Workflow::Step(kebab(name))),
                Type::Parallel => {
                    let branches: Result<_, _> = state.branches.iter().map(Self::workflow).collect();
                    parts.push(Workflow::Parallel(branches?));
                }
                Type::Map => return Err(Error::Map(name.clone())),
                Type::Task | Type::Choice | Type::Pass | Type::Wait | Type::Succeed | Type::Fail => {}
            }
            // A Choice is drawn as it goes when nothing special holds.
            at = state.next.as_ref().or(state.default.as_ref());
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Workflow::Sequence(parts) })
    }
}

impl State {
    /// In a blueprint's machine every Lambda is a step or a probe; other tasks are services called directly.
    fn calls_a_lambda(&self) -> bool {
        self.arguments.get("FunctionName").is_some()
    }
}

/// `MerchantPublishWebsite` as the step is called everywhere else: `merchant-publish-website`.
fn kebab(state: &str) -> String {
    let mut name = String::new();
    for c in state.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn step(name: &str) -> Workflow {
        Workflow::Step(name.to_owned())
    }

    fn task(next: Option<&str>) -> Value {
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": { "FunctionName": "${Function}", "Payload": { "action": "apply", "params": {} } },
            "Next": next,
            "End": next.is_none(),
        })
    }

    fn drawn(start: &str, states: &Value) -> Result<Workflow, Error> {
        let machine = json!({ "QueryLanguage": "JSONata", "StartAt": start, "States": states });
        serde_json::from_value::<Machine>(machine).expect("a machine").workflow()
    }

    #[rstest]
    #[case("MerchantPublishWebsite", "merchant-publish-website")]
    #[case("S3CreateBucket", "s3-create-bucket")]
    #[case("Drain", "drain")]
    fn steps_are_called_by_their_own_spelling(#[case] state: &str, #[case] name: &str) {
        assert_eq!(kebab(state), name);
    }

    #[test]
    fn a_machine_of_one_step_is_that_step() {
        assert_eq!(
            drawn("MerchantSeedData", &json!({ "MerchantSeedData": task(None) })),
            Ok(step("merchant-seed-data"))
        );
    }

    #[test]
    fn steps_follow_each_other_and_branches_stand_beside() {
        let states = json!({
            "MerchantCreateGroup": task(Some("Beside")),
            "Beside": {
                "Type": "Parallel",
                "Branches": [
                    { "StartAt": "MerchantSeedData", "States": { "MerchantSeedData": task(None) } },
                    { "StartAt": "MerchantPublishWebsite", "States": {
                        "MerchantPublishWebsite": task(Some("MerchantProbeWebsite")),
                        "MerchantProbeWebsite": task(None),
                    } },
                ],
                "Next": "Done",
            },
            "Done": { "Type": "Succeed" },
        });
        let branch =
            Workflow::Sequence(vec![step("merchant-publish-website"), step("merchant-probe-website")]);
        let beside = Workflow::Parallel(vec![step("merchant-seed-data"), branch]);
        assert_eq!(
            drawn("MerchantCreateGroup", &states),
            Ok(Workflow::Sequence(vec![step("merchant-create-group"), beside]))
        );
    }

    #[test]
    fn what_is_no_step_is_left_out() {
        let states = json!({
            "Pick": { "Type": "Choice", "Choices": [{ "Condition": "{% false %}", "Next": "Skip" }], "Default": "Pause" },
            "Pause": { "Type": "Wait", "Seconds": 1, "Next": "Tell" },
            "Tell": {
                "Type": "Task",
                "Resource": "arn:aws:states:::events:putEvents",
                "Arguments": { "Entries": [] },
                "Next": "MerchantSeedData",
            },
            "MerchantSeedData": task(Some("Skip")),
            "Skip": { "Type": "Pass", "End": true },
        });
        assert_eq!(drawn("Pick", &states), Ok(step("merchant-seed-data")));
        assert_eq!(
            drawn("Skip", &json!({ "Skip": { "Type": "Pass", "End": true } })),
            Ok(Workflow::Sequence(vec![]))
        );
    }

    #[test]
    fn machines_that_cannot_be_drawn_say_why() {
        assert_eq!(drawn("A", &json!({ "A": task(Some("B")) })), Err(Error::Missing("B".to_owned())));
        let round = json!({ "A": task(Some("B")), "B": { "Type": "Choice", "Choices": [], "Default": "A" } });
        assert_eq!(drawn("A", &round), Err(Error::Loop("A".to_owned())));
        assert_eq!(
            drawn("A", &json!({ "A": { "Type": "Map", "End": true } })),
            Err(Error::Map("A".to_owned()))
        );
    }
}
