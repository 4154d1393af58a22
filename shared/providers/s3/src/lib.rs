#![doc = include_str!("../README.md")]

mod object;

pub use object::Object;

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use fault::{Actor, Fault};
use jiff::Timestamp;

const SERVICE: &str = "s3";
/// The object that makes a prefix a folder of ours. Written first and deleted last.
const MANIFEST: &str = ".folder";
/// The manifest's user metadata that carries the ownership mark.
const OWNER: &str = "owner";

/// A bucket of folders. A folder is a prefix with an owner; its files are small and written together.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

/// Who owns a folder, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub owner: String,
    pub made_at: Option<Timestamp>,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the folder, without a leading slash.
    pub path: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl File {
    pub fn new(path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content_type: content_type.to_owned(), body: body.into() }
    }
}

impl Bucket {
    /// The bucket that the variable `name` names.
    pub async fn from_env(name: &'static str) -> Result<Self, aws::MissingVariable> {
        Ok(Self::new(&aws::config().await, aws::variable(name)?))
    }

    #[must_use]
    pub fn new(config: &aws::SdkConfig, name: String) -> Self {
        // Path style: a bucket's own host name cannot be resolved where AWS is a process on a laptop.
        let config = Builder::from(config).force_path_style(true).build();
        Self { client: Client::from_conf(config), name }
    }

    /// Makes a folder hold exactly these files. A folder that somebody else owns is refused and left as it is.
    pub async fn put_folder(&self, folder: &str, owner: &str, files: &[File]) -> Result<(), Fault> {
        match self.owner(folder).await? {
            None => self.found(folder, owner).await?,
            Some(found) if found == owner => {}
            Some(_) => return Err(foreign(folder)),
        }
        for file in files {
            self.put(folder, file).await?;
        }
        let wanted: BTreeSet<String> = files.iter().map(|file| key(folder, &file.path)).collect();
        let stale = self.files(folder).await?.into_iter().filter(|key| !wanted.contains(key));
        self.delete(stale.collect()).await
    }

    /// Writes one file of a folder that is already there.
    pub async fn put_file(&self, folder: &str, owner: &str, file: &File) -> Result<(), Fault> {
        match self.owner(folder).await? {
            Some(found) if found == owner => self.put(folder, file).await,
            Some(_) => Err(foreign(folder)),
            None => Err(Fault::terminal(format!("there is no folder {folder}")).from_provider(SERVICE, None)),
        }
    }

    /// Removes a folder with everything in it. Already gone is success; somebody else's is left alone.
    pub async fn delete_folder(&self, folder: &str, owner: &str) -> Result<(), Fault> {
        if self.owner(folder).await?.as_deref() != Some(owner) {
            return Ok(());
        }
        self.delete(self.files(folder).await?).await?;
        // Without its manifest nobody would know whose a file is that was listed late, or has not gone yet.
        if !self.files(folder).await?.is_empty() {
            return Err(Fault::not_ready(format!("{folder} still has files")).from_provider(SERVICE, None));
        }
        self.delete(vec![key(folder, MANIFEST)]).await
    }

    /// The ownership mark of a folder, if it is there.
    pub async fn owner(&self, folder: &str) -> Result<Option<String>, Fault> {
        Ok(self.owned(folder).await?.map(|owned| owned.owner))
    }

    /// The same, with when the folder was made: its manifest is written once.
    pub async fn owned(&self, folder: &str) -> Result<Option<Owned>, Fault> {
        match self.client.head_object().bucket(&self.name).key(key(folder, MANIFEST)).send().await {
            Ok(head) => {
                let owner = head.metadata().and_then(|m| m.get(OWNER)).cloned().unwrap_or_default();
                Ok(Some(Owned { owner, made_at: head.last_modified().and_then(aws::timestamp) }))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found()) => Ok(None),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// The names directly below a path, a hundred at a time, and where the next hundred begins. Not each need be a
    /// folder of somebody's.
    pub async fn names(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), Fault> {
        let prefix = key(path, "");
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(&prefix).delimiter("/");
        let request = request.max_keys(100).set_continuation_token(after.map(str::to_owned));
        let listed = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
        let name = |below: &str| Some(below.strip_prefix(&prefix)?.strip_suffix('/')?.to_owned());
        let below = listed.common_prefixes().iter().filter_map(|below| below.prefix());
        Ok((below.filter_map(name).collect(), listed.next_continuation_token))
    }

    /// All files of a folder of that owner, none when it is not there.
    pub async fn read_folder(&self, folder: &str, owner: &str) -> Result<Vec<File>, Fault> {
        match self.owner(folder).await? {
            None => return Ok(Vec::new()),
            Some(found) if found == owner => {}
            Some(_) => return Err(foreign(folder)),
        }
        let mut files = Vec::new();
        for key in self.files(folder).await? {
            let path = key.strip_prefix(&format!("{folder}/")).unwrap_or(&key);
            // Gone since it was listed.
            files.extend(self.get_file(folder, path).await?);
        }
        Ok(files)
    }

    pub async fn get_file(&self, folder: &str, path: &str) -> Result<Option<File>, Fault> {
        match self.client.get_object().bucket(&self.name).key(key(folder, path)).send().await {
            Ok(object) => {
                let content_type = object.content_type().unwrap_or("application/octet-stream").to_owned();
                let body = object.body.collect().await.map_err(|e| {
                    Fault::transient(format!("s3 broke off an answer: {e}")).from_provider(SERVICE, None)
                })?;
                Ok(Some(File { path: path.to_owned(), content_type, body: body.to_vec() }))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Writes the manifest, if nobody else was quicker.
    async fn found(&self, folder: &str, owner: &str) -> Result<(), Fault> {
        let request = self.client.put_object().bucket(&self.name).key(key(folder, MANIFEST));
        match request.if_none_match("*").metadata(OWNER, owner).body(ByteStream::default()).send().await {
            Ok(_) => Ok(()),
            Err(e)
                if e.raw_response().is_some_and(|answer| matches!(answer.status().as_u16(), 409 | 412)) =>
            {
                Err(Fault::transient(format!("the folder {folder} appeared meanwhile; look again"))
                    .from_provider(SERVICE, None))
            }
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    async fn put(&self, folder: &str, file: &File) -> Result<(), Fault> {
        let request = self.client.put_object().bucket(&self.name).key(key(folder, &file.path));
        let request = request.content_type(&file.content_type).body(ByteStream::from(file.body.clone()));
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// The keys of a folder's files; its manifest is none of them.
    async fn files(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(key(folder, ""));
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| aws::fault(SERVICE, &e))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        keys.retain(|file| *file != key(folder, MANIFEST));
        Ok(keys)
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), Fault> {
        let malformed = |e| Fault::terminal(format!("a deletion cannot be built: {e}"));
        for batch in keys.chunks(1000) {
            let objects = batch.iter().map(|key| ObjectIdentifier::builder().key(key).build());
            let objects = objects.collect::<Result<Vec<_>, _>>().map_err(malformed)?;
            let batch =
                Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(malformed)?;
            let answer = self.client.delete_objects().bucket(&self.name).delete(batch).send().await;
            let answer = answer.map_err(|e| aws::fault(SERVICE, &e))?;
            // The call succeeds although single objects may not have gone.
            if let Some(left) = answer.errors().first() {
                let cause = format!(
                    "s3 did not delete {}: {}",
                    left.key().unwrap_or("?"),
                    left.code().unwrap_or("?")
                );
                return Err(Fault::transient(cause).from_provider(SERVICE, answer.request_id()));
            }
        }
        Ok(())
    }
}

fn key(folder: &str, path: &str) -> String {
    format!("{folder}/{path}")
}

fn foreign(folder: &str) -> Fault {
    Fault::new(fault::Kind::Terminal, Actor::Us, format!("the folder {folder} belongs to somebody else"))
        .from_provider(SERVICE, None)
        .hint("Compare the owner in the metadata of its .folder object with this deployment's name.")
}
