//! Google Secret Manager v1. <https://cloud.google.com/secret-manager/docs/reference/rest>
//!
//! A secret is metadata; its value is a version of it, added by a second call that adds one more each time.
//! Answers name the project by number, whatever the caller wrote. Deliberately absent: replication that is not
//! automatic, rotation, aliases, and versions that expire.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Thing;
use super::ask::Ask;
use super::google::{self, Refused, page, project_number};
use super::google_token::GoogleToken;
use super::iam::Policy;
use super::pace::Moment;

/// Largest payload of a version.
const PAYLOAD: usize = 64 * 1024;
pub(crate) const ACCESSOR: &str = "roles/secretmanager.secretAccessor";

/// Secrets by `projects/<number>/secrets/<id>`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecretManager {
    secrets: BTreeMap<String, Secret>,
    made: u64,
}

#[derive(Debug, Clone)]
struct Secret {
    labels: Value,
    annotations: Value,
    created_at: Timestamp,
    etag: String,
    policy: Policy,
    versions: Vec<Version>,
}

#[derive(Debug, Clone)]
struct Version {
    payload: Vec<u8>,
    /// Whoever added it told its checksum.
    checked: bool,
    created_at: Timestamp,
    state: &'static str,
}

/// Why a revision may not have a secret's value.
#[derive(Debug)]
pub(crate) enum Withheld {
    Missing,
    Denied,
}

impl SecretManager {
    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        let verb = path.last().and_then(|last| last.split_once(':')).map(|(_, verb)| verb);
        match (method, path.get(3..).unwrap_or_default(), verb) {
            ("POST", [_, _], Some("addVersion")) => "AddSecretVersion",
            ("GET", [_, _], Some("getIamPolicy")) => "GetIamPolicy",
            ("POST", [_, _], Some("setIamPolicy")) => "SetIamPolicy",
            ("GET", [_, _, _, _], Some("access")) => "GetSecretValue",
            ("POST", [_, _, _, _], Some("destroy")) => "DeleteSecretVersion",
            ("POST", [_, _, _, _], Some("disable")) => "DisableSecretVersion",
            ("POST", ["secrets"], None) => "CreateSecret",
            ("GET", ["secrets"], None) => "ListSecrets",
            ("GET", ["secrets", _], None) => "GetSecret",
            ("DELETE", ["secrets", _], None) => "DeleteSecret",
            ("GET", ["secrets", _, "versions"], None) => "ListSecretVersions",
            ("GET", ["secrets", _, "versions", _], None) => "GetSecretVersion",
            ("GET", ..) => "GetUnknown",
            ("DELETE", ..) => "DeleteUnknown",
            _ => "PostUnknown",
        }
    }

    pub(crate) fn answer(&mut self, moment: Moment, ask: &Ask<'_>, tokens: &GoogleToken) -> Response<Bytes> {
        let caller = google::caller(tokens, ask, "secretmanager.googleapis.com", moment.now);
        google::answer(caller.and_then(|_| self.route(moment, ask)))
    }

    fn route(&mut self, moment: Moment, ask: &Ask<'_>) -> Result<Value, Refused> {
        let (method, path) = ask.route();
        let ["v1", "projects", project, "secrets", rest @ ..] = path.as_slice() else {
            return Err(Refused::missing("Requested entity was not found."));
        };
        let parent = format!("projects/{}", project_number(project));
        let body = google::body(ask)?;
        let (id, rest) = match rest {
            [] if method == "POST" => return self.create(moment, ask, &parent, &body),
            [] if method == "GET" => return self.list(ask, &parent),
            [id, rest @ ..] => (*id, rest),
            [] => return Err(Refused::missing("Method not found.")),
        };
        let (id, verb) = id.split_once(':').map_or((id, ""), |(id, verb)| (id, verb));
        let name = format!("{parent}/secrets/{id}");
        self.made += 1;
        let secret = self.secrets.get_mut(&name).ok_or_else(|| missing(&name))?;
        match (method, verb, rest) {
            ("GET", "", []) => Ok(secret.show(&name)),
            ("DELETE", "", []) => {
                if let Some(etag) = ask.query("etag")
                    && etag != secret.etag
                {
                    return Err(Refused::precondition("The etag provided does not match the current one."));
                }
                self.secrets.remove(&name);
                Ok(json!({}))
            }
            ("POST", "addVersion", []) => secret.add(moment.now, &name, &body),
            ("GET", "getIamPolicy", []) => Ok(secret.policy.show()),
            ("POST", "setIamPolicy", []) => secret.policy.replace(moment, &body),
            ("GET", "", ["versions"]) => {
                let versions = secret.versions.iter().enumerate().rev();
                let shown: Vec<Value> = versions.map(|(index, version)| version.show(&name, index)).collect();
                Ok(json!({"totalSize": shown.len(), "versions": shown}))
            }
            (_, "", ["versions", version]) => {
                let (version, verb) = version.split_once(':').unwrap_or((*version, ""));
                secret.version(method, &name, version, verb)
            }
            _ => Err(Refused::missing("Method not found.")),
        }
    }

    fn create(
        &mut self,
        moment: Moment,
        ask: &Ask<'_>,
        parent: &str,
        body: &Value,
    ) -> Result<Value, Refused> {
        let id = ask.query("secretId").ok_or_else(|| Refused::invalid("The secretId must be specified."))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if id.len() > 255 || !id.bytes().all(allowed) {
            return Err(Refused::invalid(format!(
                "The secretId [{id}] is invalid: it must match the pattern [[a-zA-Z_0-9-]{{1,255}}]."
            )));
        }
        if body.get("replication").is_none() {
            return Err(Refused::invalid("The secret must have a replication policy."));
        }
        let labels = body.get("labels").cloned().unwrap_or_else(|| json!({}));
        check_labels(&labels)?;
        let name = format!("{parent}/secrets/{id}");
        if self.secrets.contains_key(&name) {
            return Err(Refused::exists(format!("Secret [{name}] already exists.")));
        }
        self.made += 1;
        let annotations = body.get("annotations").cloned().unwrap_or_else(|| json!({}));
        let secret = Secret::new(moment.now, labels, annotations, self.made);
        let shown = secret.show(&name);
        self.secrets.insert(name, secret);
        Ok(shown)
    }

    fn list(&self, ask: &Ask<'_>, parent: &str) -> Result<Value, Refused> {
        let prefix = format!("{parent}/secrets/");
        let wanted = ask.query("filter").unwrap_or_default();
        // Of the filter language: `labels.<key>=<value>` and a part of the name.
        let of_filter = |name: &str, secret: &Secret| match wanted
            .strip_prefix("labels.")
            .and_then(|it| it.split_once('='))
        {
            Some((key, value)) => secret.labels[key] == value.trim_matches('"'),
            None => name.contains(wanted.trim_start_matches("name:")),
        };
        let all = self
            .secrets
            .iter()
            .filter(|(name, secret)| name.strip_prefix(&prefix).is_some_and(|id| of_filter(id, secret)));
        let total = all.clone().count();
        let (secrets, next) = page(ask, 25_000, all.map(|(name, secret)| (name, secret.show(name))))?;
        let mut body = json!({"secrets": secrets, "totalSize": total});
        if !next.is_empty() {
            body["nextPageToken"] = json!(next);
        }
        Ok(body)
    }

    /// What a service account finds in a version at that time, `latest` for the newest.
    pub(crate) fn read(
        &self,
        name: &str,
        version: &str,
        account: &str,
        at: Timestamp,
    ) -> Result<String, Withheld> {
        let secret = self.secrets.get(name).ok_or(Withheld::Missing)?;
        if !secret.policy.grants(ACCESSOR, &format!("serviceAccount:{account}"), at) {
            return Err(Withheld::Denied);
        }
        let (_, version) = secret.find(version).ok_or(Withheld::Missing)?;
        if version.state != "ENABLED" {
            return Err(Withheld::Missing);
        }
        Ok(String::from_utf8_lossy(&version.payload).into_owned())
    }

    pub(crate) fn things(&self) -> Vec<Thing> {
        let id = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let thing = |(name, secret): (&String, &Secret)| {
            let owner = super::marks(&secret.labels, &secret.annotations);
            Thing::new("secret-manager", "secret", &id(name), owner)
        };
        self.secrets.iter().map(thing).collect()
    }

    /// Puts a secret into a project (`projects/<id>`) that nobody of ours asked for.
    pub(crate) fn plant(
        &mut self,
        now: Timestamp,
        place: &str,
        name: &str,
        (labels, annotations): (Value, Value),
    ) -> bool {
        self.made += 1;
        let parent = format!("projects/{}", project_number(place.trim_start_matches("projects/")));
        let secret = Secret::new(now, labels, annotations, self.made);
        self.secrets.insert(format!("{parent}/secrets/{name}"), secret).is_none()
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.secrets.len();
        self.secrets.retain(|key, _| key.rsplit('/').next() != Some(name));
        self.secrets.len() < before
    }
}

/// <https://cloud.google.com/resource-manager/docs/labels-overview#requirements>
pub(crate) fn check_labels(labels: &Value) -> Result<(), Refused> {
    let allowed = |text: &str| {
        text.len() <= 63
            && text.chars().all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    for (key, value) in labels.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if !key.starts_with(char::is_lowercase) || !allowed(key) || !allowed(value) {
            return Err(Refused::invalid(format!(
                "Label {key}={value} does not match the regular expression."
            )));
        }
    }
    Ok(())
}

fn missing(name: &str) -> Refused {
    Refused::missing(format!("Secret [{name}] not found or has no versions."))
}

/// The Castagnoli polynomial, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc)))
}

impl Secret {
    fn new(now: Timestamp, labels: Value, annotations: Value, made: u64) -> Self {
        let etag = format!("\"{made:x}\"");
        Self { labels, annotations, created_at: now, etag, policy: Policy::default(), versions: Vec::new() }
    }

    fn show(&self, name: &str) -> Value {
        let mut secret = json!({
            "name": name, "replication": {"automatic": {}}, "createTime": self.created_at, "etag": self.etag,
        });
        for (field, value) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if value.as_object().is_some_and(|entries| !entries.is_empty()) {
                secret[field] = value.clone();
            }
        }
        secret
    }

    fn add(&mut self, now: Timestamp, name: &str, body: &Value) -> Result<Value, Refused> {
        let data = body["payload"]["data"]
            .as_str()
            .ok_or_else(|| Refused::invalid("Secret Payload cannot be empty."))?;
        let payload = STANDARD.decode(data).map_err(|_| {
            Refused::invalid("Invalid value at 'payload.data' (TYPE_BYTES), Base64 decoding failed.")
        })?;
        if payload.is_empty() || payload.len() > PAYLOAD {
            return Err(Refused::invalid("The payload must have between 1 and 65536 bytes."));
        }
        let told = &body["payload"]["dataCrc32c"];
        let told = told.as_str().map_or_else(|| told.as_i64(), |text| text.parse().ok());
        if told.is_some_and(|told| told != i64::from(crc32c(&payload))) {
            return Err(Refused::invalid("The checksum of the payload does not match its data."));
        }
        let version = Version { payload, checked: told.is_some(), created_at: now, state: "ENABLED" };
        let shown = version.show(name, self.versions.len());
        self.versions.push(version);
        Ok(shown)
    }

    /// Versions count from 1; `latest` is the newest, even when that is destroyed.
    fn find(&self, version: &str) -> Option<(usize, &Version)> {
        let index = match version {
            "latest" => self.versions.len().checked_sub(1)?,
            number => number.parse::<usize>().ok()?.checked_sub(1)?,
        };
        Some((index, self.versions.get(index)?))
    }

    fn version(&mut self, method: &str, secret: &str, version: &str, verb: &str) -> Result<Value, Refused> {
        let (index, found) = self.find(version).ok_or_else(|| {
            Refused::missing(format!("Secret Version [{secret}/versions/{version}] not found."))
        })?;
        match (method, verb) {
            ("GET", "") => Ok(found.show(secret, index)),
            ("GET", "access") if found.state == "ENABLED" => Ok(json!({
                "name": format!("{secret}/versions/{}", index + 1),
                "payload": {
                    "data": STANDARD.encode(&found.payload),
                    "dataCrc32c": crc32c(&found.payload).to_string(),
                },
            })),
            ("GET", "access") => Err(Refused::precondition(format!(
                "Secret Version [{secret}/versions/{}] is in {} state.",
                index + 1,
                found.state
            ))),
            ("POST", "destroy" | "disable") if found.state == "DESTROYED" => Err(Refused::precondition(
                format!("Secret Version [{secret}/versions/{}] is already in DESTROYED state.", index + 1),
            )),
            ("POST", "destroy" | "disable") => {
                let version = &mut self.versions[index];
                if verb == "destroy" {
                    version.payload.clear();
                    version.state = "DESTROYED";
                } else {
                    version.state = "DISABLED";
                }
                Ok(version.show(secret, index))
            }
            _ => Err(Refused::missing("Method not found.")),
        }
    }
}

impl Version {
    fn show(&self, secret: &str, index: usize) -> Value {
        let mut version = json!({
            "name": format!("{secret}/versions/{}", index + 1), "createTime": self.created_at, "state": self.state,
            "replicationStatus": {"automatic": {}}, "etag": format!("\"{:x}\"", index + 1),
        });
        if self.checked {
            version["clientSpecifiedPayloadChecksum"] = json!(true);
        }
        version
    }
}
