use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, Delete, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, ObjectIdentifier, Tag, Tagging,
    VersioningConfiguration,
};
use fault::Fault;
use jiff::Timestamp;
use serde_json::json;

use crate::{ObjectStore, Part, SERVICE, refused, says};

/// The tag that carries our ownership mark.
const OWNER: &str = "tenantry_owner";

/// Each bucket's owner takes a call.
const PART: usize = 50;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub name: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    /// Only a listing says.
    pub made_at: Option<Timestamp>,
}

/// How a bucket keeps what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For how long what was deleted or replaced can be had back.
    pub keep_days: i32,
    /// What anybody may read, below this prefix and nowhere else: `public`.
    pub public: Option<String>,
}

/// The name of somebody's bucket for a purpose. 3 to 63 lower-case letters, digits and hyphens, which is what both S3 and host names
/// allow.
pub fn bucket_name(whose: &str, purpose: &str) -> Result<String, Fault> {
    let name = format!("{whose}-{purpose}");
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (3..=63).contains(&name.len())
        && name.chars().all(good)
        && !name.starts_with('-')
        && !name.ends_with('-')
    {
        return Ok(name);
    }
    Err(Fault::terminal(format!("'{name}' cannot be the name of a bucket"))
        .hint("3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends."))
}

impl ObjectStore {
    /// The bucket of this name. Whose it is, the caller compares.
    pub async fn find_bucket(&self, name: &str) -> Result<Option<Bucket>, Fault> {
        let bucket = |owner| Some(Bucket { name: name.to_owned(), owner, made_at: None });
        match self.s3.get_bucket_tagging().bucket(name).send().await {
            Ok(tags) => {
                let owner = tags.tag_set().iter().find(|tag| tag.key() == OWNER);
                Ok(bucket(owner.map(|tag| tag.value().to_owned())))
            }
            Err(e) if says(&e, "NoSuchTagSet") => Ok(bucket(None)),
            Err(e) if says(&e, "NoSuchBucket") => Ok(None),
            Err(e) => Err(refused(&e)),
        }
    }

    /// All buckets in the order of their names, fifty at a time.
    pub async fn buckets(&self, after: Option<&str>) -> Result<Part<Bucket>, Fault> {
        let listed = self.s3.list_buckets().send().await.map_err(|e| refused(&e))?;
        let mut all: Vec<(String, Option<Timestamp>)> = listed
            .buckets()
            .iter()
            .filter_map(|bucket| {
                Some((bucket.name()?.to_owned(), bucket.creation_date().and_then(aws::timestamp)))
            })
            .collect();
        all.sort();
        let mut rest = all.into_iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
        let (mut items, mut last) = (Vec::new(), None);
        for (name, made_at) in rest.by_ref().take(PART) {
            // Gone since it was listed.
            items.extend(self.find_bucket(&name).await?.map(|found| Bucket { made_at, ..found }));
            last = Some(name);
        }
        Ok(Part { items, next: rest.next().and(last) })
    }

    /// Makes a bucket be there and this owner's. Somebody else's is refused and left as it is.
    pub async fn claim_bucket(&self, name: &str, owner: &str) -> Result<(), Fault> {
        match self.find_bucket(name).await? {
            Some(Bucket { owner: Some(found), .. }) if found == owner => return Ok(()),
            Some(Bucket { owner: Some(_), .. }) => return Err(foreign(name)),
            Some(Bucket { owner: None, .. }) if !self.is_untouched(name).await? => return Err(foreign(name)),
            Some(_) => {}
            None => match self.s3.create_bucket().bucket(name).send().await {
                Ok(_) => {}
                Err(e) if says(&e, "BucketAlreadyOwnedByYou") || says(&e, "BucketAlreadyExists") => {
                    let cause = format!("the bucket {name} appeared meanwhile; look again");
                    return Err(Fault::transient(cause).from_provider(SERVICE, None));
                }
                Err(e) => return Err(refused(&e)),
            },
        }
        let tag = Tag::builder().key(OWNER).value(owner).build().map_err(|e| malformed(&e))?;
        let tags = Tagging::builder().tag_set(tag).build().map_err(|e| malformed(&e))?;
        self.s3.put_bucket_tagging().bucket(name).tagging(tags).send().await.map_err(|e| refused(&e))?;
        Ok(())
    }

    /// Makes a bucket keep versions and forget them in time, and lets anybody read what is public.
    pub async fn settle_bucket(&self, name: &str, settings: &Settings) -> Result<(), Fault> {
        let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.s3.put_bucket_versioning().bucket(name).versioning_configuration(versioning);
        request.send().await.map_err(|e| refused(&e))?;
        let request = self.s3.put_bucket_lifecycle_configuration().bucket(name);
        let request = request.lifecycle_configuration(settings.lifecycle()?);
        request.send().await.map_err(|e| refused(&e))?;
        let Some(public) = &settings.public else {
            let request = self.s3.delete_bucket_policy().bucket(name);
            return request.send().await.map(|_| ()).map_err(|e| refused(&e));
        };
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "AWS": ["*"] }, "Action": ["s3:GetObject"],
                "Resource": [format!("arn:aws:s3:::{name}/{public}/*")],
            }],
        });
        let request = self.s3.put_bucket_policy().bucket(name).policy(policy.to_string());
        request.send().await.map(|_| ()).map_err(|e| refused(&e))
    }

    /// Empties and deletes an owner's bucket, with all versions; what is not done by then is [`Fault::not_ready`]. Already gone is
    /// success; somebody else's is left alone. Whoever may write into it is to be gone before.
    pub async fn delete_bucket(&self, name: &str, owner: &str, until: Timestamp) -> Result<(), Fault> {
        let ours = match self.find_bucket(name).await? {
            None => return Ok(()),
            Some(Bucket { owner: Some(found), .. }) if found != owner => return Ok(()),
            Some(bucket) => bucket.owner.is_some(),
        };
        if ours {
            self.empty(name, until).await?;
        }
        match self.s3.delete_bucket().bucket(name).send().await {
            Ok(_) => Ok(()),
            Err(e) if says(&e, "NoSuchBucket") => Ok(()),
            Err(e) if says(&e, "BucketNotEmpty") && ours => {
                Err(Fault::not_ready(format!("something was put into {name} again"))
                    .from_provider(SERVICE, None))
            }
            // Made without a mark, and used: not ours.
            Err(e) if says(&e, "BucketNotEmpty") => Ok(()),
            Err(e) => Err(refused(&e)),
        }
    }

    /// Whether nothing was ever put into a bucket that is still remembered.
    async fn is_untouched(&self, name: &str) -> Result<bool, Fault> {
        let request = self.s3.list_object_versions().bucket(name).max_keys(1);
        let listed = request.send().await.map_err(|e| refused(&e))?;
        Ok(listed.versions().is_empty() && listed.delete_markers().is_empty())
    }

    async fn empty(&self, name: &str, until: Timestamp) -> Result<(), Fault> {
        loop {
            if clock::now() >= until {
                return Err(Fault::not_ready(format!("{name} is not empty yet")).from_provider(SERVICE, None));
            }
            // What is listed is deleted, so the next part is the first again.
            let listed = self.s3.list_object_versions().bucket(name).max_keys(1000).send().await;
            let listed = match listed {
                Ok(listed) => listed,
                Err(e) if says(&e, "NoSuchBucket") => return Ok(()),
                Err(e) => return Err(refused(&e)),
            };
            let versions = listed.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = listed.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let all: Vec<_> =
                versions.chain(markers).filter_map(|(key, version)| Some((key?, version))).collect();
            if all.is_empty() {
                return Ok(());
            }
            let objects = all.into_iter().map(|(key, version)| {
                ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build()
            });
            let objects = objects.collect::<Result<Vec<_>, _>>().map_err(|e| malformed(&e))?;
            let batch = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let batch = batch.map_err(|e| malformed(&e))?;
            let answer = self.s3.delete_objects().bucket(name).delete(batch).send().await;
            // The call succeeds although single objects may not have gone.
            if let Some(left) = answer.map_err(|e| refused(&e))?.errors().first() {
                let (key, code) = (left.key().unwrap_or("?"), left.code().unwrap_or("?"));
                let cause = format!("the object store did not delete {key}: {code}");
                return Err(Fault::transient(cause).from_provider(SERVICE, None));
            }
        }
    }
}

impl Settings {
    fn lifecycle(&self) -> Result<BucketLifecycleConfiguration, Fault> {
        let rule = |id: &str| {
            let everything = LifecycleRuleFilter::builder().prefix("").build();
            LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled).filter(everything)
        };
        let old = NoncurrentVersionExpiration::builder().noncurrent_days(self.keep_days).build();
        // A mark that hides nothing any more.
        let idle = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
        let rules = [
            rule("old-versions").noncurrent_version_expiration(old).build(),
            rule("delete-markers").expiration(idle).build(),
        ];
        let rules = rules.into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| malformed(&e))?;
        BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(|e| malformed(&e))
    }
}

pub(crate) fn malformed(e: &aws_smithy_types::error::operation::BuildError) -> Fault {
    Fault::terminal(format!("a request to the object store cannot be built: {e}"))
}

fn foreign(name: &str) -> Fault {
    Fault::terminal(format!("the bucket {name} belongs to somebody else"))
        .from_provider(SERVICE, None)
        .hint(format!("Compare its tag {OWNER} with this deployment's name."))
}
