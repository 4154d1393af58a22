//! What runs in the cluster and keeps something here by itself: it signs in by a key and its secret, and may do what their
//! user may. What refuses it is told as its own client, boto3, tells it.

use hyper::body::Bytes;
use jiff::Timestamp;

use super::signature::Caller;
use super::{Minio, Target};

/// Who signs in, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) bucket: String,
}

impl Client {
    fn refused(operation: &str, code: &str, message: &str) -> String {
        format!("An error occurred ({code}) when calling the {operation} operation: {message}")
    }
}

impl Minio {
    /// Whether the client may do that, to what is there.
    fn lets(
        &self,
        client: &Client,
        operation: &str,
        action: &str,
        target: &Target<'_>,
    ) -> Result<(), String> {
        let refused = |code: &str, message: &str| Err(Client::refused(operation, code, message));
        match self.secret_of(&client.access_key) {
            None => {
                let why = "The Access Key Id you provided does not exist in our records.";
                return refused("InvalidAccessKeyId", why);
            }
            Some(secret) if secret != client.secret_key => {
                let why = "The request signature we calculated does not match the signature you provided.";
                return refused("SignatureDoesNotMatch", why);
            }
            Some(_) => {}
        }
        if !self.may(&Caller::Signed(client.access_key.clone()), action, target) {
            return refused("AccessDenied", "Access Denied.");
        }
        if !self.buckets.contains_key(&client.bucket) {
            return refused("NoSuchBucket", "The specified bucket does not exist");
        }
        Ok(())
    }

    /// The keys below a prefix, in order.
    pub(crate) fn client_lists(&self, client: &Client, prefix: &str) -> Result<Vec<String>, String> {
        let target = Target { prefix: Some(prefix), ..Target::new(&client.bucket, "") };
        self.lets(client, "ListObjectsV2", "s3:ListBucket", &target)?;
        let bucket = self.buckets.get(&client.bucket);
        Ok(bucket.into_iter().flat_map(|bucket| bucket.keys(prefix)).map(str::to_owned).collect())
    }

    pub(crate) fn client_reads(&self, client: &Client, key: &str) -> Result<Bytes, String> {
        self.lets(client, "GetObject", "s3:GetObject", &Target::new(&client.bucket, key))?;
        let bucket = self.buckets.get(&client.bucket);
        let found = bucket.and_then(|bucket| bucket.get(key, None).ok()).and_then(|found| found.body());
        found.ok_or_else(|| Client::refused("GetObject", "NoSuchKey", "The specified key does not exist."))
    }

    pub(crate) fn client_writes(
        &mut self,
        now: Timestamp,
        client: &Client,
        key: &str,
        body: Bytes,
    ) -> Result<(), String> {
        self.lets(client, "PutObject", "s3:PutObject", &Target::new(&client.bucket, key))?;
        if let Some(bucket) = self.buckets.get_mut(&client.bucket) {
            bucket.put(now, key, None, body);
        }
        Ok(())
    }

    pub(crate) fn client_deletes(
        &mut self,
        now: Timestamp,
        client: &Client,
        key: &str,
    ) -> Result<(), String> {
        self.lets(client, "DeleteObject", "s3:DeleteObject", &Target::new(&client.bucket, key))?;
        if let Some(bucket) = self.buckets.get_mut(&client.bucket) {
            bucket.delete(now, key, None);
        }
        Ok(())
    }
}
