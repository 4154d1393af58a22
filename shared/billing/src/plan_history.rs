use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::EventId;

/// How late something may be heard and still count. Billers give up sooner: Stripe after three days.
const HORIZON: SignedDuration = SignedDuration::from_hours(35 * 24);

/// What was bought when. A plan that costs more is due at once; one that costs less once what was paid for is used up,
/// unless the customer thinks better of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct PlanHistory(Vec<Bought>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Bought {
    at: Timestamp,
    rank: u8,
    event: EventId,
    /// By each name it has with the biller.
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paid_until: Option<Timestamp>,
}

/// A plan that something is sold as, and its price in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub plan: String,
    pub price: u32,
}

impl PlanHistory {
    /// What is older than the horizon is forgotten, but for the last of it.
    pub(crate) fn add(
        &mut self,
        (at, rank, event): (Timestamp, u8, EventId),
        names: Vec<String>,
        paid_until: Option<Timestamp>,
    ) {
        let bought = Bought { at, rank, event, names, paid_until };
        if let Err(place) = self.0.binary_search(&bought) {
            self.0.insert(place, bought);
        }
        let Some(newest) = self.0.last().map(|last| last.at) else { return };
        let old = self.0.iter().take_while(|bought| bought.at + HORIZON < newest).count();
        self.0.drain(..old.saturating_sub(1));
    }

    /// What was bought last, by each name.
    #[must_use]
    pub fn latest(&self) -> &[String] {
        self.0.last().map_or(&[], |bought| &bought.names)
    }

    /// The plan that is due at a moment, and when another will be. `offered` knows what a thing bought is sold as: what it
    /// does not know changes nothing.
    pub fn due(
        &self,
        now: Timestamp,
        offered: impl Fn(&[String]) -> Option<Offered>,
    ) -> (Option<Offered>, Option<Timestamp>) {
        let mut due: Option<Offered> = None;
        let mut later: Option<(Timestamp, Offered)> = None;
        let mut paid_until = None;
        for bought in &self.0 {
            if let Some((_, cheaper)) = later.take_if(|(from, _)| *from <= bought.at) {
                due = Some(cheaper);
            }
            let Some(new) = offered(&bought.names) else { continue };
            let used_up = paid_until.filter(|until| *until > bought.at);
            match (&due, used_up) {
                (Some(had), _) if had.plan == new.plan => later = None,
                (Some(had), Some(until)) if new.price < had.price => later = Some((until, new)),
                _ => (due, later) = (Some(new), None),
            }
            paid_until = bought.paid_until;
        }
        if let Some((_, cheaper)) = later.take_if(|(from, _)| *from <= now) {
            due = Some(cheaper);
        }
        (due, later.map(|(from, _)| from))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * 86_400).expect("a moment")
    }

    fn offered(names: &[String]) -> Option<Offered> {
        let price = match names.first()?.as_str() {
            "small" => 10,
            "big" => 20,
            "huge" => 30,
            _ => return None,
        };
        Some(Offered { plan: names[0].clone(), price })
    }

    /// Bought on a day, paid for until another.
    fn history(bought: &[(i64, &str, i64)]) -> PlanHistory {
        let mut history = PlanHistory::default();
        for (day, name, until) in bought {
            let event = format!("e{day}").parse().expect("an id");
            history.add((at(*day), 0, event), vec![(*name).to_owned()], Some(at(*until)));
        }
        history
    }

    fn due(history: &PlanHistory, day: i64) -> (String, Option<Timestamp>) {
        let (plan, next) = history.due(at(day), offered);
        (plan.map_or(String::new(), |offered| offered.plan), next)
    }

    #[test]
    fn more_is_due_at_once_and_less_when_what_is_paid_for_is_used_up() {
        let up = history(&[(0, "small", 30), (5, "big", 30)]);
        assert_eq!(due(&up, 5), ("big".to_owned(), None));
        let down = history(&[(0, "big", 30), (5, "small", 30)]);
        assert_eq!(due(&down, 29), ("big".to_owned(), Some(at(30))));
        assert_eq!(due(&down, 30), ("small".to_owned(), None));
    }

    #[test]
    fn whoever_thinks_better_of_it_keeps_the_plan() {
        let back = history(&[(0, "big", 30), (5, "small", 30), (6, "big", 30)]);
        assert_eq!(due(&back, 31), ("big".to_owned(), None));
        let further = history(&[(0, "big", 30), (5, "small", 30), (6, "huge", 30)]);
        assert_eq!(due(&further, 6), ("huge".to_owned(), None));
    }

    #[test]
    fn what_is_not_sold_changes_nothing() {
        let odd = history(&[(0, "big", 30), (5, "a T-shirt", 30)]);
        assert_eq!(due(&odd, 40), ("big".to_owned(), None));
    }

    #[test]
    fn a_year_of_renewals_stays_short() {
        let months: Vec<(i64, &str, i64)> =
            (0..24).map(|month| (month * 30, "big", month * 30 + 30)).collect();
        assert!(history(&months).0.len() <= 3);
    }

    proptest! {
        #[test]
        fn the_order_in_which_it_is_heard_does_not_matter(
            days in prop::collection::vec((0_i64..30, prop::sample::select(&["small", "big", "huge"])), 0..8),
            seed: u64,
        ) {
            let said: Vec<(i64, &str, i64)> = days.iter().map(|(day, name)| (*day, *name, day + 30)).collect();
            let mut heard = said.clone();
            heard.sort_by_key(|(day, ..)| seed.rotate_left(u32::try_from(*day).unwrap_or(0)));
            heard.extend(said.first().copied());
            let sorted = |said: &[(i64, &str, i64)]| history(said);
            // Of one day there is one event: the first that is heard.
            let unique: std::collections::BTreeSet<i64> = said.iter().map(|(day, ..)| *day).collect();
            prop_assume!(unique.len() == said.len());
            prop_assert_eq!(sorted(&said), sorted(&heard));
        }
    }
}
