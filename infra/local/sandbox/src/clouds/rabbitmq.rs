//! RabbitMQ's management API: vhosts with what is in them, users, and what these may do there.
//! <https://www.rabbitmq.com/docs/http-api-reference>
//!
//! As version 3.10 answers: what was recorded of one is in `tests/contract/specs/rabbitmq.json` and its manners beside it.
//! Every write may be repeated and changes what is there to what is sent, but for exchanges and queues. Nobody is throttled
//! but by a fault.
//! Deliberately absent: messages and connections, so limits of the latter limit nothing; policies; definitions of a whole
//! broker; bindings between exchanges; queue types; what somebody sees who is no administrator; pages of lists.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::vhost::{Vhost, of_vhost};
use super::ask::{self, Ask, digits};
use super::{Account, Thing};

mod vhost;

/// The one node, and what it is.
const NODE: &str = "tenantry@localhost";
const VERSION: &str = "3.10.8";
/// The vhost that is there from the start.
const DEFAULT: &str = "/";
const ALGORITHM: &str = "rabbit_password_hashing_sha256";
const SALT: usize = 4;
/// A user has no place for a mark but its tags: the one that begins like this says whose it is.
const MARK: &str = "tenantry_owner:";
/// Who has this tag may do all.
const ADMINISTRATOR: &str = "administrator";
const ACTS: [&str; 3] = ["configure", "write", "read"];

#[derive(Debug, Clone)]
pub(crate) struct RabbitMq {
    vhosts: BTreeMap<String, Vhost>,
    users: BTreeMap<String, User>,
    /// The administrator that is there from the start.
    operator: String,
}

#[derive(Debug, Clone)]
struct User {
    digest: String,
    algorithm: String,
    tags: Vec<String>,
}

/// Without a body where cowboy has none.
#[derive(Debug)]
struct Refused(StatusCode, Option<Value>);

/// What an act comes to.
#[derive(Debug)]
enum Done {
    Made,
    Written,
    Told(Value),
}

type Outcome = Result<Done, Refused>;

fn refused(status: StatusCode, error: &str, reason: impl Into<Value>) -> Refused {
    Refused(status, Some(json!({"error": error, "reason": reason.into()})))
}

fn bad(reason: impl Into<Value>) -> Refused {
    refused(StatusCode::BAD_REQUEST, "bad_request", reason)
}

/// It was looked for by its address.
fn missing() -> Refused {
    refused(StatusCode::NOT_FOUND, "Object Not Found", "Not Found")
}

/// It was named by something that was sent.
fn unknown(reason: &str) -> Refused {
    refused(StatusCode::NOT_FOUND, "not_found", reason)
}

fn barred(reason: &str) -> Refused {
    refused(StatusCode::UNAUTHORIZED, "not_authorised", reason)
}

const fn no_such_method() -> Refused {
    Refused(StatusCode::METHOD_NOT_ALLOWED, None)
}

/// New is 201, changed or as it was 204.
fn put(is_new: bool) -> Outcome {
    Ok(if is_new { Done::Made } else { Done::Written })
}

impl RabbitMq {
    pub(crate) fn new(operator: &Account) -> Self {
        let mut default = Vhost::new("Default virtual host", Vec::new());
        let mut users = BTreeMap::new();
        // Without one, nobody is let in.
        if !operator.user.is_empty() {
            let digest = digest(&operator.user, &operator.password);
            let tags = vec![ADMINISTRATOR.to_owned()];
            users.insert(operator.user.clone(), User { digest, algorithm: ALGORITHM.to_owned(), tags });
            default.let_in(&operator.user);
        }
        let vhosts = BTreeMap::from([(DEFAULT.to_owned(), default)]);
        Self { vhosts, users, operator: operator.user.clone() }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        match (method, path.get(1..).unwrap_or_default()) {
            ("GET", ["whoami"]) => "GetWhoami",
            ("GET", ["aliveness-test" | "health", ..]) => "GetHealth",
            ("GET", ["vhosts"]) => "ListVhosts",
            ("GET", ["vhosts", _]) => "GetVhost",
            ("PUT", ["vhosts", _]) => "PutVhost",
            ("DELETE", ["vhosts", _]) => "DeleteVhost",
            ("GET", ["users"]) => "ListUsers",
            ("GET", ["users", _]) => "GetUser",
            ("PUT", ["users", _]) => "PutUser",
            ("DELETE", ["users", _]) => "DeleteUser",
            ("GET", ["permissions"] | ["vhosts" | "users", _, "permissions"]) => "ListPermissions",
            ("GET", ["permissions", _, _]) => "GetPermissions",
            ("PUT", ["permissions", _, _]) => "PutPermissions",
            ("DELETE", ["permissions", _, _]) => "DeletePermissions",
            ("GET", ["exchanges", _]) => "ListExchanges",
            ("GET", ["exchanges", _, _]) => "GetExchange",
            ("PUT", ["exchanges", _, _]) => "PutExchange",
            ("DELETE", ["exchanges", _, _]) => "DeleteExchange",
            ("GET", ["queues", _]) => "ListQueues",
            ("GET", ["queues", _, _]) => "GetQueue",
            ("PUT", ["queues", _, _]) => "PutQueue",
            ("DELETE", ["queues", _, _]) => "DeleteQueue",
            ("GET", ["bindings", ..]) => "ListBindings",
            ("POST", ["bindings", ..]) => "PutBinding",
            ("DELETE", ["bindings", ..]) => "DeleteBinding",
            ("GET", ["vhost-limits", ..]) => "ListLimits",
            ("PUT", ["vhost-limits", ..]) => "PutLimit",
            ("DELETE", ["vhost-limits", ..]) => "DeleteLimit",
            ("GET", ["definitions", ..]) => "GetDefinitions",
            ("POST", ["definitions", ..]) => "PutDefinitions",
            ("GET", _) => "GetUnknown",
            ("DELETE", _) => "DeleteUnknown",
            _ => "PutUnknown",
        }
    }

    pub(crate) fn answer(&mut self, ask: &Ask<'_>) -> Response<Bytes> {
        match self.route(ask) {
            Ok(Done::Told(body)) => ask::json(StatusCode::OK, &columns(ask, body)),
            Ok(Done::Made) => empty(StatusCode::CREATED),
            Ok(Done::Written) => empty(StatusCode::NO_CONTENT),
            Err(Refused(status, body)) => {
                let mut response = body.map_or_else(|| empty(status), |body| ask::json(status, &body));
                if status == StatusCode::UNAUTHORIZED {
                    let realm = HeaderValue::from_static("Basic realm=\"RabbitMQ Management\"");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
                }
                response
            }
        }
    }

    fn route(&mut self, ask: &Ask<'_>) -> Outcome {
        // Nobody has to sign in to hear that there is no such address.
        if ["GetUnknown", "DeleteUnknown", "PutUnknown"].contains(&Self::operation(ask)) {
            return Err(missing());
        }
        let (method, path) = ask.route();
        let path = path.strip_prefix(&["api"][..]).ok_or_else(missing)?;
        let caller = self.caller(ask)?;
        let tags = &self.users[&caller].tags;
        let has_tag = |wanted: &[&str]| tags.iter().any(|tag| wanted.contains(&tag.as_str()));
        if !has_tag(&[ADMINISTRATOR, "management", "monitoring", "policymaker"]) {
            return Err(barred("Not management user"));
        }
        if path == ["whoami"] {
            return Ok(Done::Told(json!({"name": caller, "tags": tags})));
        }
        if !has_tag(&[ADMINISTRATOR]) {
            return Err(barred("Not administrator user"));
        }
        match path {
            ["aliveness-test", vhost] => {
                let told = self.vhosts.contains_key(*vhost).then(|| json!({"status": "ok"}));
                told.map(Done::Told).ok_or_else(missing)
            }
            ["health", ..] => Ok(Done::Told(json!({"status": "ok"}))),
            ["vhosts", rest @ ..] => self.of_vhosts(method, rest, ask, &caller),
            ["users", rest @ ..] => self.of_users(method, rest, ask),
            ["permissions", rest @ ..] => self.of_permissions(method, rest, ask),
            ["vhost-limits"] => Ok(Done::Told(self.vhosts.iter().filter_map(Vhost::told_limits).collect())),
            // Which vhost such a file is of is asked of each part of it, and they say so in no file of a vhost.
            ["definitions"] => Err(bad(json!(["no_such_vhost", "undefined"]))),
            [part, name, rest @ ..] => {
                let there = self.vhosts.get_mut(*name);
                of_vhost((name, there), (method, part, rest), ask)
            }
            _ => Err(missing()),
        }
    }

    fn caller(&self, ask: &Ask<'_>) -> Result<String, Refused> {
        ask.header("authorization").ok_or(Refused(StatusCode::UNAUTHORIZED, None))?;
        let signs_in = |(name, password): &(String, String)| {
            self.users.get(name).is_some_and(|user| user.signs_in_with(password))
        };
        ask.basic()
            .filter(signs_in)
            .map(|(name, _)| name)
            .ok_or_else(|| refused(StatusCode::UNAUTHORIZED, "not_authorized", "Login failed"))
    }

    fn of_vhosts(&mut self, method: &str, path: &[&str], ask: &Ask<'_>, caller: &str) -> Outcome {
        match (method, path) {
            ("GET", []) => Ok(Done::Told(self.vhosts.iter().map(Vhost::told).collect())),
            ("GET", [name]) => {
                self.vhosts.get_key_value(*name).map(|it| Done::Told(Vhost::told(it))).ok_or_else(missing)
            }
            ("GET", [name, "permissions"]) => {
                let vhost = self.vhosts.get(*name).ok_or_else(missing)?;
                Ok(Done::Told(
                    vhost.permissions.iter().map(|(user, may)| told_rights(name, user, may)).collect(),
                ))
            }
            ("PUT", [name]) => {
                let body = body(ask)?;
                // What is not sent is emptied.
                let description = body["description"].as_str().unwrap_or_default();
                let tags = tags(&body["tags"]);
                if let Some(there) = self.vhosts.get_mut(*name) {
                    there.mark(description, tags);
                    return Ok(Done::Written);
                }
                let mut vhost = Vhost::new(description, tags);
                vhost.let_in(caller);
                self.vhosts.insert((*name).to_owned(), vhost);
                Ok(Done::Made)
            }
            // Its users stay.
            ("DELETE", [name]) => self.vhosts.remove(*name).map(|_| Done::Written).ok_or_else(missing),
            _ => Err(no_such_method()),
        }
    }

    fn of_users(&mut self, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        match (method, path) {
            ("GET", []) => Ok(Done::Told(self.users.iter().map(User::told).collect())),
            ("GET", [name]) => {
                self.users.get_key_value(*name).map(|it| Done::Told(User::told(it))).ok_or_else(missing)
            }
            ("GET", [name, "permissions"]) => {
                self.users.get(*name).ok_or_else(missing)?;
                Ok(Done::Told(self.rights().filter(|may| may["user"] == *name).collect()))
            }
            ("PUT", [name]) => {
                let user = User::of(name, &body(ask)?)?;
                put(self.users.insert((*name).to_owned(), user).is_none())
            }
            ("DELETE", [name]) => {
                self.users.remove(*name).ok_or_else(missing)?;
                self.vhosts.values_mut().for_each(|vhost| drop(vhost.permissions.remove(*name)));
                Ok(Done::Written)
            }
            _ => Err(no_such_method()),
        }
    }

    fn of_permissions(&mut self, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        let [vhost, user] = path else {
            return if method == "GET" { Ok(Done::Told(self.rights().collect())) } else { Err(missing()) };
        };
        let is_user = self.users.contains_key(*user);
        let there = self.vhosts.get_mut(*vhost).filter(|_| is_user);
        match method {
            "GET" => {
                let may = there.and_then(|it| it.permissions.get(*user)).ok_or_else(missing)?;
                Ok(Done::Told(told_rights(vhost, user, may)))
            }
            "PUT" => {
                let there = there.ok_or_else(|| bad("vhost_or_user_not_found"))?;
                let body = body(ask)?;
                needs(&body, &ACTS)?;
                let may = ACTS.map(|act| (act.to_owned(), body[act].clone()));
                put(there.permissions.insert((*user).to_owned(), Map::from_iter(may).into()).is_none())
            }
            "DELETE" => {
                there.and_then(|it| it.permissions.remove(*user)).map(|_| Done::Written).ok_or_else(missing)
            }
            _ => Err(no_such_method()),
        }
    }

    /// Who may do what where.
    fn rights(&self) -> impl Iterator<Item = Value> {
        self.vhosts.iter().flat_map(|(name, vhost)| {
            vhost.permissions.iter().map(move |(user, may)| told_rights(name, user, may))
        })
    }

    /// A vhost's mark is its description, and a user's is in its tags.
    pub(crate) fn things(&self) -> Vec<Thing> {
        let some = |text: String| (!text.is_empty()).then_some(text);
        let vhosts = self.vhosts.iter().filter(|(name, _)| *name != DEFAULT);
        let vhosts = vhosts
            .map(|(name, vhost)| Thing::new("rabbitmq", "vhost", name, some(vhost.description().to_owned())));
        let users = self.users.iter().filter(|(name, _)| **name != self.operator);
        vhosts
            .chain(users.map(|(name, user)| Thing::new("rabbitmq", "user", name, some(user.owner()))))
            .collect()
    }

    pub(crate) fn plant(&mut self, thing: &Thing) -> bool {
        let (name, owner) = (&thing.name, thing.owner.as_deref());
        match thing.kind {
            "vhost" if !self.vhosts.contains_key(name) => {
                let tags = owner.map(|_| "tenantry".to_owned()).into_iter().collect();
                self.vhosts.insert(name.clone(), Vhost::new(owner.unwrap_or_default(), tags));
                true
            }
            "user" if !self.users.contains_key(name) => {
                let tags = owner.map(|owner| format!("{MARK}{owner}")).into_iter().collect();
                let (digest, algorithm) = (digest(name, "planted"), ALGORITHM.to_owned());
                self.users.insert(name.clone(), User { digest, algorithm, tags });
                true
            }
            _ => false,
        }
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        match kind {
            "vhost" => self.vhosts.remove(name).is_some(),
            "user" => {
                self.vhosts.values_mut().for_each(|vhost| drop(vhost.permissions.remove(name)));
                self.users.remove(name).is_some()
            }
            _ => false,
        }
    }
}

impl User {
    fn of(name: &str, body: &Value) -> Result<Self, Refused> {
        if body.get("tags").is_none() {
            return Err(bad("tags_not_present"));
        }
        let tags = tags(&body["tags"]);
        if let Some(given) = body["password_hash"].as_str() {
            if STANDARD.decode(given).is_err() {
                return Err(bad(json!(["not_base64", given])));
            }
            let algorithm = body["hashing_algorithm"].as_str().unwrap_or(ALGORITHM).to_owned();
            return Ok(Self { digest: given.to_owned(), algorithm, tags });
        }
        // Without a password it has one that nobody knows.
        let password =
            body["password"].as_str().map_or_else(|| digits(&["nobody's", name], 32), str::to_owned);
        Ok(Self { digest: digest(name, &password), algorithm: ALGORITHM.to_owned(), tags })
    }

    fn signs_in_with(&self, password: &str) -> bool {
        let bytes = STANDARD.decode(&self.digest).unwrap_or_default();
        let salt = bytes.get(..SALT).unwrap_or_default();
        !password.is_empty() && self.algorithm == ALGORITHM && salted(salt, password) == self.digest
    }

    fn told((name, user): (&String, &Self)) -> Value {
        json!({
            "name": name, "password_hash": user.digest, "hashing_algorithm": user.algorithm, "tags": user.tags, "limits": {},
        })
    }

    fn owner(&self) -> String {
        let mark = self.tags.iter().find_map(|tag| tag.strip_prefix(MARK)).map(str::to_owned);
        mark.unwrap_or_else(|| self.tags.join(","))
    }
}

fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn body(ask: &Ask<'_>) -> Result<Value, Refused> {
    ask.json().ok().filter(Value::is_object).ok_or_else(|| bad("not_json"))
}

/// All fields that are missing, as Erlang writes such a list.
fn needs(body: &Value, fields: &[&str]) -> Result<(), Refused> {
    let missing = fields.iter().filter(|field| body.get(**field).is_none());
    let missing: Vec<_> = missing.map(|field| format!("{{key_missing,{field}}}")).collect();
    if missing.is_empty() { Ok(()) } else { Err(bad(format!("[{}]", missing.join(",")))) }
}

/// A list, or a text of them by commas.
fn tags(given: &Value) -> Vec<String> {
    let tag = |tag: &str| tag.trim().to_owned();
    match given {
        Value::Array(tags) => tags.iter().filter_map(Value::as_str).map(tag).collect(),
        Value::String(tags) => tags.split(',').map(tag).filter(|tag| !tag.is_empty()).collect(),
        _ => Vec::new(),
    }
}

fn told_rights(vhost: &str, user: &str, may: &Value) -> Value {
    json!({
        "user": user, "vhost": vhost, "configure": may["configure"], "write": may["write"], "read": may["read"],
    })
}

/// Only the fields that are asked for, of one thing or of each.
fn columns(ask: &Ask<'_>, mut told: Value) -> Value {
    if let Some(wanted) = ask.query("columns") {
        let each = match &mut told {
            Value::Array(each) => each.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for fields in each.iter_mut().filter_map(Value::as_object_mut) {
            fields.retain(|name, _| wanted.split(',').any(|column| column == name));
        }
    }
    told
}

/// What is kept of a password. The salt of a real one is drawn anew each time.
fn digest(name: &str, password: &str) -> String {
    salted(&digits(&["rabbitmq", name, password], SALT).into_bytes(), password)
}

fn salted(salt: &[u8], password: &str) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(password).finalize();
    STANDARD.encode([salt, &hash].concat())
}
