use std::collections::BTreeMap;

use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::Outcome;
use crate::{ObjectStore, Part};

const MISSING: &str = "XMinioAdminNoSuchPolicy";
const IN_USE: &str = "XMinioIAMPolicyInUse";

/// As many as are given at once.
const PART: usize = 100;

/// What users may do to whom it is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub name: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    /// What else was noted in it.
    pub note: Option<String>,
}

/// A policy for one folder of a bucket that others share: all that is below it, and nothing beside it.
#[derive(Clone, Copy, Debug)]
pub struct FolderPolicy<'a> {
    pub name: &'a str,
    pub owner: &'a str,
    pub bucket: &'a str,
    /// `acme-7f3a9c`
    pub folder: &'a str,
    /// What its maker wants to find in it again: MinIO keeps a policy, and nothing else of a user.
    pub note: &'a str,
    /// Another folder of the bucket that may be read for a time.
    pub lent: Option<Lent<'a>>,
}

/// A right that ends by itself.
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a> {
    pub folder: &'a str,
    pub until: Timestamp,
}

/// A policy to be made, or what one is to become.
#[derive(Clone, Copy, Debug)]
pub struct NewPolicy<'a> {
    pub name: &'a str,
    pub owner: &'a str,
    pub buckets: &'a [String],
    pub access: Access,
}

/// What the policy lets its users do with the objects of its buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    ReadOnly,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "Statement", default)]
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "Sid")]
    id: Option<String>,
}

impl ObjectStore {
    pub async fn find_policy(&self, name: &str) -> Result<Option<Policy>, Fault> {
        let request = self.admin.request(Method::GET, &["info-canned-policy"])?.query(&[("name", name)]);
        let found: Option<Told> = self.admin.find(request, MISSING).await?;
        Ok(found.map(|told| told.read(name)))
    }

    /// All policies, MinIO's own among them, a hundred at a time.
    pub async fn policies(&self, after: Option<&str>) -> Result<Part<Policy>, Fault> {
        let request = self.admin.request(Method::GET, &["list-canned-policies"])?;
        // It is given whole and in no order.
        let all: BTreeMap<String, Told> = self.admin.find(request, MISSING).await?.unwrap_or_default();
        let mut rest = all.into_iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        let items: Vec<Policy> = rest.by_ref().take(PART).map(|(name, told)| told.read(&name)).collect();
        let next = rest.next().and_then(|_| items.last().map(|last| last.name.clone()));
        Ok(Part { items, next })
    }

    /// Makes a policy be this. Whose one of its name is, the caller compares before.
    pub async fn put_policy(&self, new: &NewPolicy<'_>) -> Result<(), Fault> {
        let request = self.admin.request(Method::PUT, &["add-canned-policy"])?.query(&[("name", new.name)]);
        self.admin.done(request.body(new.document().to_string()), &[]).await
    }

    /// The same for a folder.
    pub async fn put_folder_policy(&self, new: &FolderPolicy<'_>) -> Result<(), Fault> {
        let request = self.admin.request(Method::PUT, &["add-canned-policy"])?.query(&[("name", new.name)]);
        self.admin.done(request.body(new.document().to_string()), &[]).await
    }

    /// Already gone is success. One that a user still has stays for as long as that: who was deleted may go a moment later.
    pub async fn remove_policy(&self, name: &str) -> Result<(), Fault> {
        let request = self.admin.request(Method::DELETE, &["remove-canned-policy"])?.query(&[("name", name)]);
        match self.admin.send(request).await? {
            Outcome::Refused(_, code) if code == IN_USE => {
                Err(Fault::not_ready(format!("somebody has the policy {name} yet")))
            }
            Outcome::Refused(fault, code) if code != MISSING => Err(fault),
            _ => Ok(()),
        }
    }
}

impl NewPolicy<'_> {
    fn document(&self) -> Value {
        let buckets: Vec<String> =
            self.buckets.iter().map(|bucket| format!("arn:aws:s3:::{bucket}")).collect();
        let objects: Vec<String> = buckets.iter().map(|bucket| format!("{bucket}/*")).collect();
        // No right on versions: what is deleted can be brought back for as long as it is kept.
        let on_objects: &[&str] = match self.access {
            Access::ReadWrite => &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            Access::ReadOnly => &["s3:GetObject"],
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": self.owner, "Effect": "Allow",
                    "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": buckets,
                },
                { "Effect": "Allow", "Action": on_objects, "Resource": objects },
            ],
        })
    }
}

impl FolderPolicy<'_> {
    /// A listing is let through by its prefix, and so is none without one: Barman asks for no other since its version 3.16
    /// (<https://github.com/EnterpriseDB/barman/issues/929>).
    fn document(&self) -> Value {
        let (bucket, below) = (format!("arn:aws:s3:::{}", self.bucket), format!("{}/*", self.folder));
        let on_objects = [
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ];
        let mut statements = vec![
            json!({
                "Sid": self.owner, "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket],
                "Condition": { "StringLike": { "s3:prefix": [below] } },
            }),
            json!({
                "Sid": self.note, "Effect": "Allow", "Action": on_objects,
                "Resource": [format!("{bucket}/{below}")],
            }),
            json!({ "Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": [bucket] }),
        ];
        if let Some(Lent { folder, until }) = self.lent {
            let (below, while_lent) =
                (format!("{folder}/*"), json!({ "aws:CurrentTime": until.strftime("%FT%TZ").to_string() }));
            statements.push(json!({
                "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket],
                "Condition": { "StringLike": { "s3:prefix": [below] }, "DateLessThan": while_lent },
            }));
            statements.push(json!({
                "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [format!("{bucket}/{below}")],
                "Condition": { "DateLessThan": while_lent },
            }));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

impl Told {
    fn read(self, name: &str) -> Policy {
        let mut noted = self.statements.into_iter().map(|it| it.id.filter(|id| !id.is_empty()));
        let (owner, note) = (noted.next().flatten(), noted.next().flatten());
        Policy { name: name.to_owned(), owner, note }
    }
}
