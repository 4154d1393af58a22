use fault::Fault;
use http_client::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::caller::Caller;

/// Who may do what with one resource. What we do not know of it is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bindings: Vec<Binding>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Binding {
    role: String,
    #[serde(default)]
    members: Vec<String>,
    /// A member under a condition does not hold the role as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

impl Policy {
    fn holds(&self, member: &str, role: &str) -> bool {
        self.bindings
            .iter()
            .any(|binding| binding.is_plain(role) && binding.members.iter().any(|held| held == member))
    }

    fn grant(&mut self, member: &str, role: &str) {
        match self.bindings.iter_mut().find(|binding| binding.is_plain(role)) {
            Some(binding) => binding.members.push(member.to_owned()),
            None => {
                let (role, members) = (role.to_owned(), vec![member.to_owned()]);
                self.bindings.push(Binding { role, members, condition: None });
            }
        }
    }

    fn revoke(&mut self, member: &str, role: &str) {
        for binding in self.bindings.iter_mut().filter(|binding| binding.is_plain(role)) {
            binding.members.retain(|held| held != member);
        }
        self.bindings.retain(|binding| !binding.members.is_empty());
    }
}

impl Binding {
    fn is_plain(&self, role: &str) -> bool {
        self.role == role && self.condition.is_none()
    }
}

/// The policy of the resource at this path. `None` when there is no such resource.
async fn read(caller: &Caller, path: &[&str]) -> Result<Option<Policy>, Fault> {
    let path = verb(path, "getIamPolicy");
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    // With version 3 conditions are told; a policy read without them would lose them when it is written.
    let request = caller.request(Method::GET, &path)?.query(&[("options.requestedPolicyVersion", "3")]);
    caller.find(request).await
}

async fn write(caller: &Caller, path: &[&str], policy: &Policy) -> Result<(), Fault> {
    let path = verb(path, "setIamPolicy");
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let request = caller.request(Method::POST, &path)?.json(&json!({ "policy": policy }));
    caller.ask::<Policy>(request).await.map(drop)
}

/// Whether somebody holds a role on the resource at this path, and not only under a condition.
pub(crate) async fn holds(caller: &Caller, path: &[&str], member: &str, role: &str) -> Result<bool, Fault> {
    Ok(read(caller, path).await?.is_some_and(|policy| policy.holds(member, role)))
}

/// Whoever holds the role already keeps it, and nothing is written.
pub(crate) async fn grant(caller: &Caller, path: &[&str], member: &str, role: &str) -> Result<(), Fault> {
    let missing = || {
        let cause = format!("{} has no {} to grant anything on", caller.service(), path.join("/"));
        Fault::transient(cause).from_provider(caller.service(), None)
    };
    let mut policy = read(caller, path).await?.ok_or_else(missing)?;
    if policy.holds(member, role) {
        return Ok(());
    }
    policy.grant(member, role);
    write(caller, path, &policy).await
}

/// Who does not hold the role, or on what is gone, is success.
pub(crate) async fn revoke(caller: &Caller, path: &[&str], member: &str, role: &str) -> Result<(), Fault> {
    let Some(mut policy) = read(caller, path).await? else { return Ok(()) };
    if !policy.holds(member, role) {
        return Ok(());
    }
    policy.revoke(member, role);
    write(caller, path, &policy).await
}

/// `secrets/x` becomes `secrets/x:getIamPolicy`.
fn verb(path: &[&str], verb: &str) -> Vec<String> {
    let mut path: Vec<String> = path.iter().map(|segment| (*segment).to_owned()).collect();
    if let Some(last) = path.last_mut() {
        *last = format!("{last}:{verb}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "roles/run.invoker";

    fn policy(bindings: &Value) -> Policy {
        serde_json::from_value(json!({ "version": 3, "etag": "BwX", "bindings": bindings }))
            .expect("a policy")
    }

    #[test]
    fn a_role_under_a_condition_is_not_held_and_is_kept() {
        let condition = json!({ "title": "until", "expression": "request.time < t" });
        let mut policy = policy(&json!([{ "role": ROLE, "members": ["user:a"], "condition": condition }]));
        assert!(!policy.holds("user:a", ROLE));
        policy.grant("user:a", ROLE);
        assert!(policy.holds("user:a", ROLE));
        policy.revoke("user:a", ROLE);
        let written = serde_json::to_value(&policy).expect("JSON");
        assert_eq!(
            written,
            json!({
                "version": 3, "etag": "BwX",
                "bindings": [{ "role": ROLE, "members": ["user:a"], "condition": condition }],
            })
        );
    }

    #[test]
    fn other_members_and_roles_stay() {
        let mut policy = policy(&json!([
            { "role": ROLE, "members": ["user:a"] }, { "role": "roles/viewer", "members": ["user:b"] },
        ]));
        policy.grant("user:b", ROLE);
        policy.revoke("user:a", ROLE);
        assert!(
            policy.holds("user:b", ROLE)
                && policy.holds("user:b", "roles/viewer")
                && !policy.holds("user:a", ROLE)
        );
        policy.revoke("user:b", ROLE);
        assert_eq!(policy.bindings.len(), 1);
    }
}
