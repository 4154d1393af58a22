//! A vhost, and what is in it: exchanges, queues, what binds them, and how much there may be.

use std::collections::BTreeMap;

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{
    Done, NODE, Outcome, Refused, VERSION, bad, barred, body, missing, needs, no_such_method, put, unknown,
};
use crate::clouds::ask::{Ask, digits};

/// What every vhost has, by their types.
const EXCHANGES: [(&str, &str); 7] = [
    ("", "direct"),
    ("amq.direct", "direct"),
    ("amq.fanout", "fanout"),
    ("amq.headers", "headers"),
    ("amq.match", "headers"),
    ("amq.rabbitmq.trace", "topic"),
    ("amq.topic", "topic"),
];
const TYPES: [&str; 4] = ["direct", "fanout", "headers", "topic"];
/// Arguments of a queue that count when it is declared again, in the order they are looked at.
const ARGUMENTS: [&str; 9] = [
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
];
/// Those of them that are numbers.
const NUMBERS: [&str; 5] =
    ["x-expires", "x-message-ttl", "x-max-length", "x-max-length-bytes", "x-max-priority"];
const LIMITS: [&str; 2] = ["max-connections", "max-queues"];
/// What stays as it is in a binding's key.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone)]
pub(super) struct Vhost {
    description: String,
    tags: Vec<String>,
    /// By user.
    pub(super) permissions: BTreeMap<String, Value>,
    exchanges: BTreeMap<String, Value>,
    queues: BTreeMap<String, Value>,
    /// Arguments by what binds: exchange, queue, routing key, and these arguments again.
    bindings: BTreeMap<[String; 4], Value>,
    limits: Map<String, Value>,
}

/// What is asked of a vhost or of a part of it, whether it is there or not.
pub(super) fn of_vhost(
    (name, there): (&str, Option<&mut Vhost>),
    (method, part, path): (&str, &str, &[&str]),
    ask: &Ask<'_>,
) -> Outcome {
    let Some(vhost) = there else {
        // Each has its own way to say so; the one who lifts a limit has none.
        return Err(match (method, part) {
            ("GET", "definitions") => bad("vhost_not_found"),
            ("PUT" | "POST", _) => unknown("vhost_not_found"),
            ("DELETE", "vhost-limits") => Refused(StatusCode::INTERNAL_SERVER_ERROR, None),
            _ => missing(),
        });
    };
    match part {
        "exchanges" => vhost.of_exchanges(name, method, path, ask),
        "queues" => vhost.of_queues(name, method, path, ask),
        "bindings" => vhost.of_bindings(name, method, path, ask),
        "vhost-limits" => vhost.of_limits(name, method, path, ask),
        "definitions" => vhost.of_definitions(name, method, ask),
        _ => Err(missing()),
    }
}

impl Vhost {
    pub(super) fn new(description: &str, tags: Vec<String>) -> Self {
        let exchange = |(name, kind): (&str, &str)| {
            let internal = name == "amq.rabbitmq.trace";
            (name.to_owned(), exchange(&json!({"type": kind, "durable": true, "internal": internal})))
        };
        Self {
            description: description.to_owned(),
            tags,
            permissions: BTreeMap::new(),
            exchanges: EXCHANGES.into_iter().map(exchange).collect(),
            queues: BTreeMap::new(),
            bindings: BTreeMap::new(),
            limits: Map::new(),
        }
    }

    pub(super) fn mark(&mut self, description: &str, tags: Vec<String>) {
        description.clone_into(&mut self.description);
        self.tags = tags;
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// Whoever makes a vhost may do all in it.
    pub(super) fn let_in(&mut self, user: &str) {
        self.permissions.insert(user.to_owned(), json!({"configure": ".*", "write": ".*", "read": ".*"}));
    }

    pub(super) fn told((name, vhost): (&String, &Self)) -> Value {
        let Self { description, tags, .. } = vhost;
        json!({
            "name": name, "description": description, "tags": tags, "default_queue_type": "undefined",
            "metadata": {"description": description, "tags": tags}, "tracing": false, "cluster_state": {NODE: "running"},
        })
    }

    pub(super) fn told_limits((name, vhost): (&String, &Self)) -> Option<Value> {
        (!vhost.limits.is_empty()).then(|| json!({"vhost": name, "value": vhost.limits}))
    }

    fn of_exchanges(&mut self, vhost: &str, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        let told = |(name, exchange): (&String, &Value)| {
            merged(exchange, json!({"name": name, "vhost": vhost, "user_who_performed_action": "sandbox"}))
        };
        match (method, path) {
            ("GET", []) => Ok(Done::Told(self.exchanges.iter().map(told).collect())),
            ("GET", [name]) => {
                self.exchanges.get_key_value(*name).map(|it| Done::Told(told(it))).ok_or_else(missing)
            }
            ("PUT", [name]) => {
                let wanted = exchange(&body(ask)?);
                let kind = wanted["type"].as_str().unwrap_or_default();
                if !TYPES.contains(&kind) {
                    return Err(bad(format!("invalid exchange type '{kind}'")));
                }
                if let Some(there) = self.exchanges.get(*name) {
                    let fields = ["type", "durable", "auto_delete", "internal"];
                    same(
                        there,
                        &wanted,
                        (&fields, &["alternate-exchange"]),
                        &format!("exchange '{name}' in vhost '{vhost}'"),
                    )?;
                } else if name.starts_with("amq.") {
                    return Err(barred("Access refused."));
                }
                put(self.exchanges.insert((*name).to_owned(), wanted).is_none())
            }
            ("DELETE", [name]) if name.starts_with("amq.") => Err(barred("Access refused.")),
            ("DELETE", [name]) => {
                self.exchanges.remove(*name).ok_or_else(missing)?;
                self.bindings.retain(|[source, ..], _| source != name);
                Ok(Done::Written)
            }
            _ => Err(no_such_method()),
        }
    }

    fn of_queues(&mut self, vhost: &str, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        let told = |(name, queue): (&String, &Value)| {
            let more = json!({
                "name": name, "vhost": vhost, "node": NODE, "type": "classic", "state": "running", "exclusive": false,
                "messages": 0, "consumers": 0,
            });
            merged(queue, more)
        };
        match (method, path) {
            ("GET", []) => Ok(Done::Told(self.queues.iter().map(told).collect())),
            ("GET", [name]) => {
                self.queues.get_key_value(*name).map(|it| Done::Told(told(it))).ok_or_else(missing)
            }
            ("PUT", [name]) => {
                let wanted = queue(&body(ask)?);
                if let Some(there) = self.queues.get(*name) {
                    let what = format!("queue '{name}' in vhost '{vhost}'");
                    same(there, &wanted, (&["durable", "auto_delete"], &ARGUMENTS), &what)?;
                    return Ok(Done::Written);
                }
                self.lets_in(vhost, name, &wanted)?;
                self.queues.insert((*name).to_owned(), wanted);
                Ok(Done::Made)
            }
            ("DELETE", [name]) => {
                self.queues.remove(*name).ok_or_else(missing)?;
                self.bindings.retain(|[_, destination, ..], _| destination != name);
                Ok(Done::Written)
            }
            _ => Err(no_such_method()),
        }
    }

    /// Whether a new queue is a good one, and may be there.
    fn lets_in(&self, vhost: &str, name: &str, queue: &Value) -> Result<(), Refused> {
        let arguments = &queue["arguments"];
        let is_wrong = |argument: &&&str| arguments.get(**argument).is_some_and(|it| !it.is_i64());
        if let Some(argument) = NUMBERS.iter().find(is_wrong) {
            return Err(bad(format!(
                "invalid arg '{argument}' for queue '{name}' in vhost '{vhost}': \"expected integer, got {}\"",
                kind(&arguments[*argument])
            )));
        }
        match self.most_queues().filter(|most| self.queues.len() >= *most) {
            None => Ok(()),
            Some(most) => Err(bad(format!(
                "cannot declare queue '{name}': queue limit in vhost '{vhost}' ({most}) is reached"
            ))),
        }
    }

    fn most_queues(&self) -> Option<usize> {
        self.limits.get("max-queues")?.as_u64()?.try_into().ok()
    }

    fn of_bindings(&mut self, vhost: &str, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        match (method, path) {
            ("GET", []) => Ok(Done::Told(self.told_bindings(vhost).collect())),
            ("GET", ["e", exchange, "q", queue]) => {
                let between = |it: &Value| it["source"] == *exchange && it["destination"] == *queue;
                Ok(Done::Told(self.told_bindings(vhost).filter(between).collect()))
            }
            ("POST", ["e", exchange, "q", queue]) => {
                let body = body(ask)?;
                for (kind, name, is_there) in [
                    ("exchange", exchange, self.exchanges.contains_key(*exchange)),
                    ("queue", queue, self.queues.contains_key(*queue)),
                ] {
                    if !is_there {
                        return Err(unknown(&format!("no {kind} '{name}' in vhost '{vhost}'")));
                    }
                }
                let key = body["routing_key"].as_str().unwrap_or_default();
                self.bind(exchange, queue, key, &body["arguments"]);
                // Bound already is no different.
                Ok(Done::Made)
            }
            ("DELETE", ["e", exchange, "q", queue, key]) => {
                let before = self.bindings.len();
                self.bindings.retain(|names, arguments| {
                    let [source, destination, routing_key, _] = names;
                    let is_it = routing_key == key || properties(routing_key, arguments) == *key;
                    !(source == exchange && destination == queue && is_it)
                });
                if self.bindings.len() < before { Ok(Done::Written) } else { Err(missing()) }
            }
            _ => Err(missing()),
        }
    }

    fn bind(&mut self, exchange: &str, queue: &str, key: &str, arguments: &Value) {
        let arguments = object(arguments);
        let names = [exchange, queue, key, &arguments.to_string()].map(str::to_owned);
        self.bindings.insert(names, arguments);
    }

    /// Also those of the nameless exchange, which has every queue by its name.
    fn told_bindings(&self, vhost: &str) -> impl Iterator<Item = Value> {
        let told = move |source: &str, destination: &str, key: &str, arguments: &Value| {
            json!({
                "source": source, "vhost": vhost, "destination": destination, "destination_type": "queue",
                "routing_key": key, "arguments": arguments, "properties_key": properties(key, arguments),
            })
        };
        let by_name = self.queues.keys().map(move |name| told("", name, name, &json!({})));
        by_name.chain(
            self.bindings.iter().map(move |([source, destination, key, _], arguments)| {
                told(source, destination, key, arguments)
            }),
        )
    }

    fn of_limits(&mut self, vhost: &str, method: &str, path: &[&str], ask: &Ask<'_>) -> Outcome {
        match (method, path) {
            ("GET", []) => Ok(Done::Told(Self::told_limits((&vhost.to_owned(), self)).into_iter().collect())),
            ("PUT", [name]) => {
                let body = body(ask)?;
                needs(&body, &["value"])?;
                let value = &body["value"];
                let why = if !LIMITS.contains(name) {
                    format!("Unrecognised terms [{{<<\"{name}\">>,{}}}] in limits", term(value))
                } else if !value.is_i64() {
                    format!("{name} should be a number, actually was {}", term(value))
                } else {
                    self.limits.insert((*name).to_owned(), value.clone());
                    return Ok(Done::Written);
                };
                Err(bad(format!("Validation failed\n\n{why}\n")))
            }
            ("DELETE", [name]) => {
                self.limits.remove(*name);
                Ok(Done::Written)
            }
            _ => Err(no_such_method()),
        }
    }

    fn of_definitions(&mut self, vhost: &str, method: &str, ask: &Ask<'_>) -> Outcome {
        if method == "GET" {
            return Ok(Done::Told(self.export(vhost)));
        }
        let definitions =
            ask.json().ok().filter(Value::is_object).ok_or_else(|| bad("failed_to_parse_json"))?;
        self.import(vhost, &definitions)?;
        Ok(Done::Written)
    }

    fn export(&self, vhost: &str) -> Value {
        let named = |(name, it): (&String, &Value)| merged(it, json!({"name": name}));
        let exchanges =
            self.exchanges.iter().filter(|(name, _)| EXCHANGES.iter().all(|(own, _)| own != name));
        let bindings = self.bindings.iter().map(|([source, destination, key, _], arguments)| {
            json!({
                "source": source, "destination": destination, "destination_type": "queue", "routing_key": key,
                "arguments": arguments,
            })
        });
        let limits = (!self.limits.is_empty()).then(
            || json!({"component": "vhost-limits", "name": "limits", "vhost": vhost, "value": self.limits}),
        );
        json!({
            "rabbit_version": VERSION, "policies": [], "parameters": Vec::from_iter(limits),
            "exchanges": exchanges.map(named).collect::<Vec<_>>(), "queues": self.queues.iter().map(named).collect::<Vec<_>>(),
            "bindings": bindings.collect::<Vec<_>>(),
        })
    }

    /// Makes what is not there yet. What is stays as it is, also where it differs; what binds what is not there is left out.
    fn import(&mut self, vhost: &str, definitions: &Value) -> Result<(), Refused> {
        let all = |part: &str| definitions[part].as_array().into_iter().flatten();
        let name = |it: &Value| it["name"].as_str().unwrap_or_default().to_owned();
        let parameters = all("parameters").filter(|it| it["component"] == "vhost-limits");
        for limits in parameters.filter_map(|it| it["value"].as_object()) {
            self.limits = limits.clone();
        }
        let there = self.queues.len();
        let added = all("queues").filter(|it| !self.queues.contains_key(&name(it))).count();
        if let Some(most) = self.most_queues().filter(|most| added > 0 && there + added > *most) {
            return Err(bad(format!(
                "Adding {added} queue(s) to virtual host \"{vhost}\" would exceed the limit of {most} queue(s).\n\n\
                 This virtual host currently has {there} queue(s) defined.\n\nImport aborted!"
            )));
        }
        for it in all("exchanges") {
            self.exchanges.entry(name(it)).or_insert_with(|| exchange(it));
        }
        for it in all("queues") {
            self.queues.entry(name(it)).or_insert_with(|| queue(it));
        }
        for it in all("bindings") {
            let [source, destination, key] =
                ["source", "destination", "routing_key"].map(|field| it[field].as_str().unwrap_or_default());
            if self.exchanges.contains_key(source) && self.queues.contains_key(destination) {
                self.bind(source, destination, key, &it["arguments"]);
            }
        }
        Ok(())
    }
}

/// With all that it has unless it says otherwise.
fn exchange(given: &Value) -> Value {
    json!({
        "type": given["type"].as_str().unwrap_or("direct"), "durable": given["durable"] == true,
        "auto_delete": given["auto_delete"] == true, "internal": given["internal"] == true,
        "arguments": object(&given["arguments"]),
    })
}

fn queue(given: &Value) -> Value {
    json!({
        "durable": given["durable"] == true, "auto_delete": given["auto_delete"] == true,
        "arguments": object(&given["arguments"]),
    })
}

/// Whether what is declared again is what was made.
fn same(
    there: &Value,
    wanted: &Value,
    (fields, arguments): (&[&str], &[&str]),
    what: &str,
) -> Result<(), Refused> {
    let differs = |name: &str, received: &str, current: &str| {
        Err(bad(format!(
            "inequivalent arg '{name}' for {what}: received {received} but current is {current}"
        )))
    };
    let quoted = |value: &Value| format!("'{}'", plain(value));
    let typed = |value: &Value| format!("the value {} of type '{}'", quoted(value), kind(value));
    if let Some(field) = fields.iter().find(|field| there[**field] != wanted[**field]) {
        return differs(field, &quoted(&wanted[*field]), &quoted(&there[*field]));
    }
    for name in arguments {
        match (wanted["arguments"].get(*name), there["arguments"].get(*name)) {
            (received, current) if received == current => {}
            (Some(received), Some(current)) => return differs(name, &quoted(received), &quoted(current)),
            (received, current) => {
                let told = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), typed);
                return differs(name, &told(received), &told(current));
            }
        }
    }
    Ok(())
}

/// How a binding is addressed.
fn properties(key: &str, arguments: &Value) -> String {
    let key = utf8_percent_encode(key, PLAIN).to_string();
    match arguments.as_object().is_none_or(Map::is_empty) {
        true if key.is_empty() => "~".to_owned(),
        true => key,
        false => format!("{key}~{}", digits(&["binding", &arguments.to_string()], 8)),
    }
}

/// As AMQP calls it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "long",
        Value::String(_) => "longstr",
        Value::Array(_) => "array",
        _ => "table",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As Erlang writes it.
fn term(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("<<\"{text}\">>"))
}

fn object(given: &Value) -> Value {
    if given.is_object() { given.clone() } else { json!({}) }
}

fn merged(value: &Value, with: Value) -> Value {
    let fields = [value.clone(), with].into_iter().filter_map(|it| it.as_object().cloned()).flatten();
    Value::Object(fields.collect())
}
