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
    /// Brings what an owner applied in a namespace up to date, as soon as none of it waits for its controller any more; after
    /// some seconds, as it is. Between two looks the server says when something changes. A look may be a moment late: what
    /// it shows as it was before stays as it was applied.
    pub async fn settle<K: Object + Progress>(
        &self,
        namespace: &str,
        owner: &str,
        applied: &mut [K],
    ) -> Result<(), Fault> {
        let until = clock::now() + PATIENCE;
        loop {
            let Versioned { items, version } = self.own(Some(namespace), owner).await?;
            for object in applied.iter_mut() {
                if let Some(seen) = items.iter().find(|it| follows(*it, object)) {
                    object.clone_from(seen);
                }
            }
            let waits = |object: &K| matches!(object.progress(), State::Waiting { .. });
            if !applied.iter().any(waits)
                || !self.changes::<K>(Some(namespace), owner, &version, until).await?
            {
                return Ok(());
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

/// Whether that is the same object, seen then or later.
fn follows<K: Object>(seen: &K, applied: &K) -> bool {
    let (seen, applied) = (seen.meta(), applied.meta());
    seen.uid == applied.uid && seen.generation >= applied.generation
}
