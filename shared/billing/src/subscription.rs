use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Customer, Dunning, Event, EventId, Fact, PlanHistory, State, SubscriptionId, Terms};

/// All that was heard of a subscription. Whoever hears the same events has the same subscription, in whatever order and
/// however often they come: of each thing that can be said, what was said last stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription {
    pub id: SubscriptionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<Said<Terms>>,
    /// Its end by a word of its own; the terms that are said later know better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancelled: Option<Said<Ends>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<Said<Customer>>,
    #[serde(default)]
    pub bought: PlanHistory,
    #[serde(default)]
    pub dunning: Dunning,
}

/// What was said, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Said<T> {
    at: Timestamp,
    rank: u8,
    event: EventId,
    what: T,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Ends {
    at: Timestamp,
}

/// What hearing an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    News,
    /// Something later had been heard about the same: it changes nothing.
    Late,
}

impl Subscription {
    #[must_use]
    pub fn new(id: SubscriptionId) -> Self {
        let (bought, dunning) = (PlanHistory::default(), Dunning::default());
        Self { id, terms: None, cancelled: None, customer: None, bought, dunning }
    }

    /// A trial of our own making: it ends then, and nobody has to say so.
    #[must_use]
    pub fn trial(id: SubscriptionId, plan: &str, begins: Timestamp, ends: Timestamp) -> Self {
        let event: EventId = EventId::from(&id);
        let terms =
            Terms { state: State::Trialing, trial_ends_at: Some(ends), cancel_at: Some(ends), tenant: None };
        let mut trial = Self::new(id.clone());
        let (bought, customer) = (vec![plan.to_owned()], None);
        let fact = Fact::Terms { terms, bought, paid_until: Some(ends), customer };
        trial.hear(Event { id: event, at: begins, subscription: id, fact });
        trial
    }

    pub fn hear(&mut self, event: Event) -> Hearing {
        let order = event.order();
        let news = match event.fact {
            Fact::Terms { terms, bought, paid_until, customer } => {
                if let Some(customer) = customer {
                    say(&mut self.customer, &order, customer);
                }
                self.bought.add(order.clone(), bought, paid_until);
                say(&mut self.terms, &order, terms)
            }
            Fact::CheckedOut(customer) => say(&mut self.customer, &order, customer),
            Fact::Cancelled { at } => say(&mut self.cancelled, &order, Ends { at }),
            Fact::PaymentFailed => self.dunning.failed(event.at),
            Fact::Paid => self.dunning.paid(event.at),
        };
        if news { Hearing::News } else { Hearing::Late }
    }

    /// As it was described last.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref().map(|said| &said.what)
    }

    #[must_use]
    pub fn customer(&self) -> Option<&Customer> {
        self.customer.as_ref().map(|said| &said.what)
    }

    /// When it ends or ended, if it does.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let by_terms = self.terms.as_ref().and_then(|said| {
            let ended = (said.what.state == State::Ended).then_some(said.at);
            said.what.cancel_at.or(ended)
        });
        let later =
            |cancelled: &&Said<Ends>| self.terms.as_ref().is_none_or(|terms| order(terms) < order(cancelled));
        self.cancelled.as_ref().filter(later).map_or(by_terms, |cancelled| Some(cancelled.what.at))
    }
}

/// Writes down what was said, unless something later was. Whether it did.
fn say<T>(place: &mut Option<Said<T>>, (at, rank, event): &(Timestamp, u8, EventId), what: T) -> bool {
    let said = Said { at: *at, rank: *rank, event: event.clone(), what };
    let news = place.as_ref().is_none_or(|had| order(had) < order(&said));
    if news {
        *place = Some(said);
    }
    news
}

fn order<T>(said: &Said<T>) -> (Timestamp, u8, &EventId) {
    (said.at, said.rank, &said.event)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(state: State, cancel_at: Option<i64>) -> Fact {
        let cancel_at = cancel_at.map(at);
        let terms = Terms { state, trial_ends_at: None, cancel_at, tenant: None };
        Fact::Terms { terms, bought: vec!["pro".to_owned()], paid_until: None, customer: None }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    fn event(n: usize, second: i64, fact: Fact) -> Event {
        let id = format!("evt_{n}").parse().expect("an id");
        Event { id, at: at(second), subscription: "sub_1".parse().expect("an id"), fact }
    }

    fn heard(events: impl IntoIterator<Item = Event>) -> Subscription {
        let mut subscription = Subscription::new("sub_1".parse().expect("an id"));
        for event in events {
            subscription.hear(event);
        }
        subscription
    }

    #[test]
    fn what_is_late_changes_nothing() {
        let mut subscription = heard([event(2, 20, terms(State::Active, None))]);
        let before = subscription.terms().cloned();
        assert_eq!(subscription.hear(event(1, 10, terms(State::Incomplete, None))), Hearing::Late);
        assert_eq!(subscription.terms().cloned(), before);
    }

    #[test]
    fn in_one_second_the_end_comes_last() {
        for order in [[0, 1], [1, 0]] {
            let both = [event(0, 10, terms(State::Ended, None)), event(1, 10, terms(State::Active, None))];
            let subscription = heard(order.map(|n| both[n].clone()));
            assert_eq!(subscription.ends_at(), Some(at(10)));
        }
    }

    /// A checkout that is paid makes a subscription and has it run in one second; ids say nothing of the order.
    #[test]
    fn in_one_second_the_beginning_comes_first() {
        for order in [[0, 1], [1, 0]] {
            let both =
                [event(1, 10, terms(State::Incomplete, None)), event(0, 10, terms(State::Active, None))];
            let subscription = heard(order.map(|n| both[n].clone()));
            assert_eq!(subscription.terms().map(|terms| terms.state), Some(State::Active));
        }
    }

    #[test]
    fn whoever_subscribes_again_is_not_cancelled_any_more() {
        let cancelled = event(1, 10, Fact::Cancelled { at: at(99) });
        let ends = heard([event(0, 5, terms(State::Active, None)), cancelled.clone()]);
        assert_eq!(ends.ends_at(), Some(at(99)));
        let again = heard([event(2, 20, terms(State::Active, None)), cancelled]);
        assert_eq!(again.ends_at(), None);
    }

    fn facts() -> impl Strategy<Value = Fact> {
        prop_oneof![
            prop::option::of(0_i64..100).prop_map(|end| terms(State::Active, end)),
            Just(terms(State::Ended, None)),
            Just(terms(State::Unpaid, None)),
            (0_i64..100).prop_map(|end| Fact::Cancelled { at: at(end) }),
            Just(Fact::PaymentFailed),
            Just(Fact::Paid),
            "[a-z]{1,3}".prop_map(|name| Fact::CheckedOut(Customer {
                email: format!("{name}@example.com"),
                name,
                billing_email: None,
                subdomain: None,
            })),
        ]
    }

    proptest! {
        /// Duplicates and any order: the same subscription.
        #[test]
        fn the_same_events_make_the_same_subscription(
            said in prop::collection::vec((0_i64..50, facts()), 0..12),
            shuffled in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        ) {
            let events: Vec<Event> =
                said.into_iter().enumerate().map(|(n, (second, fact))| event(n, second, fact)).collect();
            let ordered = heard(events.clone());
            let mut some: Vec<Event> = match events.is_empty() {
                true => Vec::new(),
                false => shuffled.iter().map(|index| events[index.index(events.len())].clone()).collect(),
            };
            some.extend(events.into_iter().rev());
            prop_assert_eq!(heard(some), ordered);
        }
    }
}
