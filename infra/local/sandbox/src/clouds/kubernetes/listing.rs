//! Lists: by label and by field, in parts.

use serde_json::{Value, json};

use super::refused::Refused;
use super::store::{Key, Object};
use super::{Kubernetes, Place};
use crate::clouds::ask::Ask;

impl Kubernetes {
    /// What a list's selectors select, in order.
    pub(super) fn selected<'a>(
        &'a self,
        place: &Place<'a>,
        ask: &Ask<'_>,
    ) -> Result<Vec<(&'a Key, &'a Object)>, Refused> {
        let labels = Requirement::all(ask.query("labelSelector").unwrap_or_default())?;
        let fields = Requirement::all(ask.query("fieldSelector").unwrap_or_default())?;
        if let Some(field) = fields.iter().find(|it| !FIELDS.contains(&it.key.as_str())) {
            return Err(Refused::bad(format!("field label not supported: {}", field.key)));
        }
        let wanted = |(key, object): &(&Key, &Object)| {
            labels.iter().all(|it| it.holds(object.value["metadata"]["labels"][&it.key].as_str()))
                && fields.iter().all(|it| it.holds(field(&it.key, key, object)))
        };
        Ok(self.store.within(place.kind.resource, place.namespace).filter(wanted).collect())
    }

    pub(super) fn list(&self, place: &Place<'_>, ask: &Ask<'_>) -> Result<Value, Refused> {
        let selected = self.selected(place, ask)?;
        let limit: usize = ask
            .query("limit")
            .and_then(|limit| limit.parse().ok())
            .filter(|limit| *limit > 0)
            .unwrap_or(usize::MAX);
        let after = ask.query("continue").map(token).transpose()?;
        let is_after = |(key, _): &(&Key, &Object)| {
            after.as_ref().is_none_or(|after| (&key.namespace, &key.name) > (&after.0, &after.1))
        };
        let mut found = selected.into_iter().filter(is_after);
        let part: Vec<(&Key, &Object)> = found.by_ref().take(limit).collect();
        let rest = found.count();
        let mut metadata = json!({"resourceVersion": self.store.version().to_string()});
        if let Some((last, _)) = part.last().filter(|_| rest > 0) {
            metadata["continue"] = json!(hex::encode(format!("{}/{}", last.namespace, last.name)));
            metadata["remainingItemCount"] = json!(rest);
        }
        let item = |(_, object): &(&Key, &Object)| {
            let mut item = object.show();
            // Of Kubernetes' own kinds, what a list holds does not say again what it is.
            if let Some(fields) = item.as_object_mut().filter(|_| place.kind.built_in) {
                fields.retain(|name, _| !["apiVersion", "kind"].contains(&name.as_str()));
            }
            item
        };
        Ok(json!({
            "apiVersion": place.kind.api_version(), "kind": format!("{}List", place.kind.kind), "metadata": metadata,
            "items": part.iter().map(item).collect::<Vec<_>>(),
        }))
    }
}

const FIELDS: [&str; 3] = ["metadata.name", "metadata.namespace", "status.phase"];

fn field<'a>(name: &str, key: &'a Key, object: &'a Object) -> Option<&'a str> {
    match name {
        "metadata.name" => Some(&key.name),
        "metadata.namespace" => Some(&key.namespace),
        _ => object.value["status"]["phase"].as_str(),
    }
}

fn token(given: &str) -> Result<(String, String), Refused> {
    let text = hex::decode(given)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(Refused::expired)?;
    let (namespace, name) = text.split_once('/').ok_or_else(Refused::expired)?;
    Ok((namespace.to_owned(), name.to_owned()))
}

/// One requirement of a selector.
#[derive(Debug)]
struct Requirement {
    key: String,
    wants: Wants,
}

#[derive(Debug)]
enum Wants {
    Any,
    None,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Requirement {
    fn all(selector: &str) -> Result<Vec<Self>, Refused> {
        let mut parts = vec![String::new()];
        let mut depth = 0;
        for c in selector.chars() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            if let Some(part) = parts.last_mut() {
                part.push(c);
            }
        }
        parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(Self::parse).collect()
    }

    fn parse(part: &str) -> Result<Self, Refused> {
        let list = |text: &str| {
            let inside = text.trim().trim_start_matches('(').trim_end_matches(')');
            inside.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>()
        };
        let one = |text: &str| vec![text.trim_start_matches('=').trim().to_owned()];
        let (key, wants) = if let Some((key, values)) = part.split_once(" notin ") {
            (key, Wants::NotIn(list(values)))
        } else if let Some((key, values)) = part.split_once(" in ") {
            (key, Wants::In(list(values)))
        } else if let Some((key, value)) = part.split_once("!=") {
            (key, Wants::NotIn(one(value)))
        } else if let Some((key, value)) = part.split_once('=') {
            (key, Wants::In(one(value)))
        } else if let Some(key) = part.strip_prefix('!') {
            (key, Wants::None)
        } else {
            (part, Wants::Any)
        };
        if let Wants::In(values) | Wants::NotIn(values) = &wants
            && let Some(value) = values.iter().find(|value| !super::checks::is_label_value(value))
        {
            let why = format!("unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\"");
            return Err(Refused::bad(why));
        }
        Ok(Self { key: key.trim().to_owned(), wants })
    }

    fn holds(&self, value: Option<&str>) -> bool {
        match &self.wants {
            Wants::Any => value.is_some(),
            Wants::None => value.is_none(),
            Wants::In(values) => value.is_some_and(|value| values.iter().any(|it| it == value)),
            Wants::NotIn(values) => value.is_none_or(|value| !values.iter().any(|it| it == value)),
        }
    }
}

/// Whether labels are what a `LabelSelector` of an object selects.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let equal =
        selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value);
    equal
        && selector["matchExpressions"].as_array().into_iter().flatten().all(|wanted| {
            let label = &labels[wanted["key"].as_str().unwrap_or_default()];
            let among = wanted["values"].as_array().is_some_and(|values| values.contains(label));
            match wanted["operator"].as_str() {
                Some("In") => among,
                Some("NotIn") => !among,
                Some("Exists") => !label.is_null(),
                Some("DoesNotExist") => label.is_null(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::kinds;
    use super::*;

    #[test]
    fn selectors_are_read_as_the_server_reads_them() {
        let holds = |selector: &str, value: Option<&str>| {
            Requirement::all(selector).unwrap().iter().all(|requirement| requirement.holds(value))
        };
        assert!(holds("a=b", Some("b")) && holds("a==b", Some("b")) && !holds("a=b", Some("c")));
        assert!(holds("a!=b", None) && holds("!a", None) && !holds("a", None));
        assert!(holds("a in (b, c),a notin (d)", Some("c")) && !holds("a in (b,c)", Some("d")));
        assert!(Requirement::all("a=b/c").is_err(), "a slash is in no label");
    }

    #[test]
    fn definitions_that_are_not_served_have_no_kind() {
        assert!(kinds::served("external-secrets.io", "v1", "externalsecrets").is_some());
        assert!(kinds::served("external-secrets.io", "v1beta1", "externalsecrets").is_none());
    }
}
