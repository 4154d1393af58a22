//! Cloud Run Admin v2: services, their revisions, and what a visitor of a service meets.
//! <https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services>
//!
//! Everything that changes a service is a long-running operation. Whether a revision can run is decided when it
//! is ordered (by the secrets, grants, image and database of that moment, and grants that take effect within the
//! second) and shows when it is due. A service whose new revision fails goes on with the old one.
//! Deliberately absent: jobs, traffic splitting, VPC, multi-region, answers with numbers for the names of
//! enumerations, and identity tokens of visitors: a service is public or answers 403.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Thing;
use super::ask::{Ask, digits, typed, uuid};
use super::google::{self, Refused, page, project_number};
use super::google_token::GoogleToken;
use super::iam::Policy;
use super::instance::{self, Program};
use super::neon::Neon;
use super::pace::{
    CLOUD_RUN_CONFIGURE, CLOUD_RUN_DELETE, CLOUD_RUN_DEPLOY, CLOUD_RUN_FAIL, CLOUD_RUN_IDLE,
    CLOUD_RUN_LOOKS_AT_SECRETS, Moment,
};
use super::secret_manager::{SecretManager, Withheld, check_labels};

/// What a caller may write, level by level. The API refuses any other field, as those of the Knative API.
const SERVICE: &[&str] = &[
    "annotations",
    "binaryAuthorization",
    "buildConfig",
    "client",
    "clientVersion",
    "customAudiences",
    "defaultUriDisabled",
    "description",
    "etag",
    "functionalType",
    "iapEnabled",
    "ingress",
    "invokerIamDisabled",
    "labels",
    "launchStage",
    "multiRegionSettings",
    "name",
    "scaling",
    "sshEnabled",
    "template",
    "traffic",
];
/// What the server writes; it is ignored when it comes back with an update.
const SERVER: &[&str] = &[
    "conditions",
    "createTime",
    "creator",
    "deleteTime",
    "expireTime",
    "generation",
    "lastModifier",
    "latestCreatedRevision",
    "latestReadyRevision",
    "observedGeneration",
    "reconciling",
    "satisfiesPzs",
    "terminalCondition",
    "threatDetectionEnabled",
    "trafficStatuses",
    "uid",
    "updateTime",
    "uri",
    "urls",
];
const TEMPLATE: &[&str] = &[
    "annotations",
    "containers",
    "encryptionKey",
    "encryptionKeyRevocationAction",
    "encryptionKeyShutdownDuration",
    "executionEnvironment",
    "healthCheckDisabled",
    "labels",
    "maxInstanceRequestConcurrency",
    "nodeSelector",
    "revision",
    "scaling",
    "serviceAccount",
    "serviceMesh",
    "sessionAffinity",
    "timeout",
    "volumes",
    "vpcAccess",
];
const CONTAINER: &[&str] = &[
    "args",
    "baseImageUri",
    "buildInfo",
    "command",
    "dependsOn",
    "env",
    "image",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "sourceCode",
    "startupProbe",
    "volumeMounts",
    "workingDir",
];
/// Enumerations that a caller may write: where, and the names by the numbers that Google's own clients send.
const ENUMERATIONS: &[(&str, &[&str])] = &[
    (
        "/ingress",
        &[
            "INGRESS_TRAFFIC_UNSPECIFIED",
            "INGRESS_TRAFFIC_ALL",
            "INGRESS_TRAFFIC_INTERNAL_ONLY",
            "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            "INGRESS_TRAFFIC_NONE",
        ],
    ),
    (
        "/launchStage",
        &[
            "LAUNCH_STAGE_UNSPECIFIED",
            "EARLY_ACCESS",
            "ALPHA",
            "BETA",
            "GA",
            "DEPRECATED",
            "UNIMPLEMENTED",
            "PRELAUNCH",
        ],
    ),
    ("/scaling/scalingMode", &["SCALING_MODE_UNSPECIFIED", "AUTOMATIC", "MANUAL"]),
    (
        "/template/executionEnvironment",
        &["EXECUTION_ENVIRONMENT_UNSPECIFIED", "EXECUTION_ENVIRONMENT_GEN1", "EXECUTION_ENVIRONMENT_GEN2"],
    ),
];
const RESERVED: &[&str] = &["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
const INVOKER: &str = "roles/run.invoker";

/// Services by `projects/<project>/locations/<location>/services/<id>`.
#[derive(Debug, Clone, Default)]
pub(crate) struct CloudRun {
    services: BTreeMap<String, Service>,
    operations: BTreeMap<String, Operation>,
    made: u64,
    /// The images that exist; all of them when there is no list.
    images: Option<Vec<String>>,
    /// Before the host of an instance, `https://` where there is no sandbox.
    base: String,
    start_page: String,
}

#[derive(Debug, Clone)]
struct Service {
    /// What its owner wrote.
    spec: Map<String, Value>,
    uid: String,
    host: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    generation: u64,
    revisions: Vec<Revision>,
    /// When a change without a revision is in effect.
    settled_at: Timestamp,
    policy: Policy,
    deleted_at: Option<Timestamp>,
    last_visit: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Revision {
    name: String,
    due_at: Timestamp,
    outcome: Result<Running, Failure>,
}

#[derive(Debug, Clone)]
struct Running {
    program: Program,
    environment: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Failure {
    /// `google.rpc.Code` of the operation's error.
    code: u8,
    reason: &'static str,
    message: String,
}

#[derive(Debug, Clone)]
struct Operation {
    service: String,
    done_at: Timestamp,
    error: Option<Failure>,
    /// The service as it was when it was ordered deleted; any other is shown as it is.
    deleted: Option<Value>,
}

/// The rest of the world, as far as a deployment needs it.
pub(crate) struct Neighbours<'a> {
    pub(crate) tokens: &'a GoogleToken,
    pub(crate) secrets: &'a SecretManager,
    pub(crate) neon: &'a mut Neon,
}

/// A visitor that was let in.
pub(crate) struct Visit {
    pub(crate) program: Program,
    pub(crate) environment: BTreeMap<String, String>,
    /// No instance was running.
    pub(crate) cold: bool,
}

impl CloudRun {
    pub(crate) fn new(images: Option<Vec<String>>, base: &str, start_page: &str) -> Self {
        Self { images, base: base.to_owned(), start_page: start_page.to_owned(), ..Self::default() }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        let verb = path.last().and_then(|last| last.split_once(':')).map(|(_, verb)| verb);
        match (method, path.get(5..).unwrap_or_default(), verb) {
            ("GET", ["services", _], Some("getIamPolicy")) => "GetIamPolicy",
            ("POST", ["services", _], Some("setIamPolicy")) => "SetIamPolicy",
            ("POST", ["operations", _], Some("wait")) => "GetOperationWait",
            ("POST", ["services"], None) => "CreateService",
            ("GET", ["services"], None) => "ListServices",
            ("GET", ["services", _], None) => "GetService",
            ("PATCH", ["services", _], None) => "UpdateService",
            ("DELETE", ["services", _], None) => "DeleteService",
            ("GET", ["operations"], None) => "ListOperations",
            ("GET", ["operations", _], None) => "GetOperation",
            ("GET", ..) => "GetUnknown",
            ("DELETE", ..) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(
        &mut self,
        moment: Moment,
        ask: &Ask<'_>,
        mut others: Neighbours<'_>,
    ) -> Response<Bytes> {
        self.settle(moment.now);
        let caller = google::caller(others.tokens, ask, "run.googleapis.com", moment.now);
        google::answer(caller.and_then(|caller| self.route(moment, ask, &caller, &mut others)))
    }

    /// How long the answer to `wait` is kept back: until the operation is done, or for as long as was asked.
    pub(crate) fn waits(&self, now: Timestamp, ask: &Ask<'_>) -> Duration {
        if Self::operation(ask) != "GetOperationWait" {
            return Duration::ZERO;
        }
        let (_, path) = ask.route();
        let name = path[1..].join("/");
        let operation = name.strip_suffix(":wait").and_then(|name| self.operations.get(name));
        let left = operation.map_or(SignedDuration::ZERO, |operation| operation.done_at.duration_since(now));
        let asked =
            ask.json().ok().and_then(|body| body["timeout"].as_str()?.strip_suffix('s')?.parse().ok());
        let most = asked.map_or(Duration::from_secs(30), Duration::from_secs);
        Duration::try_from(left).unwrap_or_default().min(most)
    }

    /// Whether a service that is there was told so.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.services.values().any(|service| service.spec["template"].to_string().contains(text))
    }

    /// What was ordered deleted is gone once it is due.
    fn settle(&mut self, now: Timestamp) {
        self.services.retain(|_, service| service.deleted_at.is_none_or(|gone| now < gone));
    }

    fn route(
        &mut self,
        moment: Moment,
        ask: &Ask<'_>,
        caller: &str,
        others: &mut Neighbours<'_>,
    ) -> Result<Value, Refused> {
        let (method, path) = ask.route();
        let ["v2", "projects", project, "locations", location, collection, rest @ ..] = path.as_slice()
        else {
            return Err(Refused::missing("Requested entity was not found."));
        };
        let parent = format!("projects/{project}/locations/{location}");
        let (id, verb) = match rest {
            [] => ("", ""),
            [id] => id.split_once(':').unwrap_or((*id, "")),
            _ => return Err(Refused::missing("Requested entity was not found.")),
        };
        let body = google::body(ask)?;
        let name = format!("{parent}/{collection}/{id}");
        match (*collection, method, id, verb) {
            ("services", "POST", "", "") => {
                self.made += 1;
                let invented = format!("service-{}", digits(&[&parent, &self.made.to_string()], 8));
                let id = ask.query("serviceId").map_or(invented, str::to_owned);
                let name = format!("{parent}/services/{id}");
                if self.services.contains_key(&name) {
                    return Err(Refused::exists(format!("Resource '{id}' already exists.")));
                }
                self.create(moment, caller, name, body, others)
            }
            ("services", "GET", "", "") => self.list(moment.now, ask, &parent),
            ("services", "PATCH", _, "") if !self.services.contains_key(&name) => {
                if ask.query("allowMissing") == Some("true") {
                    return self.create(moment, caller, name, body, others);
                }
                Err(missing(&name))
            }
            ("operations", "GET", "", "") => {
                let prefix = format!("{parent}/operations/");
                let all = self.operations.keys().filter(|name| name.starts_with(&prefix));
                Ok(
                    json!({"operations": all.filter_map(|name| self.show_operation(name, moment.now)).collect::<Vec<_>>()}),
                )
            }
            // It has waited: see `waits`.
            ("operations", "GET", _, "") | ("operations", "POST", _, "wait") => {
                self.show_operation(&name, moment.now).ok_or_else(|| missing(&name))
            }
            ("services", "GET", _, "") => self
                .services
                .get(&name)
                .map(|it| it.show(&name, &self.base, moment.now))
                .ok_or_else(|| missing(&name)),
            ("services", "PATCH", _, "") => self.update(moment, ask, &name, body, others),
            ("services", "DELETE", _, "") => self.delete(moment, ask, &name),
            ("services", "GET", _, "getIamPolicy") => {
                self.services.get(&name).map(|it| it.policy.show()).ok_or_else(|| missing(&name))
            }
            ("services", "POST", _, "setIamPolicy") => {
                self.services.get_mut(&name).ok_or_else(|| missing(&name))?.policy.replace(moment, &body)
            }
            _ => Err(Refused::missing("Method not found.")),
        }
    }

    fn create(
        &mut self,
        moment: Moment,
        caller: &str,
        name: String,
        body: Value,
        others: &mut Neighbours<'_>,
    ) -> Result<Value, Refused> {
        let (parent, id) = name.rsplit_once("/services/").unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if id.len() > 49
            || !id.bytes().all(allowed)
            || !id.starts_with(|first: char| first.is_ascii_lowercase())
            || id.ends_with('-')
        {
            return Err(Refused::invalid(format!(
                "Violation in CreateServiceRequest.service_id: {id} must use only lowercase alphanumeric characters \
                 and dashes, must begin with a letter, cannot end with a dash, and must be less than 50 characters."
            )));
        }
        let spec = self::spec(body)?;
        let project = parent.split('/').nth(1).unwrap_or_default();
        let location = parent.split('/').nth(3).unwrap_or_default();
        self.made += 1;
        let mut service = Service {
            spec,
            uid: uuid(&["service", &name, &self.made.to_string()]),
            host: format!("{id}-{}.{location}.run.app", project_number(project)),
            created_at: moment.now,
            updated_at: moment.now,
            generation: 1,
            revisions: Vec::new(),
            settled_at: moment.now,
            policy: Policy::default(),
            deleted_at: None,
            last_visit: None,
        };
        service.spec.insert("creator".to_owned(), json!(caller));
        let revision = self.deploy(moment, &name, &service, others);
        let (done_at, error) = (revision.due_at, revision.outcome.clone().err());
        service.revisions.push(revision);
        self.services.insert(name.clone(), service);
        Ok(self.begin(moment.now, name, done_at, error, None))
    }

    fn update(
        &mut self,
        moment: Moment,
        ask: &Ask<'_>,
        name: &str,
        body: Value,
        others: &mut Neighbours<'_>,
    ) -> Result<Value, Refused> {
        let old = self.services.get(name).ok_or_else(|| missing(name))?;
        if old.deleted_at.is_some() {
            return Err(Refused::aborted(format!("Resource '{name}' is being deleted.")));
        }
        old.check_etag(name, body["etag"].as_str())?;
        let spec = match ask.query("updateMask").filter(|mask| *mask != "*") {
            None => body,
            Some(mask) => {
                let mut merged = Value::Object(old.spec.clone());
                for path in mask.split(',').map(str::trim) {
                    copy(&body, &mut merged, path)?;
                }
                merged
            }
        };
        let mut new = old.clone();
        new.spec = self::spec(spec)?;
        new.spec.insert("creator".to_owned(), old.spec["creator"].clone());
        new.generation += 1;
        new.updated_at = moment.now;
        let redeploy = new.spec.get("template") != old.spec.get("template")
            || ask.query("forceNewRevision") == Some("true")
            // An update is how a deployment that failed is tried again.
            || old.revisions.last().is_some_and(|revision| revision.outcome.is_err());
        let (done_at, error) = if redeploy {
            let revision = self.deploy(moment, name, &new, others);
            let end = (revision.due_at, revision.outcome.clone().err());
            new.revisions.push(revision);
            end
        } else {
            new.settled_at = moment.after(CLOUD_RUN_CONFIGURE);
            (new.settled_at, None)
        };
        self.services.insert(name.to_owned(), new);
        Ok(self.begin(moment.now, name.to_owned(), done_at, error, None))
    }

    fn delete(&mut self, moment: Moment, ask: &Ask<'_>, name: &str) -> Result<Value, Refused> {
        let service = self.services.get_mut(name).ok_or_else(|| missing(name))?;
        service.check_etag(name, ask.query("etag"))?;
        let gone = *service.deleted_at.get_or_insert(moment.after(CLOUD_RUN_DELETE));
        let shown = service.show(name, &self.base, moment.now);
        let operation = self.begin(moment.now, name.to_owned(), gone, None, Some(shown));
        self.settle(moment.now);
        Ok(operation)
    }

    /// A new revision of the service, and what will become of it.
    fn deploy(
        &mut self,
        moment: Moment,
        name: &str,
        service: &Service,
        others: &mut Neighbours<'_>,
    ) -> Revision {
        let id = name.rsplit('/').next().unwrap_or_default();
        let number = service.revisions.len() + 1;
        let revision = format!("{id}-{number:05}-{}", &digits(&[&service.uid, &number.to_string()], 3));
        let outcome = self.start(moment, name, &revision, service, others);
        let (due_at, outcome) = match outcome {
            Ok((running, start)) => (moment.after(CLOUD_RUN_DEPLOY + start), Ok(running)),
            Err(failure) => (moment.after(CLOUD_RUN_FAIL), Err(failure)),
        };
        Revision { name: revision, due_at, outcome }
    }

    fn start(
        &self,
        moment: Moment,
        name: &str,
        revision: &str,
        service: &Service,
        others: &mut Neighbours<'_>,
    ) -> Result<(Running, std::time::Duration), Failure> {
        let project = name.split('/').nth(1).unwrap_or_default();
        let template = &service.spec["template"];
        let container = &template["containers"][0];
        let image = container["image"].as_str().unwrap_or_default();
        let not_ready = |code, reason, why: String| Failure {
            code,
            reason,
            message: format!("Revision '{revision}' is not ready and cannot serve traffic. {why}"),
        };
        if self.images.as_ref().is_some_and(|images| !images.iter().any(|known| known == image)) {
            return Err(not_ready(5, "CONTAINER_MISSING", format!("Image '{image}' not found.")));
        }
        let compute = format!("{}-compute@developer.gserviceaccount.com", project_number(project));
        let account = template["serviceAccount"].as_str().unwrap_or(&compute);
        let looks_at = moment.after(CLOUD_RUN_LOOKS_AT_SECRETS);
        let mut environment = BTreeMap::new();
        for (index, entry) in container["env"].as_array().into_iter().flatten().enumerate() {
            let key = entry["name"].as_str().unwrap_or_default().to_owned();
            let source = &entry["valueSource"]["secretKeyRef"];
            let value = match source["secret"].as_str() {
                None => entry["value"].as_str().unwrap_or_default().to_owned(),
                Some(secret) => {
                    let (project, secret) = match secret.split('/').collect::<Vec<_>>()[..] {
                        ["projects", project, "secrets", secret] => (project_number(project), secret),
                        _ => (project_number(project), secret),
                    };
                    let secret = format!("projects/{project}/secrets/{secret}");
                    let version = source["version"].as_str().unwrap_or("latest");
                    others.secrets.read(&secret, version, account, looks_at).map_err(|withheld| {
                        let place = format!(
                            "spec.template.spec.containers[0].env[{index}].value_from.secret_key_ref.name: "
                        );
                        let why = match withheld {
                            Withheld::Missing => format!("Secret {secret}/versions/{version} was not found"),
                            Withheld::Denied => format!(
                                "Permission denied on secret: {secret}/versions/{version} for Revision service account \
                                 {account}. The service account used must be granted the 'Secret Manager Secret \
                                 Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher \
                                 level."
                            ),
                        };
                        Failure { code: 9, reason: "SECRETS_ACCESS_CHECK_FAILED", message: place + &why }
                    })?
                }
            };
            environment.insert(key, value);
        }
        let program = if image.contains(&self.start_page) { Program::StartPage } else { Program::Medusa };
        let start = instance::start(program, &environment, others.neon, moment.now).map_err(|_| {
            let port = container["ports"][0]["containerPort"].as_i64().unwrap_or(8080);
            not_ready(9, "UNKNOWN", format!(
                "The user-provided container failed to start and listen on the port defined provided by the \
                 PORT={port} environment variable within the allocated timeout. This can happen when the container \
                 port is misconfigured or if the timeout is too short. The health check timeout can be extended. \
                 Logs for this revision might contain more information."
            ))
        })?;
        Ok((Running { program, environment }, start))
    }

    fn begin(
        &mut self,
        now: Timestamp,
        service: String,
        done_at: Timestamp,
        error: Option<Failure>,
        deleted: Option<Value>,
    ) -> Value {
        self.made += 1;
        let parent = service.split_once("/services/").map(|(parent, _)| parent).unwrap_or_default();
        let name = format!("{parent}/operations/{}", uuid(&["operation", &service, &self.made.to_string()]));
        self.operations.insert(name.clone(), Operation { service, done_at, error, deleted });
        self.show_operation(&name, now).unwrap_or_default()
    }

    fn show_operation(&self, name: &str, now: Timestamp) -> Option<Value> {
        let operation = self.operations.get(name)?;
        let service = operation.deleted.clone().or_else(|| {
            Some(self.services.get(&operation.service)?.show(&operation.service, &self.base, now))
        });
        let mut typed = service.unwrap_or_else(|| json!({"name": operation.service}));
        typed["@type"] = json!("type.googleapis.com/google.cloud.run.v2.Service");
        let mut shown = json!({"name": name, "metadata": typed.clone()});
        if operation.done_at <= now {
            shown["done"] = json!(true);
            match &operation.error {
                Some(failure) => shown["error"] = json!({"code": failure.code, "message": failure.message}),
                None => shown["response"] = typed,
            }
        }
        Some(shown)
    }

    fn list(&self, now: Timestamp, ask: &Ask<'_>, parent: &str) -> Result<Value, Refused> {
        let prefix = format!("{parent}/services/");
        let of_parent = self.services.iter().filter(|(name, _)| name.starts_with(&prefix));
        let (services, next) =
            page(ask, 100, of_parent.map(|(name, it)| (name, it.show(name, &self.base, now))))?;
        let mut body = json!({"services": services});
        if !next.is_empty() {
            body["nextPageToken"] = json!(next);
        }
        Ok(body)
    }

    /// A request at the door of a service: let in, or Cloud Run's own answer.
    pub(crate) fn visit(&mut self, moment: Moment, host: &str) -> Result<Visit, Response<Bytes>> {
        let now = moment.now;
        self.settle(now);
        let turned_away = |status: StatusCode, text: &str| {
            let title = status.canonical_reason().unwrap_or_default();
            let page = format!(
                "<html><head>\n<title>{} {title}</title>\n</head>\n<body>\n<h1>Error: {title}</h1>\n<h2>{text}</h2>\n\
                 </body></html>\n",
                status.as_u16(),
            );
            typed(status, "text/html; charset=UTF-8", Bytes::from(page))
        };
        let service = self.services.values_mut().find(|service| service.host == host).ok_or_else(|| {
            turned_away(StatusCode::NOT_FOUND, "The requested URL was not found on this server.")
        })?;
        let public = service.spec.get("invokerIamDisabled") == Some(&json!(true))
            || service.policy.grants(INVOKER, "allUsers", now);
        if !public {
            let text = "Your client does not have permission to get URL from this server.";
            return Err(turned_away(StatusCode::FORBIDDEN, text));
        }
        let scaling = service.spec.get("scaling").unwrap_or(&Value::Null);
        if scaling["scalingMode"] == "MANUAL" && scaling["manualInstanceCount"].as_i64().unwrap_or(0) == 0 {
            return Err(turned_away(
                StatusCode::SERVICE_UNAVAILABLE,
                "The service you requested is disabled.",
            ));
        }
        let serving = service.revisions.iter().rev().filter(|revision| revision.due_at <= now);
        let Some((due_at, running)) =
            serving.filter_map(|it| Some((it.due_at, it.outcome.as_ref().ok()?))).next()
        else {
            let text = "The service you requested is not available yet. Please try again in 30 seconds.";
            return Err(turned_away(StatusCode::SERVICE_UNAVAILABLE, text));
        };
        let least = service.least();
        // A deployment leaves an instance running.
        let warm_since = service.last_visit.map_or(due_at, |visit| visit.max(due_at));
        let idle = SignedDuration::try_from(CLOUD_RUN_IDLE).unwrap_or(SignedDuration::MAX);
        let cold = least == 0 && now.duration_since(warm_since) > idle;
        service.last_visit = Some(now);
        Ok(Visit { program: running.program, environment: running.environment.clone(), cold })
    }

    pub(crate) fn things(&self, now: Timestamp) -> Vec<Thing> {
        let there =
            self.services.iter().filter(|(_, service)| service.deleted_at.is_none_or(|gone| now < gone));
        let thing = |(name, service): (&String, &Service)| {
            let part = |part: &str| service.spec.get(part).cloned().unwrap_or_default();
            let owner = super::marks(&part("labels"), &part("annotations"));
            let name = name.rsplit('/').next().unwrap_or_default();
            Thing::new("cloud-run", "service", name, owner).awake(service.least() > 0)
        };
        there.map(thing).collect()
    }

    /// Puts a service somewhere (`projects/<id>/locations/<region>`) that nobody of ours asked for.
    pub(crate) fn plant(
        &mut self,
        moment: Moment,
        place: &str,
        name: &str,
        (labels, annotations): (Value, Value),
        mut others: Neighbours<'_>,
    ) -> bool {
        let image = format!("docker.pkg.dev/elsewhere/{}", self.start_page);
        let template = json!({"containers": [{"image": image}]});
        let body = json!({"labels": labels, "annotations": annotations, "template": template});
        let name = format!("{place}/services/{name}");
        !self.services.contains_key(&name)
            && self.create(moment, "somebody@elsewhere.example", name, body, &mut others).is_ok()
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.services.len();
        self.services.retain(|key, _| key.rsplit('/').next() != Some(name));
        self.services.len() < before
    }
}

fn missing(name: &str) -> Refused {
    Refused::missing(format!("Resource '{name}' was not found"))
}

/// What a caller wrote, without what only the server writes; unknown fields are refused.
fn spec(mut body: Value) -> Result<Map<String, Value>, Refused> {
    for (place, names) in ENUMERATIONS {
        if let Some(value) = body.pointer_mut(place)
            && let Some(number) = value.as_u64()
        {
            let name = usize::try_from(number).ok().and_then(|number| names.get(number));
            let wrong = || {
                Refused::invalid(format!("Invalid value at 'service{}', {number}", place.replace('/', ".")))
            };
            *value = json!(name.ok_or_else(wrong)?);
        }
    }
    let Value::Object(mut spec) = body else {
        return Err(Refused::invalid("Invalid JSON payload received."));
    };
    spec.retain(|field, _| !SERVER.contains(&field.as_str()));
    known(&spec, SERVICE, "service")?;
    spec.remove("etag");
    spec.remove("name");
    if let Some(labels) = spec.get("labels") {
        check_labels(labels)?;
    }
    let template = spec.get("template").and_then(Value::as_object);
    let template = template.ok_or_else(|| Refused::invalid("service.template: must be specified."))?;
    known(template, TEMPLATE, "service.template")?;
    let containers = template.get("containers").and_then(Value::as_array).filter(|all| !all.is_empty());
    let containers = containers.ok_or_else(|| {
        Refused::invalid("template.containers: Revision template should contain exactly 1 container.")
    })?;
    for container in containers {
        let fields =
            container.as_object().ok_or_else(|| Refused::invalid("Invalid JSON payload received."))?;
        known(fields, CONTAINER, "service.template.containers[0]")?;
        if fields.get("image").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refused::invalid("template.containers[0].image: must be specified."));
        }
        let names =
            container["env"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
        let reserved: Vec<&str> = names.filter(|name| RESERVED.contains(name)).collect();
        if !reserved.is_empty() {
            return Err(Refused::invalid(format!(
                "template.containers[0].env: The following reserved env names were provided: {}. These values are \
                 automatically set by the system.",
                reserved.join(", ")
            )));
        }
    }
    Ok(spec)
}

fn known(fields: &Map<String, Value>, allowed: &[&str], place: &str) -> Result<(), Refused> {
    match fields.keys().find(|field| !allowed.contains(&field.as_str())) {
        None => Ok(()),
        Some(field) => Err(Refused::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{field}\" at '{place}': Cannot find field."
        ))),
    }
}

/// Copies what a path of an update mask names; absent there is absent here afterwards.
fn copy(from: &Value, to: &mut Value, path: &str) -> Result<(), Refused> {
    let camel = |part: &str| {
        let mut words = part.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| {
            let mut letters = word.chars();
            letters.next().map_or(name.clone(), |first| {
                format!("{name}{}{}", first.to_ascii_uppercase(), letters.as_str())
            })
        })
    };
    let parts: Vec<String> = path.split('.').map(camel).collect();
    let Some((last, parents)) = parts.split_last().filter(|_| SERVICE.contains(&parts[0].as_str())) else {
        return Err(Refused::invalid(format!("Invalid field mask path: {path}")));
    };
    let (mut source, mut target) = (from, to);
    for part in parents {
        source = &source[part];
        if !target[part].is_object() {
            target[part] = json!({});
        }
        target = &mut target[part];
    }
    match source.get(last) {
        Some(value) => target[last] = value.clone(),
        None => drop(target.as_object_mut().and_then(|fields| fields.remove(last))),
    }
    Ok(())
}

impl Service {
    /// Instances that stand ready though nobody calls: the revision's and the service's own.
    fn least(&self) -> i64 {
        let least =
            |of: Option<&Value>| of.and_then(|of| of["scaling"]["minInstanceCount"].as_i64()).unwrap_or(0);
        least(self.spec.get("template"))
            + self.spec.get("scaling").and_then(|it| it["minInstanceCount"].as_i64()).unwrap_or(0)
    }

    fn etag(&self) -> String {
        format!("\"{}\"", digits(&[&self.uid, &self.generation.to_string()], 16))
    }

    fn check_etag(&self, name: &str, etag: Option<&str>) -> Result<(), Refused> {
        match etag.filter(|etag| !etag.is_empty() && *etag != self.etag()) {
            None => Ok(()),
            Some(etag) => Err(Refused::aborted(format!(
                "Conflict for resource '{name}': version '{etag}' was specified but current version is '{}'.",
                self.etag()
            ))),
        }
    }

    fn show(&self, name: &str, base: &str, now: Timestamp) -> Value {
        let mut shown = Value::Object(self.spec.clone());
        let full = |revision: &Revision| format!("{name}/revisions/{}", revision.name);
        let latest = self.revisions.last();
        let pending = latest.is_some_and(|revision| now < revision.due_at) || now < self.settled_at;
        let (state, since, failure) = match latest {
            _ if pending => ("CONDITION_RECONCILING", self.updated_at, None),
            Some(Revision { due_at, outcome: Err(failure), .. }) => {
                ("CONDITION_FAILED", *due_at, Some(failure))
            }
            Some(revision) => ("CONDITION_SUCCEEDED", revision.due_at.max(self.settled_at), None),
            None => ("CONDITION_PENDING", self.created_at, None),
        };
        let condition = |kind: &str| {
            let mut condition = json!({"type": kind, "state": state, "lastTransitionTime": since});
            if let Some(failure) = failure {
                condition["message"] = json!(failure.message);
                condition["reason"] = json!(failure.reason);
                condition["severity"] = json!("ERROR");
            }
            condition
        };
        shown["name"] = json!(name);
        shown["uid"] = json!(self.uid);
        shown["generation"] = json!(self.generation.to_string());
        shown["observedGeneration"] =
            json!(if pending { self.generation - 1 } else { self.generation }.to_string());
        shown["createTime"] = json!(self.created_at);
        shown["updateTime"] = json!(self.updated_at);
        shown["etag"] = json!(self.etag());
        shown["launchStage"] = json!("GA");
        shown["reconciling"] = json!(pending || self.deleted_at.is_some());
        shown["terminalCondition"] = condition("Ready");
        shown["conditions"] = json!([condition("RoutesReady"), condition("ConfigurationsReady")]);
        if let Some(revision) = latest {
            shown["latestCreatedRevision"] = json!(full(revision));
        }
        let ready = self.revisions.iter().rev().find(|it| it.outcome.is_ok() && it.due_at <= now);
        if let Some(revision) = ready {
            let uri = format!("{base}{}", self.host);
            shown["latestReadyRevision"] = json!(full(revision));
            shown["urls"] = json!([uri]);
            shown["uri"] = json!(uri);
            let latest = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
            shown["trafficStatuses"] = json!([{"type": latest, "percent": 100}]);
        }
        if let Some(gone) = self.deleted_at {
            shown["deleteTime"] = json!(gone);
        }
        shown
    }
}
