//! A Kubernetes cluster: its API server, and the controllers and operators behind it. Version 1.36, with Argo CD,
//! cert-manager, External Secrets, ingress-nginx, Prometheus', CloudNativePG's, Flux's and MySQL's operators.
//! <https://kubernetes.io/docs/reference/using-api/>
//!
//! Every object is held to the schema its kind is published with, by a decoder that can be told to be strict. What is
//! applied is owned field by field. What controllers do takes its time and is brought up to date whenever somebody
//! asks: a change wakes them, and so does the moment at which something that they began is done.
//! Whoever has the token may do all, and others with tokens of their own what their rules say.
//! Deliberately absent: logs, `exec`, roles and bindings as objects, events, ReplicaSets (pods are the deployment's own),
//! strategic and JSON patches, YAML that is no JSON, discovery, and traffic but for visits to a shop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::alarms::Alarms;
pub use self::chart::{Release, render};
use self::fields::Manager;
use self::kinds::{KINDS, Kind};
pub use self::network::End;
use self::refused::{Cause, Refused};
use self::rights::Asked;
pub use self::rights::{ClusterRole, Right, Rule, Subject};
pub use self::settings::{Charts, Cluster, RemoteSecrets};
use self::store::{Key, Object, Store};
pub(crate) use self::visit::is_tenant;
use super::ask::{self, Ask, digits};
use super::minio::Minio;
use super::pace::Moment;
use super::quota::Quota;
use super::{Thing, marks, sorted_by};

mod alarms;
mod argocd;
mod barman;
mod certificates;
mod chart;
mod checks;
mod controllers;
mod cron;
mod decode;
mod deletion;
mod external_secrets;
mod fields;
mod flux;
mod helm;
mod ingresses;
mod innodb;
mod jobs;
mod k3s;
mod kinds;
mod limits;
mod listing;
mod network;
mod pods;
mod postgres;
mod quantity;
mod refused;
mod rights;
mod schema;
mod scraping;
mod settings;
mod store;
mod visit;
mod watch;
mod workloads;

type Outcome = Result<(StatusCode, Value), Refused>;

/// Namespaces that are there before anybody asks for one.
const NAMESPACES: [&str; 9] = [
    "argocd",
    "cert-manager",
    "default",
    "e-commerce-monitoring",
    "e-commerce-shared",
    "external-secrets",
    "ingress-nginx",
    "kube-public",
    "kube-system",
];

#[derive(Debug, Clone)]
pub(crate) struct Kubernetes {
    token: String,
    cluster: Arc<Cluster>,
    /// Container images that exist; every one when there is no list.
    images: Option<Vec<String>>,
    store: Store,
    /// When something that controllers began is done next.
    alarms: Alarms,
    /// Where controllers are.
    place: String,
    /// Where something goes on that has no end, or waits for what nobody tells of: every look is a look at these.
    restless: BTreeSet<String>,
    quota: Quota,
    /// The object store that runs there, too. Databases keep their backups in it.
    pub(crate) minio: Minio,
}

impl Kubernetes {
    pub(crate) fn new(token: &str, cluster: &Cluster, images: Option<Vec<String>>, minio: Minio) -> Self {
        let mut store = Store::default();
        for name in NAMESPACES {
            let key = Key::new("namespaces", "", name);
            let labels = json!({"kubernetes.io/metadata.name": name});
            let namespace = json!({
                "metadata": {"labels": labels}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            });
            store.create(Timestamp::UNIX_EPOCH, &key, namespace, Vec::new());
        }
        let everywhere = json!({"spec": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        }});
        for name in &cluster.projects {
            let key = Key::new("appprojects.argoproj.io", "argocd", name);
            store.create(Timestamp::UNIX_EPOCH, &key, everywhere.clone(), Vec::new());
        }
        let second = Duration::from_secs(1);
        let quota = Quota::new(cluster.calls_per_second, second, Duration::ZERO);
        Self {
            token: token.to_owned(),
            cluster: Arc::new(cluster.clone()),
            images,
            store,
            alarms: Alarms::default(),
            place: String::new(),
            restless: BTreeSet::new(),
            quota,
            minio,
        }
    }

    /// The object store, with all that databases have put there by now.
    pub(crate) fn minio(&mut self, moment: Moment) -> &mut Minio {
        if self.keeps_backups() {
            self.settle(moment);
        }
        &mut self.minio
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        let Some(place) = Place::of(&path) else {
            return if method == "GET" { "GetVersion" } else { "PostUnknown" };
        };
        let verb = match (method, place.name) {
            ("GET", Some(_)) => "Get",
            ("GET", None) if watch::is_one(ask) => "Watch",
            ("GET", None) => "List",
            ("POST", _) => "Create",
            ("PATCH", _) if applies(ask) => "Apply",
            ("PATCH", _) => "Patch",
            ("DELETE", _) => "Delete",
            _ => "Update",
        };
        place.kind.operation(verb)
    }

    pub(crate) fn answer(&mut self, moment: Moment, ask: &Ask<'_>) -> Response<Bytes> {
        if let Err(wait) = self.quota.take(moment.now) {
            return Refused::throttled(wait).answer();
        }
        if let Err(refused) = self.lets(ask) {
            return refused.answer();
        }
        self.settle(moment);
        let (method, path) = ask.route();
        if path == ["version"] {
            let version =
                json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "linux/amd64"});
            return ask::json(StatusCode::OK, &version);
        }
        let Some(place) = Place::of(&path) else { return refused::no_such_page() };
        if method == "GET" && place.name.is_none() && watch::is_one(ask) {
            return self.watch(moment, &place, ask).unwrap_or_else(|refused| refused.answer());
        }
        let outcome = match (method, place.name, place.part) {
            ("GET", None, None) => self.list(&place, ask).map(|list| (StatusCode::OK, list)),
            ("GET", Some(name), None | Some("status")) => self.get(&place, name),
            ("POST", None, None) => self.post(moment.now, &place, ask),
            ("PUT", Some(name), None) => self.put(moment.now, &place, name, ask),
            ("PATCH", Some(name), None) => self.patch(moment.now, &place, name, ask),
            ("DELETE", Some(name), None) => self.delete(moment, &place, name, ask),
            _ => Err(Refused::method()),
        };
        self.settle(moment);
        match outcome {
            Ok((status, body)) => ask::json(status, &body),
            Err(refused) => refused.answer(),
        }
    }

    /// Whether whoever asks is known, and may.
    fn lets(&self, ask: &Ask<'_>) -> Result<(), Refused> {
        let token = ask.bearer().filter(|token| !token.is_empty()).ok_or_else(Refused::unauthorized)?;
        if token == self.token {
            return Ok(());
        }
        let subject = self.cluster.subjects.iter().find(|subject| subject.token == token);
        let subject = subject.ok_or_else(Refused::unauthorized)?;
        let (_, path) = ask.route();
        let Some(asked) = Asked::of(ask, &path) else { return Ok(()) };
        subject.may(&asked)?;
        let there = Place::of(&path).and_then(|place| self.store.get(&place.key(place.name?)));
        if applies(ask) && there.is_none() {
            return subject.may(&Asked { right: asked.right.clone().to_create(), ..asked });
        }
        Ok(())
    }

    /// What a call takes a right to, if it does.
    pub(crate) fn right(ask: &Ask<'_>) -> Option<Right> {
        let (_, path) = ask.route();
        Asked::of(ask, &path).map(|asked| asked.right)
    }

    fn get(&self, place: &Place<'_>, name: &str) -> Outcome {
        let key = place.key(name);
        let object = self.store.get(&key).ok_or_else(|| Refused::missing(place.kind, name))?;
        Ok((StatusCode::OK, object.show()))
    }

    fn post(&mut self, now: Timestamp, place: &Place<'_>, ask: &Ask<'_>) -> Outcome {
        let mut value = decode::object(place.kind, ask)?;
        let prefix = value["metadata"]["generateName"].as_str().map(str::to_owned);
        let name = match (value["metadata"]["name"].as_str(), prefix) {
            (Some(name), _) => name.to_owned(),
            (None, Some(prefix)) => {
                format!("{prefix}{}", digits(&["name", &self.store.version().to_string()], 5))
            }
            (None, None) => String::new(),
        };
        let key = place.key(&name);
        decode::belongs(place.kind, &key, &value)?;
        value["metadata"]["name"] = json!(name);
        decode::strip(&mut value);
        let after = self.complete(place.kind, &key, value, None)?;
        let managers =
            fields::update(place.kind.schema.shape(), (&json!({}), &after), &[], &manager(ask), now);
        self.create(now, place.kind, &key, after, managers)
    }

    /// Makes an object that is complete and checked.
    fn create(
        &mut self,
        now: Timestamp,
        kind: &Kind,
        key: &Key,
        value: Value,
        managers: Vec<Manager>,
    ) -> Outcome {
        self.lets_in(kind, key, &value)?;
        self.store.create(now, key, value, managers);
        let shown = self.store.get(key).map(Object::show).unwrap_or_default();
        Ok((StatusCode::CREATED, shown))
    }

    /// Whether a new object may be there: its namespace, its name, what its namespace may hold.
    fn lets_in(&self, kind: &Kind, key: &Key, value: &Value) -> Result<(), Refused> {
        if kind.namespaced {
            let namespace = self.store.get(&Key::new("namespaces", "", &key.namespace));
            let namespace = namespace.ok_or_else(|| {
                kinds::of("namespaces")
                    .map_or_else(Refused::method, |kind| Refused::missing(kind, &key.namespace))
            })?;
            if namespace.is_going() {
                return Err(Refused::terminating(kind, &key.name, &key.namespace));
            }
        }
        if self.store.get(key).is_some() {
            return Err(Refused::exists(kind, &key.name));
        }
        ingresses::admit(&self.store, key, value)?;
        limits::fits(&self.store, kind, key, value)
    }

    /// An object with all that it has unless it says otherwise, if it is a good one.
    fn complete(
        &self,
        kind: &Kind,
        key: &Key,
        mut value: Value,
        old: Option<&Value>,
    ) -> Result<Value, Refused> {
        value["apiVersion"] = json!(kind.api_version());
        value["kind"] = json!(kind.kind);
        if !kind.built_in {
            checks::fill(kind, &mut value);
        }
        let wrong = kind.schema.judge(&value);
        if let Some(mistyped) = wrong.iter().find(|wrong| wrong.mistyped).filter(|_| kind.built_in) {
            let message = format!(
                "{0} in version \"{1}\" cannot be handled as a {0}: json: cannot unmarshal field {2}: {3}",
                kind.kind, kind.version, mistyped.field, mistyped.message
            );
            return Err(Refused::bad(message));
        }
        let cause = |wrong: &schema::Wrong| {
            let reason = if wrong.missing { "FieldValueRequired" } else { "FieldValueInvalid" };
            Cause { reason, field: wrong.field.clone(), message: wrong.message.clone() }
        };
        let mut causes: Vec<Cause> = wrong.iter().map(cause).collect();
        if causes.is_empty() {
            checks::fill(kind, &mut value);
            if old.is_none() {
                jobs::name_pods(key, &mut value);
                limits::bound(&self.store, kind, key, &mut value)?;
            } else if let Some(ip) = old.and_then(|old| old["spec"].get("clusterIP")) {
                // What the server gave stays, unless it is asked for otherwise.
                if key.resource == "services" && value["spec"].get("clusterIP").is_none() {
                    value["spec"]["clusterIP"] = ip.clone();
                }
            }
            causes = checks::check(kind, &key.name, &value, old);
        }
        if key.resource == "namespaces" {
            value["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(key.name);
            if old.is_none() {
                value["spec"] = json!({"finalizers": ["kubernetes"]});
                value["status"] = json!({"phase": "Active"});
            }
        }
        if causes.is_empty() { Ok(value) } else { Err(Refused::invalid(kind, &key.name, &causes)) }
    }

    fn put(&mut self, now: Timestamp, place: &Place<'_>, name: &str, ask: &Ask<'_>) -> Outcome {
        let (kind, key) = (place.kind, place.key(name));
        let mut value = decode::object(kind, ask)?;
        decode::belongs(kind, &key, &value)?;
        let before = self.store.get(&key).ok_or_else(|| Refused::missing(kind, name))?.clone();
        decode::same(kind, &key, &value, &before.value)?;
        decode::strip(&mut value);
        self.replace(now, kind, &key, &before, value, &manager(ask))
    }

    fn patch(&mut self, now: Timestamp, place: &Place<'_>, name: &str, ask: &Ask<'_>) -> Outcome {
        let (kind, key) = (place.kind, place.key(name));
        let content_type =
            ask.headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/apply-patch+yaml" => self.apply(now, kind, &key, ask),
            "application/merge-patch+json" => {
                let patch =
                    ask.json().map_err(|error| Refused::bad(format!("error decoding patch: {error}")))?;
                let before = self.store.get(&key).ok_or_else(|| Refused::missing(kind, name))?.clone();
                decode::same(kind, &key, &patch, &before.value)?;
                let mut value = before.value.clone();
                fields::merge_patch(&mut value, &patch);
                decode::strict(kind, ask, &mut value, &[])?;
                self.replace(now, kind, &key, &before, value, &manager(ask))
            }
            other => Err(Refused::unsupported_type(other)),
        }
    }

    /// Writes a changed object by any way but apply.
    fn replace(
        &mut self,
        now: Timestamp,
        kind: &Kind,
        key: &Key,
        before: &Object,
        value: Value,
        manager: &str,
    ) -> Outcome {
        let mut value = self.complete(kind, key, value, Some(&before.value))?;
        decode::keep(&before.value, &mut value);
        let shape = kind.schema.shape();
        let managers = fields::update(shape, (&before.value, &value), &before.managers, manager, now);
        self.store.write(key, value);
        self.store.set_managers(key, managers);
        Ok((StatusCode::OK, self.store.get(key).map(Object::show).unwrap_or_default()))
    }

    fn apply(&mut self, now: Timestamp, kind: &Kind, key: &Key, ask: &Ask<'_>) -> Outcome {
        let Some(name) = ask.query("fieldManager") else {
            let why = Cause::required("fieldManager", "is required for apply patch");
            return Err(Refused::invalid(kind, "", &[why]));
        };
        let applied = decode::applied(kind, ask)?;
        decode::belongs(kind, key, &applied)?;
        let nothing = Object::default();
        let there = self.store.get(key);
        match there {
            Some(before) => decode::same(kind, key, &applied, &before.value)?,
            None if applied["metadata"].get("uid").is_some()
                || applied["metadata"].get("resourceVersion").is_some() =>
            {
                return Err(Refused::conflict(
                    kind,
                    &key.name,
                    "the object to be applied to does not exist any more",
                ));
            }
            None => {}
        }
        let is_new = there.is_none();
        let before = there.unwrap_or(&nothing).clone();
        let mut wanted = applied;
        decode::strip(&mut wanted);
        let live = if is_new { json!({}) } else { before.value.clone() };
        let when = (now, ask.query("force") == Some("true"));
        let shape = kind.schema.shape();
        let (value, managers) = fields::apply(shape, &live, &before.managers, (name, &wanted), when)
            .map_err(|causes| Refused::owned_by_others(&causes))?;
        let old = (!is_new).then_some(&before.value);
        let mut value = self.complete(kind, key, value, old)?;
        if is_new {
            return self.create(now, kind, key, value, managers);
        }
        decode::keep(&before.value, &mut value);
        self.store.write(key, value);
        self.store.set_managers(key, managers);
        Ok((StatusCode::OK, self.store.get(key).map(Object::show).unwrap_or_default()))
    }

    /// What somebody asked for, and whatever of it still runs though nobody owns it any more.
    pub(crate) fn things(&self) -> Vec<Thing> {
        let asked_for = |(_, object): &(&Key, &Object)| {
            let from_the_start = object.since("made") == Some(Timestamp::UNIX_EPOCH);
            !from_the_start && store::owners(&object.value).next().is_none()
        };
        let thing = |(key, object): (&Key, &Object)| {
            let metadata = &object.value["metadata"];
            let mut labels = metadata["labels"].clone();
            if let Some(labels) = labels.as_object_mut() {
                labels.remove("kubernetes.io/metadata.name");
            }
            let name = if key.namespace.is_empty() {
                key.name.clone()
            } else {
                format!("{}/{}", key.namespace, key.name)
            };
            let kind = kinds::of(key.resource)?;
            Some(Thing::new("kubernetes", &kind.kind, &name, marks(&labels, &metadata["annotations"])))
        };
        self.store.all().filter(asked_for).filter_map(thing).collect()
    }

    /// Somebody else's object, with nothing in it; `place` is `namespaces/<name>`, or `cluster`.
    pub(crate) fn plant(&mut self, now: Timestamp, place: &str, thing: &Thing, owner: &Value) -> bool {
        let Some(kind) = KINDS.values().find(|kind| kind.kind == thing.kind) else { return false };
        let namespace = place.strip_prefix("namespaces/").unwrap_or_default();
        let key = Key::new(kind.resource, namespace, thing.name.rsplit('/').next().unwrap_or_default());
        let is_there = self.store.get(&Key::new("namespaces", "", namespace)).is_some();
        if self.store.get(&key).is_some() || kind.namespaced != is_there {
            return false;
        }
        let (labels, annotations) =
            sorted_by(owner, |_, value| value.as_str().is_some_and(checks::is_label_value));
        let mut value = json!({"metadata": {"labels": labels, "annotations": annotations}});
        if kind.resource == "namespaces" {
            value["status"] = json!({"phase": "Active"});
        }
        self.store.create(now, &key, value, Vec::new());
        true
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        let Some(kind) = KINDS.values().find(|it| it.kind == kind) else { return false };
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        self.store.remove(&Key::new(kind.resource, namespace, name)).is_some()
    }
}

/// What an address names.
#[derive(Debug)]
struct Place<'a> {
    kind: &'static Kind,
    namespace: &'a str,
    name: Option<&'a str>,
    /// `status`, `scale`
    part: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(path: &[&'a str]) -> Option<Self> {
        let (group, version, rest) = match path {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, rest) = match rest {
            ["namespaces", namespace, plural, rest @ ..] if !["status", "finalize"].contains(plural) => {
                (*namespace, *plural, rest)
            }
            [plural, rest @ ..] => ("", *plural, rest),
            [] => return None,
        };
        let kind = kinds::served(group, version, plural)?;
        // A name without its namespace is no address.
        if kind.namespaced == namespace.is_empty() && !(rest.is_empty() && kind.namespaced) {
            return None;
        }
        match rest {
            [] => Some(Self { kind, namespace, name: None, part: None }),
            [name] => Some(Self { kind, namespace, name: Some(name), part: None }),
            [name, part] => Some(Self { kind, namespace, name: Some(name), part: Some(part) }),
            _ => None,
        }
    }

    fn key(&self, name: &str) -> Key {
        Key::new(self.kind.resource, self.namespace, name)
    }
}

fn applies(ask: &Ask<'_>) -> bool {
    ask.headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/apply"))
}

/// Who changes something other than by applying: as it says, or as its program is called.
fn manager(ask: &Ask<'_>) -> String {
    let program = ask.headers.get("user-agent").and_then(|it| it.to_str().ok()).unwrap_or("unknown");
    ask.query("fieldManager").unwrap_or_else(|| program.split('/').next().unwrap_or_default()).to_owned()
}
