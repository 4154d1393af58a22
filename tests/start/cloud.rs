//! What stands in for all that the step calls: DynamoDB's items, the secret, and the websites service. They keep what they are given,
//! so that it can be seen afterwards what the step did.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::server::Answers;

/// What the vault says the service's token is.
pub(crate) const TOKEN: &str = "a token of the websites service";

#[derive(Debug, Default)]
pub(crate) struct Cloud(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// As DynamoDB writes them, by table and keys.
    items: BTreeMap<[String; 3], Value>,
    /// How often each was read.
    reads: BTreeMap<[String; 3], u32>,
    websites: Vec<Value>,
    first_answer: Option<Instant>,
}

impl Cloud {
    /// When the first call of all had its answer.
    pub(crate) fn first_answer(&self) -> Option<Instant> {
        self.kept().first_answer
    }

    /// Puts an item of texts there.
    pub(crate) fn put(&self, table: &str, pk: &str, sk: &str, item: &Value) {
        let Value::Object(mut item) = item.clone() else { return };
        item.extend([("pk".to_owned(), json!(pk)), ("sk".to_owned(), json!(sk))]);
        let item = item.into_iter().map(|(name, value)| (name, attribute(&value))).collect();
        self.kept().items.insert([table, pk, sk].map(str::to_owned), item);
    }

    /// An attribute of an item, as DynamoDB writes it.
    pub(crate) fn attribute(&self, table: &str, pk: &str, sk: &str, name: &str) -> Value {
        let key = [table, pk, sk].map(str::to_owned);
        self.kept().items.get(&key).map_or(Value::Null, |item| item[name].clone())
    }

    /// How often an item was read.
    pub(crate) fn reads(&self, table: &str, pk: &str, sk: &str) -> u32 {
        self.kept().reads.get(&[table, pk, sk].map(str::to_owned)).copied().unwrap_or(0)
    }

    /// Whether somebody has a website, and just one.
    pub(crate) fn has_website(&self, owner: &str) -> bool {
        self.kept().websites.iter().filter(|website| website["tenant_id"] == owner).count() == 1
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers for Cloud {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut kept = self.kept();
        let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').next_back());
        let (status, answer) = match (operation, request.method()) {
            (Some("GetSecretValue"), _) => (200, json!({ "Name": body["SecretId"], "SecretString": TOKEN })),
            (Some("GetItem"), _) => (200, kept.get_item(&body)),
            (Some("PutItem"), _) => kept.put_item(&body),
            (None, &Method::GET) => (200, json!({ "data": kept.websites })),
            (None, &Method::POST) => (201, kept.create_website(body)),
            _ => (400, json!({ "message": "nothing here does that" })),
        };
        kept.first_answer.get_or_insert_with(Instant::now);
        let content = if operation.is_some() { "application/x-amz-json-1.1" } else { "application/json" };
        let answer = Response::builder()
            .status(status)
            .header("content-type", content)
            .body(answer.to_string().into());
        answer.unwrap_or_default()
    }
}

impl Kept {
    fn get_item(&mut self, body: &Value) -> Value {
        let key = key(&body["TableName"], &body["Key"]);
        *self.reads.entry(key.clone()).or_default() += 1;
        match self.items.get(&key) {
            Some(item) => json!({ "Item": item }),
            None => json!({}),
        }
    }

    /// Under the two conditions that a ledger's row is written.
    fn put_item(&mut self, body: &Value) -> (u16, Value) {
        let key = key(&body["TableName"], &body["Item"]);
        let found = self.items.get(&key);
        let holds = match body["ConditionExpression"].as_str() {
            Some("attribute_not_exists(pk)") => found.is_none(),
            Some("row_version = :v") => {
                found.is_some_and(|item| item["row_version"] == body["ExpressionAttributeValues"][":v"])
            }
            _ => false,
        };
        if !holds {
            let failed = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            return (400, json!({ "__type": failed, "message": "The conditional request failed" }));
        }
        self.items.insert(key, body["Item"].clone());
        (200, json!({}))
    }

    fn create_website(&mut self, mut website: Value) -> Value {
        website["id"] = json!(self.websites.len() + 1);
        website["created_at"] = json!("2026-11-21T08:00:00Z");
        self.websites.push(website.clone());
        website
    }
}

fn key(table: &Value, item: &Value) -> [String; 3] {
    [table, &item["pk"]["S"], &item["sk"]["S"]].map(|part| part.as_str().unwrap_or_default().to_owned())
}

/// A value as DynamoDB writes it.
fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(is) => json!({ "BOOL": is }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(values) => json!({ "L": values.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(fields) => {
            let fields: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
            json!({ "M": fields })
        }
    }
}
