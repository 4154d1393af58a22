use serde_json::Value;

use crate::api::signup;
use crate::{Operation, Stack};

pub const BLUEPRINT: &str = "merchant-workspace";

/// What a live tenant consists of: a group, its owner, the pages and the manifest of its site, its dashboard and
/// its data, and the owner's first password.
pub const WHOLE: [(&str, usize); 4] = [("group", 1), ("object", 8 + 2 + 3), ("secret", 1), ("user", 1)];

/// A tenant that is live.
pub async fn live(stack: &Stack) -> Operation {
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    operation
}

/// The blueprint's steps, as the API draws them.
pub async fn steps(stack: &Stack) -> Vec<String> {
    fn collect(workflow: &Value, found: &mut Vec<String>) {
        match workflow {
            Value::Object(node) => match node.get("step").and_then(Value::as_str) {
                Some(step) => found.push(step.to_owned()),
                None => node.values().for_each(|parts| collect(parts, found)),
            },
            Value::Array(parts) => parts.iter().for_each(|part| collect(part, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&stack.api.read(&format!("/v1/blueprints/{BLUEPRINT}")).await["workflow"], &mut found);
    assert!(!found.is_empty());
    found
}
