use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::{Memory, Reply, Request, Service, Thing, View, at, now};
use crate::chaos::Act;

/// A bucket.
#[derive(Debug, Default)]
pub struct S3 {
    /// What its folders' names begin with.
    top: &'static str,
    objects: Mutex<Memory<BTreeMap<String, Object>>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    owner: Option<String>,
    body: Arc<Vec<u8>>,
    /// When it is brought back from cold storage, once that is asked for; not at all where it is at hand.
    cold: Option<Option<Timestamp>>,
}

impl Object {
    /// As the header has it, of one in cold storage.
    fn restore(&self) -> Option<String> {
        let coming = self.cold??;
        Some(format!("ongoing-request=\"{}\"", coming > clock::now()))
    }

    fn is_cold(&self) -> bool {
        self.cold.is_some_and(|asked| asked.is_none_or(|coming| coming > clock::now()))
    }
}

/// How long it takes until a copy is back from cold storage.
const THAW: SignedDuration = SignedDuration::from_secs(40);

/// What an archive's keys begin with.
const ARCHIVE: &str = "tenants/";

impl S3 {
    /// One that keeps what is left of tenants.
    pub fn archive() -> Self {
        Self::of(ARCHIVE)
    }

    pub fn of(top: &'static str) -> Self {
        Self { top, ..Self::default() }
    }

    pub fn object(&self, key: &str) -> Option<Arc<Vec<u8>>> {
        now(&self.objects).now.get(key).map(|object| Arc::clone(&object.body))
    }
}

/// Path style: `/<bucket>/<key>`.
fn key(request: &Request) -> &str {
    request.uri().path().trim_start_matches('/').split_once('/').map_or("", |(_, key)| key)
}

fn action(request: &Request) -> (&'static str, Act) {
    let query = request.uri().query().unwrap_or_default();
    match request.method().as_str() {
        "HEAD" => ("HeadObject", Act::Read),
        "GET" if query.contains("list-type=2") => ("ListObjectsV2", Act::Read),
        "GET" => ("GetObject", Act::Read),
        "PUT" => ("PutObject", Act::Write),
        "POST" if query.contains("restore") => ("RestoreObject", Act::Write),
        _ => ("DeleteObjects", Act::Delete),
    }
}

/// The texts between a tag and its end.
fn all<'a>(xml: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

fn xml(status: u16, body: String) -> Reply {
    let reply = http::Response::builder().status(status).header("content-type", "application/xml");
    reply.body(body.into_bytes()).expect("a status and a body")
}

impl Service for S3 {
    fn asked(&self, request: &Request) -> (String, Act) {
        let (action, act) = action(request);
        (format!("s3:{action}"), act)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let (action, act) = action(request);
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        at(&self.objects, view, act, |objects| match action {
            "HeadObject" | "GetObject" => match objects.get(key(request)) {
                Some(object) if action == "GetObject" && object.is_cold() => {
                    self.refusal(403, "InvalidObjectState")
                }
                Some(object) => {
                    let mut reply = http::Response::builder();
                    if object.cold.is_some() {
                        reply = reply.header("x-amz-storage-class", "DEEP_ARCHIVE");
                    }
                    if let Some(restore) = object.restore() {
                        reply = reply.header("x-amz-restore", restore);
                    }
                    if let Some(owner) = &object.owner {
                        reply = reply.header("x-amz-meta-owner", owner);
                    }
                    let body = if action == "GetObject" { object.body.to_vec() } else { Vec::new() };
                    reply.body(body).expect("a body")
                }
                // A HEAD has no body to say why.
                None if action == "HeadObject" => xml(404, String::new()),
                None => self.refusal(404, "NoSuchKey"),
            },
            "ListObjectsV2" => {
                let query = request.uri().query().unwrap_or_default();
                let prefix =
                    query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or_default();
                let prefix = prefix.replace("%2F", "/");
                let keys = objects.keys().filter_map(|key| key.strip_prefix(&prefix));
                // Up to the delimiter, if one is asked for, each once.
                let listed: BTreeSet<(&str, bool)> = keys
                    .map(|key| match key.split_once('/') {
                        Some((folder, _)) if query.contains("delimiter=") => (folder, true),
                        _ => (key, false),
                    })
                    .collect();
                let contents: String = listed
                    .into_iter()
                    .map(|(name, is_folder)| match is_folder {
                        true => format!("<CommonPrefixes><Prefix>{prefix}{name}/</Prefix></CommonPrefixes>"),
                        false => format!("<Contents><Key>{prefix}{name}</Key></Contents>"),
                    })
                    .collect();
                xml(
                    200,
                    format!(
                        "<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
                    ),
                )
            }
            "PutObject" if header("if-none-match").is_some() && objects.contains_key(key(request)) => {
                self.refusal(412, "PreconditionFailed")
            }
            "PutObject" => {
                let owner = header("x-amz-meta-owner").map(str::to_owned);
                let cold = (header("x-amz-storage-class") == Some("DEEP_ARCHIVE")).then_some(None);
                let object = Object { owner, body: Arc::new(request.body().clone()), cold };
                objects.insert(key(request).to_owned(), object);
                xml(200, String::new())
            }
            "RestoreObject" => match objects.get_mut(key(request)).map(|object| &mut object.cold) {
                Some(Some(cold @ None)) => {
                    *cold = Some(clock::now() + THAW);
                    xml(202, String::new())
                }
                Some(Some(Some(_))) => self.refusal(409, "RestoreAlreadyInProgress"),
                Some(None) => self.refusal(403, "InvalidObjectState"),
                None => self.refusal(404, "NoSuchKey"),
            },
            _ => {
                let asked = String::from_utf8_lossy(request.body());
                for key in all(&asked, "Key") {
                    objects.remove(key);
                }
                xml(200, "<DeleteResult></DeleteResult>".to_owned())
            }
        })
    }

    fn refusal(&self, status: u16, code: &str) -> Reply {
        xml(
            status,
            format!("<Error><Code>{code}</Code><Message>{code}, says the simulation</Message></Error>"),
        )
    }

    /// Folders, whether they have a manifest or only files. What is archived is nobody's resource.
    fn things(&self) -> Vec<Thing> {
        if self.top == ARCHIVE {
            return Vec::new();
        }
        let objects = &now(&self.objects).now;
        let mut folders = BTreeMap::<String, String>::new();
        for (key, object) in objects {
            let (folder, file) = key.rsplit_once('/').unwrap_or(("", key));
            let owner = folders.entry(folder.to_owned()).or_default();
            if file == ".folder" {
                *owner = object.owner.clone().unwrap_or_default();
            }
        }
        folders.into_iter().map(|(name, owner)| Thing { field: "folder", name, owner }).collect()
    }

    fn plant(&self, thing: &Thing) {
        if thing.field == "folder" && thing.name.starts_with(self.top) {
            let manifest = Object { owner: Some(thing.owner.clone()), ..Object::default() };
            now(&self.objects).now.insert(format!("{}/.folder", thing.name), manifest);
        }
    }

    fn remove(&self, thing: &Thing) {
        if thing.field == "folder" {
            let inside = format!("{}/", thing.name);
            now(&self.objects).now.retain(|key, _| !key.starts_with(&inside));
        }
    }

    fn edit(&self, this: &str, that: &str) {
        if self.top == ARCHIVE {
            return;
        }
        for object in now(&self.objects).now.values_mut() {
            let text = String::from_utf8_lossy(&object.body).replace(this, that);
            object.body = Arc::new(text.into_bytes());
        }
    }

    fn says(&self, text: &str) -> bool {
        if self.top == ARCHIVE {
            return false;
        }
        now(&self.objects).now.values().any(|object| String::from_utf8_lossy(&object.body).contains(text))
    }
}
