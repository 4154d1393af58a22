use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, StorageClass, Tier};
use fault::Fault;

use crate::{Bucket, SERVICE};

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    Absent,
    Here(Vec<u8>),
    /// In cold storage: it has to be asked for, and comes hours later.
    Cold,
}

/// Objects by their keys, beside what folders there are.
impl Bucket {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes an object into a class of storage, as `STANDARD` or `DEEP_ARCHIVE`.
    pub async fn put_object(&self, key: &str, body: Vec<u8>, class: &str) -> Result<(), Fault> {
        let request = self.client.put_object().bucket(&self.name).key(key);
        let request = request.storage_class(StorageClass::from(class)).body(ByteStream::from(body));
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Writes an object if there is none, and says whether there was none.
    pub async fn put_object_once(&self, key: &str, body: Vec<u8>) -> Result<bool, Fault> {
        let request = self.client.put_object().bucket(&self.name).key(key);
        match request.if_none_match("*").body(ByteStream::from(body)).send().await {
            Ok(_) => Ok(true),
            Err(e) => match e.raw_response().map(|answer| answer.status().as_u16()) {
                Some(412) => Ok(false),
                Some(409) => Err(Fault::transient(format!("{key} is being written by another call"))
                    .from_provider(SERVICE, None)),
                _ => Err(aws::fault(SERVICE, &e)),
            },
        }
    }

    pub async fn get_object(&self, key: &str) -> Result<Object, Fault> {
        match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(object) => {
                let body = object.body.collect().await.map_err(|e| {
                    Fault::transient(format!("s3 broke off an answer: {e}")).from_provider(SERVICE, None)
                })?;
                Ok(Object::Here(body.to_vec()))
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(Object::Absent),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_invalid_object_state()) => Ok(Object::Cold),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Has a cold object copied to where it can be read for so many days. Says whether it can be read now.
    pub async fn thaw(&self, key: &str, days: i32) -> Result<bool, Fault> {
        let head = self.client.head_object().bucket(&self.name).key(key).send().await;
        let head = head.map_err(|e| aws::fault(SERVICE, &e))?;
        let cold = matches!(head.storage_class(), Some(StorageClass::Glacier | StorageClass::DeepArchive));
        match head.restore() {
            _ if !cold => return Ok(true),
            // As in `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`.
            Some(asked) => return Ok(asked.contains("ongoing-request=\"false\"")),
            None => {}
        }
        let tier = GlacierJobParameters::builder().tier(Tier::Standard).build();
        let tier = tier.map_err(|e| Fault::terminal(format!("a restoration cannot be built: {e}")))?;
        let wanted = RestoreRequest::builder().days(days).glacier_job_parameters(tier).build();
        match self.client.restore_object().bucket(&self.name).key(key).restore_request(wanted).send().await {
            Ok(_) => Ok(false),
            // RestoreAlreadyInProgress.
            Err(e) if e.raw_response().is_some_and(|answer| answer.status().as_u16() == 409) => Ok(false),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }
}
