use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Memory, Reply, Request, Service, Thing, View, at, body, now, refusal, reply, target};
use crate::chaos::Act;

/// A user pool: groups and users.
#[derive(Debug, Default)]
pub struct Cognito(Mutex<Memory<Pool>>);

#[derive(Clone, Debug, Default)]
struct Pool {
    /// Descriptions by name.
    groups: BTreeMap<String, String>,
    users: BTreeMap<String, User>,
    members: BTreeSet<(String, String)>,
}

#[derive(Clone, Debug, Default)]
struct User {
    attributes: BTreeMap<String, String>,
    password: Option<String>,
    disabled: bool,
    made_at: Timestamp,
}

impl User {
    fn set(&mut self, attributes: &Value) {
        for attribute in attributes.as_array().into_iter().flatten() {
            let text = |part: &str| attribute[part].as_str().unwrap_or_default().to_owned();
            self.attributes.insert(text("Name"), text("Value"));
        }
    }

    fn shown(&self, name: &str) -> Value {
        let attributes = self.attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value }));
        json!({
            "Username": name, "Enabled": !self.disabled, "UserAttributes": attributes.collect::<Vec<_>>(),
            "UserCreateDate": self.made_at.as_second(),
            "UserStatus": if self.password.is_some() { "CONFIRMED" } else { "FORCE_CHANGE_PASSWORD" },
        })
    }
}

impl Service for Cognito {
    fn asked(&self, request: &Request) -> (String, Act) {
        let action = target(request);
        let act = match action {
            "GetGroup" | "ListGroups" | "AdminGetUser" | "ListUsers" | "AdminInitiateAuth" => Act::Read,
            "DeleteGroup" | "AdminDeleteUser" => Act::Delete,
            _ => Act::Write,
        };
        (format!("cognito:{action}"), act)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let (asked, act) = (body(request), self.asked(request).1);
        let text = |part: &str| asked[part].as_str().unwrap_or_default().to_owned();
        let (group, user) = (text("GroupName"), text("Username"));
        at(&self.0, view, act, |pool| match target(request) {
            "GetGroup" => match pool.groups.get(&group) {
                Some(description) => {
                    reply(200, &json!({ "Group": { "GroupName": group, "Description": description } }))
                }
                None => refusal(400, "ResourceNotFoundException"),
            },
            "ListGroups" => {
                let group = |(name, description)| json!({ "GroupName": name, "Description": description });
                reply(200, &json!({ "Groups": pool.groups.iter().map(group).collect::<Vec<_>>() }))
            }
            "ListUsers" => {
                // What is called UserAttributes elsewhere is called Attributes here.
                let user = |(name, user): (&String, &User)| {
                    let mut shown = user.shown(name);
                    shown["Attributes"] = shown["UserAttributes"].take();
                    shown
                };
                reply(200, &json!({ "Users": pool.users.iter().map(user).collect::<Vec<_>>() }))
            }
            "CreateGroup" if pool.groups.contains_key(&group) => refusal(400, "GroupExistsException"),
            "CreateGroup" => {
                pool.groups.insert(group, text("Description"));
                reply(200, &json!({}))
            }
            "DeleteGroup" => {
                pool.members.retain(|(_, of)| *of != group);
                pool.groups
                    .remove(&group)
                    .map_or_else(|| refusal(400, "ResourceNotFoundException"), |_| reply(200, &json!({})))
            }
            "AdminCreateUser" if pool.users.contains_key(&user) => refusal(400, "UsernameExistsException"),
            "AdminCreateUser" => {
                let mut made = User { made_at: clock::now(), ..User::default() };
                made.set(&asked["UserAttributes"]);
                let shown = made.shown(&user);
                pool.users.insert(user, made);
                reply(200, &json!({ "User": shown }))
            }
            "AdminDeleteUser" => {
                pool.members.retain(|(member, _)| *member != user);
                pool.users
                    .remove(&user)
                    .map_or_else(|| refusal(400, "UserNotFoundException"), |_| reply(200, &json!({})))
            }
            "AdminAddUserToGroup" if !pool.groups.contains_key(&group) => {
                refusal(400, "ResourceNotFoundException")
            }
            action => {
                let Some(found) = pool.users.get_mut(&user).or(None) else {
                    // A sign-in names its user elsewhere.
                    let claimed = |part: &str| asked["AuthParameters"][part].as_str().unwrap_or_default();
                    let known = pool.users.get(claimed("USERNAME"));
                    let known = known.filter(|user| !user.disabled);
                    return match known.and_then(|user| user.password.as_deref()) {
                        Some(password)
                            if action == "AdminInitiateAuth" && password == claimed("PASSWORD") =>
                        {
                            reply(200, &json!({ "AuthenticationResult": { "AccessToken": "a-session" } }))
                        }
                        _ if action == "AdminInitiateAuth" => refusal(400, "NotAuthorizedException"),
                        _ => refusal(400, "UserNotFoundException"),
                    };
                };
                match action {
                    "AdminGetUser" => return reply(200, &found.shown(&user)),
                    "AdminUpdateUserAttributes" => found.set(&asked["UserAttributes"]),
                    "AdminDisableUser" => found.disabled = true,
                    "AdminEnableUser" => found.disabled = false,
                    "AdminSetUserPassword" => found.password = Some(text("Password")),
                    "AdminAddUserToGroup" => drop(pool.members.insert((user, group))),
                    _ => return refusal(400, "UnknownOperationException"),
                }
                reply(200, &json!({}))
            }
        })
    }

    fn things(&self) -> Vec<Thing> {
        let pool = &now(&self.0).now;
        let thing = |field, name: &String, owner: String| Thing { field, name: name.clone(), owner };
        let groups = pool.groups.iter().map(|(name, description)| thing("group", name, description.clone()));
        let owner = |user: &User| user.attributes.get("custom:owner").cloned().unwrap_or_default();
        let users = pool.users.iter().map(|(name, user)| thing("username", name, owner(user)));
        groups.chain(users).collect()
    }

    fn plant(&self, thing: &Thing) {
        let pool = &mut now(&self.0).now;
        match thing.field {
            "group" => drop(pool.groups.insert(thing.name.clone(), thing.owner.clone())),
            "username" => {
                let attributes = BTreeMap::from([("custom:owner".to_owned(), thing.owner.clone())]);
                pool.users.insert(
                    thing.name.clone(),
                    User { attributes, made_at: clock::now(), ..User::default() },
                );
            }
            _ => {}
        }
    }

    fn remove(&self, thing: &Thing) {
        let pool = &mut now(&self.0).now;
        match thing.field {
            "group" => drop(pool.groups.remove(&thing.name)),
            "username" => drop(pool.users.remove(&thing.name)),
            _ => return,
        }
        let Pool { groups, users, members } = pool;
        members.retain(|(user, group)| users.contains_key(user) && groups.contains_key(group));
    }

    fn says(&self, text: &str) -> bool {
        let users = &now(&self.0).now.users;
        users.values().flat_map(|user| user.attributes.values()).any(|value| value.contains(text))
    }
}
