//! Two callers of the store at once, in every order their operations on the database can take.

mod bed;
mod turns;

use bed::{Bed, drawn, now};
use jiff::ToSpan;
use store::{Accepted, By, Database, Invitation, Order, Refusal};
use tenancy::{Calendar, Event, Kind, State, Status, TenantId};
use turns::{in_every_order, run};

fn same(answers: (Result<Accepted, Refusal>, Result<Accepted, Refusal>)) -> Accepted {
    let (one, two) = (answers.0.expect("accepted"), answers.1.expect("accepted"));
    assert_eq!(one, two);
    one
}

#[test]
fn a_signup_sent_twice_gives_the_same_answer_twice() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let (signup, key) = (bed.signup("acme"), bed.key("k", "body"));
        let sign_up = || bed.tenants.sign_up(&signup, Some(&key), now());
        let accepted = same(turns.race(sign_up(), sign_up()));
        assert_eq!(run(bed.tenant(&accepted.tenant.id)), accepted.tenant);
    });
}

#[test]
fn a_request_sent_twice_gives_the_same_answer_twice() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let (live, key) = (run(bed.live("acme")), bed.key("k", "body"));
        let delete =
            || bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, Some(&key), now());
        let accepted = same(turns.race(delete(), delete()));
        assert_eq!(run(bed.tenant(&live.id)), accepted.tenant);
    });
}

#[test]
fn of_two_operations_asked_for_at_once_one_is_accepted() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let live = run(bed.live("acme"));
        let delete = || bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, None, now());
        let (accepted, refused) = match turns.race(delete(), delete()) {
            (Ok(accepted), Err(refused)) | (Err(refused), Ok(accepted)) => (accepted, refused),
            both => panic!("{turns:?}: {both:?}"),
        };
        assert!(matches!(refused, Refusal::Busy(busy) if busy == accepted.operation), "{turns:?}: {refused}");
        assert_eq!(run(bed.tenant(&live.id)).operation, Some(accepted.operation));
        assert_eq!(run(bed.tenants.operations(&live.id)).expect("read").len(), 2, "{turns:?}");
    });
}

/// What sees a tenant out looks at its own record every day, and whoever has waited for weeks is not told to come back.
#[test]
fn nobody_is_refused_because_what_they_end_looks_at_that_moment() {
    for delete in [true, false] {
        in_every_order(|turns| {
            let bed = run(Bed::new(Database::memory()));
            let (id, by) = (run(bed.live("acme")).id, || By { who: "o".to_owned(), why: "w".to_owned() });
            let leave = Order::offboard(by(), now() + 240.hours(), now());
            let leaves = run(bed.tenants.order(&id, leave, None, now())).expect("accepted");
            let calendar = Calendar { day_seconds: 86_400, notices: vec![] };
            let look = bed.tenants.look_at_offboarding(&id, leaves.operation, Some(9), &calendar, now());
            let end = async {
                match delete {
                    true => bed.tenants.order(&id, Order::delete(by()), None, now()).await.map(|_| ()),
                    false => bed.tenants.restore(&id, by(), None, now()).await.map(|_| ()),
                }
            };
            let (_, ended) = turns.race(look, Box::pin(end));
            ended.expect("not refused");
        });
    }
}

/// An operation is written by its machine all the time, and whoever stops it is not told to come back.
#[test]
fn nobody_is_refused_because_what_they_cancel_moves_at_that_moment() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let accepted = run(bed.tenants.sign_up(&bed.signup("acme"), None, now())).expect("accepted");
        let (id, operation) = (&accepted.tenant.id, accepted.operation);
        let start = bed.tenants.started(id, operation, "arn", now());
        let by = By { who: "o".to_owned(), why: "w".to_owned() };
        let (_, cancelled) = turns.race(start, bed.tenants.cancel(id, operation, by, None, now()));
        cancelled.expect("not refused");
        assert!(run(bed.tenants.operations(id)).expect("read")[0].is_fenced(), "{turns:?}");
    });
}

/// One of them may lose the race for the record, and is asked again by its machine.
#[test]
fn a_tenant_is_settled_once_and_whole() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let accepted = run(bed.tenants.sign_up(&bed.signup("acme"), None, now())).expect("accepted");
        let (id, operation) = (&accepted.tenant.id, accepted.operation);
        let settle = |event, state| {
            let outcome = store::Outcome { event, state, steps: Vec::new(), endpoints: None };
            bed.tenants.settle(id, operation, outcome, now())
        };
        let failed = settle(Event::RolledBack, State::Failed);
        let live = settle(Event::Provisioned, State::Succeeded);
        let outcomes = turns.race(failed, live);
        let tenant = run(bed.tenant(id));
        let state = run(bed.operation(id, operation)).state;
        match tenant.status {
            Status::Active => assert_eq!(state, State::Succeeded, "{turns:?}"),
            status => assert_eq!((status, state), (Status::Failed, State::Failed), "{turns:?}"),
        }
        for told in [outcomes.0, outcomes.1].into_iter().flatten() {
            assert_eq!(told, tenant, "{turns:?}: whoever was answered was told what is so");
        }
    });
}

/// The start is reported by the execution, the fence raised by an operator or a failure: neither may undo the
/// other, whichever has to be asked again.
#[test]
fn a_fence_is_not_lost_to_a_start_that_is_recorded_at_the_same_time() {
    in_every_order(|turns| {
        let bed = run(Bed::new(Database::memory()));
        let accepted = run(bed.tenants.sign_up(&bed.signup("acme"), None, now())).expect("accepted");
        let (id, operation) = (&accepted.tenant.id, accepted.operation);
        let started = async || bed.tenants.started(id, operation, "arn", now()).await;
        let fence = async || bed.tenants.fence(id, operation, "arn", None, None, now()).await;
        let again = turns.race(async { started().await.is_err() }, async { fence().await.is_err() });
        if again.0 {
            run(started()).expect("recorded");
        }
        if again.1 {
            run(fence()).expect("raised");
        }
        let record = run(bed.operation(id, operation));
        assert!(record.is_fenced() && record.execution.is_some(), "{turns:?}: {record:?}");
        assert_eq!(record.state, State::Compensating, "{turns:?}");
    });
}

#[test]
fn of_two_who_hold_a_link_one_gets_it() {
    let claims = store::Claims::new(Database::memory());
    let invitation = Invitation { tenant: TenantId::new("acme", [1, 2, 3]) };
    in_every_order(|turns| {
        let hash = drawn("hash");
        run(claims.invite(&hash, &invitation, now() + 1.hour())).expect("kept");
        let (one, two) = turns.race(claims.redeem(&hash, now()), claims.redeem(&hash, now()));
        let redeemed: Vec<_> =
            [one, two].into_iter().filter_map(|answer| answer.expect("an answer")).collect();
        assert_eq!(redeemed, std::slice::from_ref(&invitation), "{turns:?}");
    });
}
