use std::sync::Mutex;

use billing::subscription_webhook::Sold;
use billing::{PlanNames, Policy};
use serde_json::{Value, json};
use ses::Mail;
use store::Outcome;
use tenancy::{Kind, State, TenantId, Usage};

use super::*;

/// What went out.
#[derive(Debug, Default)]
struct Sent {
    looks: Mutex<Vec<SubscriptionId>>,
    dead: Mutex<Vec<String>>,
    mails: Mutex<Vec<Mail>>,
}

impl Post for Sent {
    async fn look(&self, id: &SubscriptionId, _: Duration) -> Result<(), Fault> {
        self.looks.lock().expect("no panic").push(id.clone());
        Ok(())
    }

    async fn bury(&self, body: &str) -> Result<(), Fault> {
        self.dead.lock().expect("no panic").push(body.to_owned());
        Ok(())
    }

    async fn mail(&self, mail: &Mail) -> Result<(), Fault> {
        if mail.to.contains("nowhere") {
            return Err(Fault::terminal("MessageRejected"));
        }
        self.mails.lock().expect("no panic").push(mail.clone());
        Ok(())
    }
}

fn settings() -> Settings {
    Settings {
        blueprint: "shop".to_owned(),
        prices: PlanNames::parse("price_small=small,price_big=big,price_demo=demo"),
        sold: Sold::parse("standard=small,premium=big", "us-east"),
        policy: Policy::days(7, 14, 3),
        grace_days: 30,
        calendar: tenancy::Calendar { day_seconds: 86_400, notices: Vec::new() },
    }
}

/// A deployment that sells three plans of a shop.
async fn deployment() -> React<Sent> {
    let db = Database::memory();
    let catalogue = Catalogue::new(db.clone());
    for (id, price, products, expires) in
        [("small", 10, Some(100), None), ("big", 20, None, None), ("demo", 0, None, Some(7))]
    {
        let plan = json!({
            "id": id, "name": id, "description": "", "price_cents": price, "currency": "EUR", "expires_days": expires,
            "billing_cycle": "monthly", "trial_days": 0, "popular": false, "active": true, "features": [],
            "limits": { "products": products },
        });
        catalogue.put_plan(&serde_json::from_value(plan).expect("a plan")).await.expect("put");
    }
    let blueprint = json!({
        "name": "shop", "version": 1, "description": "", "active": true, "plans": ["small", "big", "demo"],
        "workflow": { "sequence": [] },
    });
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("put");
    React { post: Sent::default(), db, settings: settings() }
}

/// Says when the month is over that begins with a second.
const MONTH: i64 = 30 * 86_400;

#[allow(clippy::needless_pass_by_value)] // As it is built where it is used.
fn stripe(id: &str, kind: &str, at: i64, object: Value) -> String {
    let event =
        json!({ "id": id, "object": "event", "type": kind, "created": at, "data": { "object": object } });
    json!({ "stripe": event }).to_string()
}

fn subscribed(price: &str, begins: i64, status: &str) -> Value {
    let item = json!({ "price": { "id": price }, "current_period_end": begins + MONTH });
    json!({
        "id": "sub_1", "status": status, "items": { "data": [item] },
        "metadata": { "tenant_name": "Acme", "email": "o@acme.test" },
    })
}

impl React<Sent> {
    async fn account(&self) -> Account {
        let id = "sub_1".parse().expect("an id");
        Account::get(&self.db, &id).await.expect("read").expect("there")
    }

    async fn tenant(&self) -> Tenant {
        let id = self.account().await.tenant.expect("a tenant");
        self.tenant_of(&id).await
    }

    async fn tenant_of(&self, id: &TenantId) -> Tenant {
        Tenants::new(self.db.clone()).get(id).await.expect("read").expect("there").value
    }

    /// Has the operation under way succeed or fail, and the subscription looked at.
    async fn ends(&self, id: &TenantId, well: bool) {
        let tenants = Tenants::new(self.db.clone());
        let operation = self.tenant_of(id).await.operation.expect("under way");
        let kind = tenants.operation(id, operation).await.expect("read").expect("there").value.kind;
        let (event, state) = match (kind, well) {
            (Kind::Provision, true) => (tenancy::Event::Provisioned, State::Succeeded),
            (Kind::Provision, false) => (tenancy::Event::RolledBack, State::Failed),
            (Kind::Suspend, _) => (tenancy::Event::Suspended, State::Succeeded),
            (Kind::Resume, _) => (tenancy::Event::Resumed, State::Succeeded),
            (Kind::ChangePlan, _) => (tenancy::Event::PlanSettled, State::Succeeded),
            (Kind::Delete, _) => (tenancy::Event::Deleted, State::Succeeded),
            (kind, _) => panic!("{kind:?} does not happen here"),
        };
        let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
        tenants.settle(id, operation, outcome, clock::now()).await.expect("settled");
        self.settle().await;
    }

    /// Looks until there is nothing more to do.
    async fn settle(&self) {
        for _ in 0..8 {
            self.agenda(clock::now() + 2.minutes()).await.expect("seen to");
        }
    }

    /// An active tenant of that plan, paid for by `sub_1` since a second.
    async fn bought(price: &str) -> (Self, i64) {
        let deployment = deployment().await;
        let begins = clock::now().as_second();
        let object = subscribed(price, begins, "active");
        deployment
            .open(&stripe("evt_1", "customer.subscription.created", begins, object))
            .await
            .expect("heard");
        let id = deployment.tenant().await.id;
        deployment.ends(&id, true).await;
        (deployment, begins)
    }

    fn subjects(&self) -> Vec<String> {
        self.post.mails.lock().expect("no panic").iter().map(|mail| mail.subject.clone()).collect()
    }
}

/// Time is simulated, and stands until it is told to pass.
macro_rules! story {
    ($(#[$about:meta])* async fn $name:ident() $body:block) => {
        $(#[$about])*
        #[tokio::test(start_paused = true)]
        async fn $name() {
            clock::simulate("2026-03-01T12:00:00Z".parse().expect("a moment"));
            $body
        }
    };
}

async fn days(days: u64) {
    tokio::time::advance(Duration::from_secs(days * 86_400)).await;
}

story! {
    async fn what_is_bought_is_provisioned_once() {
        let deployment = deployment().await;
        let letter =
            stripe("evt_1", "customer.subscription.created", clock::now().as_second(), subscribed("price_big", 0, "active"));
        for _ in 0..3 {
            deployment.open(&letter).await.expect("heard");
        }
        let tenant = deployment.tenant().await;
        assert_eq!((tenant.status, tenant.plan.as_str(), tenant.subdomain.as_str()), (Status::Provisioning, "big", "acme"));
        assert_eq!(deployment.account().await.heard, 1);
        let (all, _) = Tenants::new(deployment.db.clone()).list(&store::Filter::default(), 10, None).await.expect("read");
        assert_eq!(all.len(), 1);
    }
}

story! {
    async fn a_subscription_and_its_checkout_make_a_tenant_in_either_order() {
        for checkout_first in [true, false] {
            let deployment = deployment().await;
            let now = clock::now().as_second();
            let mut object = subscribed("price_small", now, "active");
            object["metadata"] = json!({});
            let subscription = stripe("evt_1", "customer.subscription.created", now, object);
            let session = json!({ "subscription": "sub_1", "customer_details": { "name": "Acme", "email": "o@acme.test" } });
            let checkout = stripe("evt_2", "checkout.session.completed", now, session);
            let letters = if checkout_first { [checkout, subscription] } else { [subscription, checkout] };
            deployment.open(&letters[0]).await.expect("heard");
            assert_eq!(deployment.account().await.tenant, None);
            deployment.open(&letters[1]).await.expect("heard");
            assert_eq!(deployment.tenant().await.status, Status::Provisioning);
        }
    }
}

story! {
    async fn a_name_that_is_taken_gets_another_subdomain() {
        let (deployment, begins) = React::bought("price_big").await;
        let mut object = subscribed("price_big", begins, "active");
        object["id"] = json!("sub_another2");
        deployment.open(&stripe("evt_2", "customer.subscription.created", begins, object)).await.expect("heard");
        let id: SubscriptionId = "sub_another2".parse().expect("an id");
        let account = Account::get(&deployment.db, &id).await.expect("read").expect("there");
        let tenant = deployment.tenant_of(&account.tenant.expect("a tenant")).await;
        assert_eq!(tenant.subdomain.as_str(), "acme-other2");
    }
}

story! {
    /// Nobody pays for what did not come up; who tries again and gets it, does.
    async fn what_does_not_come_up_is_voided_and_charged_once_it_does() {
        let deployment = deployment().await;
        let now = clock::now().as_second();
        let object = subscribed("price_big", now, "active");
        deployment.open(&stripe("evt_1", "customer.subscription.created", now, object)).await.expect("heard");
        let id = deployment.tenant().await.id;
        deployment.ends(&id, false).await;
        let account = deployment.account().await;
        assert!(!account.charged && account.voided.is_some());
        let retry = Order::retry(by("a person tries again"));
        Tenants::new(deployment.db.clone()).order(&id, retry, None, clock::now()).await.expect("accepted");
        deployment.ends(&id, true).await;
        days(1).await;
        deployment.settle().await;
        let account = deployment.account().await;
        assert!(account.charged && account.voided.is_none());
    }
}

story! {
    async fn dunning_warns_then_forbids_writing_then_suspends_until_it_is_paid() {
        let (deployment, begins) = React::bought("price_big").await;
        let failed = stripe("evt_2", "invoice.payment_failed", begins, json!({ "subscription": "sub_1" }));
        deployment.open(&failed).await.expect("heard");
        assert_eq!(deployment.subjects(), ["Acme: A payment did not go through"]);
        let id = deployment.tenant().await.id;
        days(7).await;
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.access, Access::ReadOnly);
        deployment.ends(&id, true).await;
        days(7).await;
        deployment.settle().await;
        deployment.ends(&id, true).await;
        assert_eq!(deployment.tenant().await.status, Status::Suspended);
        assert_eq!(deployment.subjects().len(), 3);
        let paid = stripe("evt_3", "invoice.paid", clock::now().as_second(), json!({ "subscription": "sub_1" }));
        deployment.open(&paid).await.expect("heard");
        deployment.ends(&id, true).await;
        let tenant = deployment.tenant().await;
        assert_eq!((tenant.status, tenant.access, tenant.operation), (Status::Active, Access::Full, None));
        assert!(!deployment.account().await.ordered.suspended);
    }
}

story! {
    async fn what_an_operator_suspended_is_not_resumed_by_a_payment() {
        let (deployment, begins) = React::bought("price_big").await;
        let id = deployment.tenant().await.id;
        let order = Order::suspend(by("abuse"));
        Tenants::new(deployment.db.clone()).order(&id, order, None, clock::now()).await.expect("accepted");
        deployment.ends(&id, true).await;
        let paid = stripe("evt_2", "invoice.paid", begins + 5, json!({ "subscription": "sub_1" }));
        deployment.open(&paid).await.expect("heard");
        assert_eq!(deployment.tenant().await.status, Status::Suspended);
    }
}

story! {
    async fn more_is_given_at_once_and_less_when_the_month_is_over() {
        let (deployment, begins) = React::bought("price_small").await;
        let id = deployment.tenant().await.id;
        let object = subscribed("price_big", begins, "active");
        deployment.open(&stripe("evt_2", "customer.subscription.updated", begins + 60, object)).await.expect("heard");
        deployment.ends(&id, true).await;
        assert_eq!(deployment.tenant().await.plan, "big");
        let object = subscribed("price_small", begins, "active");
        deployment.open(&stripe("evt_3", "customer.subscription.updated", begins + 120, object)).await.expect("heard");
        deployment.settle().await;
        let tenant = deployment.tenant().await;
        assert_eq!((tenant.plan.as_str(), tenant.operation), ("big", None));
        days(30).await;
        deployment.settle().await;
        deployment.ends(&id, true).await;
        assert_eq!(deployment.tenant().await.plan, "small");
    }
}

story! {
    async fn less_than_is_in_use_is_refused_with_a_reason_until_less_is_in_use() {
        let (deployment, begins) = React::bought("price_big").await;
        let id = deployment.tenant().await.id;
        let tenants = Tenants::new(deployment.db.clone());
        let report = async |products| {
            let usage = Usage { products: Some(products), ..Usage::default() };
            tenants.report_usage(&id, usage, clock::now()).await.expect("kept");
        };
        report(120).await;
        let mut object = subscribed("price_small", begins, "active");
        object["items"]["data"][0]["current_period_end"] = json!(begins);
        deployment.open(&stripe("evt_2", "customer.subscription.updated", begins + MONTH, object)).await.expect("heard");
        days(31).await;
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.plan, "big");
        let refused = deployment.account().await.refused.expect("a reason");
        assert!(refused.contains("products: 120 of 100"), "{refused}");
        let told = deployment.subjects();
        assert_eq!(told, ["Acme: The plan you chose is too small"]);
        report(100).await;
        days(1).await;
        deployment.settle().await;
        assert_eq!((deployment.tenant().await.status, deployment.account().await.refused), (Status::ChangingPlan, None));
        assert_eq!(deployment.subjects(), told);
    }
}

story! {
    async fn a_plan_that_an_operator_gave_stays_until_another_is_bought() {
        let (deployment, _) = React::bought("price_big").await;
        let id = deployment.tenant().await.id;
        let tenants = Tenants::new(deployment.db.clone());
        let tenant = deployment.tenant().await;
        let blueprint = tenants.blueprint(&tenant).await.expect("there");
        let plans = Catalogue::new(deployment.db.clone()).plans().await.expect("read");
        let request = EditRequest { plan: Some("small".to_owned()), ..EditRequest::default() };
        let edit = request.check(&tenant, &blueprint, &plans, &[], &Usage::default()).expect("valid");
        let order = Order::change_plan(by("as agreed")).editing(edit);
        tenants.order(&id, order, None, clock::now()).await.expect("accepted");
        deployment.ends(&id, true).await;
        days(2).await;
        deployment.settle().await;
        let tenant = deployment.tenant().await;
        assert_eq!((tenant.plan.as_str(), tenant.operation), ("small", None));
    }
}

story! {
    async fn a_trial_of_ours_is_announced_and_ends_unless_another_plan_is_taken() {
        for outgrown in [false, true] {
            let deployment = deployment().await;
            let catalogue = Catalogue::new(deployment.db.clone());
            let request: SignupRequest = serde_json::from_value(json!({
                "name": "Trying", "email": "o@trying.test", "blueprint": "shop", "plan": "demo",
            })).expect("a request");
            let blueprint = catalogue.blueprint("shop").await.expect("read");
            let plans = catalogue.plans().await.expect("read");
            let signup = request.check(blueprint.clone(), &plans, &[]).expect("valid");
            let tenants = Tenants::new(deployment.db.clone());
            let id = tenants.sign_up(&signup, None, clock::now()).await.expect("accepted").tenant.id;
            deployment.ends(&id, true).await;
            days(4).await;
            deployment.settle().await;
            assert_eq!(deployment.subjects(), ["Trying: Your trial ends soon"]);
            if outgrown {
                let tenant = deployment.tenant_of(&id).await;
                let request = EditRequest { plan: Some("big".to_owned()), ..EditRequest::default() };
                let blueprint = blueprint.expect("there");
                let edit = request.check(&tenant, &blueprint, &plans, &[], &Usage::default()).expect("valid");
                let order = Order::change_plan(by("convinced")).editing(edit);
                tenants.order(&id, order, None, clock::now()).await.expect("accepted");
                deployment.ends(&id, true).await;
            }
            days(3).await;
            deployment.settle().await;
            let status = if outgrown { Status::Active } else { Status::Cancelling };
            assert_eq!(deployment.tenant_of(&id).await.status, status);
        }
    }
}

story! {
    async fn a_tenant_that_was_there_before_is_taken_on_by_the_subscription_that_names_it() {
        let (deployment, begins) = React::bought("price_small").await;
        let first = deployment.tenant().await;
        let mut object = subscribed("price_big", begins, "active");
        (object["id"], object["metadata"]) = (json!("sub_2"), json!({ "tenant_id": first.id }));
        deployment.open(&stripe("evt_2", "customer.subscription.created", begins, object)).await.expect("heard");
        let id: SubscriptionId = "sub_2".parse().expect("an id");
        let account = Account::get(&deployment.db, &id).await.expect("read").expect("there");
        assert!(account.refused.is_some_and(|why| why.contains("another subscription")));
        // Whose own has ended by then.
        let tenants = Tenants::new(deployment.db.clone());
        let free = tenants.sign_up(
            &SignupRequest { ..serde_json::from_value(json!({
                "name": "Free", "email": "o@free.test", "blueprint": "shop", "plan": "small",
            })).expect("a request") }
            .check(
                Catalogue::new(deployment.db.clone()).blueprint("shop").await.expect("read"),
                &Catalogue::new(deployment.db.clone()).plans().await.expect("read"),
                &[],
            ).expect("valid"),
            None,
            clock::now(),
        ).await.expect("accepted").tenant.id;
        deployment.ends(&free, true).await;
        let mut object = subscribed("price_big", begins, "active");
        (object["id"], object["metadata"]) = (json!("sub_3"), json!({ "tenant_id": free }));
        deployment.open(&stripe("evt_3", "customer.subscription.created", begins, object)).await.expect("heard");
        deployment.settle().await;
        deployment.ends(&free, true).await;
        let tenant = deployment.tenant_of(&free).await;
        assert_eq!((tenant.plan.as_str(), tenant.subscription.map(String::from)), ("big", Some("sub_3".to_owned())));
    }
}

story! {
    async fn whoever_subscribes_again_within_the_grace_keeps_the_tenant() {
        let (deployment, begins) = React::bought("price_big").await;
        let mut object = subscribed("price_big", begins, "canceled");
        object["ended_at"] = json!(begins + 10);
        days(1).await;
        deployment.open(&stripe("evt_2", "customer.subscription.deleted", begins + 10, object)).await.expect("heard");
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.status, Status::Cancelling);
        assert!(!deployment.account().await.charged);
        let object = subscribed("price_big", begins, "active");
        deployment.open(&stripe("evt_3", "customer.subscription.updated", begins + 20, object)).await.expect("heard");
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.status, Status::Active);
        assert!(deployment.account().await.charged);
    }
}

story! {
    /// With Stripe what has ended is over: who comes back has another subscription, and names the tenant.
    async fn another_subscription_takes_on_the_tenant_of_one_that_has_ended() {
        let (deployment, begins) = React::bought("price_big").await;
        let first = deployment.tenant().await.id;
        let mut object = subscribed("price_big", begins, "canceled");
        object["ended_at"] = json!(begins + 10);
        days(1).await;
        deployment.open(&stripe("evt_2", "customer.subscription.deleted", begins + 10, object)).await.expect("heard");
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.status, Status::Cancelling);
        let mut object = subscribed("price_small", begins, "active");
        (object["id"], object["metadata"]) = (json!("sub_2"), json!({ "tenant_id": first }));
        deployment.open(&stripe("evt_3", "customer.subscription.created", begins + 20, object)).await.expect("heard");
        deployment.settle().await;
        deployment.ends(&first, true).await;
        let tenant = deployment.tenant_of(&first).await;
        assert_eq!((tenant.status, tenant.plan.as_str()), (Status::Active, "small"));
        assert_eq!(tenant.subscription.map(String::from), Some("sub_2".to_owned()));
        let id: SubscriptionId = "sub_2".parse().expect("an id");
        let second = Account::get(&deployment.db, &id).await.expect("read").expect("there");
        assert!(second.charged && !deployment.account().await.charged);
        days(40).await;
        deployment.settle().await;
        assert_eq!(deployment.tenant_of(&first).await.status, Status::Active);
    }
}

story! {
    async fn what_nobody_can_read_goes_to_the_dead_and_what_nobody_knows_is_kept() {
        let deployment = deployment().await;
        let poison = [
            "not JSON".to_owned(),
            json!({ "something": 1 }).to_string(),
            stripe("evt_1", "customer.subscription.updated", 0, json!({ "id": "sub_1" })),
            json!({ "source": "aws.ec2", "detail": {} }).to_string(),
        ];
        for letter in &poison {
            deployment.open(letter).await.expect("dealt with");
        }
        assert_eq!(*deployment.post.dead.lock().expect("no panic"), poison);
        deployment.open(&stripe("evt_2", "charge.succeeded", 0, json!({}))).await.expect("kept");
        let partner = json!({
            "source": "aws.partner/stripe.com/ed_1", "detail-type": "payout.paid",
            "detail": { "id": "evt_3", "type": "payout.paid", "created": 0, "data": { "object": {} } },
        });
        deployment.open(&partner.to_string()).await.expect("kept");
        let kept = UnknownEvent::all(&deployment.db, 10, clock::now()).await.expect("read");
        let kinds: Vec<&str> = kept.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["charge.succeeded", "payout.paid"]);
    }
}

story! {
    async fn an_address_that_takes_no_mail_keeps_no_dunning_from_going_on() {
        let (deployment, begins) = React::bought("price_big").await;
        let mut object = subscribed("price_big", begins, "past_due");
        object["metadata"] = json!({ "tenant_name": "Acme", "email": "o@nowhere.test" });
        deployment.open(&stripe("evt_2", "customer.subscription.updated", begins + 1, object)).await.expect("heard");
        let failed = stripe("evt_3", "invoice.payment_failed", begins, json!({ "subscription": "sub_1" }));
        deployment.open(&failed).await.expect("heard");
        days(7).await;
        deployment.settle().await;
        assert_eq!(deployment.tenant().await.access, Access::ReadOnly);
    }
}

story! {
    async fn the_check_names_what_contradicts_itself() {
        let (deployment, begins) = React::bought("price_big").await;
        let plans = Catalogue::new(deployment.db.clone()).plans().await.expect("read");
        let (account, tenant, now) = (deployment.account().await, deployment.tenant().await, clock::now());
        let amiss = |account: &Account, tenant: Option<&Tenant>, live| {
            deployment.amiss(account, tenant, live, &plans, now).unwrap_or_default()
        };
        assert_eq!(amiss(&account, Some(&tenant), true), "");
        assert!(amiss(&account, Some(&tenant), false).contains("no resources"));
        assert!(amiss(&account, None, false).contains("no tenant"));
        let deleted = Tenant { status: Status::Deleted, ..tenant.clone() };
        assert!(amiss(&account, Some(&deleted), false).contains("charged and its tenant is deleted"));
        let mut ended = account.clone();
        let event = stripe("evt_9", "customer.subscription.deleted", begins + 9, subscribed("price_big", begins, "canceled"));
        let Ok(Letter::Read(Read::Event(event))) = Letter::read(&event, &deployment.settings) else { panic!("an event") };
        ended.subscription.hear(*event);
        days(1).await;
        assert!(deployment.amiss(&ended, Some(&tenant), true, &plans, clock::now()).is_some_and(|said| said.contains("lives")));
        assert!(deployment.amiss(&ended, Some(&deleted), true, &plans, clock::now()).is_some_and(|said| said.contains("still has")));
    }
}
