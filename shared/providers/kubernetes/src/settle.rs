use std::time::Duration;

use fault::Fault;
use http_client::Method;
use jiff::{SignedDuration, Timestamp};

use crate::objects::Versioned;
use crate::{Cluster, OWNER, Object, Progress, State, mark};

/// How long one call of ours waits for controllers: well within the life of a function.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How long the server is to wait at most before it says that nothing has changed.
const WATCH: Duration = Duration::from_secs(5);

impl Cluster {
    /// An owner's objects of a kind in a namespace, as soon as none of them waits for its controller any more; after some
    /// seconds, as they are. Between two looks the server says when something changes.
    pub async fn settled<K: Object + Progress>(&self, namespace: &str, owner: &str) -> Result<Vec<K>, Fault> {
        let until = clock::now() + PATIENCE;
        loop {
            let Versioned { items, version } = self.own(Some(namespace), owner).await?;
            let waits = |object: &K| matches!(object.progress(), State::Waiting { .. });
            if !items.iter().any(waits) || !self.changes::<K>(Some(namespace), owner, &version, until).await?
            {
                return Ok(items);
            }
        }
    }

    /// Waits until an owner has none of a kind any more; after some seconds, no longer. [`Self::find_own`] says whether it
    /// is so.
    pub async fn gone<K: Object>(&self, namespace: Option<&str>, owner: &str) -> Result<(), Fault> {
        let until = clock::now() + PATIENCE;
        loop {
            let Versioned { items, version } = self.own::<K>(namespace, owner).await?;
            if items.is_empty() || !self.changes::<K>(namespace, owner, &version, until).await? {
                return Ok(());
            }
        }
    }

    async fn own<K: Object>(&self, namespace: Option<&str>, owner: &str) -> Result<Versioned<K>, Fault> {
        let mut all = self.all(namespace, &format!("{OWNER}={}", mark::label(owner))).await?;
        // The label may be another owner's, too.
        all.items.retain(|object: &K| mark::read(object.meta()) == Some(owner));
        Ok(all)
    }

    /// Returns when something of an owner's may have changed since a version, at the latest at a time. Says whether that has
    /// not come yet.
    async fn changes<K: Object>(
        &self,
        namespace: Option<&str>,
        owner: &str,
        version: &str,
        until: Timestamp,
    ) -> Result<bool, Fault> {
        let left = until.duration_since(clock::now()).as_secs();
        let seconds = u64::try_from(left).unwrap_or_default().min(WATCH.as_secs());
        if seconds == 0 {
            return Ok(false);
        }
        let selector = format!("{OWNER}={}", mark::label(owner));
        let request = self
            .request::<K>(Method::GET, namespace, None)?
            .query(&[("watch", "1"), ("labelSelector", &selector), ("resourceVersion", version)])
            .query(&[("timeoutSeconds", seconds)]);
        self.first_of(request).await?;
        Ok(true)
    }
}
