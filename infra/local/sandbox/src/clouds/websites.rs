//! The websites service of Collect & Verything, as `tests/contract/specs/websites.json` has it: a record for each tenant. What is
//! deleted stays, and is found by nobody.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Thing;
use super::ask::{self, Ask, nothing};

const FIELDS: [&str; 6] = ["name", "domain", "tenant_id", "subscription_id", "tier", "status"];
/// What a record may not be without.
const REQUIRED: [&str; 5] = ["name", "domain", "tenant_id", "tier", "status"];

#[derive(Debug, Clone)]
pub(crate) struct Websites {
    token: String,
    /// Records as they are shown, by id.
    records: BTreeMap<i64, Value>,
}

#[derive(Debug)]
struct Refused(StatusCode, String);

type Outcome = Result<Response<Bytes>, Refused>;

fn missing() -> Refused {
    Refused(StatusCode::NOT_FOUND, "There is no such website.".to_owned())
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused(StatusCode::UNPROCESSABLE_ENTITY, message.into())
}

impl Websites {
    pub(crate) fn new(token: &str) -> Self {
        Self { token: token.to_owned(), records: BTreeMap::new() }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        match (method, path.get(2..).unwrap_or_default()) {
            ("POST", ["websites"]) => "CreateWebsite",
            ("GET", ["websites"]) => "ListWebsites",
            ("GET", ["websites", _]) => "GetWebsite",
            ("PATCH", ["websites", _]) => "UpdateWebsite",
            ("DELETE", ["websites", _]) => "DeleteWebsite",
            ("GET", _) => "GetUnknown",
            ("DELETE", _) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(&mut self, now: Timestamp, ask: &Ask<'_>) -> Response<Bytes> {
        self.route(now, ask)
            .unwrap_or_else(|Refused(status, message)| ask::json(status, &json!({ "message": message })))
    }

    fn route(&mut self, now: Timestamp, ask: &Ask<'_>) -> Outcome {
        if self.token.is_empty() || ask.bearer() != Some(self.token.as_str()) {
            return Err(Refused(StatusCode::UNAUTHORIZED, "Unauthenticated.".to_owned()));
        }
        let (method, path) = ask.route();
        let rest = path.strip_prefix(&["api", "v1", "websites"][..]).ok_or_else(missing)?;
        let body = ask.json().map_err(|error| invalid(error.to_string()))?;
        match (method, rest) {
            ("POST", []) => Ok(ask::json(StatusCode::CREATED, &self.create(now, &body)?)),
            ("GET", []) => self.list(ask),
            (_, [id]) => {
                let id = id.parse().map_err(|_| missing())?;
                if !self.there(id) {
                    return Err(missing());
                }
                match method {
                    "GET" => {}
                    "PATCH" => self.change(now, id, &body)?,
                    "DELETE" => {
                        let record = self.records.get_mut(&id).ok_or_else(missing)?;
                        record["deleted_at"] = json!(now);
                        return Ok(nothing());
                    }
                    _ => return Err(missing()),
                }
                Ok(ask::json(StatusCode::OK, self.records.get(&id).ok_or_else(missing)?))
            }
            _ => Err(missing()),
        }
    }

    fn there(&self, id: i64) -> bool {
        self.records.get(&id).is_some_and(is_there)
    }

    fn create(&mut self, now: Timestamp, body: &Value) -> Result<Value, Refused> {
        if let Some(field) = REQUIRED.iter().find(|field| body[**field].as_str().is_none_or(str::is_empty)) {
            return Err(invalid(format!("The {field} field is required.")));
        }
        check(body)?;
        let taken = |field: &str| {
            self.records.values().any(|record| is_there(record) && record[field] == body[field])
        };
        if taken("tenant_id") || taken("domain") {
            let message = "The tenant has a website, or the domain is another's.".to_owned();
            return Err(Refused(StatusCode::CONFLICT, message));
        }
        let id = self.records.keys().next_back().map_or(789, |last| last + 1);
        let mut record = json!({ "id": id, "created_at": now, "updated_at": now, "deleted_at": null });
        for field in FIELDS {
            record[field] = body[field].clone();
        }
        self.records.insert(id, record.clone());
        Ok(record)
    }

    fn change(&mut self, now: Timestamp, id: i64, body: &Value) -> Result<(), Refused> {
        check(body)?;
        if body.get("tenant_id").is_some() || body.get("subscription_id").is_some() {
            return Err(invalid("Whose a website is cannot be changed."));
        }
        let anothers = |(other, record): (&i64, &Value)| {
            *other != id && is_there(record) && record["domain"] == body["domain"]
        };
        if body["domain"].is_string() && self.records.iter().any(anothers) {
            return Err(Refused(StatusCode::CONFLICT, "The domain is another's.".to_owned()));
        }
        let record = self.records.get_mut(&id).ok_or_else(missing)?;
        for (field, value) in body.as_object().into_iter().flatten() {
            record[field] = value.clone();
        }
        record["updated_at"] = json!(now);
        Ok(())
    }

    fn list(&self, ask: &Ask<'_>) -> Outcome {
        let number = |name: &str, default: usize| ask.query(name).map_or(Ok(default), str::parse::<usize>);
        let wrong = |_| invalid("page and per_page are numbers.");
        let (page, size) = (number("page", 1).map_err(wrong)?.max(1), number("per_page", 20).map_err(wrong)?);
        let wanted = |record: &&Value| {
            is_there(record) && ask.query("tenant_id").is_none_or(|tenant| record["tenant_id"] == tenant)
        };
        let total = self.records.values().filter(wanted).count();
        let data: Vec<&Value> =
            self.records.values().filter(wanted).skip((page - 1) * size).take(size).collect();
        Ok(ask::json(
            StatusCode::OK,
            &json!({ "data": data, "page": page, "per_page": size, "total": total }),
        ))
    }

    /// What was deleted costs nothing, and is none.
    pub(crate) fn things(&self) -> Vec<Thing> {
        let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let there = self.records.values().filter(|record| is_there(record));
        there
            .map(|record| {
                let tenant = text(record, "tenant_id");
                Thing::new("websites", "website", &text(record, "domain"), Some(tenant))
            })
            .collect()
    }

    pub(crate) fn plant(&mut self, now: Timestamp, thing: &Thing) -> bool {
        let tenant = thing.owner.as_deref().unwrap_or("elsewhere");
        let body = json!({
            "name": thing.name, "domain": thing.name, "tenant_id": tenant, "tier": "standard", "status": "active",
        });
        self.create(now, &body).is_ok()
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.records.len();
        self.records.retain(|_, record| record["domain"] != name);
        self.records.len() < before
    }
}

fn is_there(record: &Value) -> bool {
    record["deleted_at"].is_null()
}

fn check(body: &Value) -> Result<(), Refused> {
    let given = body.as_object().ok_or_else(|| invalid("An object is expected."))?;
    if let Some(unknown) = given.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(invalid(format!("The {unknown} field is unknown.")));
    }
    let status = &body["status"];
    if !status.is_null() && *status != "active" && *status != "deprovisioning" {
        return Err(invalid("The selected status is invalid."));
    }
    Ok(())
}
