//! The admin API `v3`: users, policies, and who has which.
//! <https://github.com/minio/madmin-go>

use std::collections::BTreeSet;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::signature::Caller;
use super::{Minio, Outcome, Refused, Target, bad, denied, missing, not_implemented, policy, seal};
use crate::clouds::ask::{self, Ask};

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) secret: String,
    pub(crate) enabled: bool,
    pub(crate) policies: BTreeSet<String>,
}

impl User {
    pub(crate) fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), enabled: true, policies: BTreeSet::new() }
    }
}

pub(crate) fn operation(method: &str, path: &[&str]) -> &'static str {
    match (method, path.get(3..).unwrap_or_default()) {
        ("PUT", ["add-user"]) => "PutUser",
        ("DELETE", ["remove-user"]) => "DeleteUser",
        ("GET", ["user-info"]) => "GetUser",
        ("GET", ["list-users"]) => "ListUsers",
        ("PUT", ["set-user-status"]) => "PutUserStatus",
        ("PUT", ["add-canned-policy"]) => "PutPolicy",
        ("DELETE", ["remove-canned-policy"]) => "DeletePolicy",
        ("GET", ["info-canned-policy"]) => "GetPolicy",
        ("GET", ["list-canned-policies"]) => "ListPolicies",
        ("POST", ["idp", "builtin", "policy", "attach"]) => "AttachPolicy",
        ("POST", ["idp", "builtin", "policy", "detach"]) => "DetachPolicy",
        ("GET", _) => "GetUnknown",
        ("DELETE", _) => "DeleteUnknown",
        _ => "PutUnknown",
    }
}

/// What one must be allowed for it.
fn action(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "PutUser" => "admin:CreateUser",
        "DeleteUser" => "admin:DeleteUser",
        "GetUser" => "admin:GetUser",
        "ListUsers" => "admin:ListUsers",
        "PutUserStatus" => "admin:EnableUser",
        "PutPolicy" => "admin:CreatePolicy",
        "DeletePolicy" => "admin:DeletePolicy",
        "GetPolicy" => "admin:GetPolicy",
        "ListPolicies" => "admin:ListUserPolicies",
        "AttachPolicy" | "DetachPolicy" => "admin:UpdatePolicyAssociation",
        _ => return None,
    })
}

fn no_such_user() -> Refused {
    missing("XMinioAdminNoSuchUser", "The specified user does not exist.")
}

impl Minio {
    pub(crate) fn administer(&mut self, now: Timestamp, ask: &Ask<'_>, caller: &Caller) -> Outcome {
        let Caller::Signed(key) = caller else { return Err(denied()) };
        let operation = Self::operation(ask);
        let action = action(operation).ok_or_else(not_implemented)?;
        if !self.may(caller, action, &Target::new("", "")) {
            return Err(denied());
        }
        let secret = self.secret_of(key).ok_or_else(denied)?;
        let name = ask.query("accessKey").or_else(|| ask.query("name")).unwrap_or_default();
        match operation {
            "PutUser" => self.put_user(name, &self.opened(ask, &secret)?),
            "DeleteUser" => self.users.remove(name).map(|_| Response::default()).ok_or_else(no_such_user),
            "GetUser" => {
                let user = self.users.get(name).ok_or_else(no_such_user)?;
                Ok(ask::json(StatusCode::OK, &told(now, user)))
            }
            "ListUsers" => {
                let users = self.users.iter().map(|(name, user)| (name.clone(), told(now, user)));
                self.sealed(&Value::Object(users.collect()), &secret)
            }
            "PutUserStatus" => {
                let enabled = match ask.query("status") {
                    Some("enabled") => true,
                    Some("disabled") => false,
                    _ => return Err(bad("XMinioAdminInvalidArgument", "Invalid arguments specified.")),
                };
                self.users.get_mut(name).ok_or_else(no_such_user)?.enabled = enabled;
                Ok(Response::default())
            }
            "PutPolicy" => self.put_policy(name, ask.body),
            "DeletePolicy" => self.delete_policy(name),
            "GetPolicy" => {
                let document = self.policies.get(name).or_else(|| policy::built_in(name));
                Ok(ask::json(StatusCode::OK, document.ok_or_else(policy::unknown)?))
            }
            "ListPolicies" => Ok(ask::json(StatusCode::OK, &self.all_policies())),
            _ => self.associate(now, operation == "AttachPolicy", &self.opened(ask, &secret)?, &secret),
        }
    }

    fn put_user(&mut self, name: &str, order: &Value) -> Outcome {
        let reserved = |c: char| c == '=' || c == ',';
        if name.len() < 3 || name.contains(reserved) {
            return Err(bad("XMinioAdminInvalidAccessKey", "The access key is invalid."));
        }
        if self.is_root(name) {
            return Err(bad("XMinioInvalidIAMCredentials", "The specified IAM access key is not allowed."));
        }
        let secret = order["secretKey"].as_str().unwrap_or_default();
        if secret.len() < 8 {
            return Err(bad("XMinioAdminInvalidSecretKey", "The secret key is invalid."));
        }
        let policies = self.users.remove(name).map(|old| old.policies).unwrap_or_default();
        let enabled = order["status"] != "disabled";
        self.users.insert(name.to_owned(), User { secret: secret.to_owned(), enabled, policies });
        Ok(Response::default())
    }

    fn put_policy(&mut self, name: &str, body: &[u8]) -> Outcome {
        if name.is_empty() || name.contains(',') || name.trim() != name {
            return Err(bad("XMinioAdminInvalidArgument", "Invalid arguments specified."));
        }
        if policy::built_in(name).is_some() {
            return Err(bad("XMinioIAMActionNotAllowed", "built-in policies cannot be changed"));
        }
        self.policies.insert(name.to_owned(), policy::read(body)?);
        Ok(Response::default())
    }

    fn delete_policy(&mut self, name: &str) -> Outcome {
        if self.users.values().any(|user| user.policies.contains(name)) {
            return Err(bad("XMinioIAMPolicyInUse", "The policy cannot be removed, as it is in use"));
        }
        // Of one that is not there it says nothing.
        self.policies.remove(name);
        Ok(Response::default())
    }

    fn all_policies(&self) -> Value {
        let mut all = json!({});
        for name in ["consoleAdmin", "readonly", "readwrite", "writeonly"] {
            all[name] = json!(policy::built_in(name));
        }
        for (name, document) in &self.policies {
            all[name] = document.clone();
        }
        all
    }

    fn associate(&mut self, now: Timestamp, attach: bool, order: &Value, secret: &str) -> Outcome {
        let names: Vec<String> = order["policies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        if names.is_empty() {
            return Err(bad("XMinioAdminInvalidArgument", "Invalid arguments specified."));
        }
        if names.iter().any(|name| !self.policies.contains_key(name) && policy::built_in(name).is_none()) {
            return Err(policy::unknown());
        }
        let user =
            order["user"].as_str().and_then(|user| self.users.get_mut(user)).ok_or_else(no_such_user)?;
        let changed: Vec<String> =
            names.into_iter().filter(|name| user.policies.contains(name) != attach).collect();
        if changed.is_empty() {
            let message = "The specified policy change is already in effect.";
            return Err(bad("XMinioAdminPolicyChangeAlreadyApplied", message));
        }
        for name in &changed {
            if attach {
                user.policies.insert(name.clone());
            } else {
                user.policies.remove(name);
            }
        }
        let what = if attach { "policiesAttached" } else { "policiesDetached" };
        self.sealed(&json!({ what: changed, "updatedAt": now }), secret)
    }

    /// The body of what must come sealed.
    fn opened(&self, ask: &Ask<'_>, secret: &str) -> Result<Value, Refused> {
        let malformed =
            || bad("XMinioAdminConfigBadJSON", "JSON configuration provided is of incorrect format");
        let plain = seal::open(ask.body, secret, self.memory).ok_or_else(malformed)?;
        serde_json::from_slice(&plain).map_err(|_| malformed())
    }

    fn sealed(&self, answer: &Value, secret: &str) -> Outcome {
        let sealed = seal::seal(answer.to_string().as_bytes(), secret, self.memory);
        let sealed = sealed.ok_or_else(not_implemented)?;
        Ok(ask::typed(StatusCode::OK, "application/octet-stream", Bytes::from(sealed)))
    }
}

fn told(now: Timestamp, user: &User) -> Value {
    let policies: Vec<&str> = user.policies.iter().map(String::as_str).collect();
    let status = if user.enabled { "enabled" } else { "disabled" };
    json!({"policyName": policies.join(","), "status": status, "updatedAt": now})
}
