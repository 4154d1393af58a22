//! Every timer, across the nights in which clocks are put forward and back, and a leap day: each counts seconds, by whatever
//! clock people read it.
//!
//! Of billing's timers and the days of grace their own crates tell.

use jiff::tz::TimeZone;
use store::{ChangeRequest, Claims, Invitation, Wish};
use tenancy::{AspectState, DomainName, Overrides, Seen};

use super::*;

/// When something begins, the moment after which clocks or calendars are not what they were, and what somebody in Berlin
/// reads fourteen days after the beginning, which was at 19:00 or, in summer time, 20:00.
const NIGHTS: [(&str, &str, &str); 3] = [
    ("2028-03-25T18:00:00Z", "2028-03-26T01:00:00Z", "2028-04-08T20:00:00+02:00"),
    ("2028-10-28T18:00:00Z", "2028-10-29T01:00:00Z", "2028-11-11T19:00:00+01:00"),
    ("2028-02-28T18:00:00Z", "2028-02-29T00:00:00Z", "2028-03-13T19:00:00+01:00"),
];
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn nights() -> [(Timestamp, Timestamp, &'static str); 3] {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    NIGHTS.map(|(begins, change, read)| (time(begins), time(change), read))
}

/// What a person reads on a clock in Berlin; by the rule alone, since no table of zones is there.
fn in_berlin(at: Timestamp) -> String {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
    let at = at.to_zoned(zone);
    format!("{}{}", at.datetime(), at.strftime("%:z"))
}

fn by() -> By {
    By { who: "somebody".to_owned(), why: "they asked".to_owned() }
}

impl Bed {
    /// As the janitor has left it by then.
    async fn looked_at(&self, at: Timestamp) {
        let janitor = Janitor::new(&self.engine, self.db.clone());
        janitor.run(Input { as_of: Some(at), ..Input::default() }).await.expect("it looks");
    }

    /// One that lives from then on.
    async fn living(begins: Timestamp) -> Self {
        let bed = Self::at(begins).await;
        bed.settle(bed.operation, tenancy::Event::Provisioned, State::Succeeded).await;
        bed
    }
}

#[tokio::test]
async fn nobody_approves_a_signup_after_fourteen_days_of_24_hours() {
    for (begins, _, read) in nights() {
        let bed = Bed::at(begins).await;
        let signup = bed.signup("another");
        let waiting = bed.tenants().apply(&signup, None, begins).await.expect("it waits");
        let until = waiting.approve_by.expect("it says until when");
        assert_eq!(until.as_second() - begins.as_second(), 14 * DAY);
        assert_eq!(in_berlin(until), read);
        let status =
            async || bed.tenants().get(&waiting.id).await.expect("read").expect("there").value.status;
        bed.looked_at(until - 1.second()).await;
        assert_eq!(status().await, Status::PendingApproval, "{begins}");
        let late = bed.tenants().order(&waiting.id, Order::approve(by()), None, until).await;
        assert!(matches!(late, Err(Refusal::NotPossible(_))), "{late:?}");
        bed.looked_at(until).await;
        assert_eq!(status().await, Status::Deleted, "{begins}");
    }
}

#[tokio::test]
async fn a_wish_waits_for_seven_days_of_24_hours() {
    for (begins, ..) in nights() {
        let bed = Bed::at(begins).await;
        let wish = Wish::Override { plan: None, overrides: Overrides::new() };
        let subject = "somebody".to_owned();
        let asked = ChangeRequest::ask(&bed.db, &bed.tenant, wish, subject, by(), None, begins).await;
        let asked = asked.expect("it is written down");
        assert_eq!(asked.until.as_second() - begins.as_second(), 7 * DAY, "{begins}");
        let waits = async |at| ChangeRequest::get(&bed.db, asked.id, at).await.expect("read").is_some();
        assert!(waits(asked.until - 1.second()).await && !waits(asked.until).await, "{begins}");
    }
}

#[tokio::test]
async fn an_invitation_is_good_until_the_second_it_says() {
    for (begins, change, _) in nights() {
        let bed = Bed::at(begins).await;
        let claims = Claims::new(bed.db.clone());
        let invitation = Invitation { tenant: bed.tenant.clone() };
        // In the hour that there is not, or twice.
        let until = change + 30.minutes();
        claims.invite("hash", &invitation, until).await.expect("written down");
        let good = async |at| claims.invitation("hash", at).await.expect("read").is_some();
        assert!(good(until - 1.second()).await && !good(until).await, "{begins}");
        assert_eq!(claims.redeem("hash", until).await.expect("read"), None);
    }
}

#[tokio::test]
async fn a_domain_is_waited_for_24_hours() {
    for (begins, ..) in nights() {
        let bed = Bed::living(begins).await;
        let hostname = DomainName::parse("hostname", "shop.example.com").expect("a name");
        let tenants = bed.tenants();
        let asked = tenants.add_domain(&bed.tenant, &hostname, by(), None, begins).await.expect("accepted");
        let look = async |at| {
            let waiting = || (AspectState::Waiting, String::new());
            let seen = Seen { name: waiting(), dns: waiting(), certificate: waiting(), proofs: Vec::new() };
            tenants.looked_at_domain(&bed.tenant, asked.operation, Ok(seen), at).await.expect("looked")
        };
        let until = begins + 24.hours();
        assert_eq!(look(until - 2.seconds()).await, Some(2), "the last look is at the end: {begins}");
        assert_eq!(look(until).await, None, "{begins}");
    }
}

#[tokio::test]
async fn what_would_not_go_is_tried_again_after_so_many_minutes() {
    for (_, change, _) in nights() {
        let begins = change - 2.minutes();
        clock::simulate(begins);
        let bed = Bed::at(begins).await;
        let task = bed.stuck().await;
        let next = RepairTask::get(&bed.db, &task).await.expect("read").expect("there").next_try;
        assert_eq!(next.as_second() - begins.as_second(), 300, "{begins}");
        bed.looked_at(next - 1.second()).await;
        assert_eq!(bed.tenant().await.operation, None, "{begins}");
        bed.looked_at(next).await;
        assert!(bed.tenant().await.operation.is_some(), "{begins}");
    }
}

#[tokio::test]
async fn an_operation_is_overdue_after_so_many_minutes() {
    for (_, change, _) in nights() {
        let begins = change - 10.minutes();
        let bed = Bed::at(begins).await;
        let record = bed.record().await;
        assert_eq!(record.deadline(), begins + 1.minute(), "{begins}");
        let (id, operation) = (&bed.tenant, bed.operation);
        bed.tenants().started(id, operation, "arn", begins + 5.seconds()).await.expect("started");
        assert_eq!(bed.record().await.deadline(), begins + 5.seconds() + 30.minutes(), "{begins}");
    }
}

#[tokio::test]
async fn whom_nobody_uses_sleeps_after_days_of_24_hours() {
    for (begins, ..) in nights() {
        let bed = Bed::living(begins).await;
        let at = bed.tenant().await.hibernates_at.expect("it says when");
        assert_eq!(at.as_second() - begins.as_second(), 30 * DAY, "{begins}");
        bed.looked_at(at - 1.second()).await;
        assert_eq!(bed.tenant().await.status, Status::Active, "{begins}");
        bed.looked_at(at).await;
        assert_eq!(bed.tenant().await.status, Status::Hibernating, "{begins}");
    }
}
