use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Offered, Policy, State, Subscription};

/// What a tenant is due at a moment, because of its subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub wanted: Wanted,
    pub plan: Option<Offered>,
    /// What its customer has to be told by now. Each is told once.
    pub notices: Vec<Notice>,
    /// When that will be something else, if nothing is heard until then.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing yet: it is not paid for, or not all is known that a tenant needs.
    Nothing,
    Service {
        read_only: bool,
        suspended: bool,
    },
    /// Its tenant is to be offboarded since then.
    Gone {
        since: Timestamp,
    },
}

/// Something a customer is told, once for each time that it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = BillingNotice))]
pub struct Notice {
    pub subject: Subject,
    /// What makes it another one: since when money is owed, when the trial ends.
    pub of: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = BillingSubject))]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    PaymentFailed,
    ReadOnly,
    Suspended,
    TrialEnding,
    /// The plan that was bought is too small for what is in use.
    PlanRefused,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaymentFailed => "payment_failed",
            Self::ReadOnly => "read_only",
            Self::Suspended => "suspended",
            Self::TrialEnding => "trial_ending",
            Self::PlanRefused => "plan_refused",
        })
    }
}

impl Subscription {
    /// What its tenant is due. `offered` knows what a thing bought is sold as.
    pub fn standing(
        &self,
        policy: &Policy,
        offered: impl Fn(&[String]) -> Option<Offered>,
        now: Timestamp,
    ) -> Standing {
        let (plan, another_plan) = self.bought.due(now, offered);
        let mut clock = Clock { now, until: None };
        clock.turns(another_plan);
        let mut notices = Vec::new();
        if self.ends_at().is_some_and(|ends| clock.turns(Some(ends))) {
            let since = self.ends_at().unwrap_or(now);
            return Standing { wanted: Wanted::Gone { since }, plan, notices, until: None };
        }
        let Some(terms) = self.terms() else {
            return Standing { wanted: Wanted::Nothing, plan, notices, until: clock.until };
        };
        let trial_ends = terms.trial_ends_at.filter(|_| terms.state == State::Trialing);
        if let Some(ends) = trial_ends.filter(|ends| *ends > now)
            && clock.turns(Some(ends - policy.trial_notice))
        {
            notices.push(Notice { subject: Subject::TrialEnding, of: ends });
        }
        let owed = self.dunning.since();
        let mut past = |after| owed.is_some_and(|since| clock.turns(Some(since + after)));
        let read_only = past(policy.read_only_after);
        let suspended = past(policy.suspend_after);
        if let Some(of) = owed {
            let reached = [
                (Subject::PaymentFailed, true),
                (Subject::ReadOnly, read_only),
                (Subject::Suspended, suspended),
            ];
            notices.extend(
                reached.into_iter().filter_map(|(subject, yes)| yes.then_some(Notice { subject, of })),
            );
        }
        let wanted = match terms.state {
            State::Incomplete => Wanted::Nothing,
            State::Ended => Wanted::Gone { since: now },
            State::Unpaid | State::Paused => Wanted::Service { read_only, suspended: true },
            State::Trialing | State::Active | State::PastDue => Wanted::Service { read_only, suspended },
        };
        Standing { wanted, plan, notices, until: clock.until }
    }
}

/// Which moments have come, and which comes next.
struct Clock {
    now: Timestamp,
    until: Option<Timestamp>,
}

impl Clock {
    /// Whether that moment has come; if not, it may be the next that does.
    fn turns(&mut self, at: Option<Timestamp>) -> bool {
        let Some(at) = at else { return false };
        if at > self.now {
            self.until = Some(self.until.map_or(at, |until| until.min(at)));
        }
        at <= self.now
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use jiff::{ToSpan, Zoned};
    use rstest::rstest;

    use super::*;
    use crate::{Event, Fact, SubscriptionId, Terms};

    const POLICY: Policy = Policy::days(7, 14, 3);

    fn offered(names: &[String]) -> Option<Offered> {
        names.first().map(|plan| Offered { plan: plan.clone(), price: 10 })
    }

    fn subscription(state: State, facts: impl IntoIterator<Item = (Timestamp, Fact)>) -> Subscription {
        let id: SubscriptionId = "sub_1".parse().expect("an id");
        let mut subscription = Subscription::new(id.clone());
        let terms = Terms { state, trial_ends_at: None, cancel_at: None, tenant: None };
        let begins = Fact::Terms { terms, bought: vec!["pro".to_owned()], paid_until: None, customer: None };
        let facts = [(Timestamp::UNIX_EPOCH, begins)].into_iter().chain(facts);
        for (n, (at, fact)) in facts.enumerate() {
            let event = format!("evt_{n}").parse().expect("an id");
            subscription.hear(Event { id: event, at, subscription: id.clone(), fact });
        }
        subscription
    }

    fn berlin(year: i16, month: i8, day: i8, hour: i8) -> Zoned {
        // By its rule: there is no database of zones in a Lambda.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
        date(year, month, day).at(hour, 0, 0, 0).to_zoned(zone).expect("a time there")
    }

    /// Over the nights in which clocks change, and over a leap day: always so many times 24 hours.
    #[rstest]
    #[case::spring(berlin(2026, 3, 28, 12))]
    #[case::autumn(berlin(2026, 10, 24, 12))]
    #[case::leap_day(berlin(2028, 2, 28, 12))]
    #[case::no_leap_day(berlin(2027, 2, 28, 12))]
    fn dunning_takes_its_days(#[case] failed: Zoned) {
        let owed = failed.timestamp();
        let subscription = subscription(State::PastDue, [(owed, Fact::PaymentFailed)]);
        let after = |hours: i64| subscription.standing(&POLICY, offered, owed + hours.hours());
        let service = |read_only, suspended| Wanted::Service { read_only, suspended };
        let told = |standing: &Standing| standing.notices.len();
        let (first, before, read_only) = (after(0), after(7 * 24 - 1), after(7 * 24));
        assert_eq!((first.wanted, told(&first)), (service(false, false), 1));
        assert_eq!(first.until, Some(owed + (7 * 24).hours()));
        assert_eq!((before.wanted, told(&before)), (service(false, false), 1));
        assert_eq!((read_only.wanted, told(&read_only)), (service(true, false), 2));
        assert_eq!(read_only.until, Some(owed + (14 * 24).hours()));
        let suspended = after(14 * 24);
        assert_eq!((suspended.wanted, told(&suspended)), (service(true, true), 3));
        assert_eq!(suspended.until, None);
    }

    #[test]
    fn who_has_paid_is_served_again() {
        let at = |day: i64| Timestamp::UNIX_EPOCH + (day * 24).hours();
        let facts = [(at(1), Fact::PaymentFailed), (at(30), Fact::Paid)];
        let standing = subscription(State::Active, facts).standing(&POLICY, offered, at(31));
        assert_eq!(standing.wanted, Wanted::Service { read_only: false, suspended: false });
        assert!(standing.notices.is_empty());
    }

    #[rstest]
    #[case(State::Incomplete, Wanted::Nothing)]
    #[case(State::Active, Wanted::Service { read_only: false, suspended: false })]
    #[case(State::Unpaid, Wanted::Service { read_only: false, suspended: true })]
    #[case(State::Paused, Wanted::Service { read_only: false, suspended: true })]
    fn the_billers_state_counts(#[case] state: State, #[case] wanted: Wanted) {
        let standing = subscription(state, []).standing(&POLICY, offered, Timestamp::UNIX_EPOCH);
        assert_eq!(standing.wanted, wanted);
    }

    /// Seven days over the night in which clocks go forward, over a leap day, and over neither.
    #[rstest]
    #[case(berlin(2026, 3, 26, 9))]
    #[case(berlin(2028, 2, 26, 9))]
    #[case(berlin(2026, 6, 1, 9))]
    fn a_trial_warns_and_ends_when_its_days_are_over(#[case] begins: Zoned) {
        let begins = begins.timestamp();
        let ends = begins + (7 * 24).hours();
        let trial = Subscription::trial("trial-acme".parse().expect("an id"), "demo", begins, ends);
        let at = |hours: i64| trial.standing(&POLICY, offered, begins + hours.hours());
        assert_eq!(at(0).until, Some(begins + (4 * 24).hours()));
        assert!(at(4 * 24 - 1).notices.is_empty());
        let warned = at(4 * 24);
        assert_eq!(warned.notices, [Notice { subject: Subject::TrialEnding, of: ends }]);
        assert_eq!(warned.until, Some(ends));
        assert_eq!(at(7 * 24).wanted, Wanted::Gone { since: ends });
    }

    #[test]
    fn what_is_cancelled_goes_on_until_it_ends() {
        let at = |day: i64| Timestamp::UNIX_EPOCH + (day * 24).hours();
        let subscription = subscription(State::Active, [(at(1), Fact::Cancelled { at: at(30) })]);
        let standing = |day| subscription.standing(&POLICY, offered, at(day));
        assert!(matches!(standing(29).wanted, Wanted::Service { .. }));
        assert_eq!(standing(29).until, Some(at(30)));
        assert_eq!(standing(30).wanted, Wanted::Gone { since: at(30) });
    }
}
