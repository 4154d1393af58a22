//! When something that controllers began is done next, by place.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// One moment for each place: the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    next: BTreeMap<String, Timestamp>,
    in_order: BTreeSet<(Timestamp, String)>,
}

impl Alarms {
    /// Unless the place has an earlier one.
    pub(super) fn set(&mut self, place: &str, at: Timestamp) {
        if self.next.get(place).is_none_or(|next| at < *next) {
            self.clear(place);
            self.next.insert(place.to_owned(), at);
            self.in_order.insert((at, place.to_owned()));
        }
    }

    pub(super) fn clear(&mut self, place: &str) {
        if let Some(at) = self.next.remove(place) {
            self.in_order.remove(&(at, place.to_owned()));
        }
    }

    pub(super) fn next(&self, place: &str) -> Option<Timestamp> {
        self.next.get(place).copied()
    }

    /// The first that has come by now, and no more.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, String)> {
        let (at, place) = self.in_order.first().filter(|(at, _)| *at <= now)?.clone();
        self.clear(&place);
        Some((at, place))
    }
}
