//! Neon's API, and the PostgreSQL behind it as far as an application of a tenant can tell.
//! <https://api-docs.neon.tech/reference/getting-started-with-neon-api>
//!
//! What catches the unwary is here on purpose: a branch without `endpoints` has no compute, a child copies its
//! parent's data, roles and passwords, a connection URI without `branch_id` is that of the default branch, and
//! while an operation of a branch runs, everything that would start another one is 423.
//! Deliberately absent: sharing, archiving, restore, read replicas, and everything about billing.

use std::collections::BTreeMap;

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ask::{self, Ask, digits, nothing, uuid};
use super::pace::{Moment, NEON_APPLY_CONFIG, NEON_CREATE_BRANCH, NEON_DELETE_BRANCH, NEON_START_COMPUTE};
use super::quota::Quota;
use super::{Limits, Thing};

const REGION: &str = "aws-us-east-1";
const REGION_HOST: &str = "us-east-1.aws.neon.tech";

/// Of a project, what only it alone is asked for.
const ONLY_ALONE: [&str; 7] = [
    "active_time_seconds",
    "compute_time_seconds",
    "consumption_period_end",
    "consumption_period_start",
    "data_storage_bytes_hour",
    "data_transfer_bytes",
    "written_data_bytes",
];

#[derive(Debug, Clone)]
pub(crate) struct Neon {
    key: String,
    projects: BTreeMap<String, Project>,
    quota: Quota,
    most_branches: usize,
    /// Counts what is made, so that names can be used again and ids cannot.
    made: u64,
}

#[derive(Debug, Clone)]
struct Project {
    id: String,
    /// It was there from the start, and is the platform's.
    given: bool,
    name: String,
    created_at: Timestamp,
    branches: BTreeMap<String, Branch>,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Branch {
    id: String,
    name: String,
    parent: Option<String>,
    default: bool,
    protected: bool,
    init_source: String,
    annotation: Option<Value>,
    created_at: Timestamp,
    updated_at: Timestamp,
    ready_at: Timestamp,
    endpoints: Vec<Endpoint>,
    roles: BTreeMap<String, Role>,
    databases: BTreeMap<String, Database>,
}

#[derive(Debug, Clone)]
struct Endpoint {
    id: String,
    kind: String,
    min_cu: f64,
    max_cu: f64,
    suspend_timeout: i64,
    disabled: bool,
    suspended_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    ready_at: Timestamp,
}

#[derive(Debug, Clone)]
struct Role {
    password: String,
    created_at: Timestamp,
}

/// A database: what its owner's application keeps in it, as tables of rows.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    id: u64,
    owner: String,
    created_at: Timestamp,
    pub(crate) tables: BTreeMap<String, Vec<Value>>,
    /// Rows ever written: a sequence for ids.
    pub(crate) written: u64,
}

#[derive(Debug, Clone)]
struct Operation {
    id: String,
    branch: String,
    endpoint: Option<String>,
    action: &'static str,
    created_at: Timestamp,
    begins_at: Timestamp,
    done_at: Timestamp,
}

/// An error of the API: a status and a sentence. Neon leaves `code` empty for most of them.
#[derive(Debug)]
struct Refused(StatusCode, String);

type Outcome = Result<(StatusCode, Value), Refused>;

fn missing(what: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, format!("{what} not found"))
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, message.into())
}

impl Neon {
    pub(crate) fn new(key: &str, projects: &[String], limits: &Limits) -> Self {
        let mut neon = Self {
            key: key.to_owned(),
            projects: BTreeMap::new(),
            quota: Quota::new(
                limits.neon_per_minute,
                std::time::Duration::from_secs(60),
                std::time::Duration::ZERO,
            ),
            most_branches: limits.neon_branches,
            made: 0,
        };
        for id in projects {
            let moment = Moment { now: Timestamp::UNIX_EPOCH, pace: super::Pace(0.0) };
            let project = neon.project(moment, id.clone(), id.clone(), "main", "neondb", "neondb_owner");
            neon.projects.insert(id.clone(), Project { given: true, ..project });
        }
        neon
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        match (method, path.get(2..).unwrap_or_default()) {
            ("POST", ["projects"]) => "CreateProject",
            ("GET", ["projects"]) => "ListProjects",
            ("GET", ["projects", _]) => "GetProject",
            ("DELETE", ["projects", _]) => "DeleteProject",
            ("POST", ["projects", _, "branches"]) => "CreateBranch",
            ("GET", ["projects", _, "branches"]) => "ListBranches",
            ("GET", ["projects", _, "branches", "count"]) => "GetBranchCount",
            ("GET", ["projects", _, "branches", _]) => "GetBranch",
            ("PATCH", ["projects", _, "branches", _]) => "UpdateBranch",
            ("DELETE", ["projects", _, "branches", _]) => "DeleteBranch",
            ("GET", ["projects", _, "branches", _, "endpoints"]) => "ListBranchEndpoints",
            ("POST", ["projects", _, "branches", _, "roles"]) => "CreateRole",
            ("GET", ["projects", _, "branches", _, "roles"]) => "ListRoles",
            ("GET", ["projects", _, "branches", _, "roles", _]) => "GetRole",
            ("DELETE", ["projects", _, "branches", _, "roles", _]) => "DeleteRole",
            ("GET", ["projects", _, "branches", _, "roles", _, "reveal_password"]) => "GetRolePassword",
            ("POST", ["projects", _, "branches", _, "roles", _, "reset_password"]) => "ResetRolePassword",
            ("POST", ["projects", _, "branches", _, "databases"]) => "CreateDatabase",
            ("GET", ["projects", _, "branches", _, "databases"]) => "ListDatabases",
            ("GET", ["projects", _, "branches", _, "databases", _]) => "GetDatabase",
            ("DELETE", ["projects", _, "branches", _, "databases", _]) => "DeleteDatabase",
            ("GET", ["projects", _, "operations"]) => "ListOperations",
            ("GET", ["projects", _, "operations", _]) => "GetOperation",
            ("GET", ["projects", _, "connection_uri"]) => "GetConnectionUri",
            ("GET", ["projects", _, "endpoints"]) => "ListEndpoints",
            ("GET", ["projects", _, "endpoints", _]) => "GetEndpoint",
            ("PATCH", ["projects", _, "endpoints", _]) => "UpdateEndpoint",
            ("POST", ["projects", _, "endpoints", _, "suspend"]) => "SuspendEndpoint",
            ("POST", ["projects", _, "endpoints", _, "start"]) => "StartEndpoint",
            ("GET", _) => "GetUnknown",
            ("DELETE", _) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(&mut self, moment: Moment, ask: &Ask<'_>) -> Response<Bytes> {
        let outcome = match self.admit(moment.now, ask) {
            Ok(()) => self.route(moment, ask),
            Err((refused, wait)) => {
                let mut response = refuse(&refused);
                if let Some(wait) = wait {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
                }
                return response;
            }
        };
        match outcome {
            Ok((StatusCode::NO_CONTENT, _)) => nothing(),
            Ok((status, body)) => ask::json(status, &body),
            Err(refused) => refuse(&refused),
        }
    }

    fn admit(&mut self, now: Timestamp, ask: &Ask<'_>) -> Result<(), (Refused, Option<i64>)> {
        if ask.bearer() != Some(self.key.as_str()) {
            let message = "This request requires authentication. Please provide a valid API key.";
            return Err((Refused(StatusCode::UNAUTHORIZED, message.to_owned()), None));
        }
        self.quota.take(now).map_err(|wait| {
            (Refused(StatusCode::TOO_MANY_REQUESTS, "You've exceeded the rate limit.".to_owned()), Some(wait))
        })
    }

    fn route(&mut self, moment: Moment, ask: &Ask<'_>) -> Outcome {
        let (method, path) = ask.route();
        let Some(["projects", rest @ ..]) = path.strip_prefix(&["api", "v2"][..]) else {
            return Err(missing("route"));
        };
        let body = ask.json().map_err(|error| invalid(format!("request body has an error: {error}")))?;
        let [project, rest @ ..] = rest else {
            return match method {
                "POST" => self.create_project(moment, &body),
                "GET" => self.list_projects(ask),
                _ => Err(missing("route")),
            };
        };
        self.made += 1;
        let seed = self.made.to_string();
        let most_branches = self.most_branches;
        if method == "DELETE" && rest.is_empty() {
            let gone = self.projects.remove(*project).ok_or_else(|| missing("project"))?;
            return Ok((StatusCode::OK, json!({"project": gone.show()})));
        }
        let project = self.projects.get_mut(*project).ok_or_else(|| missing("project"))?;
        let making = Making { moment, seed: &seed };
        match (method, rest) {
            ("GET", []) => ok(json!({"project": project.show()})),
            ("GET", ["operations"]) => project.list_operations(moment.now, ask),
            ("GET", ["operations", id]) => {
                let operation = project.operations.iter().find(|operation| operation.id == *id);
                let operation = operation.ok_or_else(|| missing("operation"))?;
                ok(json!({"operation": operation.show(&project.id, moment.now)}))
            }
            ("GET", ["connection_uri"]) => project.connection_uri(ask),
            ("POST", ["branches"]) => project.create_branch(&making, &body, most_branches),
            ("GET", ["branches"]) => project.list_branches(moment.now, ask),
            ("GET", ["branches", "count"]) => ok(json!({"count": project.branches.len()})),
            ("GET", ["endpoints"]) => {
                let branches = project.branches.values();
                let all = branches.flat_map(|branch| branch.show_endpoints(&project.id, moment.now));
                ok(json!({"endpoints": all.collect::<Vec<_>>()}))
            }
            (_, ["endpoints", id, rest @ ..]) => project.endpoint(&making, method, id, rest, &body),
            ("DELETE", ["branches", id]) => project.delete_branch(&making, id),
            ("DELETE", ["branches", id, "roles", name]) => project.delete_role(&making, id, name),
            ("DELETE", ["branches", id, "databases", name]) => project.delete_database(&making, id, name),
            (_, ["branches", id, rest @ ..]) => project.branch(&making, method, id, rest, &body),
            _ => Err(missing("route")),
        }
    }

    fn create_project(&mut self, moment: Moment, body: &Value) -> Outcome {
        let order = body.get("project").ok_or_else(|| invalid("project is required"))?;
        self.made += 1;
        let id = format!("tenant-{}", digits(&["project", &self.made.to_string()], 12));
        let name = text(order, "name").unwrap_or(&id).to_owned();
        let branch = &order["branch"];
        let role = text(branch, "role_name").unwrap_or("neondb_owner");
        let database = text(branch, "database_name").unwrap_or("neondb");
        let project =
            self.project(moment, id.clone(), name, text(branch, "name").unwrap_or("main"), database, role);
        let Some(main) = project.branches.values().next() else { return Err(missing("branch")) };
        let answer = json!({
            "project": project.show(),
            "branch": main.show(&project.id, moment.now),
            "endpoints": main.show_endpoints(&project.id, moment.now),
            "roles": [main.show_role(role, true)],
            "databases": [main.show_database(database)],
            "operations": project.show_operations(0, moment.now),
            "connection_uris": main.connection_uris(),
        });
        self.projects.insert(id, project);
        Ok((StatusCode::CREATED, answer))
    }

    /// A project as it begins: one branch with a compute, a role and a database of the role's.
    fn project(
        &mut self,
        moment: Moment,
        id: String,
        name: String,
        branch: &str,
        database: &str,
        role: &str,
    ) -> Project {
        self.made += 1;
        let seed = self.made.to_string();
        let making = Making { moment, seed: &seed };
        let mut project = Project {
            id,
            given: false,
            name,
            created_at: moment.now,
            branches: BTreeMap::new(),
            operations: Vec::new(),
        };
        let mut main = Branch::new(&making, branch.to_owned());
        main.id = format!("br-{}", digits(&["root", &project.id, &seed], 12));
        main.default = true;
        let created = project.schedule(&making, &main.id, None, "create_timeline", NEON_CREATE_BRANCH);
        main.ready_at = created;
        main.roles.insert(role.to_owned(), Role::new(&making, &main.id, role));
        main.databases.insert(database.to_owned(), Database::new(&making, role));
        let endpoint = Endpoint::new(&making, &main.id, &json!({"type": "read_write"}));
        main.endpoints.push(endpoint);
        project.start_compute(&making, &mut main);
        project.branches.insert(main.id.clone(), main);
        project
    }

    fn list_projects(&self, ask: &Ask<'_>) -> Outcome {
        let search = ask.query("search").unwrap_or_default();
        let found = self.projects.values().filter(|it| it.name.contains(search) || it.id.contains(search));
        let limit = ask.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_usize);
        let after = ask.query("cursor").unwrap_or_default();
        let page: Vec<&Project> = found.filter(|project| project.id.as_str() > after).take(limit).collect();
        let projects: Vec<Value> = page.iter().map(|project| project.show_listed()).collect();
        let mut body = json!({"projects": projects});
        if let Some(last) = page.last() {
            body["pagination"] = json!({"cursor": last.id});
        }
        ok(body)
    }

    pub(crate) fn things(&self) -> Vec<Thing> {
        let mut things = Vec::new();
        for project in self.projects.values() {
            // A project has no other place for a mark than its name.
            if !project.given {
                things.push(Thing::new("neon", "project", &project.name, Some(project.name.clone())));
            }
            for branch in project.branches.values().filter(|branch| !branch.default) {
                let owner = branch.annotation.as_ref().map(super::labels);
                let awake = branch.endpoints.iter().any(|endpoint| endpoint.suspended_at.is_none());
                things.push(Thing::new("neon", "branch", &branch.name, owner).awake(awake));
            }
        }
        things
    }

    /// Whether a database says so where its store keeps its owner and itself.
    pub(crate) fn says(&self, text: &str) -> bool {
        let branches = self.projects.values().flat_map(|project| project.branches.values());
        let databases = branches.flat_map(|branch| branch.databases.values());
        let tables = databases.flat_map(|database| ["user", "store"].map(|table| database.tables.get(table)));
        tables.flatten().flatten().any(|row| row.to_string().contains(text))
    }

    /// Puts a branch into a project (`projects/<id>`), or a project there, that nobody of ours asked for.
    pub(crate) fn plant(
        &mut self,
        moment: Moment,
        place: &str,
        kind: &str,
        name: &str,
        annotation: &Value,
    ) -> bool {
        if kind == "project" {
            return self.create_project(moment, &json!({"project": {"name": name}})).is_ok();
        }
        self.made += 1;
        let seed = self.made.to_string();
        let making = Making { moment, seed: &seed };
        let body = json!({"branch": {"name": name}, "annotation_value": annotation});
        let project = place.strip_prefix("projects/").and_then(|id| self.projects.get_mut(id));
        project.is_some_and(|project| project.create_branch(&making, &body, usize::MAX).is_ok())
    }

    /// Takes away by hand what `things` names so; whether there was one.
    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        if kind == "project" {
            let before = self.projects.len();
            self.projects.retain(|_, project| project.name != name);
            return self.projects.len() < before;
        }
        self.projects.values_mut().any(|project| {
            let before = project.branches.len();
            project.branches.retain(|_, branch| branch.name != name || branch.default);
            project.branches.len() < before
        })
    }

    /// The database a connection string leads to, if host, role, password and name are right. A compute that waits for a
    /// connection starts with it.
    pub(crate) fn connect(&mut self, uri: &str) -> Option<&mut Database> {
        let rest = uri.strip_prefix("postgresql://").or_else(|| uri.strip_prefix("postgres://"))?;
        let (user, rest) = rest.split_once('@')?;
        let (role, password) = user.split_once(':')?;
        let (host, rest) = rest.split_once('/')?;
        let name = rest.split('?').next()?;
        let id = host.split('.').next()?.trim_end_matches("-pooler");
        let branch =
            self.projects.values_mut().flat_map(|project| project.branches.values_mut()).find(|branch| {
                branch.endpoints.iter().any(|endpoint| endpoint.id == id && !endpoint.disabled)
            })?;
        if branch.roles.get(role)?.password != password {
            return None;
        }
        branch
            .endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.id == id)
            .for_each(|it| it.suspended_at = None);
        branch.databases.get_mut(name)
    }
}

fn ok(body: Value) -> Outcome {
    Ok((StatusCode::OK, body))
}

fn refuse(Refused(status, message): &Refused) -> Response<Bytes> {
    let body = json!({"request_id": uuid(&[message]), "code": "", "message": message});
    ask::json(*status, &body)
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name).and_then(Value::as_str)
}

/// What is made carries a moment, and ids that follow from a count.
struct Making<'a> {
    moment: Moment,
    seed: &'a str,
}

impl Project {
    fn show(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "platform_id": "aws", "region_id": REGION, "pg_version": 17,
            "proxy_host": REGION_HOST, "provisioner": "k8s-neonvm", "store_passwords": true, "owner_id": "org-tenantry",
            "branch_logical_size_limit": 0, "branch_logical_size_limit_bytes": 0, "cpu_used_sec": 0,
            "active_time_seconds": 0, "compute_time_seconds": 0, "written_data_bytes": 0, "data_transfer_bytes": 0,
            "data_storage_bytes_hour": 0, "creation_source": "console", "history_retention_seconds": 86400,
            "created_at": self.created_at, "updated_at": self.created_at,
            "consumption_period_start": self.created_at, "consumption_period_end": self.created_at,
        })
    }

    /// A listing tells the essential.
    fn show_listed(&self) -> Value {
        let mut project = self.show();
        if let Some(fields) = project.as_object_mut() {
            fields.retain(|field, _| !ONLY_ALONE.contains(&field.as_str()));
            fields.insert("active_time".to_owned(), json!(0));
        }
        project
    }

    /// Newest first; a page goes on after the operation that the cursor names.
    fn list_operations(&self, now: Timestamp, ask: &Ask<'_>) -> Outcome {
        let limit = ask.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
        let newest = self.operations.iter().rev();
        let page: Vec<&Operation> = match ask.query("cursor") {
            None => newest.take(limit).collect(),
            Some(cursor) => newest.skip_while(|it| it.id != cursor).skip(1).take(limit).collect(),
        };
        let operations: Vec<Value> = page.iter().map(|operation| operation.show(&self.id, now)).collect();
        let mut body = json!({"operations": operations});
        if let Some(last) = page.last() {
            body["pagination"] = json!({"cursor": last.id});
        }
        ok(body)
    }

    fn show_operations(&self, from: usize, now: Timestamp) -> Vec<Value> {
        self.operations[from..].iter().map(|operation| operation.show(&self.id, now)).collect()
    }

    /// Begins an operation after those of its branch that are under way; when it will be done.
    fn schedule(
        &mut self,
        making: &Making<'_>,
        branch: &str,
        endpoint: Option<&str>,
        action: &'static str,
        takes: std::time::Duration,
    ) -> Timestamp {
        let earlier = self.operations.iter().filter(|it| it.branch == branch).map(|it| it.done_at).max();
        let now = making.moment.now;
        let begins_at = earlier.map_or(now, |earlier| earlier.max(now));
        let done_at = making.moment.of(begins_at, takes);
        let id = uuid(&["operation", &self.id, making.seed, &self.operations.len().to_string()]);
        let (branch, endpoint) = (branch.to_owned(), endpoint.map(str::to_owned));
        self.operations.push(Operation { id, branch, endpoint, action, created_at: now, begins_at, done_at });
        done_at
    }

    fn start_compute(&mut self, making: &Making<'_>, branch: &mut Branch) {
        for endpoint in &mut branch.endpoints {
            endpoint.ready_at =
                self.schedule(making, &branch.id, Some(&endpoint.id), "start_compute", NEON_START_COMPUTE);
        }
    }

    /// Neon runs one thing at a time on a branch, and says so to whoever asks for a second.
    fn unlocked(&self, branch: &str, now: Timestamp) -> Result<(), Refused> {
        if self.operations.iter().any(|operation| operation.branch == branch && now < operation.done_at) {
            let message =
                "project already has running conflicting operations, scheduling of new ones is prohibited";
            return Err(Refused(StatusCode::LOCKED, message.to_owned()));
        }
        Ok(())
    }

    fn create_branch(&mut self, making: &Making<'_>, body: &Value, most: usize) -> Outcome {
        let now = making.moment.now;
        let order = body.get("branch").cloned().unwrap_or_else(|| json!({}));
        let parent = match text(&order, "parent_id") {
            Some(id) => self.branches.get(id),
            None => self.branches.values().find(|branch| branch.default),
        };
        let parent = parent.ok_or_else(|| missing("parent branch"))?.clone();
        let id = format!("br-{}", digits(&["branch", &self.id, making.seed], 12));
        let name = text(&order, "name").unwrap_or(&id).to_owned();
        if self.branches.values().any(|branch| branch.name == name) {
            return Err(Refused(
                StatusCode::CONFLICT,
                format!("branch already exists; branch_name:\"{name}\""),
            ));
        }
        if self.branches.len() >= most {
            return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY, "branches limit exceeded".to_owned()));
        }
        self.unlocked(&parent.id, now)?;
        let mut branch = Branch::new(making, name);
        branch.id = id;
        branch.protected = order["protected"] == true;
        text(&order, "init_source").unwrap_or("parent-data").clone_into(&mut branch.init_source);
        branch.annotation = body
            .get("annotation_value")
            .filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
            .cloned();
        if branch.init_source != "schema-only" {
            branch.parent = Some(parent.id.clone());
        }
        branch.databases = parent.databases;
        branch.roles = parent.roles;
        if branch.init_source == "schema-only" {
            branch
                .databases
                .values_mut()
                .for_each(|database| database.tables.values_mut().for_each(Vec::clear));
        }
        if parent.protected {
            for (name, role) in &mut branch.roles {
                *role = Role::new(making, &branch.id, name);
            }
        }
        let first = self.operations.len();
        branch.ready_at = self.schedule(making, &branch.id, None, "create_branch", NEON_CREATE_BRANCH);
        for order in body["endpoints"].as_array().into_iter().flatten() {
            branch.endpoints.push(Endpoint::new(making, &branch.id, order));
        }
        self.start_compute(making, &mut branch);
        let mut answer = json!({
            "branch": branch.show(&self.id, now),
            "endpoints": branch.show_endpoints(&self.id, now),
            "operations": self.show_operations(first, now),
            "roles": branch.roles.keys().map(|name| branch.show_role(name, false)).collect::<Vec<_>>(),
            "databases": branch.databases.keys().map(|name| branch.show_database(name)).collect::<Vec<_>>(),
        });
        if !branch.endpoints.is_empty() {
            answer["connection_uris"] = branch.connection_uris();
        }
        self.branches.insert(branch.id.clone(), branch);
        Ok((StatusCode::CREATED, answer))
    }

    fn list_branches(&self, now: Timestamp, ask: &Ask<'_>) -> Outcome {
        let search = ask.query("search").unwrap_or_default();
        let after = ask.query("cursor").unwrap_or_default();
        let limit = ask.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_000_usize);
        let found = self.branches.values().filter(|it| it.name.contains(search) || it.id.contains(search));
        let mut rest = found.filter(|branch| branch.id.as_str() > after);
        let page: Vec<&Branch> = rest.by_ref().take(limit).collect();
        let annotations: Map<String, Value> =
            page.iter().filter_map(|branch| Some((branch.id.clone(), branch.show_annotation()?))).collect();
        let mut pagination = json!({"sort_by": "updated_at", "sort_order": "DESC"});
        if let (Some(_), Some(last)) = (rest.next(), page.last()) {
            pagination["next"] = json!(last.id);
        }
        let branches: Vec<Value> = page.iter().map(|branch| branch.show(&self.id, now)).collect();
        ok(json!({"branches": branches, "annotations": annotations, "pagination": pagination}))
    }

    fn delete_branch(&mut self, making: &Making<'_>, id: &str) -> Outcome {
        let Some(branch) = self.branches.get(id) else { return Ok((StatusCode::NO_CONTENT, Value::Null)) };
        if branch.default {
            return Err(Refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "cannot delete the root branch".to_owned(),
            ));
        }
        if self.branches.values().any(|child| child.parent.as_deref() == Some(id)) {
            let message = "cannot delete branch that has children".to_owned();
            return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        if branch.protected {
            return Err(Refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "cannot delete protected branch".to_owned(),
            ));
        }
        self.unlocked(id, making.moment.now)?;
        let first = self.operations.len();
        for endpoint in branch.endpoints.clone() {
            self.schedule(making, id, Some(&endpoint.id), "suspend_compute", NEON_APPLY_CONFIG);
        }
        self.schedule(making, id, None, "delete_timeline", NEON_DELETE_BRANCH);
        let operations = self.show_operations(first, making.moment.now);
        // It is out of every listing at once; only its storage goes later.
        let Some(branch) = self.branches.remove(id) else { return Err(missing("branch")) };
        ok(json!({"branch": branch.show(&self.id, making.moment.now), "operations": operations}))
    }

    fn delete_role(&mut self, making: &Making<'_>, id: &str, name: &str) -> Outcome {
        let Some(branch) = self.branches.get(id) else { return Ok((StatusCode::NO_CONTENT, Value::Null)) };
        if !branch.roles.contains_key(name) {
            return Ok((StatusCode::NO_CONTENT, Value::Null));
        }
        if let Some((database, _)) = branch.databases.iter().find(|(_, database)| database.owner == name) {
            let message = format!("role {name} cannot be deleted: it owns the database {database}");
            return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        self.unlocked(id, making.moment.now)?;
        let role = branch.show_role(name, false);
        self.configure(making, id, |branch| branch.roles.remove(name))
            .map(|operations| (StatusCode::OK, json!({"role": role, "operations": operations})))
    }

    fn delete_database(&mut self, making: &Making<'_>, id: &str, name: &str) -> Outcome {
        let Some(branch) = self.branches.get(id).filter(|branch| branch.databases.contains_key(name)) else {
            return Ok((StatusCode::NO_CONTENT, Value::Null));
        };
        self.unlocked(id, making.moment.now)?;
        let database = branch.show_database(name);
        self.configure(making, id, |branch| branch.databases.remove(name))
            .map(|operations| (StatusCode::OK, json!({"database": database, "operations": operations})))
    }

    /// Changes a branch and has its compute take the change; the operations that began.
    fn configure<T>(
        &mut self,
        making: &Making<'_>,
        id: &str,
        change: impl FnOnce(&mut Branch) -> T,
    ) -> Result<Vec<Value>, Refused> {
        let branch = self.branches.get_mut(id).ok_or_else(|| missing("branch"))?;
        change(branch);
        branch.updated_at = making.moment.now;
        let endpoint = branch.endpoints.first().map(|endpoint| endpoint.id.clone());
        let first = self.operations.len();
        self.schedule(making, id, endpoint.as_deref(), "apply_config", NEON_APPLY_CONFIG);
        Ok(self.show_operations(first, making.moment.now))
    }

    /// Everything below a branch but what is deleted there.
    fn branch(
        &mut self,
        making: &Making<'_>,
        method: &str,
        id: &str,
        rest: &[&str],
        body: &Value,
    ) -> Outcome {
        let now = making.moment.now;
        let project = self.id.clone();
        let branch = self.branches.get(id).ok_or_else(|| missing("branch"))?;
        match (method, rest) {
            ("GET", []) => {
                let mut answer = json!({"branch": branch.show(&project, now)});
                if let Some(annotation) = branch.show_annotation() {
                    answer["annotation"] = annotation;
                }
                ok(answer)
            }
            ("PATCH", []) => {
                let order = body.get("branch").ok_or_else(|| invalid("branch is required"))?;
                if let Some(name) = text(order, "name")
                    && self.branches.values().any(|other| other.name == name && other.id != id)
                {
                    return Err(Refused(
                        StatusCode::CONFLICT,
                        format!("branch already exists; branch_name:\"{name}\""),
                    ));
                }
                self.unlocked(id, now)?;
                let operations = self.configure(making, id, |branch| {
                    if let Some(name) = text(order, "name") {
                        name.clone_into(&mut branch.name);
                    }
                    if let Some(protected) = order["protected"].as_bool() {
                        branch.protected = protected;
                    }
                })?;
                let branch = self.branches.get(id).ok_or_else(|| missing("branch"))?;
                ok(json!({"branch": branch.show(&project, now), "operations": operations}))
            }
            ("GET", ["endpoints"]) => ok(json!({"endpoints": branch.show_endpoints(&project, now)})),
            ("GET", ["roles"]) => {
                let roles: Vec<Value> =
                    branch.roles.keys().map(|name| branch.show_role(name, false)).collect();
                ok(json!({"roles": roles}))
            }
            ("GET", ["roles", name, rest @ ..]) => {
                let role = branch.roles.get(*name).ok_or_else(|| missing("role"))?;
                match rest {
                    [] => ok(json!({"role": branch.show_role(name, false)})),
                    ["reveal_password"] => ok(json!({"password": role.password})),
                    _ => Err(missing("route")),
                }
            }
            ("POST", ["roles"]) => {
                let name =
                    text(&body["role"], "name").ok_or_else(|| invalid("role.name is required"))?.to_owned();
                if branch.roles.contains_key(&name) {
                    return Err(Refused(
                        StatusCode::CONFLICT,
                        format!("role already exists; role_name:\"{name}\""),
                    ));
                }
                self.unlocked(id, now)?;
                self.put_role(making, id, &name, StatusCode::CREATED)
            }
            ("POST", ["roles", name, "reset_password"]) => {
                branch.roles.get(*name).ok_or_else(|| missing("role"))?;
                self.unlocked(id, now)?;
                self.put_role(making, id, name, StatusCode::OK)
            }
            ("GET", ["databases"]) => {
                let all: Vec<Value> =
                    branch.databases.keys().map(|name| branch.show_database(name)).collect();
                ok(json!({"databases": all}))
            }
            ("GET", ["databases", name]) => {
                branch.databases.get(*name).ok_or_else(|| missing("database"))?;
                ok(json!({"database": branch.show_database(name)}))
            }
            ("POST", ["databases"]) => {
                let order = &body["database"];
                let name =
                    text(order, "name").ok_or_else(|| invalid("database.name is required"))?.to_owned();
                let owner =
                    text(order, "owner_name").ok_or_else(|| invalid("database.owner_name is required"))?;
                if !branch.roles.contains_key(owner) {
                    return Err(missing("owner role"));
                }
                if branch.databases.contains_key(&name) {
                    let message = format!("database already exists; database_name:\"{name}\"");
                    return Err(Refused(StatusCode::CONFLICT, message));
                }
                self.unlocked(id, now)?;
                let database = Database::new(making, owner);
                let operations =
                    self.configure(making, id, |branch| branch.databases.insert(name.clone(), database))?;
                let branch = self.branches.get(id).ok_or_else(|| missing("branch"))?;
                let answer = json!({"database": branch.show_database(&name), "operations": operations});
                Ok((StatusCode::CREATED, answer))
            }
            _ => Err(missing("route")),
        }
    }

    /// A role with a new password: the only answer, but for `reveal_password`, that tells it.
    fn put_role(&mut self, making: &Making<'_>, id: &str, name: &str, status: StatusCode) -> Outcome {
        let role = Role::new(making, id, name);
        let operations = self.configure(making, id, |branch| branch.roles.insert(name.to_owned(), role))?;
        let branch = self.branches.get(id).ok_or_else(|| missing("branch"))?;
        Ok((status, json!({"role": branch.show_role(name, true), "operations": operations})))
    }

    fn endpoint(
        &mut self,
        making: &Making<'_>,
        method: &str,
        id: &str,
        rest: &[&str],
        body: &Value,
    ) -> Outcome {
        let now = making.moment.now;
        let place = self.branches.values().find_map(|branch| {
            let index = branch.endpoints.iter().position(|endpoint| endpoint.id == id)?;
            Some((branch.id.clone(), index))
        });
        let (branch, index) = place.ok_or_else(|| missing("endpoint"))?;
        let (action, takes) = match (method, rest) {
            ("GET", []) => {
                let branch = self.branches.get(&branch).ok_or_else(|| missing("branch"))?;
                return ok(json!({"endpoint": branch.endpoints[index].show(branch, &self.id, now)}));
            }
            ("PATCH", []) => ("apply_config", NEON_APPLY_CONFIG),
            ("POST", ["suspend"]) => ("suspend_compute", NEON_APPLY_CONFIG),
            ("POST", ["start"]) => ("start_compute", NEON_START_COMPUTE),
            _ => return Err(missing("route")),
        };
        self.unlocked(&branch, now)?;
        let changed = self.branches.get_mut(&branch).ok_or_else(|| missing("branch"))?;
        let endpoint = &mut changed.endpoints[index];
        match action {
            "suspend_compute" => endpoint.suspended_at = Some(now),
            "start_compute" => endpoint.suspended_at = None,
            _ => endpoint.change(&body["endpoint"])?,
        }
        endpoint.updated_at = now;
        let first = self.operations.len();
        let done_at = self.schedule(making, &branch, Some(id), action, takes);
        let operations = self.show_operations(first, now);
        let changed = self.branches.get_mut(&branch).ok_or_else(|| missing("branch"))?;
        if action == "start_compute" {
            changed.endpoints[index].ready_at = done_at;
        }
        ok(
            json!({"endpoint": changed.endpoints[index].show(changed, &self.id, now), "operations": operations}),
        )
    }

    fn connection_uri(&self, ask: &Ask<'_>) -> Outcome {
        let database = ask.query("database_name").ok_or_else(|| invalid("database_name is required"))?;
        let role = ask.query("role_name").ok_or_else(|| invalid("role_name is required"))?;
        let branch = match ask.query("branch_id") {
            Some(id) => self.branches.get(id),
            None => self.branches.values().find(|branch| branch.default),
        };
        let branch = branch.ok_or_else(|| missing("branch"))?;
        let endpoint = match ask.query("endpoint_id") {
            Some(id) => branch.endpoints.iter().find(|endpoint| endpoint.id == id),
            None => branch.endpoints.iter().find(|endpoint| endpoint.kind == "read_write"),
        };
        let endpoint = endpoint.ok_or_else(|| missing("endpoint"))?;
        let password = &branch.roles.get(role).ok_or_else(|| missing("role"))?.password;
        branch.databases.get(database).ok_or_else(|| missing("database"))?;
        // As Go reads a truth; Neon's own client writes `True`.
        let pooled =
            ask.query("pooled").is_some_and(|it| ["1", "t", "T", "true", "TRUE", "True"].contains(&it));
        let host = endpoint.host(pooled);
        ok(json!({"uri": uri(role, password, &host, database)}))
    }
}

fn uri(role: &str, password: &str, host: &str, database: &str) -> String {
    format!("postgresql://{role}:{password}@{host}/{database}?sslmode=require&channel_binding=require")
}

impl Branch {
    fn new(making: &Making<'_>, name: String) -> Self {
        let now = making.moment.now;
        Self {
            id: String::new(),
            name,
            parent: None,
            default: false,
            protected: false,
            init_source: "parent-data".to_owned(),
            annotation: None,
            created_at: now,
            updated_at: now,
            ready_at: now,
            endpoints: Vec::new(),
            roles: BTreeMap::new(),
            databases: BTreeMap::new(),
        }
    }

    fn show(&self, project: &str, now: Timestamp) -> Value {
        let ready = self.ready_at <= now;
        let mut branch = json!({
            "id": self.id, "project_id": project, "name": self.name, "current_state": if ready { "ready" } else { "init" },
            "state_changed_at": if ready { self.ready_at } else { self.created_at },
            "creation_source": "console", "init_source": self.init_source, "default": self.default,
            "primary": self.default, "protected": self.protected, "cpu_used_sec": 0, "compute_time_seconds": 0,
            "active_time_seconds": 0, "written_data_bytes": 0, "data_transfer_bytes": 0,
            "created_at": self.created_at, "updated_at": self.updated_at,
        });
        if !ready {
            branch["pending_state"] = json!("ready");
        }
        if let Some(parent) = &self.parent {
            branch["parent_id"] = json!(parent);
        }
        branch
    }

    fn show_annotation(&self) -> Option<Value> {
        let value = self.annotation.as_ref()?;
        let object = json!({"type": "console/branch", "id": self.id});
        Some(
            json!({"object": object, "value": value, "created_at": self.created_at, "updated_at": self.created_at}),
        )
    }

    fn show_endpoints(&self, project: &str, now: Timestamp) -> Vec<Value> {
        self.endpoints.iter().map(|endpoint| endpoint.show(self, project, now)).collect()
    }

    fn show_role(&self, name: &str, tell: bool) -> Value {
        let role = self.roles.get(name);
        let created_at = role.map_or(self.created_at, |role| role.created_at);
        let mut shown = json!({
            "branch_id": self.id, "name": name, "protected": false,
            "created_at": created_at, "updated_at": created_at,
        });
        if let Some(role) = role.filter(|_| tell) {
            shown["password"] = json!(role.password);
        }
        shown
    }

    fn show_database(&self, name: &str) -> Value {
        let database = self.databases.get(name);
        let created_at = database.map_or(self.created_at, |database| database.created_at);
        json!({
            "id": database.map_or(0, |database| database.id), "branch_id": self.id, "name": name,
            "owner_name": database.map_or("", |database| &database.owner),
            "created_at": created_at, "updated_at": created_at,
        })
    }

    fn connection_uris(&self) -> Value {
        let Some(endpoint) = self.endpoints.first() else { return json!([]) };
        let all = self.databases.iter().filter_map(|(name, database)| {
            let password = &self.roles.get(&database.owner)?.password;
            let (host, pooler) = (endpoint.host(false), endpoint.host(true));
            let parameters = json!({
                "database": name, "role": database.owner, "password": password, "host": host, "pooler_host": pooler,
            });
            let uri = uri(&database.owner, password, &host, name);
            Some(json!({"connection_uri": uri, "connection_parameters": parameters}))
        });
        all.collect()
    }
}

impl Endpoint {
    fn new(making: &Making<'_>, branch: &str, order: &Value) -> Self {
        let now = making.moment.now;
        Self {
            id: format!("ep-{}", digits(&["endpoint", branch, making.seed], 12)),
            kind: text(order, "type").unwrap_or("read_write").to_owned(),
            min_cu: order["autoscaling_limit_min_cu"].as_f64().unwrap_or(0.25),
            max_cu: order["autoscaling_limit_max_cu"].as_f64().unwrap_or(0.25),
            suspend_timeout: order["suspend_timeout_seconds"].as_i64().unwrap_or(0),
            disabled: false,
            suspended_at: None,
            created_at: now,
            updated_at: now,
            ready_at: now,
        }
    }

    fn change(&mut self, order: &Value) -> Result<(), Refused> {
        let min = order["autoscaling_limit_min_cu"].as_f64().unwrap_or(self.min_cu);
        let max = order["autoscaling_limit_max_cu"].as_f64().unwrap_or(self.max_cu);
        if min > max {
            return Err(invalid("autoscaling_limit_min_cu must not exceed autoscaling_limit_max_cu"));
        }
        (self.min_cu, self.max_cu) = (min, max);
        self.suspend_timeout = order["suspend_timeout_seconds"].as_i64().unwrap_or(self.suspend_timeout);
        self.disabled = order["disabled"].as_bool().unwrap_or(self.disabled);
        Ok(())
    }

    fn host(&self, pooled: bool) -> String {
        format!("{}{}.{REGION_HOST}", self.id, if pooled { "-pooler" } else { "" })
    }

    fn show(&self, branch: &Branch, project: &str, now: Timestamp) -> Value {
        let state = match self.suspended_at {
            _ if now < self.ready_at => "init",
            Some(_) => "idle",
            None => "active",
        };
        let mut endpoint = json!({
            "host": self.host(false), "id": self.id, "project_id": project, "branch_id": branch.id,
            "autoscaling_limit_min_cu": self.min_cu, "autoscaling_limit_max_cu": self.max_cu, "region_id": REGION,
            "type": self.kind, "current_state": state, "settings": {}, "pooler_enabled": false,
            "pooler_mode": "transaction", "disabled": self.disabled, "passwordless_access": true,
            "creation_source": "console", "created_at": self.created_at, "updated_at": self.updated_at,
            "proxy_host": REGION_HOST, "suspend_timeout_seconds": self.suspend_timeout, "provisioner": "k8s-neonvm",
        });
        if state == "init" {
            endpoint["pending_state"] = json!("active");
        }
        if let Some(suspended_at) = self.suspended_at {
            endpoint["suspended_at"] = json!(suspended_at);
        }
        endpoint
    }
}

impl Role {
    fn new(making: &Making<'_>, branch: &str, name: &str) -> Self {
        let password = format!("npg_{}", digits(&["password", branch, name, making.seed], 20));
        Self { password, created_at: making.moment.now }
    }
}

impl Database {
    fn new(making: &Making<'_>, owner: &str) -> Self {
        Self {
            id: u64::from_str_radix(&digits(&["database", making.seed], 8), 16).unwrap_or(1),
            owner: owner.to_owned(),
            created_at: making.moment.now,
            tables: BTreeMap::new(),
            written: 0,
        }
    }
}

impl Operation {
    fn show(&self, project: &str, now: Timestamp) -> Value {
        let status = match now {
            now if self.done_at <= now => "finished",
            now if self.begins_at <= now => "running",
            _ => "scheduling",
        };
        let until = self.done_at.min(now.max(self.begins_at));
        let mut operation = json!({
            "id": self.id, "project_id": project, "branch_id": self.branch, "action": self.action, "status": status,
            "failures_count": 0, "created_at": self.created_at, "updated_at": until.max(self.created_at),
            "total_duration_ms": until.duration_since(self.begins_at).as_millis(),
        });
        if let Some(endpoint) = &self.endpoint {
            operation["endpoint_id"] = json!(endpoint);
        }
        operation
    }
}
