use serde_json::{Value, json};

use super::{Names, folder, text};

/// A CloudFormation template, short forms written out: `!Ref X` is `{"Ref": "X"}`.
pub(crate) struct Stack {
    pub(crate) file: String,
    pub(crate) template: Value,
}

/// What a policy allows.
pub(crate) struct Statement {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<Value>,
}

pub(crate) fn stacks() -> Vec<Stack> {
    let nested =
        ["infra", "infra/blueprints"].into_iter().flat_map(folder).filter(|file| file.ends_with(".yaml"));
    let read = |file: String| {
        let yaml = yaml_serde::from_str(&text(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        Stack { template: long(yaml), file }
    };
    ["template.yaml".to_owned()].into_iter().chain(nested).map(read).collect()
}

fn long(yaml: yaml_serde::Value) -> Value {
    use yaml_serde::Value as Yaml;
    match yaml {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let value = long(tagged.value);
            if name == "Ref" { json!({ name: value }) } else { json!({ format!("Fn::{name}"): value }) }
        }
        Yaml::Sequence(items) => items.into_iter().map(long).collect(),
        Yaml::Mapping(map) => {
            let key = |key: Yaml| key.as_str().expect("a name").to_owned();
            map.into_iter().map(|(k, value)| (key(k), long(value))).collect::<serde_json::Map<_, _>>().into()
        }
        scalar => serde_json::to_value(scalar).expect("a scalar"),
    }
}

impl Stack {
    /// The logical ids of a type's resources, with their properties.
    pub(crate) fn resources(&self, kind: &str) -> Vec<(&str, &Value)> {
        let all = self.template["Resources"].as_object().into_iter().flatten();
        let of_kind = all.filter(|(_, resource)| resource["Type"] == kind);
        of_kind.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
    }

    pub(crate) fn functions(&self) -> Vec<(&str, &Value)> {
        self.resources("AWS::Serverless::Function")
    }

    pub(crate) fn machines(&self) -> Vec<(&str, &Value)> {
        self.resources("AWS::Serverless::StateMachine")
    }

    pub(crate) fn names(&self, section: &str) -> Names {
        keys(&self.template[section])
    }

    /// A path as this stack's file gives it, from the root.
    pub(crate) fn resolve(&self, path: &Value) -> String {
        let mut parts: Vec<&str> = self.file.split('/').collect();
        parts.pop();
        for part in path.as_str().unwrap_or_default().split('/') {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

pub(crate) fn keys(object: &Value) -> Names {
    object.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The statements anywhere in a part of a template, of those that say what is allowed: who may take a role on is no such.
pub(crate) fn statements(json: &Value) -> Vec<Statement> {
    let many = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    match json {
        // What is denied takes nothing but away.
        Value::Object(map) if map.get("Effect").is_some_and(|effect| effect == "Deny") => Vec::new(),
        Value::Object(map) if map.contains_key("Effect") => vec![Statement {
            actions: many(&json["Action"])
                .iter()
                .map(|action| action.as_str().unwrap_or_default().to_owned())
                .collect(),
            resources: many(&json["Resource"]),
        }],
        Value::Object(map) => {
            let parts = map.iter().filter(|(key, _)| *key != "AssumeRolePolicyDocument");
            parts.flat_map(|(_, part)| statements(part)).collect()
        }
        Value::Array(items) => items.iter().flat_map(statements).collect(),
        _ => Vec::new(),
    }
}
