//! Watches: what has changed of a kind since a version, told as soon as it does.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>
//!
//! A server may end a watch whenever it likes. This one ends it with what has changed already; or without a word when something
//! may have: at the next moment at which a controller is done there. Whoever watches lists again.

use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use serde_json::json;

use super::refused::Refused;
use super::store::{self, Key, Object};
use super::{Kubernetes, Place};
use crate::clouds::ask::{self, Ask, Waits};
use crate::clouds::pace::Moment;

/// For whoever does not say how long.
const LONGEST: Duration = Duration::from_secs(300);

pub(super) fn is_one(ask: &Ask<'_>) -> bool {
    matches!(ask.query("watch"), Some("1" | "true"))
}

impl Kubernetes {
    pub(super) fn watch(
        &self,
        moment: Moment,
        place: &Place<'_>,
        ask: &Ask<'_>,
    ) -> Result<Response<Bytes>, Refused> {
        let since: u64 = ask.query("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or_default();
        let version = |object: &Object| -> u64 {
            let version = object.value["metadata"]["resourceVersion"].as_str();
            version.and_then(|version| version.parse().ok()).unwrap_or_default()
        };
        let selected = self.selected(place, ask)?;
        let changed = selected.iter().find(|(_, object)| version(object) > since);
        if let Some((_, object)) = changed {
            return Ok(ask::json(StatusCode::OK, &json!({"type": "MODIFIED", "object": object.show()})));
        }
        let longest = ask.query("timeoutSeconds").and_then(|it| it.parse().ok());
        let longest = longest.map_or(LONGEST, Duration::from_secs);
        // None of what was there: it has gone.
        let next = match selected.as_slice() {
            [] => Some(moment.now),
            some => some.iter().filter_map(|(key, object)| self.next(key, object)).min(),
        };
        let wait = next.and_then(|next| Duration::try_from(next.duration_since(moment.now)).ok());
        let mut ended = Response::new(Bytes::new());
        ended.extensions_mut().insert(Waits(wait.unwrap_or(longest).min(longest)));
        Ok(ended)
    }

    /// When something is done next where an object is seen to.
    fn next(&self, key: &Key, object: &Object) -> Option<jiff::Timestamp> {
        self.alarms.next(&store::place(key, &object.value))
    }
}
