use jiff::Timestamp;

use crate::{Customer, EventId, State, SubscriptionId, Terms};

/// One thing that a biller said about a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    /// When it was said: what orders it among the others, however late it comes.
    pub at: Timestamp,
    pub subscription: SubscriptionId,
    pub fact: Fact,
}

/// All that there is to be said. What a biller says besides is nothing to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The subscription as a whole, whatever became of it: created, updated, paused, resumed, its trial about to end, deleted.
    Terms {
        terms: Terms,
        /// What was bought, by each name it has with the biller: the first that names a plan of ours counts.
        bought: Vec<String>,
        /// Until when that is paid for.
        paid_until: Option<Timestamp>,
        /// Who bought it, where that is said along.
        customer: Option<Customer>,
    },
    /// Whoever bought it is known now.
    CheckedOut(Customer),
    /// It ends then.
    Cancelled {
        at: Timestamp,
    },
    PaymentFailed,
    Paid,
}

/// What was read of what a biller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    Event(Box<Event>),
    /// Nothing that we react to: of another type, or about what is no subscription.
    Unknown {
        id: EventId,
        kind: String,
    },
}

impl Event {
    /// Its place among what was heard: by time, and in one second, of which Stripe may say several things, what begins a
    /// subscription comes first and what ends it last.
    pub(crate) fn order(&self) -> (Timestamp, u8, EventId) {
        let rank = match &self.fact {
            Fact::Terms { terms, .. } if terms.state == State::Incomplete => 0,
            Fact::Terms { terms, .. } if terms.state == State::Ended => 3,
            Fact::Cancelled { .. } => 2,
            Fact::Terms { .. } | Fact::CheckedOut(_) | Fact::PaymentFailed | Fact::Paid => 1,
        };
        (self.at, rank, self.id.clone())
    }
}
