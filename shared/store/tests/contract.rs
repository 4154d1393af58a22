//! What the store promises, held against both databases it runs on: the in-memory twin, always, and DynamoDB
//! on the local emulator, inside the local stack:
//!
//! ```sh
//! python infra/local/stack run -- cargo nextest run -p store --test contract --run-ignored all
//! ```
//!
//! The emulator's tables are the suite's own, since a deployment's stream would wake its dispatcher, but shared
//! by all cases: each lives under names drawn for it alone.

#[macro_use]
mod bed;

use std::collections::BTreeMap;

use bed::{Bed, body, conflict, drawn, field, key, now, put};
use jiff::{Timestamp, ToSpan};
use saga::{Begun, Committed, Intent, Lease, Ledger as _, Orphan, Report, Resource, ResourceState};
use serde_json::json;
use store::{
    Audit, By, Condition, Database, Error, Invitation, Key, Open, Order, Outcome, Refusal, RepairTask,
    ResourceLedger, Sweep, SweepOutcome, Table, TaskId, Write,
};
use tenancy::{
    EditRequest, Event, Kind, OnFailure, OperationId, State, Status, Tenant, TenantId, UpgradeRequest, Usage,
};

contract! {
    a_success_is_not_taken_back_by_a_twin_that_fails,
    absent_holds_only_where_nothing_is,
    free_holds_where_nothing_is_or_what_is_has_expired,
    free_does_not_hold_where_something_stays_for_ever,
    a_version_holds_until_the_item_changes,
    a_version_does_not_hold_where_nothing_is,
    every_change_counts_the_version_up,
    a_delete_is_conditional_too,
    an_item_comes_back_as_it_was_written,
    the_names_of_the_stores_own_fields_are_refused,
    an_expiry_is_kept_to_the_second,
    an_item_past_its_expiry_says_so,
    a_transaction_does_all_of_its_writes,
    a_transaction_that_fails_does_none_and_names_the_first_failure,
    a_transaction_names_an_item_once,
    of_many_transactions_on_one_item_one_happens,
    a_query_gives_one_partition_in_the_order_of_its_sort_keys,
    a_query_keeps_to_its_prefix,
    pages_go_on_where_the_last_one_ended,
    query_all_reads_every_page,
    a_signup_writes_the_tenant_its_operation_and_its_outbox_row,
    a_signup_holds_the_subdomain,
    of_two_signups_for_one_subdomain_one_is_accepted_and_the_other_leaves_nothing,
    the_same_key_gives_the_same_answer,
    the_same_key_at_the_same_time_gives_the_same_answer,
    a_key_with_another_request_is_refused,
    a_key_belongs_to_its_caller,
    a_key_is_free_again_after_a_day,
    a_busy_tenant_accepts_no_other_operation,
    a_status_that_does_not_allow_it_refuses_and_changes_nothing,
    a_tenant_that_does_not_exist_is_said_not_to,
    of_many_who_ask_for_an_operation_one_is_accepted,
    a_request_again_gives_the_same_answer_even_when_the_tenant_is_busy,
    a_start_is_recorded_once,
    the_first_fault_of_a_fence_stands,
    settling_writes_the_operation_and_the_tenant_at_once,
    settling_again_changes_nothing,
    a_deleted_tenant_frees_its_subdomain_for_the_next,
    a_failed_tenant_keeps_its_subdomain,
    operations_are_listed_newest_first,
    a_catalogue_that_is_applied_again_does_not_go_back_behind_what_was_changed_by_hand,
    a_snapshot_spells_the_plan_and_the_settings_out,
    an_invitation_is_redeemed_once_of_many_at_once,
    an_expired_invitation_cannot_be_used,
    an_invitation_is_seen_until_it_is_used,
    the_catalogue_gives_back_what_was_put,
    a_tenant_stays_on_the_version_it_is_pinned_to,
    the_versions_of_a_blueprint_are_in_the_order_of_their_numbers,
    a_tenant_is_moved_to_another_version_and_led_back_should_that_fail,
    what_was_learnt_outlives_the_next_version,
    an_outbox_row_can_be_taken_away_twice,
    an_operation_is_open_until_it_is_settled,
    a_cancelled_operation_cannot_succeed_any_more,
    a_cancel_sent_again_gives_the_same_answer_and_one_entry_in_the_audit,
    what_is_over_or_tears_down_is_not_cancelled,
    a_forced_deletion_ends_what_is_under_way,
    a_deleted_tenant_is_not_deleted_by_force,
    a_retry_from_the_start_has_every_step_find_its_input_changed,
    a_retry_works_from_what_was_edited_and_the_audit_says_what_that_was,
    an_edited_subdomain_changes_hands_with_the_retry,
    of_two_who_want_a_subdomain_by_a_retry_one_gets_it_and_nothing_of_the_other_is_changed,
    what_would_not_go_has_one_task_until_it_is_gone,
    a_repair_leaves_the_status_of_a_deleted_tenant_alone,
    an_orphan_is_taken_in_with_a_repair_task_that_is_due,
    an_orphan_whose_row_has_changed_is_not_taken_in,
    a_sweep_waits_until_it_is_started_and_keeps_what_it_came_to,
    the_steps_of_all_versions_of_a_blueprint_are_known,
    what_was_resolved_counts_as_gone,
    what_is_to_be_held_comes_to_life_behind_the_fence,
    a_skipped_step_does_not_begin,
}

// Conditions.

async fn absent_holds_only_where_nothing_is(db: Database) {
    let key = key("item");
    assert_eq!(db.write(put(&key, 1, Condition::Absent)).await.expect("free"), 1);
    let conflict = conflict(db.write(put(&key, 2, Condition::Absent)).await);
    assert_eq!(conflict.index, 0);
    assert_eq!(conflict.existing.expect("what stands there").body, body(1));
    assert_eq!(field(&db, &key).await, Some(1));
}

async fn free_holds_where_nothing_is_or_what_is_has_expired(db: Database) {
    let (key, now) = (key("item"), now());
    let first = put(&key, 1, Condition::Free(now)).until(now + 1.hour());
    assert_eq!(db.write(first).await.expect("nothing is there"), 1);
    let early = put(&key, 2, Condition::Free(now + 59.minutes()));
    assert_eq!(conflict(db.write(early).await).existing.expect("not yet").body, body(1));
    assert_eq!(field(&db, &key).await, Some(1));
    let late = put(&key, 3, Condition::Free(now + 1.hour()));
    assert_eq!(db.write(late).await.expect("expired at that very second"), 1);
    assert_eq!(field(&db, &key).await, Some(3));
}

async fn free_does_not_hold_where_something_stays_for_ever(db: Database) {
    let key = key("item");
    db.write(put(&key, 1, Condition::Absent)).await.expect("free");
    conflict(db.write(put(&key, 2, Condition::Free(now() + 90.hours()))).await);
    assert_eq!(field(&db, &key).await, Some(1));
}

async fn a_version_holds_until_the_item_changes(db: Database) {
    let key = key("item");
    let read = db.write(put(&key, 1, Condition::Absent)).await.expect("free");
    db.write(put(&key, 2, Condition::Version(read))).await.expect("as it was read");
    let conflict = conflict(db.write(put(&key, 3, Condition::Version(read))).await);
    assert_eq!(conflict.existing.map(|row| (row.version, row.body)), Some((read + 1, body(2))));
    assert_eq!(field(&db, &key).await, Some(2));
}

async fn a_version_does_not_hold_where_nothing_is(db: Database) {
    let key = key("item");
    let conflict = conflict(db.write(put(&key, 1, Condition::Version(1))).await);
    assert_eq!(conflict.existing, None);
    assert_eq!(field(&db, &key).await, None);
}

async fn every_change_counts_the_version_up(db: Database) {
    let key = key("item");
    let mut version = db.write(put(&key, 0, Condition::Absent)).await.expect("free");
    for n in 1..=12 {
        version = db.write(put(&key, n, Condition::Version(version))).await.expect("as it was written");
        assert_eq!(db.get(&key).await.expect("read").expect("there").version, version);
    }
    assert_eq!(version, 13);
}

async fn a_delete_is_conditional_too(db: Database) {
    let key = key("item");
    let delete = |version| Write::Delete { key: key.clone(), condition: Condition::Version(version) };
    conflict(db.write(delete(1)).await);
    db.write(put(&key, 1, Condition::Absent)).await.expect("free");
    assert_eq!(conflict(db.write(delete(2)).await).existing.expect("still there").version, 1);
    assert_eq!(field(&db, &key).await, Some(1));
    db.write(delete(1)).await.expect("as it was written");
    assert_eq!(field(&db, &key).await, None);
    db.write(put(&key, 2, Condition::Absent)).await.expect("free again");
}

// Items.

/// A plan, a theme and a blueprint have a `version` of their own, which must not meet the store's.
async fn an_item_comes_back_as_it_was_written(db: Database) {
    let key = key("item");
    let given = json!({
        "version": "1.0.0", "table": 7, "nothing": null, "yes": true, "text": "Café \u{1f600}\n", "empty": "",
        "list": [1, "two", null, [], {}], "nested": { "version": 3, "pk": "inner" }, "none": {},
        "least": i64::MIN, "most": u64::MAX, "half": -0.5,
    });
    db.write(Write::put(key.clone(), &given, Condition::Absent).expect("a structure")).await.expect("free");
    let row = db.get(&key).await.expect("read").expect("there");
    assert_eq!((row.key, row.version, row.expires_at), (key, 1, None));
    assert_eq!(serde_json::Value::Object(row.body), given);
}

async fn the_names_of_the_stores_own_fields_are_refused(_: Database) {
    for own in ["pk", "sk", "row_version", "expires_at", "listed", "listed_as", "listed_status"] {
        let refused = Write::put(key("item"), &json!({ own: 1 }), Condition::Absent).expect_err(own);
        assert!(matches!(refused, Error::Unusable(_)), "{own}: {refused}");
    }
    Write::put(key("item"), &json!(["not a structure"]), Condition::Absent).expect_err("only structures");
}

async fn an_expiry_is_kept_to_the_second(db: Database) {
    let key = key("item");
    let at = Timestamp::new(now().as_second() + 3600, 700_000_000).expect("a time");
    let second = Timestamp::from_second(at.as_second()).expect("a time");
    db.write(put(&key, 1, Condition::Absent).until(at)).await.expect("free");
    assert_eq!(db.get(&key).await.expect("read").expect("there").expires_at, Some(second));
    let within = put(&key, 2, Condition::Free(second + 300.milliseconds()));
    db.write(within).await.expect("expired, for whoever asks within that second");
}

async fn an_item_past_its_expiry_says_so(db: Database) {
    let (key, now) = (key("item"), now());
    db.write(put(&key, 1, Condition::Absent).until(now + 1.hour())).await.expect("free");
    let row = db.get(&key).await.expect("read").expect("there");
    assert!(!row.expired(now) && !row.expired(now + 59.minutes()));
    assert!(row.expired(now + 1.hour()));
}

// Transactions.

async fn a_transaction_does_all_of_its_writes(db: Database) {
    let (made, changed, gone) = (key("made"), key("changed"), key("gone"));
    for key in [&changed, &gone] {
        db.write(put(key, 1, Condition::Absent)).await.expect("free");
    }
    let elsewhere = Key { table: Table::Claims, ..made.clone() };
    db.transact(vec![
        put(&made, 2, Condition::Absent),
        put(&elsewhere, 3, Condition::Free(now())),
        put(&changed, 4, Condition::Version(1)),
        Write::Delete { key: gone.clone(), condition: Condition::Version(1) },
    ])
    .await
    .expect("all conditions hold");
    assert_eq!(field(&db, &made).await, Some(2));
    assert_eq!(field(&db, &elsewhere).await, Some(3));
    assert_eq!(field(&db, &changed).await, Some(4));
    assert_eq!(db.get(&changed).await.expect("read").expect("there").version, 2);
    assert_eq!(field(&db, &gone).await, None);
}

async fn a_transaction_that_fails_does_none_and_names_the_first_failure(db: Database) {
    let (fresh, taken, gone) = (key("fresh"), key("taken"), key("gone"));
    db.write(put(&taken, 1, Condition::Absent)).await.expect("free");
    let conflict = conflict(
        db.transact(vec![
            put(&fresh, 2, Condition::Absent),
            put(&taken, 2, Condition::Absent),
            put(&gone, 2, Condition::Version(9)),
        ])
        .await,
    );
    assert_eq!(conflict.index, 1);
    let existing = conflict.existing.expect("what stands there");
    assert_eq!((existing.key, existing.version, existing.body), (taken.clone(), 1, body(1)));
    assert_eq!(field(&db, &fresh).await, None);
    assert_eq!(field(&db, &taken).await, Some(1));
}

async fn a_transaction_names_an_item_once(db: Database) {
    let key = key("item");
    let twice = vec![put(&key, 1, Condition::Absent), put(&key, 2, Condition::Absent)];
    let error = db.transact(twice).await.expect_err("refused");
    assert!(matches!(&error, Error::Unavailable(fault) if fault.kind == fault::Kind::Terminal), "{error}");
    assert_eq!(field(&db, &key).await, None);
}

async fn of_many_transactions_on_one_item_one_happens(db: Database) {
    let (one, rivals) = (key("one"), 6);
    let own = |rival: u64| Key { sk: format!("rival-{rival}"), ..one.clone() };
    let outcomes = bed::at_once((0..rivals).map(|rival| {
        let (db, one, own) = (db.clone(), one.clone(), own(rival));
        async move {
            db.transact(vec![put(&own, rival, Condition::Absent), put(&one, rival, Condition::Absent)]).await
        }
    }))
    .await;
    let won = field(&db, &one).await.expect("somebody won");
    for (rival, outcome) in (0..rivals).zip(outcomes) {
        let theirs = field(&db, &own(rival)).await;
        if rival == won {
            outcome.expect("the winner hears that it won");
            assert_eq!(theirs, Some(rival));
        } else {
            assert_eq!(conflict(outcome).index, 1);
            assert_eq!(theirs, None);
        }
    }
}

// Queries.

/// Bytes decide, as in DynamoDB: capitals before small letters, and `é` after `z`.
async fn a_query_gives_one_partition_in_the_order_of_its_sort_keys(db: Database) {
    let pk = drawn("partition");
    for sk in ["b", "é", "a#2", "B", "a#10", "a"] {
        db.write(put(&Key::new(Table::Ledger, &pk, sk), 1, Condition::Absent)).await.expect("free");
    }
    db.write(put(&Key::new(Table::Ledger, format!("{pk}x"), "a"), 1, Condition::Absent)).await.expect("free");
    db.write(put(&Key::new(Table::Claims, &pk, "c"), 1, Condition::Absent)).await.expect("free");
    assert_eq!(bed::sort_keys(&db, &pk, "").await, ["B", "a", "a#10", "a#2", "b", "é"]);
    assert!(bed::sort_keys(&db, &drawn("empty"), "").await.is_empty());
}

async fn a_query_keeps_to_its_prefix(db: Database) {
    let pk = drawn("partition");
    for sk in ["RESOURCE", "RESOURCE#a", "RESOURCE#b", "RESOURCES#c", "REPORT#a"] {
        db.write(put(&Key::new(Table::Ledger, &pk, sk), 1, Condition::Absent)).await.expect("free");
    }
    assert_eq!(bed::sort_keys(&db, &pk, "RESOURCE#").await, ["RESOURCE#a", "RESOURCE#b"]);
    assert!(bed::sort_keys(&db, &pk, "resource").await.is_empty());
}

async fn pages_go_on_where_the_last_one_ended(db: Database) {
    let pk = drawn("partition");
    let names: Vec<String> = (0..7).map(|n| format!("item-{n}")).collect();
    for sk in &names {
        db.write(put(&Key::new(Table::Ledger, &pk, sk), 1, Condition::Absent)).await.expect("free");
    }
    for limit in [1, 3, 7, 50] {
        let (mut seen, mut page) = (Vec::new(), None);
        loop {
            let (rows, next) =
                db.query(Table::Ledger, &pk, "item-", limit, page.as_ref()).await.expect("read");
            assert!(rows.len() <= limit);
            seen.extend(rows.into_iter().map(|row| row.key.sk));
            page = next;
            if page.is_none() {
                break;
            }
        }
        assert_eq!(seen, names, "{limit} at a time");
    }
}

async fn query_all_reads_every_page(db: Database) {
    let pk = drawn("partition");
    let item = |n: u64| put(&Key::new(Table::Ledger, &pk, format_args!("{n:03}")), n, Condition::Absent);
    for hundred in [0..100, 100..200, 200..230] {
        db.transact(hundred.map(item).collect()).await.expect("free");
    }
    let rows = db.query_all(Table::Ledger, &pk, "").await.expect("read");
    let numbers: Vec<_> = rows.iter().map(|row| row.body["n"].as_u64()).collect();
    assert_eq!(numbers, (0..230).map(Some).collect::<Vec<_>>());
}

// Signing up.

async fn a_signup_writes_the_tenant_its_operation_and_its_outbox_row(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let tenant = bed.tenant(&accepted.tenant.id).await;
    assert_eq!(tenant, accepted.tenant);
    assert_eq!((tenant.status, tenant.operation), (Status::Provisioning, Some(accepted.operation)));
    let operation = bed.operation(&tenant.id, accepted.operation).await;
    assert_eq!((operation.kind, operation.state), (Kind::Provision, State::Accepted));
    assert_eq!(operation.blueprint, bed.blueprint.reference());
    assert_eq!(bed.outbox(&tenant.id).await, [accepted.operation]);
}

async fn a_signup_holds_the_subdomain(db: Database) {
    let bed = Bed::new(db).await;
    let signup = bed.signup("acme");
    let accepted = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
    let holder = bed.claims.tenant_of(&signup.subdomain).await.expect("read");
    assert_eq!(holder, Some(accepted.tenant.id));
    let refusal = bed.tenants.sign_up(&signup, Some(&bed.key("k", "body")), now()).await.expect_err("taken");
    assert!(matches!(&refusal, Refusal::SubdomainTaken(taken) if *taken == signup.subdomain), "{refusal}");
    bed.tenants.sign_up(&bed.signup("other"), Some(&bed.key("k", "body")), now()).await.expect("key unused");
}

/// The loser's id is not known to anybody, so its rows are looked for where its key would lead.
async fn of_two_signups_for_one_subdomain_one_is_accepted_and_the_other_leaves_nothing(db: Database) {
    let bed = Bed::new(db).await;
    let signup = bed.signup("acme");
    let keys = [bed.key("one", "body"), bed.key("two", "body")];
    let both = bed::at_once(keys.clone().map(|key| {
        let (tenants, signup) = (bed.tenants.clone(), signup.clone());
        async move { tenants.sign_up(&signup, Some(&key), now()).await }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = keys.iter().zip(both).partition(|(_, outcome)| outcome.is_ok());
    let [(_, Ok(won))] = &won[..] else { panic!("one is accepted: {won:?}") };
    let [(unused, Err(Refusal::SubdomainTaken(_)))] = &lost[..] else { panic!("one is refused: {lost:?}") };
    assert_eq!(bed.claims.tenant_of(&signup.subdomain).await.expect("read").as_ref(), Some(&won.tenant.id));
    let other = bed.tenants.sign_up(&bed.signup("other"), Some(unused), now()).await;
    assert_ne!(other.expect("the refused request left its key unused").tenant.id, won.tenant.id);
}

async fn the_same_key_gives_the_same_answer(db: Database) {
    let bed = Bed::new(db).await;
    let (signup, key) = (bed.signup("acme"), bed.key("k", "body"));
    let first = bed.tenants.sign_up(&signup, Some(&key), now()).await.expect("accepted");
    let again = bed.tenants.sign_up(&signup, Some(&key), now() + 23.hours()).await.expect("remembered");
    assert_eq!(again, first);
    assert_eq!(bed.outbox(&first.tenant.id).await, [first.operation]);
}

async fn the_same_key_at_the_same_time_gives_the_same_answer(db: Database) {
    let bed = Bed::new(db).await;
    let (signup, key) = (bed.signup("acme"), bed.key("k", "body"));
    let answers = bed::at_once((0..5).map(|_| {
        let (tenants, signup, key) = (bed.tenants.clone(), signup.clone(), key.clone());
        async move { tenants.sign_up(&signup, Some(&key), now()).await }
    }))
    .await;
    let answers: Vec<_> =
        answers.into_iter().map(|answer| answer.expect("accepted, or remembered")).collect();
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(bed.outbox(&answers[0].tenant.id).await, [answers[0].operation]);
}

async fn a_key_with_another_request_is_refused(db: Database) {
    let bed = Bed::new(db).await;
    let first = bed.signup("acme");
    bed.tenants.sign_up(&first, Some(&bed.key("k", "body")), now()).await.expect("accepted");
    let other = bed.signup("other");
    let refusal = bed.tenants.sign_up(&other, Some(&bed.key("k", "another body")), now()).await;
    assert!(matches!(refusal, Err(Refusal::KeyReused)), "{refusal:?}");
    assert_eq!(bed.claims.tenant_of(&other.subdomain).await.expect("read"), None);
}

/// Also when the two names, run together, would read the same.
async fn a_key_belongs_to_its_caller(db: Database) {
    let bed = Bed::new(db).await;
    let (mine, theirs) = (bed.key("b#c", "mine"), bed.key("c", "theirs"));
    let theirs = store::RequestKey { caller: format!("{}#b", theirs.caller), ..theirs };
    let first = bed.tenants.sign_up(&bed.signup("acme"), Some(&mine), now()).await.expect("accepted");
    let second = bed.tenants.sign_up(&bed.signup("other"), Some(&theirs), now()).await.expect("accepted");
    assert_ne!(first.tenant.id, second.tenant.id);
}

async fn a_key_is_free_again_after_a_day(db: Database) {
    let bed = Bed::new(db).await;
    let key = bed.key("k", "body");
    let first = bed.tenants.sign_up(&bed.signup("acme"), Some(&key), now()).await.expect("accepted");
    let other = store::RequestKey { digest: "another body".to_owned(), ..key };
    let second = bed.tenants.sign_up(&bed.signup("other"), Some(&other), now() + 25.hours()).await;
    assert_ne!(second.expect("forgotten").tenant.id, first.tenant.id);
}

// The next operation.

async fn a_busy_tenant_accepts_no_other_operation(db: Database) {
    let bed = Bed::new(db).await;
    let first = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &first.tenant.id;
    let refusal = bed.tenants.request(id, Kind::Delete, Event::DeleteRequested, None, now()).await;
    assert!(matches!(refusal, Err(Refusal::Busy(busy)) if busy == first.operation), "{refusal:?}");
    assert_eq!(bed.tenant(id).await, first.tenant);
    assert_eq!(bed.outbox(id).await, [first.operation]);
}

async fn a_status_that_does_not_allow_it_refuses_and_changes_nothing(db: Database) {
    let bed = Bed::new(db).await;
    let live = bed.live("acme").await;
    let refusal = bed.tenants.request(&live.id, Kind::Provision, Event::RetryRequested, None, now()).await;
    let Err(Refusal::NotNow(refused)) = refusal else { panic!("{refusal:?}") };
    assert_eq!((refused.status, refused.event), (Status::Active, Event::RetryRequested));
    assert_eq!(bed.tenant(&live.id).await, live);
}

async fn a_tenant_that_does_not_exist_is_said_not_to(db: Database) {
    let bed = Bed::new(db).await;
    let id = tenancy::TenantId::new("nobody", [1, 2, 3]);
    let key = bed.key("k", "body");
    let refusal = bed.tenants.request(&id, Kind::Delete, Event::DeleteRequested, Some(&key), now()).await;
    assert!(matches!(&refusal, Err(Refusal::NoSuchTenant(missing)) if *missing == id), "{refusal:?}");
    assert!(bed.tenants.get(&id).await.expect("read").is_none());
}

async fn of_many_who_ask_for_an_operation_one_is_accepted(db: Database) {
    let bed = Bed::new(db).await;
    let live = bed.live("acme").await;
    let outcomes = bed::at_once((0..5).map(|n| {
        let (tenants, id, key) = (bed.tenants.clone(), live.id.clone(), bed.key(&format!("k{n}"), "body"));
        async move { tenants.request(&id, Kind::Delete, Event::DeleteRequested, Some(&key), now()).await }
    }))
    .await;
    let accepted: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let [winner] = accepted[..] else { panic!("one is accepted: {outcomes:?}") };
    for refusal in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(refusal, Refusal::Busy(busy) if *busy == winner.operation), "{refusal}");
    }
    let tenant = bed.tenant(&live.id).await;
    assert_eq!((tenant.status, tenant.operation), (Status::Deleting, Some(winner.operation)));
}

async fn a_request_again_gives_the_same_answer_even_when_the_tenant_is_busy(db: Database) {
    let bed = Bed::new(db).await;
    let (live, key) = (bed.live("acme").await, bed.key("k", "body"));
    let delete = || bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, Some(&key), now());
    let first = delete().await.expect("accepted");
    assert_eq!(delete().await.expect("remembered"), first);
    let other = bed.key("k", "another body");
    let refusal =
        bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, Some(&other), now()).await;
    assert!(matches!(refusal, Err(Refusal::KeyReused)), "{refusal:?}");
}

// The course of an operation.

async fn a_start_is_recorded_once(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation, first) = (&accepted.tenant.id, accepted.operation, now());
    bed.tenants.started(id, operation, "arn:1", first).await.expect("recorded");
    bed.tenants.started(id, operation, "arn:2", first + 1.minute()).await.expect("again");
    let record = bed.operation(id, operation).await;
    assert_eq!(record.state, State::Running);
    assert_eq!((record.execution.as_deref(), record.started_at), (Some("arn:1"), Some(first)));
}

async fn the_first_fault_of_a_fence_stands(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation, at) = (&accepted.tenant.id, accepted.operation, now());
    let first = bed
        .tenants
        .fence(id, operation, "arn", Some(bed::fault("first")), Some(40), at)
        .await
        .expect("raised");
    let again =
        bed.tenants.fence(id, operation, "arn", Some(bed::fault("second")), Some(60), at + 1.minute()).await;
    assert_eq!(again.expect("still up"), first);
    let record = bed.operation(id, operation).await;
    assert!(record.is_fenced());
    assert_eq!((record.state, record.fenced_at), (State::Compensating, Some(at)));
    assert_eq!(record.fault, Some(bed::fault("first")));
}

async fn a_success_is_not_taken_back_by_a_twin_that_fails(db: Database) {
    let bed = Bed::new(db.clone()).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (tenant_id, operation) = (&accepted.tenant.id, accepted.operation);
    let ledger = ResourceLedger::new(db);
    for (attempts, fault) in [(1, Some(bed::fault("late"))), (2, None), (3, Some(bed::fault("a twin")))] {
        let fault = fault.map(|stopped| stopped.fault);
        let (step, tenant, begun_at) = (STEP.to_owned(), tenant_id.clone(), now());
        let report = Report {
            tenant,
            operation,
            step,
            attempts: 1,
            begun_at,
            changed_at: begun_at,
            busy_ms: 5,
            fault: fault.clone(),
            seen: fault.is_none().then(|| serde_json::json!({ "pods": [{ "restarts": 0, "ready": true }] })),
        };
        let seen = report.seen.clone();
        ledger.report(report).await.expect("written");
        let [kept] = &ledger.reports(tenant_id, operation).await.expect("read")[..] else {
            panic!("one report")
        };
        assert_eq!((kept.attempts, kept.busy_ms), (attempts, u64::from(attempts) * 5));
        assert_eq!(kept.fault, fault.filter(|_| attempts == 1));
        assert!(attempts == 3 || kept.seen == seen, "{kept:?}");
        assert_eq!(kept.seen.is_some(), attempts > 1, "{kept:?}");
    }
}

async fn settling_writes_the_operation_and_the_tenant_at_once(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation, at) = (&accepted.tenant.id, accepted.operation, now());
    let endpoints = BTreeMap::from([("site".to_owned(), "https://acme.example.com".to_owned())]);
    let steps = vec![tenancy::StepProgress::waiting("cognito-create-group")];
    let outcome = Outcome {
        event: Event::Provisioned,
        state: State::Succeeded,
        steps: steps.clone(),
        endpoints: Some(endpoints.clone()),
    };
    let settled = bed.tenants.settle(id, operation, outcome, at).await.expect("settled");
    let tenant = bed.tenant(id).await;
    assert_eq!(tenant, settled);
    assert_eq!((tenant.status, tenant.operation, tenant.activated_at), (Status::Active, None, Some(at)));
    assert_eq!(tenant.endpoints, endpoints);
    let record = bed.operation(id, operation).await;
    assert_eq!((record.state, record.ended_at, record.steps), (State::Succeeded, Some(at), steps));
}

async fn settling_again_changes_nothing(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation) = (&accepted.tenant.id, accepted.operation);
    let first = bed.settle(id, operation, Event::Provisioned, State::Succeeded).await;
    let record = bed.operation(id, operation).await;
    assert_eq!(bed.settle(id, operation, Event::RolledBack, State::Failed).await, first);
    assert_eq!(bed.tenant(id).await, first);
    assert_eq!(bed.operation(id, operation).await, record);
}

async fn a_deleted_tenant_frees_its_subdomain_for_the_next(db: Database) {
    let bed = Bed::new(db).await;
    let live = bed.live("acme").await;
    let request = bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, None, now()).await;
    let gone =
        bed.settle(&live.id, request.expect("accepted").operation, Event::Deleted, State::Succeeded).await;
    assert_eq!((gone.status, gone.endpoints.len()), (Status::Deleted, 0));
    assert_eq!(bed.tenant(&live.id).await, gone);
    assert_eq!(bed.claims.tenant_of(&live.subdomain).await.expect("read"), None);
    let next = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("free again");
    assert_eq!(bed.claims.tenant_of(&live.subdomain).await.expect("read"), Some(next.tenant.id));
}

/// What failed can be tried again, under the name it was promised.
async fn a_failed_tenant_keeps_its_subdomain(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &accepted.tenant.id;
    let failed = bed.settle(id, accepted.operation, Event::RolledBack, State::Failed).await;
    assert_eq!((failed.status, failed.activated_at), (Status::Failed, None));
    assert_eq!(bed.claims.tenant_of(&failed.subdomain).await.expect("read").as_ref(), Some(id));
    let retry = bed.tenants.request(id, Kind::Provision, Event::RetryRequested, None, now()).await;
    assert_eq!(retry.expect("accepted").tenant.status, Status::Provisioning);
}

async fn operations_are_listed_newest_first(db: Database) {
    let bed = Bed::new(db).await;
    let first = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &first.tenant.id;
    bed.settle(id, first.operation, Event::RolledBack, State::Failed).await;
    let later = now() + 1.minute();
    let second = bed.tenants.request(id, Kind::Provision, Event::RetryRequested, None, later).await;
    let listed: Vec<_> = bed.tenants.operations(id).await.expect("read").iter().map(|op| op.id).collect();
    assert_eq!(listed, [second.expect("accepted").operation, first.operation]);
}

async fn a_catalogue_that_is_applied_again_does_not_go_back_behind_what_was_changed_by_hand(db: Database) {
    let bed = Bed::new(db).await;
    let name = bed.blueprint.name.clone();
    let version = async || bed.catalogue.blueprint(&name).await.expect("read").expect("there").version;
    bed.catalogue.put_blueprint(&bed.blueprint).await.expect("put");
    assert_eq!(version().await, 1, "nothing was changed");
    let change = |blueprint: &mut tenancy::Blueprint| {
        blueprint.version += 1;
        blueprint.approval = true;
    };
    bed.catalogue.change("update", &name, None, by(), now(), change).await.expect("changed");
    bed.catalogue.put_blueprint(&bed.blueprint).await.expect("put");
    assert_eq!(version().await, 3, "what the files say follows what was changed by hand");
    let pinned = tenancy::BlueprintRef { name: name.clone(), version: 2 };
    let pinned = bed.catalogue.pinned(&pinned).await.expect("read").expect("kept");
    assert!(pinned.approval);
    bed.catalogue.put_blueprint(&bed.blueprint).await.expect("put");
    assert_eq!(version().await, 3, "it is as the files say");
}

async fn a_snapshot_spells_the_plan_and_the_settings_out(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let snapshot =
        bed.tenants.snapshot(&accepted.tenant, Kind::Provision).await.expect("all of it is in the catalogue");
    assert_eq!((snapshot.plan, snapshot.theme.as_ref()), (bed.plan.clone(), Some(&bed.theme)));
    assert_eq!(snapshot.settings, bed.blueprint.settings);
    let stranger = tenancy::Tenant { plan: "no-such-plan".to_owned(), ..accepted.tenant };
    let error = bed.tenants.snapshot(&stranger, Kind::Provision).await.expect_err("the plan is missing");
    assert!(error.to_string().contains("no-such-plan"), "{error}");
}

async fn an_outbox_row_can_be_taken_away_twice(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (tenant, operation) = (accepted.tenant.id, accepted.operation);
    let row = store::Outbox { tenant: tenant.clone(), operation, kind: Kind::Provision };
    row.done(&bed.db).await.expect("taken away");
    row.done(&bed.db).await.expect("already gone");
    assert!(bed.outbox(&tenant).await.is_empty());
}

// Invitations.

fn invitation() -> Invitation {
    Invitation { tenant: tenancy::TenantId::new("acme", [1, 2, 3]) }
}

async fn an_invitation_is_redeemed_once_of_many_at_once(db: Database) {
    let (claims, hash) = (store::Claims::new(db), drawn("hash"));
    claims.invite(&hash, &invitation(), now() + 1.hour()).await.expect("kept");
    let outcomes = bed::at_once((0..5).map(|_| {
        let (claims, hash) = (claims.clone(), hash.clone());
        async move { claims.redeem(&hash, now()).await.expect("an answer") }
    }))
    .await;
    let redeemed: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(redeemed, [invitation()]);
    assert_eq!(claims.invitation(&hash, now()).await.expect("read"), None);
}

async fn an_expired_invitation_cannot_be_used(db: Database) {
    let (claims, hash, at) = (store::Claims::new(db), drawn("hash"), now() + 1.hour());
    claims.invite(&hash, &invitation(), at).await.expect("kept");
    assert_eq!(claims.invitation(&hash, at).await.expect("read"), None);
    assert_eq!(claims.redeem(&hash, at).await.expect("an answer"), None);
    let in_time = claims.redeem(&hash, at - 1.minute()).await.expect("an answer");
    assert_eq!(in_time, Some(invitation()), "a refusal does not use it up");
}

async fn an_invitation_is_seen_until_it_is_used(db: Database) {
    let (claims, hash, at) = (store::Claims::new(db), drawn("hash"), now());
    assert_eq!(claims.invitation(&hash, at).await.expect("read"), None);
    claims.invite(&hash, &invitation(), at + 1.hour()).await.expect("kept");
    assert_eq!(claims.invitation(&hash, at).await.expect("read"), Some(invitation()));
    assert_eq!(claims.redeem(&hash, at).await.expect("an answer"), Some(invitation()));
    assert_eq!(claims.invitation(&hash, at).await.expect("read"), None);
}

// The catalogue.

async fn the_catalogue_gives_back_what_was_put(db: Database) {
    let bed = Bed::new(db).await;
    let (plan, theme, blueprint) = (&bed.plan, &bed.theme, &bed.blueprint);
    assert_eq!(bed.catalogue.plan(&plan.id).await.expect("read").as_ref(), Some(plan));
    assert_eq!(bed.catalogue.theme(&theme.id).await.expect("read").as_ref(), Some(theme));
    assert_eq!(bed.catalogue.blueprint(&blueprint.name).await.expect("read").as_ref(), Some(blueprint));
    assert!(bed.catalogue.plans().await.expect("read").contains(plan));
    assert!(bed.catalogue.themes().await.expect("read").contains(theme));
    let cheaper = tenancy::Plan { price_cents: 1, ..plan.clone() };
    bed.catalogue.put_plan(&cheaper).await.expect("put over what was there");
    assert_eq!(bed.catalogue.plan(&plan.id).await.expect("read"), Some(cheaper));
    assert_eq!(bed.catalogue.plan(&drawn("no-such")).await.expect("read"), None);
}

async fn a_tenant_stays_on_the_version_it_is_pinned_to(db: Database) {
    let bed = Bed::new(db).await;
    let first = &bed.blueprint;
    let second = tenancy::Blueprint { version: 2, description: "changed".to_owned(), ..first.clone() };
    bed.catalogue.put_blueprint(&second).await.expect("put");
    assert_eq!(bed.catalogue.pinned(&first.reference()).await.expect("read").as_ref(), Some(first));
    assert_eq!(bed.catalogue.pinned(&second.reference()).await.expect("read").as_ref(), Some(&second));
    assert_eq!(bed.catalogue.blueprint(&first.name).await.expect("read"), Some(second));
}

async fn the_versions_of_a_blueprint_are_in_the_order_of_their_numbers(db: Database) {
    let bed = Bed::new(db).await;
    let named = bed.blueprint.name.clone();
    for version in [2, 10] {
        let blueprint = tenancy::Blueprint { version, ..bed.blueprint.clone() };
        bed.catalogue.put_blueprint(&blueprint).await.expect("put");
    }
    let longer = tenancy::Blueprint { name: format!("{named}-too"), ..bed.blueprint.clone() };
    bed.catalogue.put_blueprint(&longer).await.expect("put");
    let versions = bed.catalogue.versions(&named).await.expect("read");
    let versions: Vec<u32> = versions.iter().map(|blueprint| blueprint.version).collect();
    assert_eq!(versions, [1, 2, 10]);
}

async fn a_tenant_is_moved_to_another_version_and_led_back_should_that_fail(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let (first, id) = (&bed.blueprint, &tenant.id);
    let workflow = tenancy::Workflow::Step("cognito-create-user".to_owned());
    let settings = BTreeMap::from([("region".to_owned(), "eu-north-1".to_owned())]);
    let second = tenancy::Blueprint { version: 2, workflow, settings, ..first.clone() };
    bed.catalogue.put_blueprint(&second).await.expect("put");
    let works_by = async |operation: OperationId| {
        let operation = bed.operation(id, operation).await;
        assert_eq!(operation.kind, Kind::Upgrade);
        (operation.blueprint, operation.workflow)
    };
    let region = async || {
        let snapshot = bed.tenants.snapshot(&bed.tenant(id).await, Kind::Upgrade).await;
        snapshot.expect("a snapshot").settings["region"].clone()
    };
    let upgrade = || {
        let edit = UpgradeRequest::default().check(&tenant, &[first.clone(), second.clone()]).expect("valid");
        bed.tenants.order(id, Order::upgrade(by()).editing(edit), None, now())
    };

    let accepted = upgrade().await.expect("accepted");
    assert_eq!(accepted.tenant.blueprint, second.reference());
    assert_eq!(works_by(accepted.operation).await, (second.reference(), second.workflow.clone()));
    assert_eq!(region().await, "eu-north-1");
    let (audit, _) = Audit::of(&bed.db, id, 10, None).await.expect("read");
    assert_eq!((audit[0].action.as_str(), &audit[0].before["blueprint"]["version"]), ("upgrade", &json!(1)));
    assert_eq!(audit[0].after["blueprint"]["version"], 2);

    let failed = bed.settle(id, accepted.operation, Event::ChangeFailed, State::Failed).await;
    assert_eq!((failed.status, &failed.blueprint), (Status::ChangingPlan, &first.reference()));
    let back = failed.operation.expect("it is led back");
    assert_eq!(works_by(back).await, (first.reference(), first.workflow.clone()));
    assert_eq!(region().await, "eu-west-1");
    let as_it_was = bed.settle(id, back, Event::PlanSettled, State::Succeeded).await;
    assert_eq!((as_it_was.status, as_it_was.blueprint), (Status::Active, first.reference()));

    let again = upgrade().await.expect("accepted").operation;
    let moved = bed.settle(id, again, Event::PlanSettled, State::Succeeded).await;
    assert_eq!((moved.status, moved.blueprint), (Status::Active, second.reference()));
}

async fn what_was_learnt_outlives_the_next_version(db: Database) {
    let bed = Bed::new(db).await;
    let name = &bed.blueprint.name;
    let step = "cognito-create-group".to_owned();
    bed.catalogue.learn(name, [(step.clone(), 1000)]).await.expect("learnt");
    bed.catalogue.learn(name, [(step.clone(), 2000)]).await.expect("learnt");
    let second = tenancy::Blueprint { version: 2, ..bed.blueprint.clone() };
    bed.catalogue.put_blueprint(&second).await.expect("put");
    let known = bed.catalogue.blueprint(name).await.expect("read").expect("there");
    assert_eq!((known.version, known.usual_ms), (2, BTreeMap::from([(step, 1200)])));
    bed.catalogue.learn(&drawn("no-such"), [("x".to_owned(), 1)]).await.expect("nothing to learn about");
}

// An operator's ways out.

const STEP: &str = "cognito-create-group";

fn by() -> By {
    By { who: "ops".to_owned(), why: "enough".to_owned() }
}

async fn is_open(bed: &Bed, operation: OperationId) -> bool {
    Open::all(&bed.db).await.expect("read").iter().any(|open| open.operation == operation)
}

async fn actions(bed: &Bed, id: &TenantId) -> Vec<String> {
    let (audit, next) = Audit::of(&bed.db, id, 10, None).await.expect("read");
    assert_eq!(next, None);
    audit.into_iter().map(|entry| entry.action).collect()
}

async fn begin(bed: &Bed, id: &TenantId, operation: OperationId) -> Begun {
    let intent = Intent {
        tenant: id.clone(),
        step: STEP,
        operation,
        handle: json!({}),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: drawn("call"), until: now() },
    };
    ResourceLedger::new(bed.db.clone()).begin(intent).await.expect("an answer")
}

async fn resource(bed: &Bed, id: &TenantId) -> Resource {
    let mut all = ResourceLedger::new(bed.db.clone()).resources(id).await.expect("read");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A tenant whose deletion left something behind: by force, and so deleted, or not, and so stuck.
async fn stuck(bed: &Bed, forced: bool) -> (Tenant, TaskId) {
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &accepted.tenant.id;
    let Begun::Started(row) = begin(bed, id, accepted.operation).await else { panic!("fresh") };
    let ledger = ResourceLedger::new(bed.db.clone());
    ledger.commit(*row, &json!({})).await.expect("live");
    bed.settle(id, accepted.operation, Event::Provisioned, State::Succeeded).await;
    let order = if forced { Order::force_delete(by()) } else { Order::delete(by()) };
    let deletion = bed.tenants.order(id, order, None, now()).await.expect("accepted").operation;
    for _ in 0..2 {
        ledger.mark_stuck(id, STEP, deletion, fault::Fault::terminal("denied")).await.expect("marked");
    }
    let event = if forced { Event::Deleted } else { Event::GotStuck };
    let tenant = bed.settle(id, deletion, event, State::Stuck).await;
    let task = TaskId { tenant: id.clone(), step: STEP.to_owned() };
    (tenant, task)
}

async fn an_operation_is_open_until_it_is_settled(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    assert!(is_open(&bed, accepted.operation).await);
    bed.settle(&accepted.tenant.id, accepted.operation, Event::RolledBack, State::Failed).await;
    assert!(!is_open(&bed, accepted.operation).await);
}

/// The activation may have looked at the fence a moment before.
async fn a_cancelled_operation_cannot_succeed_any_more(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation) = (&accepted.tenant.id, accepted.operation);
    bed.tenants.cancel(id, operation, by(), None, now()).await.expect("cancelled");
    assert!(bed.operation(id, operation).await.is_fenced());
    let (event, state) = (Event::Provisioned, State::Succeeded);
    let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
    bed.tenants.settle(id, operation, outcome, now()).await.expect_err("it was stopped");
    assert_eq!(bed.tenant(id).await.status, Status::Provisioning);
    assert_eq!(bed.settle(id, operation, Event::RolledBack, State::Failed).await.status, Status::Failed);
}

async fn a_cancel_sent_again_gives_the_same_answer_and_one_entry_in_the_audit(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation, key) = (&accepted.tenant.id, accepted.operation, bed.key("c", "body"));
    let first = bed.tenants.cancel(id, operation, by(), Some(&key), now()).await.expect("cancelled");
    bed.settle(id, operation, Event::RolledBack, State::Failed).await;
    let again = bed.tenants.cancel(id, operation, by(), Some(&key), now()).await.expect("remembered");
    assert_eq!(again, first);
    assert_eq!(actions(&bed, id).await, ["cancel"]);
}

async fn what_is_over_or_tears_down_is_not_cancelled(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &accepted.tenant.id;
    bed.settle(id, accepted.operation, Event::Provisioned, State::Succeeded).await;
    let deletion = bed.tenants.order(id, Order::delete(by()), None, now()).await.expect("accepted");
    for operation in [accepted.operation, deletion.operation] {
        let refusal = bed.tenants.cancel(id, operation, by(), None, now()).await;
        assert!(matches!(refusal, Err(Refusal::NotPossible(_))), "{refusal:?}");
    }
    assert_eq!(actions(&bed, id).await, ["delete"]);
}

async fn a_forced_deletion_ends_what_is_under_way(db: Database) {
    let bed = Bed::new(db).await;
    let first = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &first.tenant.id;
    let forced = bed.tenants.order(id, Order::force_delete(by()), None, now()).await.expect("accepted");
    let old = bed.operation(id, first.operation).await;
    assert_eq!((old.state, old.is_fenced()), (State::Failed, true));
    assert!(old.fault.is_some_and(|fault| fault.fault.cause.contains("ops: enough")));
    assert_eq!((forced.tenant.status, forced.tenant.operation), (Status::Deleting, Some(forced.operation)));
    assert!(!is_open(&bed, first.operation).await && is_open(&bed, forced.operation).await);
    assert!(matches!(begin(&bed, id, first.operation).await, Begun::Fenced));
    // A second one is no different from the first, whatever became of that.
    let again = bed.tenants.order(id, Order::force_delete(by()), None, now()).await.expect("accepted");
    assert_ne!(again.operation, forced.operation);
}

async fn a_deleted_tenant_is_not_deleted_by_force(db: Database) {
    let bed = Bed::new(db).await;
    let (tenant, _) = stuck(&bed, true).await;
    let refusal = bed.tenants.order(&tenant.id, Order::force_delete(by()), None, now()).await;
    assert!(matches!(refusal, Err(Refusal::NotNow(_))), "{refusal:?}");
}

async fn a_retry_from_the_start_has_every_step_find_its_input_changed(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let id = &accepted.tenant.id;
    let before = bed.tenants.snapshot(&accepted.tenant, Kind::Provision).await.expect("a snapshot");
    for (from_start, same) in [(false, true), (true, false)] {
        let operation = bed.tenant(id).await.operation.expect("under way");
        bed.settle(id, operation, Event::RolledBack, State::Failed).await;
        let retry = Order::retry(by()).from_start(from_start);
        let retry = bed.tenants.order(id, retry, None, now()).await.expect("accepted");
        let snapshot = bed.tenants.snapshot(&retry.tenant, Kind::Provision).await.expect("a snapshot");
        assert_eq!(snapshot == before, same, "from the start: {from_start}");
    }
}

/// A tenant whose signup failed, held or not.
async fn failed(bed: &Bed, name: &str, on_failure: OnFailure) -> Tenant {
    let signup = tenancy::Signup { on_failure: Some(on_failure), ..bed.signup(name) };
    let accepted = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
    bed.settle(&accepted.tenant.id, accepted.operation, Event::RolledBack, State::Failed).await
}

fn edit(bed: &Bed, tenant: &Tenant, request: EditRequest) -> Order {
    Order::retry(by())
        .editing(request.check(tenant, &bed.blueprint, &[], &[], &Usage::default()).expect("valid"))
}

async fn a_retry_works_from_what_was_edited_and_the_audit_says_what_that_was(db: Database) {
    let bed = Bed::new(db).await;
    for (name, on_failure) in [("let-go", OnFailure::Compensate), ("held", OnFailure::Hold)] {
        let before = failed(&bed, name, on_failure).await;
        let (new_name, email) = (Some("Better".to_owned()), Some("new@example.com".to_owned()));
        let order = edit(&bed, &before, EditRequest { name: new_name, email, ..EditRequest::default() });
        let retry = bed.tenants.order(&before.id, order, None, now()).await.expect("accepted");
        assert_eq!(bed.tenant(&before.id).await, retry.tenant, "{name}");
        let snapshot =
            bed.tenants.snapshot(&bed.tenant(&before.id).await, Kind::Provision).await.expect("a snapshot");
        assert_eq!((snapshot.name.as_str(), snapshot.email.as_str()), ("Better", "new@example.com"));
        assert_eq!(snapshot.subdomain, before.subdomain);
        let (audit, _) = Audit::of(&bed.db, &before.id, 10, None).await.expect("read");
        let [entry] = &audit[..] else { panic!("one entry: {audit:?}") };
        assert_eq!(
            entry.before,
            json!({ "status": "failed", "operation": null, "name": name, "email": "owner@example.com" })
        );
        assert_eq!(
            entry.after,
            json!({ "status": "provisioning", "operation": null, "name": "Better", "email": "new@example.com" })
        );
    }
}

async fn an_edited_subdomain_changes_hands_with_the_retry(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = failed(&bed, "acme", OnFailure::Compensate).await;
    let wanted = bed.signup("better").subdomain;
    let request = EditRequest { subdomain: Some(wanted.to_string()), ..EditRequest::default() };
    let key = bed.key("move", "body");
    let first = bed.tenants.order(&tenant.id, edit(&bed, &tenant, request.clone()), Some(&key), now()).await;
    let first = first.expect("accepted");
    let again = bed.tenants.order(&tenant.id, edit(&bed, &tenant, request), Some(&key), now()).await;
    assert_eq!(again.expect("remembered"), first);
    assert_eq!(bed.claims.tenant_of(&wanted).await.expect("read"), Some(tenant.id.clone()));
    assert_eq!(bed.claims.tenant_of(&tenant.subdomain).await.expect("read"), None, "free for the next");
    bed.settle(&tenant.id, first.operation, Event::RolledBack, State::Failed).await;
    let request = bed.tenants.order(&tenant.id, Order::delete(by()), None, now()).await.expect("accepted");
    bed.settle(&tenant.id, request.operation, Event::Deleted, State::Succeeded).await;
    assert_eq!(bed.claims.tenant_of(&wanted).await.expect("read"), None);
}

async fn of_two_who_want_a_subdomain_by_a_retry_one_gets_it_and_nothing_of_the_other_is_changed(
    db: Database,
) {
    let bed = Bed::new(db).await;
    let tenants =
        [failed(&bed, "one", OnFailure::Compensate).await, failed(&bed, "two", OnFailure::Hold).await];
    let wanted = bed.signup("better").subdomain;
    let outcomes = bed::at_once(tenants.clone().map(|tenant| {
        let request = EditRequest { subdomain: Some(wanted.to_string()), ..EditRequest::default() };
        let (order, tenants) = (edit(&bed, &tenant, request), bed.tenants.clone());
        async move { Box::pin(tenants.order(&tenant.id, order, None, now())).await }
    }))
    .await;
    let winner = bed.claims.tenant_of(&wanted).await.expect("read").expect("claimed");
    for (before, outcome) in tenants.iter().zip(outcomes) {
        if before.id == winner {
            assert_eq!(outcome.expect("accepted").tenant.subdomain, wanted);
        } else {
            assert!(
                matches!(&outcome, Err(Refusal::SubdomainTaken(taken)) if *taken == wanted),
                "{outcome:?}"
            );
            assert_eq!(bed.tenant(&before.id).await, *before);
            let held = bed.claims.tenant_of(&before.subdomain).await.expect("read");
            assert_eq!(held.as_ref(), Some(&before.id));
            assert_eq!(actions(&bed, &before.id).await, [""; 0]);
        }
    }
}

async fn what_would_not_go_has_one_task_until_it_is_gone(db: Database) {
    let bed = Bed::new(db).await;
    let (tenant, id) = stuck(&bed, false).await;
    let task = RepairTask::get(&bed.db, &id).await.expect("read").expect("a task");
    assert_eq!((task.tries, task.fault.cause.as_str()), (1, "denied"), "said twice, it is one try");
    let ledger = ResourceLedger::new(bed.db.clone());
    let left = [resource(&bed, &tenant.id).await];
    ledger.close_repairs(&tenant.id, &left).await.expect("looked at");
    assert!(RepairTask::get(&bed.db, &id).await.expect("read").is_some());

    let repair = bed.tenants.repair(&id, by(), None, now()).await.expect("accepted");
    assert_eq!(bed.operation(&tenant.id, repair.operation).await.kind, Kind::Delete, "the deletion goes on");
    let gone = [Resource { state: ResourceState::Destroyed, ..left[0].clone() }];
    ledger.close_repairs(&tenant.id, &gone).await.expect("closed");
    assert_eq!(RepairTask::get(&bed.db, &id).await.expect("read"), None);
}

async fn a_repair_leaves_the_status_of_a_deleted_tenant_alone(db: Database) {
    let bed = Bed::new(db).await;
    let (tenant, id) = stuck(&bed, true).await;
    assert_eq!(tenant.status, Status::Deleted);
    let repair = bed.tenants.repair(&id, by(), None, now()).await.expect("accepted");
    assert_eq!(bed.operation(&tenant.id, repair.operation).await.kind, Kind::Repair);
    assert_eq!(bed.claims.tenant_of(&tenant.subdomain).await.expect("read"), None, "its name stays free");
    let busy = bed.tenants.repair(&id, by(), None, now()).await;
    assert!(matches!(busy, Err(Refusal::Busy(_))), "{busy:?}");
    let after = bed.settle(&tenant.id, repair.operation, Event::Repaired, State::Succeeded).await;
    assert_eq!((after.status, after.operation), (Status::Deleted, None));
}

async fn what_was_resolved_counts_as_gone(db: Database) {
    let bed = Bed::new(db).await;
    let (tenant, id) = stuck(&bed, false).await;
    bed.tenants.resolve(&id, by(), None, now()).await.expect("accepted");
    let row = resource(&bed, &tenant.id).await;
    assert_eq!((row.state, row.is_left()), (ResourceState::Resolved, false));
    assert_eq!(RepairTask::get(&bed.db, &id).await.expect("read"), None);
    assert_eq!(actions(&bed, &tenant.id).await, ["delete", "resolve repair task"]);
    let again = bed.tenants.resolve(&id, by(), None, now()).await;
    assert!(matches!(again, Err(Refusal::NoSuch(_))), "{again:?}");
}

async fn what_is_to_be_held_comes_to_life_behind_the_fence(db: Database) {
    let bed = Bed::new(db).await;
    for (on_failure, held) in [(OnFailure::Hold, true), (OnFailure::Compensate, false)] {
        let mut signup = bed.signup(if held { "hold" } else { "let-go" });
        signup.on_failure = Some(on_failure);
        let accepted = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
        let (id, operation) = (&accepted.tenant.id, accepted.operation);
        let Begun::Started(row) = begin(&bed, id, operation).await else { panic!("fresh") };
        bed.tenants
            .fence(id, operation, "arn", Some(bed::fault("another")), None, now())
            .await
            .expect("raised");
        let committed =
            ResourceLedger::new(bed.db.clone()).commit(*row, &json!({})).await.expect("an answer");
        assert_eq!(matches!(committed, Committed::Live), held, "{on_failure:?}");
        let refusal = bed.tenants.cancel(id, operation, by(), None, now()).await;
        assert_eq!(refusal.is_err(), held, "what is held may no longer be asked about: {refusal:?}");
    }
}

async fn a_skipped_step_does_not_begin(db: Database) {
    let bed = Bed::new(db).await;
    let optional = std::collections::BTreeSet::from([STEP.to_owned()]);
    let blueprint = tenancy::Blueprint { optional, ..bed.blueprint.clone() };
    bed.catalogue.put_blueprint(&blueprint).await.expect("put");
    let signup = tenancy::Signup { blueprint, ..bed.signup("acme") };
    let accepted = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
    let (id, operation) = (&accepted.tenant.id, accepted.operation);
    let refusal = bed.tenants.skip(id, operation, "another", by(), None, now()).await;
    assert!(matches!(refusal, Err(Refusal::NotPossible(_))), "{refusal:?}");
    bed.tenants.skip(id, operation, STEP, by(), None, now()).await.expect("skipped");
    assert!(matches!(begin(&bed, id, operation).await, Begun::Skipped));
    assert!(!resource(&bed, id).await.is_left());
    assert_eq!(actions(&bed, id).await, ["skip"]);
}

// Orphans.

fn orphan(tenant: &TenantId) -> Orphan {
    Orphan { tenant: tenant.clone(), handle: json!({ "name": "found" }), made_at: None }
}

async fn an_orphan_is_taken_in_with_a_repair_task_that_is_due(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let last = bed.tenants.operations(&tenant.id).await.expect("read")[0].id;
    let (ledger, fault) = (ResourceLedger::new(bed.db.clone()), fault::Fault::terminal("found"));
    let at = now();
    let taken = ledger.take_in(&orphan(&tenant.id), (STEP, "arn"), None, last, fault.clone(), at).await;
    assert!(taken.expect("an answer"));
    let row = resource(&bed, &tenant.id).await;
    assert_eq!((row.state, &row.handle), (ResourceState::Stuck, &json!({ "name": "found" })));
    let id = TaskId { tenant: tenant.id.clone(), step: STEP.to_owned() };
    let task = RepairTask::get(&bed.db, &id).await.expect("read").expect("a task");
    assert_eq!((task.tries, task.next_try, &task.fault), (0, at, &fault));
    // A tenant that is alive is none the worse for it.
    let repair = bed.tenants.repair(&id, by(), None, now()).await.expect("accepted");
    assert_eq!(repair.tenant.status, Status::Active);
    let after = bed.settle(&tenant.id, repair.operation, Event::GotStuck, State::Stuck).await;
    assert_eq!((after.status, after.operation, after.endpoints), (Status::Active, None, tenant.endpoints));
}

async fn an_orphan_whose_row_has_changed_is_not_taken_in(db: Database) {
    let bed = Bed::new(db).await;
    let accepted = bed.tenants.sign_up(&bed.signup("acme"), None, now()).await.expect("accepted");
    let (id, operation) = (&accepted.tenant.id, accepted.operation);
    let Begun::Started(_) = begin(&bed, id, operation).await else { panic!("fresh") };
    let (ledger, row) = (ResourceLedger::new(bed.db.clone()), resource(&bed, id).await);
    begin(&bed, id, operation).await;
    for known in [None, Some(row)] {
        let fault = fault::Fault::terminal("found");
        let taken = ledger.take_in(&orphan(id), (STEP, "arn"), known, operation, fault, now()).await;
        assert!(!taken.expect("an answer"));
    }
    assert_eq!(resource(&bed, id).await.state, ResourceState::Intended);
    let task = TaskId { tenant: id.clone(), step: STEP.to_owned() };
    assert_eq!(RepairTask::get(&bed.db, &task).await.expect("read"), None);
}

async fn a_sweep_waits_until_it_is_started_and_keeps_what_it_came_to(db: Database) {
    let ordered = Sweep::order(&db, by(), true, Some(3), None, now()).await.expect("ordered");
    let waits = async || Sweep::waiting(&db).await.expect("read").contains(&ordered.id);
    assert!(waits().await);
    for _ in 0..2 {
        Sweep::started(&db, ordered.id).await.expect("started, or started already");
        assert!(!waits().await);
    }
    let sweep = Sweep::get(&db, ordered.id).await.expect("read").expect("kept");
    assert_eq!((sweep.dry_run, sweep.limit, &sweep.outcome), (true, Some(3), &None));
    let outcome =
        SweepOutcome { found: 1, limit: 3, refused: None, findings: Vec::new(), unswept: Vec::new() };
    sweep.clone().end(&db, outcome.clone(), now()).await.expect("written");
    conflict(sweep.end(&db, outcome.clone(), now()).await);
    let all = Sweep::all(&db).await.expect("read");
    let found = all.iter().find(|sweep| sweep.id == ordered.id).expect("listed");
    assert_eq!(found.outcome.as_ref(), Some(&outcome));
    assert!(all.is_sorted_by(|one, next| one.id > next.id), "newest first");
}

async fn the_steps_of_all_versions_of_a_blueprint_are_known(db: Database) {
    let bed = Bed::new(db).await;
    let (old, new) = (drawn("old-step"), drawn("new-step"));
    for (version, step) in [(2, &old), (3, &new)] {
        let workflow = tenancy::Workflow::Step(step.clone());
        let blueprint = tenancy::Blueprint { version, workflow, ..bed.blueprint.clone() };
        bed.catalogue.put_blueprint(&blueprint).await.expect("put");
    }
    let steps = bed.catalogue.steps().await.expect("read");
    assert!(steps.contains(&old) && steps.contains(&new) && steps.contains(STEP), "{steps:?}");
}
