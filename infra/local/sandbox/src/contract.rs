//! The providers' API documents, and whether a call keeps to them.
//!
//! A document is OpenAPI 3.0. Its schemas are almost those of JSON Schema draft 4, which is what they are checked
//! as once `nullable` is written as draft 4 has it. What no document describes is not judged: pages in HTML,
//! what a gateway answers in an API's place (5xx, 429), the storefront of an instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use http::{Request, Response, StatusCode, header};
use hyper::body::Bytes;
use jsonschema::{Draft, Validator};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The documents by file, and the host each is for.
const DOCUMENTS: [(&str, &str); 8] = [
    ("neon.json", "console.neon.tech"),
    ("run.v2.json", "run.googleapis.com"),
    ("secretmanager.v1.json", "secretmanager.googleapis.com"),
    ("oauth2.token.json", "oauth2.googleapis.com"),
    ("cloudflare.json", "api.cloudflare.com"),
    ("grafana.json", "grafana.e-commerce-monitoring.svc.cluster.local"),
    ("websites.json", "websites-service.e-commerce-shared.svc.cluster.local"),
    ("medusa.json", INSTANCES),
];
/// Ends the host of every API of Google's.
const GOOGLE: &str = ".googleapis.com";
/// Ends the host of every instance.
const INSTANCES: &str = ".run.app";

/// All documents, compiled.
#[derive(Debug)]
pub struct Contract {
    apis: BTreeMap<&'static str, Api>,
}

/// Where a call departs from the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The document's `operationId`; method and path where it has none.
    pub operation: String,
    pub part: Part,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Request,
    Response,
}

/// A document that cannot be used.
#[derive(Debug)]
pub struct Unusable {
    path: PathBuf,
    why: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for Unusable {}

#[derive(Debug)]
struct Api {
    /// The host has no operations but the document's. An instance has: its document is older than it.
    whole: bool,
    /// Path of the server's URL, before all paths of the document.
    prefix: String,
    operations: Vec<Operation>,
}

#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    path: Vec<Segment>,
    query: BTreeMap<String, Query>,
    body: Option<Body>,
    /// By `200`, `4XX` or `default`; without a validator the answer has no body to judge.
    responses: BTreeMap<String, Option<Validator>>,
}

/// `{servicesId}:setIamPolicy`: a variable, with what stands before and after it.
#[derive(Debug)]
struct Segment {
    before: String,
    /// The variable's schema, where it says more than `string`.
    variable: Option<Option<Validator>>,
    after: String,
}

#[derive(Debug)]
struct Query {
    required: bool,
    kind: String,
    schema: Validator,
}

#[derive(Debug)]
struct Body {
    required: bool,
    schema: Validator,
}

impl Contract {
    /// Reads and compiles the documents in a folder.
    pub fn load(folder: &Path) -> Result<Self, Unusable> {
        let mut apis = BTreeMap::new();
        for (file, host) in DOCUMENTS {
            let path = folder.join(file);
            let unusable = |why: String| Unusable { path: path.clone(), why };
            let text = std::fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
            let document = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
            apis.insert(host, Api::compile(document, host != INSTANCES).map_err(unusable)?);
        }
        Ok(Self { apis })
    }

    /// Whether a document is about this request.
    pub fn judges(&self, request: &Request<Bytes>) -> bool {
        self.api(request).is_some_and(|api| api.whole || api.operation(request).is_some())
    }

    /// Where request and response depart from the document of their host; its URI has the real host name.
    pub fn check(&self, request: &Request<Bytes>, response: &Response<Bytes>) -> Vec<Violation> {
        let Some(api) = self.api(request) else { return Vec::new() };
        let Some((operation, variables)) = api.operation(request) else {
            if !api.whole {
                return Vec::new();
            }
            let operation = format!("{} {}", request.method(), request.uri().path());
            let message = "the document has no such operation".to_owned();
            return vec![Violation { operation, part: Part::Request, message }];
        };
        let asked = operation.judge_request(request, &variables, api.whole);
        let answered = operation.judge_response(response);
        let violation = |part| move |message| Violation { operation: operation.id.clone(), part, message };
        asked
            .into_iter()
            .map(violation(Part::Request))
            .chain(answered.into_iter().map(violation(Part::Response)))
            .collect()
    }

    fn api(&self, request: &Request<Bytes>) -> Option<&Api> {
        let host = request.uri().host()?;
        self.apis.get(if host.ends_with(INSTANCES) { INSTANCES } else { host })
    }
}

impl Api {
    fn compile(mut document: Value, whole: bool) -> Result<Self, String> {
        allow_null(&mut document);
        let server = document["servers"][0]["url"].as_str().unwrap_or_default().to_owned();
        if server.ends_with(GOOGLE) {
            read_as_proto3(&mut document);
        }
        let after_host = server.split_once("://").map_or("", |(_, rest)| rest);
        let prefix = after_host.split_once('/').map_or(String::new(), |(_, path)| format!("/{path}"));
        let compiler = Compiler { document: &document };
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let shared = item["parameters"].as_array().cloned().unwrap_or_default();
            for (method, operation) in item.as_object().into_iter().flatten() {
                if ["get", "put", "post", "patch", "delete"].contains(&method.as_str()) {
                    operations.push(compiler.operation(path, method, operation, &shared)?);
                }
            }
        }
        // `/branches/count` before `/branches/{branch_id}`.
        operations.sort_by_key(|operation| operation.path.iter().filter(|it| it.variable.is_some()).count());
        Ok(Self { whole, prefix, operations })
    }

    fn operation<'a>(&'a self, request: &'a Request<Bytes>) -> Option<(&'a Operation, Vec<String>)> {
        let path = request.uri().path().strip_prefix(&self.prefix)?.trim_matches('/');
        let segments: Vec<&str> = path.split('/').collect();
        let of_method = self.operations.iter().filter(|it| it.method == request.method().as_str());
        of_method.into_iter().find_map(|operation| Some((operation, operation.matches(&segments)?)))
    }
}

impl Operation {
    /// The variables of a path that is this operation's.
    fn matches(&self, segments: &[&str]) -> Option<Vec<String>> {
        if segments.len() != self.path.len() {
            return None;
        }
        let mut variables = Vec::new();
        for (template, segment) in self.path.iter().zip(segments) {
            let value =
                segment.strip_prefix(template.before.as_str())?.strip_suffix(template.after.as_str())?;
            match &template.variable {
                None if value.is_empty() => {}
                Some(_) if !value.is_empty() && !value.contains(':') => {
                    variables.push(percent_decode_str(value).decode_utf8_lossy().into_owned());
                }
                _ => return None,
            }
        }
        Some(variables)
    }

    fn judge_request(&self, request: &Request<Bytes>, variables: &[String], strict: bool) -> Vec<String> {
        let mut found = Vec::new();
        let schemas = self.path.iter().filter_map(|segment| segment.variable.as_ref());
        for (schema, value) in schemas.zip(variables) {
            if let Some(schema) = schema {
                judge(schema, &json!(value), "path", &mut found);
            }
        }
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let given: BTreeMap<_, _> = form_urlencoded::parse(query).into_owned().collect();
        for (name, rule) in &self.query {
            match given.get(name) {
                None if rule.required => found.push(format!("query: {name} is required")),
                None => {}
                Some(text) => {
                    judge(&rule.schema, &typed(&rule.kind, text), &format!("query {name}"), &mut found);
                }
            }
        }
        let unknown: BTreeSet<&String> =
            given.keys().filter(|name| !self.query.contains_key(*name)).collect();
        if strict && !unknown.is_empty() {
            found.push(format!("query: unknown {unknown:?}"));
        }
        match &self.body {
            None if request.body().is_empty() => {}
            None if strict => found.push("body: there must be none".to_owned()),
            None => {}
            Some(rule) if request.body().is_empty() && !rule.required => {}
            Some(_) if request.body().is_empty() => found.push("body: is required".to_owned()),
            Some(rule) => match body(request.headers(), request.body()) {
                Ok(value) => judge(&rule.schema, &value, "body", &mut found),
                Err(why) => found.push(format!("body: {why}")),
            },
        }
        found
    }

    fn judge_response(&self, response: &Response<Bytes>) -> Vec<String> {
        let status = response.status();
        let content_type =
            response.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let not_the_apis = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if not_the_apis || content_type.starts_with("text/html") {
            return Vec::new();
        }
        let class = format!("{}XX", status.as_u16() / 100);
        let rule = [status.as_str(), &class, "default"].iter().find_map(|key| self.responses.get(*key));
        let mut found = Vec::new();
        match rule {
            None => found.push(format!("status {status} is not among {:?}", self.responses.keys())),
            Some(None) => {}
            Some(Some(schema)) => match serde_json::from_slice(response.body()) {
                Ok(value) => judge(schema, &value, &format!("body of {status}"), &mut found),
                Err(why) => found.push(format!("body of {status}: {why}")),
            },
        }
        found
    }
}

fn judge(schema: &Validator, value: &Value, place: &str, found: &mut Vec<String>) {
    found.extend(schema.iter_errors(value).map(|error| format!("{place}{}: {error}", error.instance_path())));
}

fn body(headers: &http::HeaderMap, body: &Bytes) -> Result<Value, serde_json::Error> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let fields = form_urlencoded::parse(body).into_owned();
        return Ok(Value::Object(fields.map(|(name, value)| (name, Value::from(value))).collect()));
    }
    serde_json::from_slice(body)
}

/// A text of a query as its schema's type; what is none stays text and is refused by the schema. Neon's own client
/// writes `True`, which servers in Go read as well.
fn typed(kind: &str, text: &str) -> Value {
    match kind {
        "boolean" if ["True", "False"].contains(&text) => json!(text == "True"),
        "integer" | "number" | "boolean" => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        _ => json!(text),
    }
}

/// What Google's APIs take and give besides what their documents say: the encoding of an answer as a system parameter
/// (<https://cloud.google.com/apis/docs/system-parameters>), and the number of an enumeration's value for its name, as
/// proto3 writes them in JSON. Its own clients do so.
fn read_as_proto3(document: &mut Value) {
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        item["parameters"] = json!([{"in": "query", "name": "$alt", "schema": {"type": "string"}}]);
    }
    allow_numbers(&mut document["components"]["schemas"]);
}

fn allow_numbers(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(allow_numbers),
        Value::Object(fields) if fields.contains_key("enum") => {
            let schema = Value::Object(std::mem::take(fields));
            fields.insert("anyOf".to_owned(), json!([schema, {"type": "integer"}]));
        }
        Value::Object(fields) => fields.values_mut().for_each(allow_numbers),
        _ => {}
    }
}

/// `nullable` is OpenAPI's; draft 4 has a type `null`.
fn allow_null(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(allow_null),
        Value::Object(fields) => {
            fields.values_mut().for_each(allow_null);
            if fields.get("nullable") == Some(&json!(true)) {
                fields.remove("nullable");
                let schema = Value::Object(std::mem::take(fields));
                fields.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
            }
        }
        _ => {}
    }
}

struct Compiler<'a> {
    document: &'a Value,
}

impl Compiler<'_> {
    fn operation(
        &self,
        path: &str,
        method: &str,
        operation: &Value,
        shared: &[Value],
    ) -> Result<Operation, String> {
        let fallback = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or(&fallback).to_owned();
        let own = operation["parameters"].as_array().cloned().unwrap_or_default();
        let mut query = BTreeMap::new();
        let mut variables: BTreeMap<String, Value> = BTreeMap::new();
        for parameter in shared.iter().chain(&own) {
            let parameter = self.resolve(parameter)?;
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let schema = &parameter["schema"];
            match parameter["in"].as_str() {
                Some("query") => {
                    let kind = self.resolve(schema)?["type"].as_str().unwrap_or("string").to_owned();
                    let required = parameter["required"] == true;
                    query.insert(name, Query { required, kind, schema: self.schema(schema)? });
                }
                Some("path") => drop(variables.insert(name, schema.clone())),
                _ => {}
            }
        }
        let segment = |text: &str| -> Result<Segment, String> {
            let Some((before, rest)) = text.split_once('{') else {
                return Ok(Segment { before: text.to_owned(), variable: None, after: String::new() });
            };
            let (name, after) = rest.split_once('}').ok_or_else(|| format!("{path} is no path"))?;
            let schema = variables.get(name).map(|schema| self.schema(schema)).transpose()?;
            Ok(Segment { before: before.to_owned(), variable: Some(schema), after: after.to_owned() })
        };
        let body = match operation.get("requestBody") {
            None => None,
            Some(body) => {
                let body = self.resolve(body)?;
                let content = body["content"].as_object().and_then(|types| types.values().next());
                // Cloudflare's document requires bodies it says nothing about, for deletions; nobody sends them.
                let schema = content.map(|content| &content["schema"]).filter(|schema| !schema.is_null());
                let required = body["required"] == true && schema.is_some();
                Some(Body { required, schema: self.schema(schema.unwrap_or(&Value::Null))? })
            }
        };
        let mut responses = BTreeMap::new();
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let schema = self.resolve(response)?["content"]["application/json"].get("schema").cloned();
            responses.insert(status.clone(), schema.map(|schema| self.schema(&schema)).transpose()?);
        }
        Ok(Operation {
            id,
            method: method.to_uppercase(),
            path: path.trim_matches('/').split('/').map(segment).collect::<Result<_, _>>()?,
            query,
            body,
            responses,
        })
    }

    fn resolve(&self, value: &Value) -> Result<Value, String> {
        match value["$ref"].as_str() {
            None => Ok(value.clone()),
            Some(reference) => {
                let found = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
                self.resolve(found.ok_or_else(|| format!("{reference} leads nowhere"))?)
            }
        }
    }

    /// The schema with all that it refers to, which is found where its references say.
    fn schema(&self, schema: &Value) -> Result<Validator, String> {
        let anything = json!({});
        let schema = if schema.is_null() { &anything } else { schema };
        let mut wanted = BTreeSet::new();
        self.reach(schema, &mut wanted);
        let all = &self.document["components"]["schemas"];
        let reached: Map<String, Value> =
            wanted.into_iter().filter_map(|name| Some((name.clone(), all.get(&name)?.clone()))).collect();
        let whole = json!({"allOf": [schema], "components": {"schemas": reached}});
        jsonschema::options().with_draft(Draft::Draft4).build(&whole).map_err(|error| error.to_string())
    }

    fn reach(&self, value: &Value, reached: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.reach(value, reached)),
            Value::Object(fields) => {
                let name = fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|it| it.strip_prefix("#/components/schemas/"));
                if let Some(name) = name
                    && reached.insert(name.to_owned())
                {
                    self.reach(&self.document["components"]["schemas"][name], reached);
                }
                fields.values().for_each(|value| self.reach(value, reached));
            }
            _ => {}
        }
    }
}
