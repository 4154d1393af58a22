use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{Blueprint, Event, Tenant};

/// When a blueprint's tenants are put to sleep that nobody uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Hibernation {
    /// After so many days of 24 hours without use; never, if 0.
    #[cfg_attr(feature = "openapi", schema(maximum = 3650))]
    pub idle_days: u16,
}

impl Hibernation {
    /// Ten years: whoever wants more wants never.
    pub const LONGEST_DAYS: u16 = 3650;

    #[must_use]
    pub fn is_never(&self) -> bool {
        self.idle_days == 0
    }
}

impl Blueprint {
    /// When a tenant that was used then is put to sleep, unless it is used before. In whole seconds, as it is looked up by.
    #[must_use]
    pub fn hibernates_at(&self, used: Timestamp) -> Option<Timestamp> {
        if !self.hibernates || self.hibernation.is_never() {
            return None;
        }
        let used = Timestamp::from_second(used.as_second()).unwrap_or(used);
        used.checked_add((i64::from(self.hibernation.idle_days) * 24).hours()).ok()
    }
}

impl Tenant {
    /// Whether it is due then to be put to sleep.
    #[must_use]
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.status.after(Event::HibernateRequested).is_ok() && self.hibernates_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn blueprint(hibernates: bool, idle_days: u16) -> Blueprint {
        let blueprint = json!({
            "name": "shop", "version": 1, "description": "", "active": true, "plans": ["starter"],
            "hibernates": hibernates, "hibernation": { "idle_days": idle_days },
        });
        serde_json::from_value(blueprint).expect("a blueprint")
    }

    #[test]
    fn only_who_can_sleep_and_is_to_is_put_to_sleep() {
        let used: Timestamp = "2028-02-28T12:00:00.5Z".parse().expect("a time");
        let at = |hibernates, days| blueprint(hibernates, days).hibernates_at(used).map(|at| at.to_string());
        assert_eq!(at(true, 2).as_deref(), Some("2028-03-01T12:00:00Z"), "a leap day is a day");
        assert_eq!((at(true, 0), at(false, 2)), (None, None));
    }
}
