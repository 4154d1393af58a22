//! MySQL's operator, whose work is done some time after it was asked for. It says in its own way that it is done.

use serde_json::{Value, json};

use super::Kubernetes;
use super::store::Key;
use crate::clouds::pace::{Moment, OPERATOR_DATABASE};

/// It gives up on a longer name.
const LONGEST_INNODB_CLUSTER: usize = 28;

impl Kubernetes {
    pub(super) fn operators(&mut self, moment: Moment) {
        for key in self.here("innodbclusters.mysql.oracle.com") {
            let Some(object) = self.store.get(&key).filter(|it| !it.is_going()) else { continue };
            let (value, made) = (object.value.clone(), object.since("made").unwrap_or(moment.now));
            let done = self.is_done(moment, made, OPERATOR_DATABASE);
            if let Some(status) = mysql(&key, &value, done) {
                self.store.set_status(&key, status);
            }
        }
    }
}

/// A name that is too long is refused where nobody sees it: the cluster never says anything.
fn mysql(key: &Key, value: &Value, done: bool) -> Option<Value> {
    if key.name.len() > LONGEST_INNODB_CLUSTER {
        return None;
    }
    let instances = value["spec"]["instances"].as_u64().unwrap_or(1);
    let (status, online) = if done { ("ONLINE", instances) } else { ("PENDING", 0) };
    Some(json!({"cluster": {"status": status, "onlineInstances": online}}))
}
