//! Grafana: organisations, who is in them, and what is shown there.
//! <https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/>
//!
//! Users and organisations are a server admin's to make, and nobody is that by a token. Everybody else sees what is in the
//! organisation they are in; a new user is put into the first one unless `orgId` names another.
//! Nobody is throttled but by a fault.
//! Deliberately absent: tokens, teams, folder permissions, the queries of data sources, and the pages of people.

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{self, Ask, digits};
use super::{Account, Thing};

/// Where everybody is who is put nowhere else.
const MAIN: i64 = 1;
/// The server admin.
const ADMIN: i64 = 1;

#[derive(Debug, Clone)]
pub(crate) struct Grafana {
    users: BTreeMap<i64, User>,
    orgs: BTreeMap<i64, Org>,
    /// The last id of either.
    last: i64,
    known: bool,
}

#[derive(Debug, Clone)]
struct User {
    login: String,
    email: String,
    name: String,
    password: String,
    made_at: Timestamp,
}

#[derive(Debug, Clone, Default)]
struct Org {
    name: String,
    /// Roles by user.
    members: BTreeMap<i64, String>,
    data_sources: BTreeMap<String, Value>,
    /// Titles by uid.
    folders: BTreeMap<String, String>,
    dashboards: BTreeMap<String, Dashboard>,
}

#[derive(Debug, Clone)]
struct Dashboard {
    folder: String,
    content: Value,
}

#[derive(Debug)]
struct Refused(StatusCode, &'static str);

type Outcome = Result<Value, Refused>;

const fn bad(message: &'static str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, message)
}

const fn missing(message: &'static str) -> Refused {
    Refused(StatusCode::NOT_FOUND, message)
}

fn done(message: &str) -> Outcome {
    Ok(json!({ "message": message }))
}

impl Grafana {
    pub(crate) fn new(admin: &Account) -> Self {
        let user = User {
            login: admin.user.clone(),
            email: "admin@localhost".to_owned(),
            name: String::new(),
            password: admin.password.clone(),
            made_at: Timestamp::UNIX_EPOCH,
        };
        let members = BTreeMap::from([(ADMIN, "Admin".to_owned())]);
        let main = Org { name: "Main Org.".to_owned(), members, ..Org::default() };
        let (users, orgs) = (BTreeMap::from([(ADMIN, user)]), BTreeMap::from([(MAIN, main)]));
        Self { users, orgs, last: 1, known: !admin.user.is_empty() }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        match (method, path.get(1..).unwrap_or_default()) {
            ("GET", ["health"]) => "GetHealth",
            ("POST", ["admin", "users"]) => "CreateUser",
            ("DELETE", ["admin", "users", _]) => "DeleteUser",
            ("GET", ["users", "lookup"]) => "GetUser",
            ("GET", ["users"]) => "ListUsers",
            ("GET", ["users", _, "orgs"]) => "ListUserOrgs",
            ("POST", ["orgs"]) => "CreateOrg",
            ("GET", ["orgs"]) => "ListOrgs",
            ("GET", ["org"] | ["orgs", _] | ["orgs", "name", _]) => "GetOrg",
            ("DELETE", ["orgs", _]) => "DeleteOrg",
            ("POST", ["orgs", _, "users"]) => "AddOrgUser",
            ("GET", ["orgs", _, "users"]) => "ListOrgUsers",
            ("PATCH", ["orgs", _, "users", _]) => "UpdateOrgUser",
            ("DELETE", ["orgs", _, "users", _]) => "DeleteOrgUser",
            ("POST", ["datasources"]) => "CreateDataSource",
            ("GET", ["datasources", "uid", _]) => "GetDataSource",
            ("PUT", ["datasources", "uid", _]) => "UpdateDataSource",
            ("DELETE", ["datasources", "uid", _]) => "DeleteDataSource",
            ("POST", ["folders"]) => "CreateFolder",
            ("GET", ["folders", _]) => "GetFolder",
            ("DELETE", ["folders", _]) => "DeleteFolder",
            ("POST", ["dashboards", "db"]) => "SaveDashboard",
            ("GET", ["dashboards", "uid", _]) => "GetDashboard",
            ("DELETE", ["dashboards", "uid", _]) => "DeleteDashboard",
            ("GET", _) => "GetUnknown",
            ("DELETE", _) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(&mut self, now: Timestamp, ask: &Ask<'_>) -> Response<Bytes> {
        match self.route(now, ask) {
            Ok(body) => ask::json(StatusCode::OK, &body),
            Err(Refused(status, message)) => ask::json(status, &json!({ "message": message })),
        }
    }

    fn route(&mut self, now: Timestamp, ask: &Ask<'_>) -> Outcome {
        let (method, path) = ask.route();
        let rest = path.strip_prefix(&["api"][..]).ok_or(missing("Not found"))?;
        if (method, rest) == ("GET", &["health"]) {
            return Ok(json!({ "database": "ok", "version": "13.0.0", "commit": "sandbox" }));
        }
        let caller = self.caller(ask)?;
        let body = ask.json().map_err(|_| bad("bad request data"))?;
        match rest {
            ["admin" | "users" | "orgs", ..] if caller != ADMIN => Err(Refused(
                StatusCode::FORBIDDEN,
                "You'll need additional permissions to perform this action.",
            )),
            ["admin", "users", ..] | ["users", ..] => self.of_users(now, method, rest, ask, &body),
            ["orgs", rest @ ..] => self.of_orgs(method, rest, ask, &body),
            _ => self.within_org(now, method, rest, ask, caller, &body),
        }
    }

    /// Who signs in with a password. There are no tokens; where there are, they are refused for what an admin does.
    fn caller(&self, ask: &Ask<'_>) -> Result<i64, Refused> {
        const UNKNOWN: Refused = Refused(StatusCode::UNAUTHORIZED, "Invalid username or password");
        if ask.bearer().is_some() {
            return Err(Refused(StatusCode::UNAUTHORIZED, "Invalid API key"));
        }
        let (login, password) = ask.basic().ok_or(Refused(StatusCode::UNAUTHORIZED, "Unauthorized"))?;
        let found = self.users.iter().find(|(_, user)| user.is(&login) && user.password == password);
        found.map(|(id, _)| *id).filter(|_| self.known).ok_or(UNKNOWN)
    }

    fn of_users(
        &mut self,
        now: Timestamp,
        method: &str,
        path: &[&str],
        ask: &Ask<'_>,
        body: &Value,
    ) -> Outcome {
        const NONE: Refused = missing("user not found");
        match (method, path) {
            ("POST", ["admin", "users"]) => self.create_user(now, body),
            ("DELETE", ["admin", "users", id]) => {
                let id = id.parse().map_err(|_| bad("id is invalid"))?;
                self.users.remove(&id).ok_or(NONE)?;
                self.orgs.values_mut().for_each(|org| drop(org.members.remove(&id)));
                done("User deleted")
            }
            ("GET", ["users", "lookup"]) => {
                let wanted = ask.query("loginOrEmail").unwrap_or_default();
                let (id, user) = self.users.iter().find(|(_, user)| user.is(wanted)).ok_or(NONE)?;
                let org =
                    self.orgs.iter().find(|(_, org)| org.members.contains_key(id)).map_or(0, |(org, _)| *org);
                Ok(json!({
                    "id": id, "uid": uid("user", *id), "login": user.login, "email": user.email, "name": user.name,
                    "orgId": org, "isGrafanaAdmin": *id == ADMIN, "isDisabled": false, "isExternal": false, "theme": "",
                    "createdAt": user.made_at, "updatedAt": user.made_at, "authLabels": [],
                }))
            }
            ("GET", ["users"]) => {
                // Counted from 1.
                let (page, size) = page(ask, 1)?;
                let told = self.users.iter().skip((page.max(1) - 1) * size).take(size).map(|(id, user)| {
                    json!({
                        "id": id, "uid": uid("user", *id), "login": user.login, "email": user.email, "name": user.name,
                        "isAdmin": *id == ADMIN, "isDisabled": false, "lastSeenAt": user.made_at, "lastSeenAtAge": "10 years",
                        "authLabels": [],
                    })
                });
                Ok(told.collect())
            }
            ("GET", ["users", id, "orgs"]) => {
                let id: i64 = id.parse().map_err(|_| bad("id is invalid"))?;
                self.users.get(&id).ok_or(NONE)?;
                let of = self.orgs.iter().filter_map(|(org, it)| Some((org, &it.name, it.members.get(&id)?)));
                Ok(of.map(|(org, name, role)| json!({ "orgId": org, "name": name, "role": role })).collect())
            }
            _ => Err(missing("Not found")),
        }
    }

    fn create_user(&mut self, now: Timestamp, body: &Value) -> Outcome {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (login, email) = (text("login"), text("email"));
        let login = if login.is_empty() { email.clone() } else { login };
        if login.is_empty() {
            return Err(bad("Validation error, need specify either username or email"));
        }
        if text("password").len() < 4 {
            return Err(bad("Password is missing or too short"));
        }
        let org = body["orgId"].as_i64().filter(|org| *org != 0).unwrap_or(MAIN);
        if !self.orgs.contains_key(&org) {
            return Err(bad("organization not found"));
        }
        if self.users.values().any(|user| user.is(&login) || (!email.is_empty() && user.is(&email))) {
            let message = "user already exists";
            return Err(Refused(StatusCode::PRECONDITION_FAILED, message));
        }
        self.last += 1;
        let id = self.last;
        self.users
            .insert(id, User { login, email, name: text("name"), password: text("password"), made_at: now });
        if let Some(org) = self.orgs.get_mut(&org) {
            org.members.insert(id, "Viewer".to_owned());
        }
        Ok(json!({ "id": id, "uid": uid("user", id), "message": "User created" }))
    }

    fn of_orgs(&mut self, method: &str, path: &[&str], ask: &Ask<'_>, body: &Value) -> Outcome {
        const NONE: Refused = missing("Organization not found");
        let id = || path.first().and_then(|id| id.parse::<i64>().ok()).ok_or(bad("orgId is invalid"));
        match (method, path) {
            ("POST", []) => {
                let name =
                    body["name"].as_str().filter(|name| !name.is_empty()).ok_or(bad("bad request data"))?;
                if self.orgs.values().any(|org| org.name == name) {
                    return Err(Refused(StatusCode::CONFLICT, "Organization name taken"));
                }
                self.last += 1;
                // Whoever makes one is its admin.
                let members = BTreeMap::from([(ADMIN, "Admin".to_owned())]);
                self.orgs.insert(self.last, Org { name: name.to_owned(), members, ..Org::default() });
                Ok(json!({ "orgId": self.last, "message": "Organization created" }))
            }
            ("GET", []) => {
                // Counted from 0.
                let (page, size) = page(ask, 0)?;
                let wanted = |org: &Org| {
                    ask.query("name").is_none_or(|name| org.name == name)
                        && ask.query("query").is_none_or(|part| org.name.contains(part))
                };
                let found = self.orgs.iter().filter(|(_, org)| wanted(org)).skip(page * size).take(size);
                Ok(found.map(|(id, org)| json!({ "id": id, "name": org.name })).collect())
            }
            ("GET", ["name", name]) => {
                let found = self.orgs.iter().find(|(_, org)| org.name == *name).ok_or(NONE)?;
                Ok(told_org(found))
            }
            ("GET", [_]) => {
                let id = id()?;
                Ok(told_org((&id, self.orgs.get(&id).ok_or(NONE)?)))
            }
            ("DELETE", [_]) => {
                let id = id()?;
                if id == MAIN {
                    return Err(bad("Can not delete org for current user"));
                }
                self.orgs.remove(&id).ok_or(NONE)?;
                done("Organization deleted")
            }
            (_, [_, "users", rest @ ..]) => {
                let id = id()?;
                self.of_members(method, id, rest, body)
            }
            _ => Err(missing("Not found")),
        }
    }

    fn of_members(&mut self, method: &str, org: i64, path: &[&str], body: &Value) -> Outcome {
        let users = &self.users;
        let org = self.orgs.get_mut(&org).ok_or(missing("Organization not found"))?;
        let role = || {
            let role = body["role"].as_str().unwrap_or_default();
            let known = ["None", "Viewer", "Editor", "Admin"].contains(&role);
            if known { Ok(role.to_owned()) } else { Err(bad("Invalid role specified")) }
        };
        let last_admin = |org: &Org, user: i64| {
            let others =
                org.members.iter().filter(|(other, role)| **other != user && *role == "Admin").count();
            org.members.get(&user).is_some_and(|role| role == "Admin") && others == 0
        };
        let user = || path.first().and_then(|id| id.parse::<i64>().ok()).ok_or(bad("userId is invalid"));
        match (method, path) {
            ("GET", []) => {
                let told = org.members.iter().filter_map(|(id, role)| Some((id, role, users.get(id)?)));
                let told = told.map(|(id, role, user)| {
                    json!({ "userId": id, "login": user.login, "email": user.email, "name": user.name, "role": role })
                });
                Ok(told.collect())
            }
            ("POST", []) => {
                let role = role()?;
                let wanted = body["loginOrEmail"].as_str().unwrap_or_default();
                let (id, _) =
                    users.iter().find(|(_, user)| user.is(wanted)).ok_or(missing("User not found"))?;
                if org.members.contains_key(id) {
                    return Err(Refused(StatusCode::CONFLICT, "User is already member of this organization"));
                }
                org.members.insert(*id, role);
                done("User added to organization")
            }
            ("PATCH", [_]) => {
                let (user, role) = (user()?, role()?);
                if role != "Admin" && last_admin(org, user) {
                    return Err(bad("Cannot change role so that there is no organization admin left"));
                }
                *org.members.get_mut(&user).ok_or(missing("user not found"))? = role;
                done("Organization user updated")
            }
            ("DELETE", [_]) => {
                let user = user()?;
                if last_admin(org, user) {
                    return Err(bad("Cannot remove last organization admin"));
                }
                if !users.contains_key(&user) {
                    return Err(missing("user not found"));
                }
                org.members.remove(&user);
                done("User removed from organization")
            }
            _ => Err(missing("Not found")),
        }
    }

    /// What is done in the organisation that the header names, or else the caller's first.
    fn within_org(
        &mut self,
        now: Timestamp,
        method: &str,
        path: &[&str],
        ask: &Ask<'_>,
        caller: i64,
        body: &Value,
    ) -> Outcome {
        const FORBIDDEN: Refused =
            Refused(StatusCode::FORBIDDEN, "You'll need additional permissions to perform this action.");
        let id = match ask.header("x-grafana-org-id") {
            Some(id) => id.parse::<i64>().map_err(|_| FORBIDDEN)?,
            None => *self.orgs.iter().find(|(_, org)| org.members.contains_key(&caller)).ok_or(FORBIDDEN)?.0,
        };
        let org = self.orgs.get_mut(&id).ok_or(FORBIDDEN)?;
        let role = org.members.get(&caller).ok_or(FORBIDDEN)?;
        // Viewers look at what is shown, and not at how it is fetched.
        let may = match (method, path) {
            ("GET", ["datasources", ..]) => role == "Admin",
            ("GET", _) => role != "None",
            (_, ["datasources", ..]) => role == "Admin",
            _ => role == "Admin" || role == "Editor",
        };
        if !may {
            return Err(FORBIDDEN);
        }
        match path {
            ["org"] if method == "GET" => Ok(told_org((&id, org))),
            ["datasources", rest @ ..] => org.of_data_sources(id, method, rest, body),
            ["folders", rest @ ..] => org.of_folders(now, method, rest, body),
            ["dashboards", rest @ ..] => org.of_dashboards(now, method, rest, body),
            _ => Err(missing("Not found")),
        }
    }

    /// Organisations and users that somebody added. Neither has a place for a mark but its name.
    pub(crate) fn things(&self) -> Vec<Thing> {
        let orgs = self.orgs.iter().filter(|(id, _)| **id != MAIN);
        let orgs = orgs.map(|(_, org)| Thing::new("grafana", "org", &org.name, Some(org.name.clone())));
        let users = self.users.iter().filter(|(id, _)| **id != ADMIN);
        orgs.chain(users.map(|(_, user)| Thing::new("grafana", "user", &user.login, Some(user.name.clone()))))
            .collect()
    }

    pub(crate) fn plant(&mut self, now: Timestamp, thing: &Thing) -> bool {
        let (name, owner) = (&thing.name, thing.owner.as_deref().unwrap_or_default());
        match thing.kind {
            "user" => {
                let email = format!("{name}@elsewhere.example");
                let body = json!({ "login": name, "email": email, "name": owner, "password": "planted" });
                self.create_user(now, &body).is_ok()
            }
            "org" if !self.orgs.values().any(|org| org.name == *name) => {
                self.last += 1;
                self.orgs.insert(self.last, Org { name: name.clone(), ..Org::default() });
                true
            }
            _ => false,
        }
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        let before = self.orgs.len() + self.users.len();
        match kind {
            "org" => self.orgs.retain(|id, org| *id == MAIN || org.name != name),
            _ => self.users.retain(|id, user| *id == ADMIN || user.login != name),
        }
        self.orgs.len() + self.users.len() < before
    }
}

impl User {
    fn is(&self, login_or_email: &str) -> bool {
        self.login.eq_ignore_ascii_case(login_or_email) || self.email.eq_ignore_ascii_case(login_or_email)
    }
}

impl Org {
    fn of_data_sources(&mut self, id: i64, method: &str, path: &[&str], body: &Value) -> Outcome {
        const NONE: Refused = missing("Data source not found");
        let saved = |message: &str, source: &Value| {
            Ok(
                json!({ "id": source["id"], "name": source["name"], "message": message, "datasource": source }),
            )
        };
        match (method, path) {
            ("POST", []) => {
                let name =
                    body["name"].as_str().filter(|name| !name.is_empty()).ok_or(bad("bad request data"))?;
                let given = body["uid"].as_str().filter(|uid| !uid.is_empty());
                let uid = given.map_or_else(|| digits(&["data-source", name], 14), str::to_owned);
                let taken = self.data_sources.iter().any(|(other, it)| *other == uid || it["name"] == name);
                if taken {
                    return Err(Refused(
                        StatusCode::CONFLICT,
                        "data source with the same name already exists",
                    ));
                }
                let number = self.data_sources.len() + 1;
                let mut source = json!({ "id": number, "orgId": id, "version": 1, "readOnly": false });
                merge(&mut source, body);
                source["uid"] = json!(uid);
                self.data_sources.insert(uid, source.clone());
                saved("Datasource added", &source)
            }
            ("GET", ["uid", uid]) => self.data_sources.get(*uid).cloned().ok_or(NONE),
            ("PUT", ["uid", uid]) => {
                let source = self.data_sources.get_mut(*uid).ok_or(NONE)?;
                let version = source["version"].as_i64().unwrap_or_default() + 1;
                merge(source, body);
                source["version"] = json!(version);
                saved("Datasource updated", source)
            }
            ("DELETE", ["uid", uid]) => {
                self.data_sources.remove(*uid).ok_or(NONE)?;
                done("Data source deleted")
            }
            _ => Err(missing("Not found")),
        }
    }

    fn of_folders(&mut self, now: Timestamp, method: &str, path: &[&str], body: &Value) -> Outcome {
        const NONE: Refused = missing("folder not found");
        let told = |uid: &str, title: &str| {
            let url = format!("/dashboards/f/{uid}");
            json!({ "uid": uid, "title": title, "url": url, "created": now, "updated": now, "version": 1 })
        };
        match (method, path) {
            ("POST", []) => {
                let title = body["title"].as_str().filter(|title| !title.is_empty());
                let title = title.ok_or(bad("folder title cannot be empty"))?;
                let given = body["uid"].as_str().filter(|uid| !uid.is_empty());
                let uid = given.map_or_else(|| digits(&["folder", title], 14), str::to_owned);
                check_uid(&uid)?;
                if self.folders.contains_key(&uid) {
                    return Err(Refused(StatusCode::CONFLICT, "a folder with the same uid already exists"));
                }
                self.folders.insert(uid.clone(), title.to_owned());
                Ok(told(&uid, title))
            }
            ("GET", [uid]) => self.folders.get(*uid).map(|title| told(uid, title)).ok_or(NONE),
            ("DELETE", [uid]) => {
                let title = self.folders.remove(*uid).ok_or(NONE)?;
                self.dashboards.retain(|_, dashboard| dashboard.folder != *uid);
                Ok(json!({ "id": 0, "title": title, "message": "Folder deleted" }))
            }
            _ => Err(missing("Not found")),
        }
    }

    fn of_dashboards(&mut self, now: Timestamp, method: &str, path: &[&str], body: &Value) -> Outcome {
        const NONE: Refused = missing("Dashboard not found");
        match (method, path) {
            ("POST", ["db"]) => {
                let content = &body["dashboard"];
                let title = content["title"].as_str().filter(|title| !title.trim().is_empty());
                let title = title.ok_or(bad("Dashboard title cannot be empty"))?.to_owned();
                let folder = body["folderUid"].as_str().unwrap_or_default();
                if !folder.is_empty() && !self.folders.contains_key(folder) {
                    return Err(missing("folder not found"));
                }
                let given = content["uid"].as_str().filter(|uid| !uid.is_empty());
                let uid = given.map_or_else(|| digits(&["dashboard", &title], 14), str::to_owned);
                check_uid(&uid)?;
                let old = self.dashboards.get(&uid);
                if old.is_some_and(|old| {
                    body["overwrite"] != true && old.content["version"] != content["version"]
                }) {
                    let message = "The dashboard has been changed by someone else";
                    return Err(Refused(StatusCode::PRECONDITION_FAILED, message));
                }
                let version = old.and_then(|old| old.content["version"].as_i64()).unwrap_or_default() + 1;
                let id =
                    old.map_or_else(|| json!(self.dashboards.len() + 1), |old| old.content["id"].clone());
                let mut content = content.clone();
                merge(&mut content, &json!({ "id": id, "uid": uid, "version": version }));
                self.dashboards.insert(uid.clone(), Dashboard { folder: folder.to_owned(), content });
                let url = format!("/d/{uid}");
                Ok(json!({
                    "id": id, "uid": uid, "status": "success", "title": title, "url": url, "version": version, "folderUid": folder,
                }))
            }
            ("GET", ["uid", uid]) => {
                let Dashboard { folder, content } = self.dashboards.get(*uid).ok_or(NONE)?;
                Ok(
                    json!({ "dashboard": content, "meta": { "folderUid": folder, "updated": now, "version": content["version"] } }),
                )
            }
            ("DELETE", ["uid", uid]) => {
                let Dashboard { content, .. } = self.dashboards.remove(*uid).ok_or(NONE)?;
                Ok(json!({ "title": content["title"], "uid": uid, "message": "Dashboard deleted" }))
            }
            _ => Err(missing("Not found")),
        }
    }
}

fn told_org((id, org): (&i64, &Org)) -> Value {
    json!({ "id": id, "name": org.name, "address": {} })
}

fn merge(into: &mut Value, with: &Value) {
    for (name, value) in with.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

fn uid(of: &str, id: i64) -> String {
    digits(&["grafana", of, &id.to_string()], 14)
}

fn check_uid(uid: &str) -> Result<(), Refused> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if uid.len() > 40 {
        return Err(bad("uid too long, max 40 characters"));
    }
    if uid.chars().all(good) { Ok(()) } else { Err(bad("uid contains illegal characters")) }
}

fn page(ask: &Ask<'_>, first: usize) -> Result<(usize, usize), Refused> {
    let number = |name: &str, default: usize| ask.query(name).map_or(Ok(default), str::parse::<usize>);
    let page = number("page", first).map_err(|_| bad("bad request data"))?;
    let size = number("perpage", 1000).map_err(|_| bad("bad request data"))?;
    Ok((page, size))
}
