//! What a schema says of an object: which fields it knows, what may stand in them, what is there unless somebody
//! says otherwise, and how a list or a map is put together.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::kinds::DEFINITIONS;

const OBJECT_META: &str = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema of a kind. What it is checked with is compiled when it is first needed.
#[derive(Debug)]
pub(crate) struct Schema {
    root: Value,
    validator: OnceLock<Option<Validator>>,
}

/// A place in a schema; `None` where anything may stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a>(Option<&'a Value>);

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Topology {
    /// The list is one value.
    Atomic,
    /// Its items are values.
    Set,
    /// Its items are told apart by these fields.
    Map(Vec<String>),
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// `spec.template.spec.containers[0].image`.
    pub(crate) field: String,
    /// It is of another type, which a decoder refuses before anything else is looked at.
    pub(crate) mistyped: bool,
    pub(crate) missing: bool,
    pub(crate) message: String,
}

impl Schema {
    /// Of a custom resource, metadata are what they are of every object, whatever its definition says.
    pub(crate) fn of(mut root: Value) -> Self {
        if let Some(metadata) = root.pointer_mut("/properties/metadata") {
            *metadata = json!({"$ref": OBJECT_META});
        }
        Self { root, validator: OnceLock::new() }
    }

    pub(crate) fn shape(&self) -> Shape<'_> {
        Shape(Some(resolve(&self.root)))
    }

    /// What is wrong with an object, in the order of its fields.
    pub(crate) fn judge(&self, object: &Value) -> Vec<Wrong> {
        let validator = self.validator.get_or_init(|| compile(&self.root));
        let Some(validator) = validator else { return Vec::new() };
        validator.iter_errors(object).map(|error| wrong(&error)).collect()
    }
}

fn compile(root: &Value) -> Option<Validator> {
    let mut wanted = BTreeSet::new();
    reach(root, &mut wanted);
    let reached: Map<String, Value> =
        wanted.into_iter().map(|name| (name.clone(), DEFINITIONS[&name].clone())).collect();
    let mut whole = json!({"allOf": [root], "definitions": reached});
    forget_inline_flags(&mut whole);
    jsonschema::options().with_draft(Draft::Draft4).build(&whole).ok()
}

fn reach(value: &Value, reached: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| reach(value, reached)),
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/definitions/"));
            if let Some(name) = name
                && reached.insert(name.to_owned())
            {
                reach(&DEFINITIONS[name], reached);
            }
            fields.values().for_each(|value| reach(value, reached));
        }
        _ => {}
    }
}

/// A pattern that begins with one of Go's inline flags is none of ECMA's, and is not held to.
fn forget_inline_flags(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(forget_inline_flags),
        Value::Object(fields) => {
            if let Some(Value::String(pattern)) = fields.get_mut("pattern")
                && pattern.starts_with("(?i)")
            {
                pattern.clear();
            }
            fields.values_mut().for_each(forget_inline_flags);
        }
        _ => {}
    }
}

fn wrong(error: &jsonschema::ValidationError<'_>) -> Wrong {
    let mut field = dotted(error.instance_path().as_str());
    let mut mistyped = false;
    let message = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            field = if field.is_empty() { property.to_owned() } else { format!("{field}.{property}") };
            return Wrong { field, mistyped, missing: true, message: "Required value".to_owned() };
        }
        ValidationErrorKind::Type { .. } => {
            mistyped = true;
            format!("Invalid value: {}: {error}", shown(error.instance()))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> =
                options.as_array().into_iter().flatten().map(ToString::to_string).collect();
            format!("Unsupported value: {}: supported values: {}", error.instance(), options.join(", "))
        }
        _ => format!("Invalid value: {}: {error}", shown(error.instance())),
    };
    Wrong { field, mistyped, missing: false, message }
}

/// As the server shows a value that it refuses: an object by its kind alone.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "\"object\"".to_owned(),
        Value::Array(_) => "\"array\"".to_owned(),
        other => other.to_string(),
    }
}

/// `/spec/containers/0/image` as the server writes it.
fn dotted(pointer: &str) -> String {
    let mut field = String::new();
    for part in pointer.split('/').skip(1) {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            field.push_str(&format!("[{part}]"));
        } else {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(&part.replace("~1", "/").replace("~0", "~"));
        }
    }
    field
}

fn resolve(schema: &Value) -> &Value {
    match schema["$ref"].as_str().and_then(|it| it.strip_prefix("#/definitions/")) {
        Some(name) => resolve(&DEFINITIONS[name]),
        None => schema,
    }
}

impl<'a> Shape<'a> {
    /// Anything may stand here, and all of it is kept.
    fn open(self) -> bool {
        self.0.is_none_or(|schema| {
            schema["x-kubernetes-preserve-unknown-fields"] == true
                || (schema.get("properties").is_none() && schema.get("additionalProperties").is_none())
        })
    }

    /// The place of a field; none when there is no such field.
    fn known(self, name: &str) -> Option<Self> {
        let Some(schema) = self.0 else { return Some(self) };
        if let Some(property) = schema["properties"].get(name) {
            return Some(Self(Some(resolve(property))));
        }
        match schema.get("additionalProperties") {
            Some(additional @ Value::Object(_)) => Some(Self(Some(resolve(additional)))),
            _ => self.open().then_some(Self(None)),
        }
    }

    pub(crate) fn field(self, name: &str) -> Self {
        self.known(name).unwrap_or(Self(None))
    }

    pub(crate) fn items(self) -> Self {
        Self(self.0.and_then(|schema| schema.get("items")).map(resolve))
    }

    /// A map that is one value.
    pub(crate) fn is_atomic(self) -> bool {
        self.0.is_some_and(|schema| schema["x-kubernetes-map-type"] == "atomic")
    }

    /// Lists of which nothing is said are one value.
    pub(crate) fn topology(self) -> Topology {
        let Some(schema) = self.0 else { return Topology::Atomic };
        match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => Topology::Set,
            Some("map") => {
                let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                Topology::Map(keys.filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => Topology::Atomic,
        }
    }

    /// Fields that the schema does not know, as strict decoding names them.
    pub(crate) fn unknown(self, value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    match self.known(name) {
                        Some(shape) => shape.unknown(value, &place, found),
                        None => found.push(place),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.items().unknown(item, &format!("{at}[{index}]"), found);
                }
            }
            _ => {}
        }
    }

    /// Drops what the schema does not know.
    pub(crate) fn prune(self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| self.known(name).is_some());
                for (name, value) in fields.iter_mut() {
                    self.field(name).prune(value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.items().prune(item)),
            _ => {}
        }
    }

    /// Writes what is there unless somebody says otherwise.
    pub(crate) fn fill(self, value: &mut Value) {
        let Some(schema) = self.0 else { return };
        match value {
            Value::Object(fields) => {
                for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                    if let Some(default) = property.get("default").filter(|_| !fields.contains_key(name)) {
                        fields.insert(name.clone(), default.clone());
                    }
                }
                for (name, value) in fields.iter_mut() {
                    self.field(name).fill(value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.items().fill(item)),
            _ => {}
        }
    }
}

impl Shape<'_> {
    pub(crate) fn has_field(self, name: &str) -> bool {
        self.0.is_some_and(|schema| schema["properties"].get(name).is_some())
    }
}
