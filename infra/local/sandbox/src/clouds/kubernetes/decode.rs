//! Bodies of requests as the server reads them: with an eye on every field when it is told to be strict.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::refused::{Cause, Refused};
use super::store::Key;
use crate::clouds::ask::Ask;

/// What the server writes itself, and nobody else.
const ITS_OWN: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

/// The object that is to be made or to replace another.
pub(crate) fn object(kind: &Kind, ask: &Ask<'_>) -> Result<Value, Refused> {
    let (mut value, twice) = read(ask.body).map_err(|error| {
        let message =
            format!("{0} in version \"{1}\" cannot be handled as a {0}: {error}", kind.kind, kind.version);
        Refused::bad(message)
    })?;
    strict(kind, ask, &mut value, &twice)?;
    Ok(value)
}

/// Refuses unknown fields and fields that are there twice, or drops them.
pub(crate) fn strict(kind: &Kind, ask: &Ask<'_>, value: &mut Value, twice: &[String]) -> Result<(), Refused> {
    let mut unknown = Vec::new();
    kind.schema.shape().unknown(value, "", &mut unknown);
    if ask.query("fieldValidation") == Some("Strict") && !(unknown.is_empty() && twice.is_empty()) {
        let unknown = unknown.iter().map(|field| format!("unknown field \"{field}\""));
        let twice = twice.iter().map(|field| format!("duplicate field \"{field}\""));
        let told: Vec<String> = unknown.chain(twice).collect();
        let told = format!("strict decoding error: {}", told.join(", "));
        return Err(Refused::bad(if kind.built_in {
            format!("{0} in version \"{1}\" cannot be handled as a {0}: {told}", kind.kind, kind.version)
        } else {
            told
        }));
    }
    kind.schema.shape().prune(value);
    Ok(())
}

/// What is applied. A field that the schema does not know is refused, whoever asks: nobody could own it.
pub(crate) fn applied(kind: &Kind, ask: &Ask<'_>) -> Result<Value, Refused> {
    let (value, twice) =
        read(ask.body).map_err(|error| Refused::bad(format!("error decoding YAML: {error}")))?;
    if let Some(field) = twice.first().filter(|_| ask.query("fieldValidation") == Some("Strict")) {
        let message = format!(
            "error strict decoding YAML: error converting YAML to JSON: key \"{field}\" already set in map"
        );
        return Err(Refused::bad(message));
    }
    for (field, expected) in [("apiVersion", kind.api_version()), ("kind", kind.kind.clone())] {
        if value[field] != json!(expected) {
            let message = format!(
                "the {field} of what is applied ({}) is not that of the address ({expected})",
                value[field]
            );
            return Err(Refused::bad(message));
        }
    }
    let metadata = &value["metadata"];
    if metadata["managedFields"].as_array().is_some_and(|managed| !managed.is_empty()) {
        return Err(Refused::bad("metadata.managedFields must be nil"));
    }
    let mut unknown = Vec::new();
    kind.schema.shape().unknown(&value, "", &mut unknown);
    if let Some(field) = unknown.first() {
        let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        return Err(Refused::bad(format!(
            "failed to create typed patch object ({}/{}; {}, Kind={}): .{field}: field not declared in schema",
            text("namespace"),
            text("name"),
            kind.api_version(),
            kind.kind
        )));
    }
    Ok(value)
}

/// A body says of itself what the address says.
pub(crate) fn belongs(kind: &Kind, key: &Key, value: &Value) -> Result<(), Refused> {
    let metadata = &value["metadata"];
    if metadata.get("name").is_some_and(|name| *name != json!(key.name)) {
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            metadata["name"], key.name
        );
        return Err(Refused::bad(message));
    }
    if kind.namespaced && metadata.get("namespace").is_some_and(|it| *it != json!(key.namespace)) {
        return Err(Refused::bad(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// A body that says which version of which object it is about is about no other.
pub(crate) fn same(kind: &Kind, key: &Key, value: &Value, before: &Value) -> Result<(), Refused> {
    let (new, old) = (&value["metadata"], &before["metadata"]);
    if let Some(version) = new["resourceVersion"].as_str().filter(|version| !version.is_empty())
        && old["resourceVersion"] != *version
    {
        return Err(Refused::changed(kind, &key.name));
    }
    if let Some(uid) = new.get("uid").filter(|uid| **uid != old["uid"]) {
        let why = format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            text(uid),
            text(&old["uid"])
        );
        return Err(Refused::conflict(kind, &key.name, &why));
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Takes out what only the server writes.
pub(crate) fn strip(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.retain(|name, _| !ITS_OWN.contains(&name.as_str()));
    }
}

/// Puts back what only the server writes.
pub(crate) fn keep(before: &Value, value: &mut Value) {
    for name in ITS_OWN.iter().chain(&["name", "namespace"]) {
        match before["metadata"].get(*name) {
            Some(own) => value["metadata"][*name] = own.clone(),
            None => drop(value["metadata"].as_object_mut().map(|metadata| metadata.remove(*name))),
        }
    }
    match before.get("status") {
        Some(status) => value["status"] = status.clone(),
        None => drop(value.as_object_mut().map(|fields| fields.remove("status"))),
    }
}

/// How a deletion is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// `Foreground`, `Background` or `Orphan`, if it says so.
    pub(crate) propagation: Option<String>,
}

/// Reads how, and refuses when it is about another object than the one that is there.
pub(crate) fn deletion(kind: &Kind, key: &Key, ask: &Ask<'_>, there: &Value) -> Result<Deletion, Refused> {
    let body = ask.json().map_err(|error| Refused::bad(format!("couldn't decode DeleteOptions: {error}")))?;
    same(kind, key, &json!({"metadata": body["preconditions"]}), there)?;
    let propagation =
        body["propagationPolicy"].as_str().or(ask.query("propagationPolicy")).map(str::to_owned);
    if let Some(unknown) =
        propagation.as_deref().filter(|it| !["Foreground", "Background", "Orphan"].contains(it))
    {
        let cause =
            Cause::unsupported("propagationPolicy", &json!(unknown), &["Foreground", "Background", "Orphan"]);
        return Err(Refused::invalid(kind, &key.name, &[cause]));
    }
    Ok(Deletion { propagation })
}

/// JSON without its nulls, which say the same as nothing, and the fields that are there more than once.
fn read(body: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let twice = RefCell::new(Vec::new());
    let mut input = serde_json::Deserializer::from_slice(body);
    let value = Reader { at: String::new(), twice: &twice }.deserialize(&mut input)?;
    input.end()?;
    if value.is_object() {
        Ok((value, twice.into_inner()))
    } else {
        Err(serde_json::Error::custom("it is no object"))
    }
}

struct Reader<'a> {
    at: String,
    twice: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(json!(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let at = format!("{}[{}]", self.at, list.len());
            match items.next_element_seed(Reader { at, twice: self.twice })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let at = if self.at.is_empty() { name.clone() } else { format!("{}.{name}", self.at) };
            let value = fields.next_value_seed(Reader { at: at.clone(), twice: self.twice })?;
            if map.contains_key(&name) {
                self.twice.borrow_mut().push(at);
            }
            if !value.is_null() {
                map.insert(name, value);
            }
        }
        Ok(Value::Object(map))
    }
}
