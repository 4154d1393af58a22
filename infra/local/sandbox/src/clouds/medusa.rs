//! A tenant's store: what MedusaJS 2.21 answers once it is deployed. Seen on a live server; the API document is
//! that of 2.0. <https://docs.medusajs.com/api/admin>
//!
//! It keeps nothing itself: users, invites and keys are rows of its database, so another revision finds them, and
//! a branch that is deleted takes them along. `/health` is `OK` whatever the state of the database.
//! Deliberately absent: sessions and cookies, mail, and all of commerce but an empty catalogue.

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use super::ask::{self, Ask, digits, typed};
use super::neon::Database;

const DAY: i64 = 86_400;
const DASHBOARD: &str = "<!DOCTYPE html>\n<html><head><title>Medusa Admin</title></head><body><div id=\"medusa\"></div>\
                         <script type=\"module\" src=\"/app/assets/index.js\"></script></body></html>\n";

/// Fills an empty database as `medusa db:migrate` does; whether it was empty.
pub(crate) fn migrate(database: &mut Database, now: Timestamp) -> bool {
    if !database.rows("store").is_empty() {
        return false;
    }
    let channel = database.id("sc");
    database.insert("sales_channel", json!({
        "id": channel, "name": "Default Sales Channel", "description": "Created by Medusa", "is_disabled": false,
        "metadata": null, "created_at": now, "updated_at": now, "deleted_at": null,
    }));
    let id = database.id("store");
    database.insert("store", json!({
        "id": id, "name": "Medusa Store", "supported_currencies": [], "default_sales_channel_id": channel,
        "default_region_id": null, "default_location_id": null, "metadata": null, "created_at": now, "updated_at": now,
    }));
    true
}

/// What a request is called, for faults.
pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("GET", ["health"]) => "GetHealth",
        ("POST", ["auth", _, _, "register"]) => "CreateAuthIdentity",
        ("POST", ["auth", _, _, "update"]) => "UpdateAuthIdentity",
        ("POST", ["auth", ..]) => "GetAuthToken",
        ("POST", ["admin", "invites", "accept"]) => "AcceptInvite",
        ("POST", ["admin", "invites"]) => "CreateInvite",
        ("GET", ["admin", "invites", ..]) => "GetInvites",
        ("DELETE", ["admin", "invites", _]) => "DeleteInvite",
        ("GET", ["admin", "users", ..]) => "GetUsers",
        ("DELETE", ["admin", "users", _]) => "DeleteUser",
        ("POST", ["admin", "api-keys"]) => "CreateApiKey",
        ("POST", ["admin", "api-keys", _, "sales-channels"]) => "UpdateApiKey",
        ("GET", ["admin", "api-keys", ..]) => "GetApiKeys",
        ("DELETE", ["admin", "api-keys", _]) => "DeleteApiKey",
        ("GET", ["admin", "stores", ..]) => "GetStores",
        ("POST", ["admin", "stores", _]) => "UpdateStore",
        ("GET", _) => "GetPage",
        ("DELETE", _) => "DeleteUnknown",
        _ => "PostUnknown",
    }
}

/// An error as Medusa's error handler words it.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    body: Value,
}

impl Refused {
    fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self { status, body: json!({"type": kind, "message": message.into()}) }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_data", message)
    }

    /// Of the middleware, which has no type.
    fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, body: json!({"message": "Unauthorized"}) }
    }

    fn missing(what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} with id: {id} was not found"))
    }
}

pub(crate) fn answer(
    now: Timestamp,
    ask: &Ask<'_>,
    secret: &str,
    database: Option<&mut Database>,
    read_only: bool,
) -> Response<Bytes> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("GET", ["health"]) => typed(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from_static(b"OK")),
        ("GET", ["app", ..]) => {
            typed(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(DASHBOARD.as_bytes()))
        }
        _ => {
            let mut store = Store { now, secret, read_only };
            match store.route(ask, database) {
                Ok(body) => ask::json(StatusCode::OK, &body),
                Err(Refused { status, body }) => ask::json(status, &body),
            }
        }
    }
}

/// Who is at the other end, told from a bearer token.
struct Caller {
    actor: String,
    identity: String,
}

struct Store<'a> {
    now: Timestamp,
    secret: &'a str,
    /// What the image does with `TENANT_ACCESS`, not Medusa: people see what there is, and change nothing.
    read_only: bool,
}

impl Store<'_> {
    fn route(&mut self, ask: &Ask<'_>, database: Option<&mut Database>) -> Result<Value, Refused> {
        let (method, path) = ask.route();
        // Tokens are checked before anything is read: a wrong one is 401, database or no database.
        let caller = match path.as_slice() {
            ["admin", "invites", "accept"] => Some(self.caller(ask, true)?),
            ["admin", ..] => Some(self.caller(ask, false)?),
            _ => None,
        };
        if self.read_only && method != "GET" && path.first().is_some_and(|part| *part != "auth") {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "not_allowed", "This store is read-only."));
        }
        let database = database.ok_or_else(|| Refused {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            body: json!({"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}),
        })?;
        let body = ask.json().map_err(|error| Refused::invalid(error.to_string()))?;
        match (method, path.as_slice(), caller) {
            ("POST", ["auth", "user", "emailpass", "register"], _) => self.register(&body, database),
            ("POST", ["auth", "user", "emailpass", "update"], _) => self.set_password(ask, &body, database),
            ("POST", ["auth", "user", "emailpass"], _) => self.sign_in(&body, database),
            ("POST", ["admin", "invites", "accept"], Some(caller)) => {
                self.accept(ask, &caller, &body, database)
            }
            ("POST", ["admin", "invites"], _) => self.invite(&body, database),
            ("GET", ["admin", "invites"], _) => Ok(page(ask, "invites", database.rows("invite"))),
            ("GET", ["admin", "invites", id], _) => {
                Ok(json!({"invite": find(database, "invite", "Invite", id)?}))
            }
            // Deleting what is not there is 200 as well.
            ("DELETE", ["admin", "invites", id], _) => Ok(delete(database, "invite", id)),
            ("GET", ["admin", "users", "me"], Some(caller)) => {
                Ok(json!({"user": find(database, "user", "User", &caller.actor)?}))
            }
            ("GET", ["admin", "users"], _) => Ok(page(ask, "users", database.rows("user"))),
            ("GET", ["admin", "users", id], _) => Ok(json!({"user": find(database, "user", "User", id)?})),
            ("DELETE", ["admin", "users", id], _) => Ok(delete(database, "user", id)),
            ("POST", ["admin", "api-keys"], Some(caller)) => self.create_key(&caller, &body, database),
            ("GET", ["admin", "api-keys"], _) => Ok(page(ask, "api_keys", database.rows("api_key"))),
            ("GET", ["admin", "api-keys", id], _) => {
                Ok(json!({"api_key": find(database, "api_key", "ApiKey", id)?}))
            }
            ("POST", ["admin", "api-keys", id, "sales-channels"], _) => {
                only(&body, &["add", "remove"])?;
                let key = find(database, "api_key", "ApiKey", id)?;
                for channel in body["add"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    find(database, "sales_channel", "SalesChannel", channel)?;
                }
                Ok(json!({"api_key": key}))
            }
            ("DELETE", ["admin", "api-keys", id], _) => Ok(delete(database, "api_key", id)),
            ("GET", ["admin", "sales-channels"], _) => {
                Ok(page(ask, "sales_channels", database.rows("sales_channel")))
            }
            ("GET", ["admin", "stores"], _) => Ok(page(ask, "stores", database.rows("store"))),
            ("GET", ["admin", "stores", id], _) => {
                Ok(json!({"store": find(database, "store", "Store", id)?}))
            }
            ("POST", ["admin", "stores", id], _) => {
                only(
                    &body,
                    &[
                        "name",
                        "supported_currencies",
                        "default_sales_channel_id",
                        "default_region_id",
                        "default_location_id",
                        "metadata",
                    ],
                )?;
                find(database, "store", "Store", id)?;
                for (field, value) in body.as_object().into_iter().flatten() {
                    database.change("store", id, field, value.clone());
                }
                database.change("store", id, "updated_at", json!(self.now));
                Ok(json!({"store": find(database, "store", "Store", id)?}))
            }
            (_, ["store", ..], _) => Self::storefront(ask, database),
            _ => Err(Refused::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("Cannot {method} /{}", path.join("/")),
            )),
        }
    }

    /// HS256 with the store's own secret: whoever holds that can say who they are.
    fn claims(&self, ask: &Ask<'_>) -> Result<Value, Refused> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        let key = DecodingKey::from_secret(self.secret.as_bytes());
        let token = ask.bearer().ok_or_else(Refused::unauthorized)?;
        let claims =
            jsonwebtoken::decode::<Value>(token, &key, &rules).map_err(|_| Refused::unauthorized())?.claims;
        if claims["exp"].as_i64().is_none_or(|exp| self.now.as_second() < exp) {
            Ok(claims)
        } else {
            Err(Refused::unauthorized())
        }
    }

    fn caller(&self, ask: &Ask<'_>, unregistered: bool) -> Result<Caller, Refused> {
        let claims = self.claims(ask)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        let caller = Caller { actor: text("actor_id"), identity: text("auth_identity_id") };
        let good = claims["actor_type"] == "user"
            && (!caller.actor.is_empty() || unregistered && !caller.identity.is_empty());
        if good { Ok(caller) } else { Err(Refused::unauthorized()) }
    }

    fn token(&self, actor: &str, identity: &str) -> Result<Value, Refused> {
        let claims = json!({
            "actor_id": actor, "actor_type": "user", "auth_identity_id": identity,
            "app_metadata": if actor.is_empty() { json!({}) } else { json!({"user_id": actor}) },
            "iat": self.now.as_second(), "exp": self.now.as_second() + DAY,
        });
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|error| {
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "unknown_error", error.to_string())
        })?;
        Ok(json!({"token": token}))
    }

    fn register(&self, body: &Value, database: &mut Database) -> Result<Value, Refused> {
        let (email, password) = credentials(body)?;
        if database.rows("auth_identity").iter().any(|row| row["email"] == email) {
            return Err(Refused::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Identity with email already exists",
            ));
        }
        let id = database.id("authid");
        let hash = digits(&["scrypt", &id, password], 64);
        database
            .insert("auth_identity", json!({"id": id, "email": email, "password": hash, "user_id": null}));
        self.token("", &id)
    }

    /// With the token of a reset, which names the identity: what the body says of that does not count.
    fn set_password(&self, ask: &Ask<'_>, body: &Value, database: &mut Database) -> Result<Value, Refused> {
        let claims = self.claims(ask)?;
        if claims["actor_type"] != "user" || claims["provider"] != "emailpass" {
            return Err(Refused::unauthorized());
        }
        let (_, password) = credentials(body)?;
        let mut rows = database.rows("auth_identity").iter();
        let found = rows.find(|row| row["email"] == claims["entity_id"]).cloned();
        let mut identity = found.ok_or_else(Refused::unauthorized)?;
        let id = identity["id"].as_str().unwrap_or_default().to_owned();
        identity["password"] = digits(&["scrypt", &id, password], 64).into();
        delete(database, "auth_identity", &id);
        database.insert("auth_identity", identity);
        Ok(json!({"success": true}))
    }

    fn sign_in(&self, body: &Value, database: &Database) -> Result<Value, Refused> {
        let (email, password) = credentials(body)?;
        let identity = database.rows("auth_identity").iter().find(|row| {
            let id = row["id"].as_str().unwrap_or_default();
            row["email"] == email && row["password"] == digits(&["scrypt", id, password], 64)
        });
        let wrong = || Refused::new(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid email or password");
        let identity = identity.ok_or_else(wrong)?;
        let text = |name: &str| identity[name].as_str().unwrap_or_default();
        self.token(text("user_id"), text("id"))
    }

    fn invite(&self, body: &Value, database: &mut Database) -> Result<Value, Refused> {
        only(body, &["email", "metadata", "roles"])?;
        let email = email(body)?;
        if database.rows("invite").iter().any(|invite| invite["email"] == email) {
            return Err(Refused::invalid(format!("Invite with email: {email}, already exists.")));
        }
        if database.rows("user").iter().any(|user| user["email"] == email) {
            return Err(Refused::invalid(format!(
                "User account for following email(s) already exist: {email}"
            )));
        }
        let id = database.id("invite");
        let expires_at = self.now.as_second() + DAY;
        let claims = json!({"id": id, "email": email, "iat": self.now.as_second(), "exp": expires_at});
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|error| Refused::invalid(error.to_string()))?;
        let invite = json!({
            "id": id, "email": email, "accepted": false, "token": token,
            "expires_at": Timestamp::from_second(expires_at).unwrap_or(self.now), "metadata": body.get("metadata"),
            "created_at": self.now, "updated_at": self.now, "deleted_at": null,
        });
        database.insert("invite", invite.clone());
        Ok(json!({"invite": invite}))
    }

    fn accept(
        &self,
        ask: &Ask<'_>,
        caller: &Caller,
        body: &Value,
        database: &mut Database,
    ) -> Result<Value, Refused> {
        only(body, &["email", "first_name", "last_name"])?;
        if !caller.actor.is_empty() {
            let message = "The user is already authenticated and cannot accept an invite.";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
        }
        let token = ask
            .query("token")
            .ok_or_else(|| Refused::invalid("Invalid request: Field 'token' is required"))?;
        let good = |invite: &&Value| {
            let until = invite["expires_at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
            invite["token"] == token
                && invite["accepted"] == false
                && until.is_some_and(|until| self.now < until)
        };
        let invite = database.rows("invite").iter().find(good).cloned();
        let invite = invite.ok_or_else(Refused::unauthorized)?;
        let identity = database.rows("auth_identity").iter().any(|row| row["id"] == caller.identity.as_str());
        if !identity {
            return Err(Refused::missing("AuthIdentity", &caller.identity));
        }
        let id = database.id("user");
        let user = json!({
            "id": id, "email": body.get("email").unwrap_or(&invite["email"]),
            "first_name": body.get("first_name"), "last_name": body.get("last_name"), "avatar_url": null,
            "metadata": null, "created_at": self.now, "updated_at": self.now, "deleted_at": null,
        });
        database.insert("user", user.clone());
        database.change("auth_identity", &caller.identity, "user_id", json!(id));
        // An invite that was accepted is deleted, so its address could be invited again were it not a user's.
        delete(database, "invite", invite["id"].as_str().unwrap_or_default());
        Ok(json!({"user": user}))
    }

    fn create_key(&self, caller: &Caller, body: &Value, database: &mut Database) -> Result<Value, Refused> {
        only(body, &["title", "type"])?;
        let title = body["title"]
            .as_str()
            .ok_or_else(|| Refused::invalid("Invalid request: Field 'title' is required"))?;
        let prefix = match body["type"].as_str() {
            Some("publishable") => "pk",
            Some("secret") => "sk",
            _ => {
                return Err(Refused::invalid(
                    "Invalid request: Expected: 'secret, publishable' for field 'type'",
                ));
            }
        };
        let id = database.id("apk");
        let token = format!("{prefix}_{}", digits(&["key", &id, self.secret], 64));
        let redacted = format!("{}***{}", &token[..6], &token[token.len() - 3..]);
        let key = json!({
            "id": id, "token": token, "redacted": redacted, "title": title, "type": body["type"],
            "last_used_at": null, "created_by": caller.actor, "created_at": self.now, "updated_at": self.now,
            "revoked_by": null, "revoked_at": null, "deleted_at": null,
        });
        database.insert("api_key", key.clone());
        Ok(json!({"api_key": key}))
    }

    /// The catalogue, which nothing has filled yet.
    fn storefront(ask: &Ask<'_>, database: &Database) -> Result<Value, Refused> {
        let not_allowed = |message: &str| Refused::new(StatusCode::BAD_REQUEST, "not_allowed", message);
        let key = ask.headers.get("x-publishable-api-key").and_then(|key| key.to_str().ok());
        let key = key.ok_or_else(|| {
            not_allowed("Publishable API key required in the request header: x-publishable-api-key. You can manage your \
                         keys in settings in the dashboard.")
        })?;
        if !database.rows("api_key").iter().any(|row| row["token"] == key && row["type"] == "publishable") {
            return Err(not_allowed("A valid publishable key is required to proceed with the request"));
        }
        match ask.route() {
            ("GET", path) if path == ["store", "products"] => {
                Ok(page(ask, "products", database.rows("product")))
            }
            ("GET", path) if path == ["store", "regions"] => {
                Ok(page(ask, "regions", database.rows("region")))
            }
            _ => Err(Refused::new(StatusCode::NOT_FOUND, "not_found", "Not found")),
        }
    }
}

impl Database {
    fn rows(&self, table: &str) -> &[Value] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    fn insert(&mut self, table: &str, row: Value) {
        self.tables.entry(table.to_owned()).or_default().push(row);
    }

    fn change(&mut self, table: &str, id: &str, column: &str, value: Value) {
        let rows = self.tables.get_mut(table).into_iter().flatten();
        if let Some(row) = rows.into_iter().find(|row| row["id"] == id) {
            row[column] = value;
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        self.written += 1;
        format!("{prefix}_{}", digits(&[prefix, &self.written.to_string()], 26).to_uppercase())
    }
}

fn find(database: &Database, table: &str, what: &str, id: &str) -> Result<Value, Refused> {
    database.rows(table).iter().find(|row| row["id"] == id).cloned().ok_or_else(|| Refused::missing(what, id))
}

fn delete(database: &mut Database, table: &str, id: &str) -> Value {
    if let Some(rows) = database.tables.get_mut(table) {
        rows.retain(|row| row["id"] != id);
    }
    json!({"id": id, "object": table, "deleted": true})
}

/// `limit`, `offset`, and the filters by column that the list routes take (`email`, `type`, `title`, `q`).
fn page(ask: &Ask<'_>, name: &str, rows: &[Value]) -> Value {
    let number =
        |name: &str, default: usize| ask.query(name).and_then(|value| value.parse().ok()).unwrap_or(default);
    let (limit, offset) = (number("limit", 20), number("offset", 0));
    let matches = |row: &&Value| {
        let columns = ["email", "type", "title", "token"].iter();
        columns
            .filter_map(|column| Some((column, ask.query(column)?)))
            .all(|(column, wanted)| row[*column] == wanted)
            && ask.query("q").is_none_or(|q| row.to_string().contains(q))
    };
    let found: Vec<&Value> = rows.iter().filter(matches).collect();
    let count = found.len();
    let page: Vec<&Value> = found.into_iter().skip(offset).take(limit).collect();
    let mut body = json!({"count": count, "offset": offset, "limit": limit});
    body[name] = json!(page);
    body
}

fn credentials(body: &Value) -> Result<(&str, &str), Refused> {
    let field = |name: &str, sentence: &'static str| {
        body[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refused::new(StatusCode::UNAUTHORIZED, "unauthorized", sentence))
    };
    Ok((field("email", "Email should be a string")?, field("password", "Password should be a string")?))
}

fn email(body: &Value) -> Result<&str, Refused> {
    let email = body["email"]
        .as_str()
        .ok_or_else(|| Refused::invalid("Invalid request: Field 'email' is required"))?;
    let whole = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if whole { Ok(email) } else { Err(Refused::invalid("Invalid request: Invalid email for field 'email'")) }
}

/// Unknown fields are refused.
fn only(body: &Value, allowed: &[&str]) -> Result<(), Refused> {
    let unknown: Vec<&str> = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, _)| field.as_str())
        .filter(|it| !allowed.contains(it))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let fields = unknown.join(", ");
    Err(Refused::invalid(format!("Invalid request: Unrecognized fields: '{fields}'")))
}
