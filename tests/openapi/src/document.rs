use std::path::Path;

use http_client::{Method, Request, StatusCode};
use jsonschema::Draft;
use serde_json::{Map, Value, json};

/// An OpenAPI 3.0 document of one API.
#[derive(Debug)]
pub struct Document {
    file: String,
    /// What the addresses of the API begin with.
    server: String,
    paths: Map<String, Value>,
    components: Value,
    root: Value,
}

/// What a document says of one method of one path.
#[derive(Debug)]
struct Operation<'a> {
    template: &'a str,
    methods: &'a Value,
    says: &'a Value,
}

impl Document {
    /// A file below `tests/contract/specs`.
    #[must_use]
    pub fn load(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contract/specs").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut root: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        as_draft_4(&mut root);
        let server = root["servers"][0]["url"].as_str().unwrap_or_default().to_owned();
        let paths = root["paths"].as_object().unwrap_or_else(|| panic!("{file} has no paths")).clone();
        Self { file: file.to_owned(), server, paths, components: root["components"].clone(), root }
    }

    /// What the document says of a kind of object.
    #[must_use]
    pub fn component(&self, name: &str) -> &Value {
        &self.components["schemas"][name]
    }

    /// Everything in an object that is not as the document says of its kind.
    #[must_use]
    pub fn disagrees(&self, name: &str, object: &Value) -> Vec<String> {
        self.violations(name, self.component(name), object)
    }

    /// Whether a request goes to this API.
    #[must_use]
    pub fn serves(&self, request: &Request) -> bool {
        request.url().as_str().starts_with(&self.server)
    }

    /// Whether the document has what is asked.
    #[must_use]
    pub fn knows(&self, request: &Request) -> bool {
        self.operation(request).is_some()
    }

    /// Everything in a request that the document does not allow.
    #[must_use]
    pub fn refuses(&self, request: &Request) -> Vec<String> {
        let Some(operation) = self.operation(request) else {
            return vec![format!("{}: there is no {} {}", self.file, request.method(), request.url().path())];
        };
        let mut problems = self.parameters(&operation, request);
        problems.extend(self.body(&operation, request));
        problems
    }

    /// Everything in an answer that the document does not describe.
    #[must_use]
    pub fn denies(&self, request: &Request, status: StatusCode, body: &Value) -> Vec<String> {
        let Some(operation) = self.operation(request) else { return Vec::new() };
        let class = format!("{}XX", status.as_u16() / 100);
        let responses = &operation.says["responses"];
        let said = [status.as_str(), &class, "default"].into_iter().find_map(|code| responses.get(code));
        let Some(said) = said else {
            return vec![format!("{}: {} is no answer to {}", self.file, status, operation.template)];
        };
        match self.resolve(said).pointer("/content/application~1json/schema") {
            Some(schema) => self.violations(&format!("the answer {status}"), schema, body),
            None => Vec::new(),
        }
    }

    /// The operation of a request: of those that fit, the one with the most literal path.
    fn operation<'a>(&'a self, request: &Request) -> Option<Operation<'a>> {
        let path = request.url().as_str().strip_prefix(&self.server)?;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let method = request.method().as_str().to_lowercase();
        let of = |(template, methods): (&'a String, &'a Value)| {
            Some(Operation { template, methods, says: methods.get(&method)? })
        };
        let fitting = self.paths.iter().filter(|(template, _)| variables(template, path).is_some());
        let literal = |operation: &Operation<'_>| {
            let inside = variables(operation.template, path).unwrap_or_default();
            path.len() - inside.iter().map(|(_, value)| value.len()).sum::<usize>()
        };
        fitting.filter_map(of).max_by_key(literal)
    }

    fn parameters(&self, operation: &Operation<'_>, request: &Request) -> Vec<String> {
        let of_both = [&operation.methods["parameters"], &operation.says["parameters"]];
        let known = of_both.into_iter().filter_map(Value::as_array).flatten();
        let known: Vec<&Value> = known.map(|parameter| self.resolve(parameter)).collect();
        let find = |place: &str, name: &str| {
            known.iter().find(|known| known["in"] == place && known["name"] == name).copied()
        };
        let path = request.url().as_str().strip_prefix(&self.server).unwrap_or_default();
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let inside = variables(operation.template, path).unwrap_or_default();
        let query: Vec<(String, String)> = request
            .url()
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut problems = Vec::new();
        for (place, name, value) in inside
            .iter()
            .map(|(name, value)| ("path", name, value))
            .chain(query.iter().map(|(name, value)| ("query", name, value)))
        {
            match find(place, name) {
                Some(parameter) => {
                    let schema = &parameter["schema"];
                    let what = format!("{name} in the {place}");
                    problems.extend(self.violations(&what, schema, &self.typed(schema, value)));
                }
                None => problems
                    .push(format!("{}: {} has no {name} in its {place}", self.file, operation.template)),
            }
        }
        let missing = known.iter().filter(|known| {
            known["in"] == "query"
                && known["required"] == true
                && !query.iter().any(|(name, _)| known["name"] == *name)
        });
        problems.extend(
            missing.map(|known| format!("{}: {} needs {}", self.file, operation.template, known["name"])),
        );
        problems
    }

    fn body(&self, operation: &Operation<'_>, request: &Request) -> Vec<String> {
        let sent = request.body().and_then(|body| body.as_bytes());
        let described = operation.says.get("requestBody").map(|body| self.resolve(body));
        let (Some(sent), Some(described)) = (sent, described) else {
            let problem = match (sent, described) {
                (Some(_), None) => format!("{}: {} takes no body", self.file, operation.template),
                (None, Some(described))
                    if described["required"] == true && described["content"] != json!({}) =>
                {
                    // Cloudflare's document requires a body of DELETE and describes none.
                    if request.method() == Method::DELETE {
                        return Vec::new();
                    }
                    format!("{}: {} needs a body", self.file, operation.template)
                }
                _ => return Vec::new(),
            };
            return vec![problem];
        };
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let Some(content) = described["content"].get(kind) else {
            return vec![format!("{}: {} takes no {kind:?}", self.file, operation.template)];
        };
        let sent = if kind == "application/x-www-form-urlencoded" {
            let address = format!("form:?{}", String::from_utf8_lossy(sent));
            let form: Option<reqwest::Url> = address.parse().ok();
            form.iter()
                .flat_map(|form| form.query_pairs())
                .map(|(name, value)| (name.into_owned(), json!(value)))
                .collect()
        } else {
            serde_json::from_slice(sent).unwrap_or(Value::Null)
        };
        self.violations(&format!("the body for {}", operation.template), &content["schema"], &sent)
    }

    fn violations(&self, what: &str, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = if schema.is_object() { schema.clone() } else { json!({}) };
        // Beside a reference everything else is ignored, so it goes one level down.
        if schema.get("$ref").is_some() {
            schema = json!({ "allOf": [schema] });
        }
        schema["components"] = self.components.clone();
        let validator = jsonschema::options()
            .with_draft(Draft::Draft4)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|e| panic!("{}: {e}", self.file));
        validator
            .iter_errors(value)
            .map(|e| format!("{}: {what}: {} at '{}'", self.file, e, e.instance_path()))
            .collect()
    }

    /// What stands in an address, as the type that is wanted there.
    fn typed(&self, schema: &Value, text: &str) -> Value {
        match self.resolve(schema)["type"].as_str() {
            Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or(json!(text)),
            _ => json!(text),
        }
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|to| self.root.pointer(to.trim_start_matches('#'))) {
            Some(target) => self.resolve(target),
            None => value,
        }
    }
}

/// What a path has in the place of a template's variables, by their names; `None` when it does not fit.
/// `/services/{id}:wait` is a template, too.
fn variables(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, there) in template.into_iter().zip(path) {
        let Some((before, (name, after))) =
            wanted.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        else {
            if wanted != there {
                return None;
            }
            continue;
        };
        let value = there.strip_prefix(before)?.strip_suffix(after)?;
        if value.is_empty() {
            return None;
        }
        found.push((name.to_owned(), value.to_owned()));
    }
    Some(found)
}

/// OpenAPI 3.0 is nearly JSON Schema draft 4; `nullable` is what JSON Schema does not know.
fn as_draft_4(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(as_draft_4),
        Value::Object(fields) => {
            fields.values_mut().for_each(as_draft_4);
            if fields.get("nullable") == Some(&json!(true)) {
                fields.remove("nullable");
                let rest = Value::Object(std::mem::take(fields));
                fields.insert("anyOf".to_owned(), json!([{ "type": "null" }, rest]));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neon() -> Document {
        Document::load("neon.json")
    }

    fn request(method: Method, address: &str, body: Option<&Value>) -> Request {
        let mut request = Request::new(method, address.parse().expect("an address"));
        if let Some(body) = body {
            request.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
            *request.body_mut() = Some(body.to_string().into());
        }
        request
    }

    const BRANCHES: &str = "https://console.neon.tech/api/v2/projects/p-1/branches";

    #[test]
    fn what_the_document_allows_passes() {
        let body = json!({ "branch": { "name": "a" }, "endpoints": [{ "type": "read_write" }] });
        assert_eq!(neon().refuses(&request(Method::POST, BRANCHES, Some(&body))), Vec::<String>::new());
        let listing = format!("{BRANCHES}?search=a&limit=100");
        assert_eq!(neon().refuses(&request(Method::GET, &listing, None)), Vec::<String>::new());
    }

    #[test]
    fn what_it_does_not_allow_is_named() {
        let cases = [
            (
                Method::POST,
                BRANCHES.to_owned(),
                Some(json!({ "endpoints": [{ "type": "readwrite" }] })),
                "readwrite",
            ),
            (Method::GET, format!("{BRANCHES}?find=a"), None, "has no find in its query"),
            (Method::GET, format!("{BRANCHES}?limit=many"), None, "limit in the query"),
            (Method::PUT, BRANCHES.to_owned(), None, "there is no PUT"),
            (Method::GET, BRANCHES.replace("p-1", "P_1"), None, "project_id in the path"),
            (
                Method::GET,
                "https://console.neon.tech/api/v2/projects/p-1/connection_uri".to_owned(),
                None,
                "needs",
            ),
        ];
        for (method, address, body, problem) in cases {
            let problems = neon().refuses(&request(method, &address, body.as_ref()));
            assert!(problems.iter().any(|said| said.contains(problem)), "{address}: {problems:?}");
        }
    }

    #[test]
    fn an_answer_without_what_the_document_promises_is_denied() {
        let asked = request(Method::GET, BRANCHES, None);
        let problems = neon().denies(&asked, StatusCode::OK, &json!({ "branches": [{ "name": "a" }] }));
        assert!(problems.iter().any(|said| said.contains("required")), "{problems:?}");
    }

    #[test]
    fn a_verb_after_a_name_is_not_part_of_it() {
        let run = Document::load("run.v2.json");
        let address = "https://run.googleapis.com/v2/projects/p/locations/l/services/s:getIamPolicy";
        let asked = request(Method::GET, address, None);
        let operation = run.operation(&asked).expect("an operation");
        assert!(operation.template.ends_with("{servicesId}:getIamPolicy"), "{}", operation.template);
    }

    #[test]
    fn null_is_allowed_only_where_it_is_said() {
        let mut schema = json!({ "properties": { "a": { "type": "string", "nullable": true }, "b": { "type": "string" } } });
        as_draft_4(&mut schema);
        let validator = jsonschema::options().with_draft(Draft::Draft4).build(&schema).expect("a schema");
        assert!(validator.is_valid(&json!({ "a": null, "b": "" })));
        assert!(!validator.is_valid(&json!({ "a": 1 })));
        assert!(!validator.is_valid(&json!({ "b": null })));
    }
}
