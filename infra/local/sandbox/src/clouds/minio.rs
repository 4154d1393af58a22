//! MinIO: the S3 API, path style, and the admin API `v3`. <https://docs.min.io>
//!
//! Who calls is proven by a signature (`signature.rs`); what they may do is said by the policies attached to them, and for
//! whoever does not sign, by the bucket's own (`policy.rs`). Buckets keep versions (`bucket.rs`) and forget them by rule. What is
//! secret travels sealed (`seal.rs`).
//! Nobody is throttled but by a fault.
//! Deliberately absent: multipart uploads, copies, presigned addresses, groups, service accounts, quotas, and of a policy's
//! conditions all but those on the prefix of a listing.

mod admin;
mod bucket;
mod client;
mod policy;
mod seal;
mod signature;
mod xml;

use std::collections::BTreeMap;

use http::{HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Bytes;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use self::admin::User;
use self::bucket::{Bucket, Rule};
pub(crate) use self::client::Client;
use self::signature::Caller;
use self::xml::{Deletion, Doomed};
use super::ask::{Ask, digits, nothing, typed};
use super::{Account, Thing};
use crate::clouds::labels;

/// What is asked of one server.
#[derive(Debug, Clone)]
pub(crate) struct Minio {
    root: Account,
    users: BTreeMap<String, User>,
    /// Documents by name; MinIO's own are not among them.
    policies: BTreeMap<String, Value>,
    buckets: BTreeMap<String, Bucket>,
    /// What keys are derived through, in KiB.
    memory: u32,
    answered: u64,
    /// The time, as it was last told: rights may end.
    now: Timestamp,
}

/// An error: the status, MinIO's own code, and a sentence.
#[derive(Debug)]
pub(crate) struct Refused(StatusCode, &'static str, String);

type Outcome = Result<Response<Bytes>, Refused>;

pub(crate) fn bad(code: &'static str, message: &str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, code, message.to_owned())
}

pub(crate) fn denied() -> Refused {
    Refused(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied.".to_owned())
}

pub(crate) fn missing(code: &'static str, message: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, code, message.to_owned())
}

fn not_implemented() -> Refused {
    let message = "A header you provided implies functionality that is not implemented".to_owned();
    Refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
}

fn no_such_bucket() -> Refused {
    missing("NoSuchBucket", "The specified bucket does not exist")
}

/// What a request is about.
struct Target<'a> {
    bucket: &'a str,
    key: &'a str,
    /// Of a listing: what it was narrowed to.
    prefix: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn new(bucket: &'a str, key: &'a str) -> Self {
        Self { bucket, key, prefix: None }
    }
}

/// For how many days an operator's bucket for backups keeps what is tagged so.
const KEPT_DAYS: [u32; 4] = [7, 14, 30, 90];

fn backups() -> Bucket {
    let rule = |days| {
        format!(
            "<Rule><ID>keep-{days}</ID><Status>Enabled</Status><Filter><Tag><Key>tenantry:keep</Key><Value>{days}</Value></Tag>\
             </Filter><Expiration><Days>{days}</Days></Expiration></Rule>"
        )
    };
    let rules = format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", KEPT_DAYS.map(rule).concat());
    let mut bucket = Bucket::new(Timestamp::UNIX_EPOCH);
    bucket.set_rules(Rule::read(rules.as_bytes()).ok());
    bucket
}

impl Minio {
    pub(crate) fn new(root: &Account, memory: u32, backups: Option<&str>) -> Self {
        Self {
            root: root.clone(),
            users: BTreeMap::new(),
            policies: BTreeMap::new(),
            buckets: backups.map(|name| (name.to_owned(), self::backups())).into_iter().collect(),
            memory,
            answered: 0,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        let (method, path) = ask.route();
        if path.starts_with(&["minio", "admin"]) {
            return admin::operation(method, &path);
        }
        let of_object = path.len() > 1;
        let subresource =
            ["policy", "versioning", "lifecycle", "tagging", "location"].into_iter().find(|it| ask.has(it));
        match (method, of_object, subresource) {
            ("GET", false, _) if path == [""] => "ListBuckets",
            ("GET", _, Some("policy")) => "GetBucketPolicy",
            ("PUT", _, Some("policy")) => "PutBucketPolicy",
            ("DELETE", _, Some("policy")) => "DeleteBucketPolicy",
            ("GET", _, Some("versioning")) => "GetBucketVersioning",
            ("PUT", _, Some("versioning")) => "PutBucketVersioning",
            ("GET", _, Some("lifecycle")) => "GetBucketLifecycle",
            ("PUT", _, Some("lifecycle")) => "PutBucketLifecycle",
            ("DELETE", _, Some("lifecycle")) => "DeleteBucketLifecycle",
            ("GET", true, Some("tagging")) => "GetObjectTagging",
            ("PUT", true, Some("tagging")) => "PutObjectTagging",
            ("GET", _, Some("tagging")) => "GetBucketTagging",
            ("PUT", _, Some("tagging")) => "PutBucketTagging",
            ("GET", _, Some("location")) => "GetBucketLocation",
            ("GET", false, _) if ask.has("versions") => "ListObjectVersions",
            ("GET", false, _) => "ListObjects",
            ("HEAD", false, _) => "HeadBucket",
            ("PUT", false, _) => "CreateBucket",
            ("DELETE", false, _) => "DeleteBucket",
            ("POST", false, _) if ask.has("delete") => "DeleteObjects",
            ("GET", true, _) => "GetObject",
            ("HEAD", true, _) => "HeadObject",
            ("PUT", true, _) => "PutObject",
            ("DELETE", true, _) => "DeleteObject",
            _ => "PutUnknown",
        }
    }

    pub(crate) fn answer(&mut self, now: Timestamp, ask: &Ask<'_>) -> Response<Bytes> {
        self.answered += 1;
        self.it_is(now);
        let request_id = digits(&["minio", &self.answered.to_string()], 16).to_uppercase();
        let of_admin = ask.route().1.starts_with(&["minio", "admin"]);
        let outcome = signature::caller(ask, now, |key| self.secret_of(key)).and_then(|caller| {
            if of_admin { self.administer(now, ask, &caller) } else { self.store(now, ask, &caller) }
        });
        let mut response = outcome.unwrap_or_else(|refused| refuse(&refused, ask, of_admin, &request_id));
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert("x-amz-request-id", id);
        }
        response
    }

    pub(crate) fn it_is(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// What the holder of an access key signs with, if they may sign in.
    fn secret_of(&self, access_key: &str) -> Option<String> {
        if self.is_root(access_key) {
            return Some(self.root.password.clone());
        }
        self.users.get(access_key).filter(|user| user.enabled).map(|user| user.secret.clone())
    }

    /// A server without an account lets nobody in.
    fn is_root(&self, access_key: &str) -> bool {
        !self.root.user.is_empty() && self.root.user == access_key
    }

    fn may(&self, caller: &Caller, action: &str, target: &Target<'_>) -> bool {
        let resource = if target.key.is_empty() {
            target.bucket.to_owned()
        } else {
            format!("{}/{}", target.bucket, target.key)
        };
        let said = policy::Said { prefix: target.prefix, now: self.now };
        match caller {
            Caller::Nobody => {
                let document = self.buckets.get(target.bucket).and_then(|bucket| bucket.policy.as_ref());
                policy::allows(document, action, &resource, &said)
            }
            Caller::Signed(key) if self.is_root(key) => true,
            Caller::Signed(key) => policy::allows(self.documents_of(key), action, &resource, &said),
        }
    }

    fn documents_of(&self, user: &str) -> impl Iterator<Item = &Value> {
        let names = self.users.get(user).into_iter().flat_map(|user| &user.policies);
        names.filter_map(|name| self.policies.get(name).or_else(|| policy::built_in(name)))
    }

    fn store(&mut self, now: Timestamp, ask: &Ask<'_>, caller: &Caller) -> Outcome {
        let path = ask.uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let key = percent_decode_str(key).decode_utf8_lossy();
        let target = Target { prefix: ask.query("prefix"), ..Target::new(bucket, &key) };
        for bucket in self.buckets.values_mut() {
            bucket.forget(now);
        }
        if bucket.is_empty() {
            return self.list_buckets(ask, caller);
        }
        if ask.headers.contains_key("x-amz-copy-source") || ask.has("uploadId") || ask.has("uploads") {
            return Err(not_implemented());
        }
        if key.is_empty() {
            self.of_bucket(now, ask, caller, &target)
        } else {
            self.of_object(now, ask, caller, &target)
        }
    }

    fn list_buckets(&self, ask: &Ask<'_>, caller: &Caller) -> Outcome {
        if *ask.method != Method::GET {
            return Err(Refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Not here.".to_owned()));
        }
        let all = self.may(caller, "s3:ListAllMyBuckets", &Target::new("", ""));
        let seen = |name: &str| all || self.may(caller, "s3:ListBucket", &Target::new(name, ""));
        let buckets: Vec<_> = self.buckets.iter().filter(|(name, _)| seen(name)).collect();
        if buckets.is_empty() && !all {
            return Err(denied());
        }
        let told = |(name, bucket): (&String, &Bucket)| {
            format!("<Bucket><Name>{name}</Name><CreationDate>{:.3}</CreationDate></Bucket>", bucket.made_at)
        };
        let buckets: String = buckets.into_iter().map(told).collect();
        let owner = "<Owner><ID>minio</ID><DisplayName>minio</DisplayName></Owner>";
        Ok(xml::answer("ListAllMyBucketsResult", &format!("{owner}<Buckets>{buckets}</Buckets>")))
    }

    fn of_bucket(&mut self, now: Timestamp, ask: &Ask<'_>, caller: &Caller, target: &Target<'_>) -> Outcome {
        let operation = Self::operation(ask);
        let action = match operation {
            "HeadBucket" | "ListObjects" => "s3:ListBucket".to_owned(),
            "ListObjectVersions" => "s3:ListBucketVersions".to_owned(),
            "GetBucketLifecycle" => "s3:GetLifecycleConfiguration".to_owned(),
            "PutBucketLifecycle" | "DeleteBucketLifecycle" => "s3:PutLifecycleConfiguration".to_owned(),
            "PutUnknown" => return Err(not_implemented()),
            // Asked for each object.
            "DeleteObjects" => return self.delete_objects(now, ask, caller, target),
            named => format!("s3:{named}"),
        };
        if !self.may(caller, &action, target) {
            return Err(denied());
        }
        match operation {
            "CreateBucket" => return self.create_bucket(now, target.bucket),
            "DeleteBucket" => {
                let bucket = self.buckets.get(target.bucket).ok_or_else(no_such_bucket)?;
                if bucket.holds_anything() {
                    let message = "The bucket you tried to delete is not empty".to_owned();
                    return Err(Refused(StatusCode::CONFLICT, "BucketNotEmpty", message));
                }
                self.buckets.remove(target.bucket);
                return Ok(nothing());
            }
            _ => {}
        }
        let bucket = self.buckets.get_mut(target.bucket).ok_or_else(no_such_bucket)?;
        match operation {
            "HeadBucket" => Ok(Response::default()),
            "GetBucketLocation" => Ok(xml::answer("LocationConstraint", "")),
            "ListObjects" => bucket.list(target.bucket, ask),
            "ListObjectVersions" => bucket.list_versions(target.bucket, ask),
            "GetBucketVersioning" => Ok(xml::answer("VersioningConfiguration", &bucket.told_versioning())),
            "PutBucketVersioning" => bucket.set_versioning(ask.body).map(|()| Response::default()),
            "GetBucketLifecycle" => {
                let none =
                    || missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
                let rules = bucket.rules.as_ref().ok_or_else(none)?;
                Ok(xml::answer("LifecycleConfiguration", &rules.iter().map(Rule::told).collect::<String>()))
            }
            "PutBucketLifecycle" => {
                needs_checksum(ask)?;
                bucket.set_rules(Some(Rule::read(ask.body)?));
                Ok(Response::default())
            }
            "DeleteBucketLifecycle" => {
                bucket.set_rules(None);
                Ok(nothing())
            }
            "GetBucketTagging" => {
                let none = || missing("NoSuchTagSet", "The TagSet does not exist");
                let tags = bucket.tags.as_ref().ok_or_else(none)?;
                Ok(xml::tagging(tags))
            }
            "PutBucketTagging" => {
                bucket.tags = Some(xml::tags(ask.body)?);
                Ok(Response::default())
            }
            "GetBucketPolicy" => {
                let none = || missing("NoSuchBucketPolicy", "The bucket policy does not exist");
                let document = bucket.policy.as_ref().ok_or_else(none)?;
                Ok(typed(StatusCode::OK, "application/json", Bytes::from(document.to_string())))
            }
            "PutBucketPolicy" => {
                bucket.policy = Some(policy::read_of_bucket(ask.body, target.bucket)?);
                Ok(nothing())
            }
            "DeleteBucketPolicy" => {
                bucket.policy = None;
                Ok(nothing())
            }
            _ => Err(not_implemented()),
        }
    }

    fn create_bucket(&mut self, now: Timestamp, name: &str) -> Outcome {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let at_the_ends = |c: char| c != '-' && c != '.';
        let fits = (3..=63).contains(&name.len()) && name.chars().all(good);
        if !fits || !name.starts_with(at_the_ends) || !name.ends_with(at_the_ends) || name == "minio" {
            return Err(bad("InvalidBucketName", "The specified bucket is not valid."));
        }
        if self.buckets.contains_key(name) {
            let message =
                "Your previous request to create the named bucket succeeded and you already own it."
                    .to_owned();
            return Err(Refused(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou", message));
        }
        self.buckets.insert(name.to_owned(), Bucket::new(now));
        let mut made = Response::default();
        made.headers_mut()
            .extend(HeaderValue::from_str(&format!("/{name}")).map(|at| (header::LOCATION, at)));
        Ok(made)
    }

    fn delete_objects(
        &mut self,
        now: Timestamp,
        ask: &Ask<'_>,
        caller: &Caller,
        target: &Target<'_>,
    ) -> Outcome {
        needs_checksum(ask)?;
        let Deletion { quiet, objects } = xml::deletion(ask.body)?;
        if objects.len() > 1000 {
            return Err(xml::malformed());
        }
        let mut told = String::new();
        for Doomed { key, version } in objects {
            let wanted = Target::new(target.bucket, &key);
            let action = if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
            let shown = xml::escape(&key);
            if !self.may(caller, action, &wanted) {
                told += &format!(
                    "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message><Key>{shown}</Key></Error>"
                );
                continue;
            }
            let bucket = self.buckets.get_mut(target.bucket).ok_or_else(no_such_bucket)?;
            bucket.delete(now, &key, version.as_deref());
            if !quiet {
                told += &format!("<Deleted><Key>{shown}</Key></Deleted>");
            }
        }
        Ok(xml::answer("DeleteResult", &told))
    }

    fn of_object(&mut self, now: Timestamp, ask: &Ask<'_>, caller: &Caller, target: &Target<'_>) -> Outcome {
        let version = ask.query("versionId");
        let action = match (ask.method.as_str(), version) {
            ("GET", None) if ask.has("tagging") => "s3:GetObjectTagging",
            ("PUT", None) if ask.has("tagging") => "s3:PutObjectTagging",
            ("GET" | "HEAD", None) => "s3:GetObject",
            ("GET" | "HEAD", Some(_)) => "s3:GetObjectVersion",
            ("PUT", None) => "s3:PutObject",
            ("DELETE", None) => "s3:DeleteObject",
            ("DELETE", Some(_)) => "s3:DeleteObjectVersion",
            _ => return Err(not_implemented()),
        };
        if !self.may(caller, action, target) {
            return Err(denied());
        }
        // Whoever may not list does not learn what is not there.
        let lists = self.may(caller, "s3:ListBucket", &Target::new(target.bucket, ""));
        let bucket = self.buckets.get_mut(target.bucket).ok_or_else(no_such_bucket)?;
        match action {
            "s3:PutObject" => Ok(bucket.put(now, target.key, ask.header("content-type"), ask.body.clone())),
            "s3:PutObjectTagging" => {
                bucket.tag(target.key, xml::tags(ask.body)?).map(|()| Response::default())
            }
            "s3:GetObjectTagging" => bucket.get(target.key, None).map(|found| xml::tagging(&found.tags)),
            "s3:DeleteObject" | "s3:DeleteObjectVersion" => Ok(bucket.delete(now, target.key, version)),
            _ => match bucket.get(target.key, version) {
                Err(_) if !lists => Err(denied()),
                found => found.map(|found| found.told(*ask.method == Method::HEAD)),
            },
        }
    }

    /// What a bucket holds below a prefix, and what that is tagged with.
    pub(crate) fn objects(
        &mut self,
        now: Timestamp,
        bucket: &str,
        prefix: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return Vec::new() };
        bucket.forget(now);
        let told = |key: &str| Some((key.to_owned(), bucket.get(key, None).ok()?.tags.clone()));
        bucket.keys(prefix).filter_map(told).collect()
    }

    pub(crate) fn things(&self) -> Vec<Thing> {
        let bucket = |(name, bucket): (&String, &Bucket)| {
            let owner =
                bucket.tags.as_ref().map(|tags| labels(&json!(tags))).filter(|owner| !owner.is_empty());
            Thing::new("minio", "bucket", name, owner)
        };
        let user =
            |name: &String| Thing::new("minio", "user", name, self.policies.get(name).and_then(policy::mark));
        let document =
            |(name, document): (&String, &Value)| Thing::new("minio", "policy", name, policy::mark(document));
        let buckets = self.buckets.iter().map(bucket);
        buckets.chain(self.users.keys().map(user)).chain(self.policies.iter().map(document)).collect()
    }

    /// Puts something there that nobody of ours asked for.
    pub(crate) fn plant(&mut self, now: Timestamp, place: &str, thing: &Thing, tags: &Value) -> bool {
        let name = &thing.name;
        match thing.kind {
            "bucket" => {
                let made = self.create_bucket(now, name).is_ok();
                let tags = tags.as_object().filter(|tags| !tags.is_empty()).map(|tags| {
                    tags.iter()
                        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                        .collect()
                });
                if let Some(bucket) = self.buckets.get_mut(name).filter(|_| made) {
                    bucket.tags = tags;
                }
                made
            }
            "user" if !self.users.contains_key(name) => {
                self.users.insert(name.clone(), User::new("planted-secret"));
                true
            }
            "policy" if !self.policies.contains_key(name) => {
                let statement = |noted: Option<&str>| {
                    json!({
                        "Sid": noted, "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::elsewhere/*"],
                    })
                };
                let note = Some(place).filter(|note| !note.is_empty());
                let statements: Vec<Value> =
                    [Some(statement(thing.owner.as_deref())), note.map(|note| statement(Some(note)))]
                        .into_iter()
                        .flatten()
                        .collect();
                self.policies.insert(name.clone(), json!({"Version": "2012-10-17", "Statement": statements}));
                true
            }
            _ => false,
        }
    }

    pub(crate) fn remove(&mut self, kind: &str, name: &str) -> bool {
        match kind {
            "bucket" => self.buckets.remove(name).is_some(),
            "user" => self.users.remove(name).is_some(),
            "policy" => self.policies.remove(name).is_some(),
            _ => false,
        }
    }
}

/// What changes much at once must come with a checksum of its body.
fn needs_checksum(ask: &Ask<'_>) -> Result<(), Refused> {
    let has_one = ask.headers.keys().any(|name| {
        name.as_str() == "content-md5"
            || name.as_str().starts_with("x-amz-checksum-") && name != "x-amz-checksum-algorithm"
    });
    if has_one {
        Ok(())
    } else {
        Err(bad("MissingContentMD5", "Missing or invalid Content-Md5 header for this request."))
    }
}

/// In XML for the S3 API, in JSON for the admin API.
fn refuse(
    Refused(status, code, message): &Refused,
    ask: &Ask<'_>,
    of_admin: bool,
    request_id: &str,
) -> Response<Bytes> {
    let resource = ask.uri.path();
    if of_admin {
        let error = json!({
            "Code": code, "Message": message, "Resource": resource, "RequestId": request_id, "HostId": "sandbox",
        });
        return typed(*status, "application/json", Bytes::from(error.to_string()));
    }
    // HEAD has no body.
    if *ask.method == Method::HEAD {
        let mut response = Response::default();
        *response.status_mut() = *status;
        return response;
    }
    let (message, resource) = (xml::escape(message), xml::escape(resource));
    let body = format!(
        "{}<Error><Code>{code}</Code><Message>{message}</Message><Resource>{resource}</Resource>\
         <RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>",
        xml::HEAD
    );
    typed(*status, "application/xml", Bytes::from(body))
}
