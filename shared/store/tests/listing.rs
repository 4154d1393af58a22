//! What the list of tenants promises, held against both databases it runs on, as in `contract.rs`.

#[macro_use]
mod bed;

use std::collections::BTreeSet;

use bed::{Bed, drawn, now};
use store::{Database, Error, Filter, Page, Tenants};
use tenancy::{Event, Kind, State, Status, Tenant};

contract! {
    tenants_are_listed_by_folded_name_and_then_by_id,
    every_tenant_is_listed_once_while_others_sign_up,
    a_filter_lets_through_those_of_whom_all_is_so,
    a_status_is_a_list_of_its_own_and_a_change_moves_the_tenant,
    a_page_may_be_empty_and_go_on,
    a_text_finds_by_the_beginning_of_any_word,
    a_text_finds_by_the_whole_of_what_a_tenant_is_called,
    a_text_finds_a_tenant_once_on_pages_of_one,
    a_text_goes_together_with_a_filter,
    a_page_is_of_one_list,
    what_cannot_be_a_name_of_anything_finds_nothing,
    whether_anybody_has_it_is_said_of_plans_themes_and_blueprints,
}

/// All the pages of a list.
async fn all(tenants: &Tenants, filter: &Filter, limit: usize) -> Vec<Tenant> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = tenants.list(filter, limit, after.as_ref()).await.expect("listed");
        assert!(page.len() <= limit);
        seen.extend(page);
        after = next;
        if after.is_none() {
            return seen;
        }
    }
}

async fn names(bed: &Bed, filter: &Filter) -> Vec<String> {
    all(&bed.tenants, filter, 2).await.into_iter().map(|tenant| tenant.name).collect()
}

/// The tenants of this bed alone: others share the emulator's tables.
fn here(bed: &Bed) -> Filter {
    Filter { plan: Some(bed.plan.id.clone()), ..Filter::default() }
}

fn text(text: impl Into<String>) -> Filter {
    Filter { text: Some(text.into()), ..Filter::default() }
}

async fn sign_up(bed: &Bed, name: &str) -> Tenant {
    let subdomain = tenancy::Subdomain::parse(&drawn("s")).expect("a subdomain");
    let signup = tenancy::Signup { name: name.to_owned(), subdomain, ..bed.signup("any") };
    bed.tenants.sign_up(&signup, None, now()).await.expect("accepted").tenant
}

async fn tenants_are_listed_by_folded_name_and_then_by_id(db: Database) {
    let bed = Bed::new(db).await;
    for name in ["Zürich Tea", "acme", "Éclair", "Acme Coffee", "ACME", "24 Hours", "!!!", "Zurich"] {
        sign_up(&bed, name).await;
    }
    let listed = all(&bed.tenants, &here(&bed), 3).await;
    let names: Vec<&str> = listed.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names[..2], ["!!!", "24 Hours"]);
    assert_eq!(names[2..4].iter().collect::<BTreeSet<_>>(), BTreeSet::from([&"ACME", &"acme"]));
    assert!(listed[2].id < listed[3].id);
    assert_eq!(names[4..], ["Acme Coffee", "Éclair", "Zurich", "Zürich Tea"]);
}

async fn every_tenant_is_listed_once_while_others_sign_up(db: Database) {
    let bed = Bed::new(db).await;
    let mut before = BTreeSet::new();
    for n in 0..7 {
        before.insert(sign_up(&bed, &format!("m {n}")).await.id);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    for n in 0.. {
        let (page, next) = bed.tenants.list(&here(&bed), 2, after.as_ref()).await.expect("listed");
        seen.extend(page.into_iter().map(|tenant| tenant.id));
        after = next;
        if after.is_none() {
            break;
        }
        if n < 4 {
            sign_up(&bed, "a before all").await;
            sign_up(&bed, "z after all").await;
        }
    }
    let once: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(once.len(), seen.len(), "nobody twice: {seen:?}");
    assert!(before.is_subset(&once), "everybody who was there: {seen:?}");
}

async fn a_filter_lets_through_those_of_whom_all_is_so(db: Database) {
    let bed = Bed::new(db).await;
    let other = Bed::new(bed.db.clone()).await;
    sign_up(&bed, "both").await;
    let plain = tenancy::Signup { theme: None, ..bed.signup("plain") };
    bed.tenants.sign_up(&plain, None, now()).await.expect("accepted");
    let mixed = tenancy::Signup { plan: other.plan.clone(), theme: None, ..bed.signup("mixed") };
    bed.tenants.sign_up(&mixed, None, now()).await.expect("accepted");
    let (plan, theme) = (Some(bed.plan.id.clone()), Some(bed.theme.id.clone()));
    let blueprint = Some(bed.blueprint.name.clone());
    let none = Filter::default();
    for (filter, expected) in [
        (Filter { plan: plan.clone(), ..none.clone() }, &["both", "plain"][..]),
        (Filter { theme: theme.clone(), ..none.clone() }, &["both"]),
        (Filter { blueprint: blueprint.clone(), ..none.clone() }, &["both", "mixed", "plain"]),
        (
            Filter { plan: Some(other.plan.id.clone()), blueprint: blueprint.clone(), ..none.clone() },
            &["mixed"],
        ),
        (Filter { plan: plan.clone(), theme, blueprint: blueprint.clone(), ..none.clone() }, &["both"]),
        (
            Filter { plan: plan.clone(), status: Some(Status::Provisioning), ..none.clone() },
            &["both", "plain"],
        ),
        (Filter { plan, status: Some(Status::Active), ..none.clone() }, &[]),
        (Filter { plan: Some(drawn("nobody-s")), ..none }, &[]),
    ] {
        assert_eq!(names(&bed, &filter).await, expected, "{filter:?}");
    }
}

async fn a_status_is_a_list_of_its_own_and_a_change_moves_the_tenant(db: Database) {
    let bed = Bed::new(db).await;
    let live = bed.live("acme").await;
    let with = |status| Filter { status: Some(status), ..here(&bed) };
    assert_eq!(all(&bed.tenants, &with(Status::Active), 10).await, std::slice::from_ref(&live));
    assert!(all(&bed.tenants, &with(Status::Provisioning), 10).await.is_empty());
    let delete = bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, None, now()).await;
    assert!(all(&bed.tenants, &with(Status::Active), 10).await.is_empty());
    assert_eq!(all(&bed.tenants, &with(Status::Deleting), 10).await.len(), 1);
    bed.settle(&live.id, delete.expect("accepted").operation, Event::Deleted, State::Succeeded).await;
    let deleted = bed.tenant(&live.id).await;
    assert_eq!(all(&bed.tenants, &with(Status::Deleted), 10).await, std::slice::from_ref(&deleted));
    assert_eq!(all(&bed.tenants, &here(&bed), 10).await, [deleted], "listed for ever");
}

async fn a_page_may_be_empty_and_go_on(db: Database) {
    let bed = Bed::new(db).await;
    for n in 0..103 {
        sign_up(&bed, &format!("common {n:03}")).await;
    }
    let plain = tenancy::Signup { theme: None, name: "zzz".to_owned(), ..bed.signup("rare") };
    let rare = bed.tenants.sign_up(&plain, None, now()).await.expect("accepted");
    bed.settle(&rare.tenant.id, rare.operation, Event::Provisioned, State::Succeeded).await;
    let filter = Filter { status: Some(Status::Active), ..here(&bed) };
    let (page, next) = bed.tenants.list(&filter, 10, None).await.expect("listed");
    assert!(page.is_empty() && next.is_some(), "a hundred are read, and more follow");
    assert_eq!(names(&bed, &filter).await, ["zzz"]);
}

async fn a_text_finds_by_the_beginning_of_any_word(db: Database) {
    let bed = Bed::new(db).await;
    let word = drawn("w").replace('-', "");
    for name in
        [format!("{word}uno Café"), format!("The {word}Dos"), format!("{word} {word}uno"), "Other".into()]
    {
        sign_up(&bed, &name).await;
    }
    let mut found = names(&bed, &text(&word)).await;
    found.sort();
    let mut expected = [format!("{word}uno Café"), format!("The {word}Dos"), format!("{word} {word}uno")];
    expected.sort();
    assert_eq!(found, expected, "each once, also whom two words find");
    assert_eq!(names(&bed, &text(format!(" {}UN", word.to_uppercase()))).await.len(), 2);
    assert_eq!(names(&bed, &text(format!("caf {word}"))).await, [format!("{word}uno Café")]);
    assert_eq!(names(&bed, &text(format!("th {word}d"))).await, [format!("The {word}Dos")]);
    assert!(names(&bed, &text(&word[1..])).await.is_empty(), "not from the middle of a word");
}

async fn a_text_finds_by_the_whole_of_what_a_tenant_is_called(db: Database) {
    let bed = Bed::new(db).await;
    let unique = drawn("x").replace('-', "");
    let hostname = tenancy::DomainName::parse("domain", &format!("shop.{unique}.com")).expect("a domain");
    let signup = tenancy::Signup {
        email: tenancy::Email::parse(&format!("Owner@{unique}.com")).expect("an address"),
        custom_domain: Some(hostname.clone()),
        ..bed.signup("acme")
    };
    let tenant = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted").tenant;
    let called = [
        tenant.id.to_string(),
        tenant.id.to_string().to_uppercase(),
        tenant.subdomain.to_string(),
        format!("owner@{unique}.COM"),
        format!("  Shop.{unique}.com "),
    ];
    for whole in &called {
        assert_eq!(all(&bed.tenants, &text(whole), 1).await, std::slice::from_ref(&tenant), "{whole}");
    }
    for part in [&called[2][..called[2].len() - 1], &format!("owner@{unique}.co"), &format!("{unique}.com")] {
        assert!(all(&bed.tenants, &text(part), 1).await.is_empty(), "{part}");
    }
}

/// Found by its subdomain and by three words, beside others found by one.
async fn a_text_finds_a_tenant_once_on_pages_of_one(db: Database) {
    let bed = Bed::new(db).await;
    let word = drawn("w").replace('-', "");
    let subdomain = tenancy::Subdomain::parse(&word).expect("a subdomain");
    let called = tenancy::Signup { name: format!("{word} {word}a {word}b"), subdomain, ..bed.signup("any") };
    let called = bed.tenants.sign_up(&called, None, now()).await.expect("accepted").tenant;
    for n in 0..3 {
        sign_up(&bed, &format!("{word}{n} {word}x")).await;
    }
    for limit in [1, 2, 10] {
        let found = all(&bed.tenants, &text(&word), limit).await;
        let once: BTreeSet<_> = found.iter().map(|tenant| tenant.id.clone()).collect();
        assert_eq!((found.len(), once.len()), (4, 4), "{limit}");
        assert_eq!(found[0], called, "who is called so is first");
    }
}

async fn a_text_goes_together_with_a_filter(db: Database) {
    let bed = Bed::new(db).await;
    let word = drawn("w").replace('-', "");
    let live = bed.live("acme").await;
    for n in 0..3 {
        sign_up(&bed, &format!("{word} {n}")).await;
    }
    let status = Some(Status::Active);
    assert!(names(&bed, &Filter { status, ..text(&word) }).await.is_empty());
    assert_eq!(names(&bed, &Filter { plan: Some(bed.plan.id.clone()), ..text(&word) }).await.len(), 3);
    assert_eq!(all(&bed.tenants, &Filter { status, ..text(live.id.as_str()) }, 1).await, [live]);
}

async fn a_page_is_of_one_list(db: Database) {
    let bed = Bed::new(db).await;
    for name in ["one", "two", "three"] {
        sign_up(&bed, name).await;
    }
    let (_, next) = bed.tenants.list(&here(&bed), 1, None).await.expect("listed");
    let next = next.expect("more follow");
    let other = Filter { status: Some(Status::Provisioning), ..here(&bed) };
    let mut changed = next.0.clone();
    changed.replace_range(..1, if changed.starts_with('A') { "B" } else { "A" });
    for (filter, token) in [
        (&other, next.0.as_str()),
        (&Filter::default(), &next.0),
        (&here(&bed), &changed),
        (&here(&bed), &next.0[..next.0.len() - 2]),
        (&here(&bed), "one#one-123456"),
        (&here(&bed), "not ours!"),
        (&here(&bed), ""),
    ] {
        let refused = bed.tenants.list(filter, 1, Some(&Page(token.to_owned()))).await;
        assert!(matches!(refused, Err(Error::NoSuchPage)), "{token}: {refused:?}");
    }
    assert_eq!(bed.tenants.list(&here(&bed), 1, Some(&next)).await.expect("its own").0.len(), 1);
}

async fn what_cannot_be_a_name_of_anything_finds_nothing(db: Database) {
    let bed = Bed::new(db).await;
    sign_up(&bed, "acme").await;
    let long = "x".repeat(5000);
    for filter in [
        text("!!!"),
        text("#"),
        text(long.clone()),
        text(format!("{long}@example.com")),
        Filter { plan: Some(String::new()), ..Filter::default() },
        Filter { blueprint: Some(long), ..Filter::default() },
    ] {
        assert_eq!(bed.tenants.list(&filter, 10, None).await.expect("an answer"), (vec![], None));
    }
    let blank = Filter { text: Some(" ".to_owned()), ..here(&bed) };
    assert_eq!(names(&bed, &blank).await, ["acme"], "asks for nothing");
}

async fn whether_anybody_has_it_is_said_of_plans_themes_and_blueprints(db: Database) {
    let bed = Bed::new(db).await;
    let none = Filter::default();
    let having = [
        Filter { plan: Some(bed.plan.id.clone()), ..none.clone() },
        Filter { theme: Some(bed.theme.id.clone()), ..none.clone() },
        Filter { blueprint: Some(bed.blueprint.name.clone()), ..none },
    ];
    for filter in &having {
        assert!(!bed.tenants.any(filter).await.expect("read"), "{filter:?}");
    }
    let live = bed.live("acme").await;
    let delete = bed.tenants.request(&live.id, Kind::Delete, Event::DeleteRequested, None, now()).await;
    bed.settle(&live.id, delete.expect("accepted").operation, Event::Deleted, State::Succeeded).await;
    for filter in &having {
        assert!(bed.tenants.any(filter).await.expect("read"), "also of one that is deleted: {filter:?}");
    }
}
