use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Tag, Tagging};
use fault::Fault;

use crate::bucket::malformed;
use crate::{ObjectStore, Part, SERVICE, refused, says};

/// Something that a bucket holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// The same, in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// In bytes.
    pub size: u64,
}

impl ObjectStore {
    /// What a bucket holds now, by key, a thousand at a time. Without older versions.
    pub async fn objects(&self, bucket: &str, after: Option<&str>) -> Result<Part<Listed>, Fault> {
        let request =
            self.s3.list_objects_v2().bucket(bucket).set_continuation_token(after.map(str::to_owned));
        let listed = request.send().await.map_err(|e| refused(&e))?;
        let read = |object: &aws_sdk_s3::types::Object| {
            let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            Some(Listed { key: object.key()?.to_owned(), size })
        };
        Ok(Part {
            items: listed.contents().iter().filter_map(read).collect(),
            next: listed.next_continuation_token,
        })
    }

    /// What a bucket holds below a folder, by key, a thousand at a time: what comes after a key, if one is given.
    pub async fn folder(
        &self,
        bucket: &str,
        folder: &str,
        after: Option<&str>,
    ) -> Result<Part<String>, Fault> {
        let request = self.s3.list_objects_v2().bucket(bucket).prefix(format!("{folder}/"));
        let listed = request.set_start_after(after.map(str::to_owned)).send().await;
        let listed = listed.map_err(|e| refused(&e))?;
        let items: Vec<String> =
            listed.contents().iter().filter_map(|it| Some(it.key()?.to_owned())).collect();
        let next = items.last().filter(|_| listed.is_truncated() == Some(true)).cloned();
        Ok(Part { items, next })
    }

    /// What is directly in a folder and has something below it, by name.
    pub async fn subfolders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, Fault> {
        let (prefix, mut names, mut after) = (format!("{folder}/"), Vec::new(), None);
        loop {
            let request = self.s3.list_objects_v2().bucket(bucket).prefix(&prefix).delimiter("/");
            let listed = request.set_continuation_token(after).send().await.map_err(|e| refused(&e))?;
            let below = listed.common_prefixes().iter().filter_map(|it| it.prefix()?.strip_prefix(&prefix));
            names.extend(below.map(|name| name.trim_end_matches('/').to_owned()));
            after = listed.next_continuation_token;
            if after.is_none() {
                return Ok(names);
            }
        }
    }

    /// Tags something; what it was tagged with before is forgotten. Already gone is success.
    pub async fn tag(&self, bucket: &str, key: &str, name: &str, value: &str) -> Result<(), Fault> {
        let tag = Tag::builder().key(name).value(value).build().map_err(|e| malformed(&e))?;
        let tags = Tagging::builder().tag_set(tag).build().map_err(|e| malformed(&e))?;
        match self.s3.put_object_tagging().bucket(bucket).key(key).tagging(tags).send().await {
            Ok(_) => Ok(()),
            Err(e) if says(&e, "NoSuchKey") => Ok(()),
            Err(e) => Err(refused(&e)),
        }
    }

    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Object>, Fault> {
        match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => {
                let content_type = object.content_type().unwrap_or("application/octet-stream").to_owned();
                let body = object.body.collect().await.map_err(|e| {
                    let cause = format!("the object store broke off an answer: {e}");
                    Fault::transient(cause).from_provider(SERVICE, None)
                })?;
                Ok(Some(Object { key: key.to_owned(), content_type, body: body.to_vec() }))
            }
            Err(e) if says(&e, "NoSuchKey") => Ok(None),
            Err(e) => Err(refused(&e)),
        }
    }

    pub async fn write(&self, bucket: &str, object: &Object) -> Result<(), Fault> {
        let request = self.s3.put_object().bucket(bucket).key(&object.key).content_type(&object.content_type);
        let request = request.body(ByteStream::from(object.body.clone()));
        request.send().await.map(|_| ()).map_err(|e| refused(&e))
    }

    /// Makes a bucket not hold this any more; where versions are kept, it can be had back.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), Fault> {
        let request = self.s3.delete_object().bucket(bucket).key(key);
        request.send().await.map(|_| ()).map_err(|e| refused(&e))
    }

    /// All that a bucket holds now; none when it is not there. More than so many bytes do not fit, and are refused before any is
    /// read.
    pub async fn mirror(&self, bucket: &str, at_most: u64) -> Result<Vec<Object>, Fault> {
        if self.find_bucket(bucket).await?.is_none() {
            return Ok(Vec::new());
        }
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let part = self.objects(bucket, after.as_deref()).await?;
            listed.extend(part.items);
            let Some(next) = part.next else { break };
            after = Some(next);
        }
        let bytes: u64 = listed.iter().map(|object| object.size).sum();
        if bytes > at_most {
            let cause = format!("{bucket} holds {bytes} bytes, and no more than {at_most} can be mirrored");
            return Err(Fault::terminal(cause)
                .from_provider(SERVICE, None)
                .hint("Mirror it from bucket to bucket (`mc mirror`), and skip this step's backup."));
        }
        let mut objects = Vec::with_capacity(listed.len());
        for Listed { key, .. } in listed {
            // Gone since it was listed.
            objects.extend(self.read(bucket, &key).await?);
        }
        Ok(objects)
    }

    /// Writes back what was mirrored.
    pub async fn restore(&self, bucket: &str, objects: &[Object]) -> Result<(), Fault> {
        for object in objects {
            self.write(bucket, object).await?;
        }
        Ok(())
    }
}
