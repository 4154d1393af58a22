use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use billing::subscription_webhook::Sold;
use billing::{PlanNames, Policy, Subscription, SubscriptionId};
use billing_react::{React, Settings};
use billing_webhook::Webhook;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use ses::Mail;
use store::{Account, Catalogue, Database, Filter, Open, Outcome, Tenants};
use tenancy::{Archive, Calendar, Event, Kind, Operation, OperationId, State, Tenant, TenantId, Usage};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::arrival::{Arrival, Fate, Way};
use crate::post::PostRoom;
use crate::story::{Ending, Life};

/// In how many seconds operations end: in this simulation they are short.
const OPERATION: std::ops::Range<i64> = 20..180;
/// How often the agenda is seen to. A deployment does every minute, and has nothing more to do by that.
const AGENDA: SignedDuration = SignedDuration::from_hours(1);
/// How soon a letter comes again that could not be dealt with.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How long it is waited after the last letter: longer than dunning, grace and everything else in a row.
const AFTER: SignedDuration = SignedDuration::from_hours(75 * 24);

/// A deployment in this process, whose tenants are but rows: what billing does is real, and what the state machines do takes a
/// while and goes as the story says. On a clock of its own.
#[derive(Debug)]
pub struct Platform {
    react: Arc<React<PostRoom>>,
    webhook: Router,
    post: PostRoom,
    tenants: Tenants,
    ill_fated: BTreeSet<SubscriptionId>,
    products: BTreeMap<SubscriptionId, u32>,
    /// When operations end that are under way.
    under_way: BTreeMap<OperationId, (Timestamp, TenantId)>,
    rng: Rng,
    tally: Tally,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub arrivals: usize,
    /// How many of them there were of each fate.
    pub fates: BTreeMap<Fate, usize>,
    /// What nobody could read, as it was sent.
    pub unreadable: Vec<String>,
    /// What it took to take them in and to react. What the agenda does, whether anything arrives or not, is not in it.
    pub busy: Duration,
    /// How many letters came again because others were at work on the same.
    pub again: usize,
}

/// What there is of a subscription after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    pub ending: Ending,
    /// How many tenants were made for it, and how often one of them was provisioned.
    pub tenants: usize,
    pub provisionings: usize,
    /// What was heard of it, and how many things, each once.
    pub subscription: Subscription,
    pub heard: u64,
}

/// What a replay leaves.
#[derive(Debug)]
pub struct Aftermath {
    pub subscriptions: BTreeMap<SubscriptionId, Outcomes>,
    /// Tenants that belong to nobody.
    pub strays: Vec<TenantId>,
    pub dead: Vec<String>,
    pub mails: Vec<Mail>,
    pub tally: Tally,
}

/// Replays arrivals on a platform of their own, on a thread of its own: time there is simulated.
#[must_use]
pub fn replay(lives: &[Life], arrivals: &[Arrival]) -> Aftermath {
    std::thread::scope(|scope| {
        let replay = || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(Box::pin(async {
                let begins = arrivals.first().map_or(Timestamp::UNIX_EPOCH, |first| first.at);
                clock::simulate(begins);
                let mut platform = Platform::new(lives).await;
                platform.live(arrivals).await;
                platform.aftermath(lives).await
            }))
        };
        scope.spawn(replay).join().expect("it comes to its end")
    })
}

impl Platform {
    async fn new(lives: &[Life]) -> Self {
        let (db, post) = (Database::memory(), PostRoom::default());
        stock(&Catalogue::new(db.clone())).await;
        let sold = Sold::parse("standard=small,premium=big", "us-east");
        let webhook = Webhook { desk: post.clone(), sold: sold.clone() }.router();
        let settings = Settings {
            blueprint: "shop".to_owned(),
            prices: PlanNames::parse("price_small=small,price_big=big"),
            sold,
            policy: Policy::days(7, 14, 3),
            grace_days: 30,
            calendar: Calendar { day_seconds: 86_400, notices: Vec::new() },
        };
        let ill_fated = lives.iter().filter(|life| life.ill_fated).map(|life| life.subscription.clone());
        let products =
            lives.iter().filter_map(|life| life.products.map(|many| (life.subscription.clone(), many)));
        Self {
            webhook,
            tenants: Tenants::new(db.clone()),
            ill_fated: ill_fated.collect(),
            products: products.collect(),
            under_way: BTreeMap::new(),
            rng: Rng::with_seed(1),
            tally: Tally::default(),
            react: Arc::new(React { post: post.clone(), db, settings }),
            post,
        }
    }

    /// Takes everything in as it comes, and lets time pass until nothing more can happen.
    async fn live(&mut self, arrivals: &[Arrival]) {
        let end = arrivals.last().map_or(clock::now(), |last| last.at) + AFTER;
        let mut arrivals = arrivals.iter().peekable();
        let mut agenda = clock::now();
        while clock::now() < end {
            let arrival = arrivals.peek().map(|arrival| arrival.at);
            let letter = self.post.letters().waiting.iter().map(|(at, _)| *at).min();
            let operation = self.under_way.values().map(|(at, _)| *at).min();
            let next = [arrival, letter, operation].into_iter().flatten().fold(agenda, Timestamp::min);
            pass_until(next).await;
            if operation == Some(next) {
                self.operations_end(next).await;
            }
            let begun = Instant::now();
            while let Some(arrival) = arrivals.next_if(|arrival| arrival.at <= next) {
                self.take(arrival).await;
            }
            self.open(next).await;
            self.tally.busy += begun.elapsed();
            if agenda <= next {
                self.see_to_the_agenda(next).await;
                agenda = next + AGENDA;
            }
            self.operations_begin(next).await;
        }
    }

    async fn see_to_the_agenda(&mut self, now: Timestamp) {
        // Mostly nothing is due, and that is seen by one entry.
        while !Account::due(&self.react.db, now, 1).await.expect("read").is_empty() {
            self.react.agenda(now).await.expect("the agenda is seen to");
        }
    }

    async fn take(&mut self, arrival: &Arrival) {
        self.tally.arrivals += 1;
        *self.tally.fates.entry(arrival.fate).or_default() += 1;
        let Way::Call { path, proof } = &arrival.way else {
            if arrival.fate == Fate::Buried {
                self.tally.unreadable.push(arrival.body.clone());
            }
            return self.post.leave(arrival.at, arrival.body.clone());
        };
        let request = Request::post(*path);
        let request = match proof {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let request = request.body(Body::from(arrival.body.clone())).expect("a request");
        let answer = self.webhook.clone().oneshot(request).await.expect("an answer").status();
        match arrival.fate {
            Fate::Refused(status) => assert_eq!(answer, status, "{arrival:?}"),
            Fate::Taken => assert!(answer.is_success(), "{answer}: {arrival:?}"),
            Fate::Buried => {
                assert!(answer.is_success(), "{answer}: {arrival:?}");
                self.tally.unreadable.push(format!("{{\"stripe\":{}}}", arrival.body));
            }
        }
    }

    /// Opens the letters of this moment, all at once: whose is dealt with first is anybody's guess.
    async fn open(&mut self, now: Timestamp) {
        loop {
            let due: Vec<_> = self.post.letters().waiting.extract_if(.., |(at, _)| *at <= now).collect();
            if due.is_empty() {
                return;
            }
            let mut opened = JoinSet::new();
            for (_, letter) in due {
                let react = Arc::clone(&self.react);
                opened.spawn(async move { react.open(&letter).await.map_err(|fault| (letter, fault)) });
            }
            while let Some(done) = opened.join_next().await {
                if let Err((letter, fault)) = done.expect("nothing panics") {
                    assert!(fault.kind == fault::Kind::Transient, "{fault}: {letter}");
                    self.tally.again += 1;
                    self.post.leave(now + AGAIN, letter);
                }
            }
        }
    }

    /// What was begun meanwhile gets an end: soon, but for who is seen out once the days of grace are over.
    async fn operations_begin(&mut self, now: Timestamp) {
        for open in Open::all(&self.react.db).await.expect("read") {
            if self.under_way.contains_key(&open.operation) {
                continue;
            }
            let begun = self.operation(&open.tenant, open.operation).await;
            let soon = now + SignedDuration::from_secs(self.rng.i64(OPERATION));
            let ends = begun.offboarding.map_or(soon, |leaving| leaving.until);
            self.under_way.insert(open.operation, (ends, open.tenant));
        }
    }

    async fn operations_end(&mut self, now: Timestamp) {
        for (operation, (_, id)) in self.under_way.extract_if(.., |_, (at, _)| *at <= now).collect::<Vec<_>>()
        {
            let tenant = self.tenant(&id).await;
            let Operation { kind, state, .. } = self.operation(&id, operation).await;
            // Whoever was restored meanwhile stays.
            if state.is_final() {
                continue;
            }
            let outcome = |event, state| Outcome { event, state, steps: Vec::new(), endpoints: None };
            let outcome = match kind {
                Kind::Provision if tenant.subscription.iter().any(|id| self.ill_fated.contains(id)) => {
                    outcome(Event::RolledBack, State::Failed)
                }
                Kind::Provision => outcome(Event::Provisioned, State::Succeeded),
                Kind::Suspend => outcome(Event::Suspended, State::Succeeded),
                Kind::Resume => outcome(Event::Resumed, State::Succeeded),
                Kind::ChangePlan => outcome(Event::PlanSettled, State::Succeeded),
                Kind::Delete => outcome(Event::Deleted, State::Succeeded),
                Kind::Offboard => {
                    let sealed = self.tenants.seal(&id, operation, archive(now), now).await.expect("sealed");
                    assert!(sealed, "nobody holds it, and its days of grace are over");
                    outcome(Event::Deleted, State::Succeeded)
                }
                kind => panic!("{kind:?} does not happen here"),
            };
            self.tenants.settle(&id, operation, outcome, now).await.expect("settled");
            let products = tenant.subscription.and_then(|id| self.products.get(&id).copied());
            if let (Kind::Provision, Some(products)) = (kind, products) {
                let usage = Usage { products: Some(products), ..Usage::default() };
                self.tenants.report_usage(&id, usage, now).await.expect("kept");
            }
        }
    }

    async fn aftermath(self, lives: &[Life]) -> Aftermath {
        let mut of: BTreeMap<SubscriptionId, Vec<Tenant>> = BTreeMap::new();
        let mut strays = Vec::new();
        for tenant in self.everyone().await {
            match tenant.subscription.clone() {
                Some(id) => of.entry(id).or_default().push(tenant),
                None => strays.push(tenant.id),
            }
        }
        let mut subscriptions = BTreeMap::new();
        for life in lives {
            let id = &life.subscription;
            let Some(account) = Account::get(&self.react.db, id).await.expect("read") else { continue };
            let mut provisionings = 0;
            let all = of.remove(id).unwrap_or_default();
            for tenant in &all {
                let operations = self.tenants.operations(&tenant.id).await.expect("read");
                provisionings +=
                    operations.iter().filter(|operation| operation.kind == Kind::Provision).count();
            }
            let Some(tenant) = account.tenant.as_ref() else { continue };
            let tenant = self.tenant(tenant).await;
            let ending = Ending {
                status: tenant.status,
                plan: tenant.plan,
                access: tenant.access,
                charged: account.charged,
                voided: account.voided.is_some(),
                refused: account.refused.is_some(),
            };
            let (subscription, heard) = (account.subscription, account.heard);
            let outcomes = Outcomes { ending, tenants: all.len(), provisionings, subscription, heard };
            subscriptions.insert(id.clone(), outcomes);
        }
        strays.extend(of.into_values().flatten().map(|tenant| tenant.id));
        let letters = std::mem::take(&mut *self.post.letters());
        let (dead, mails) = (letters.dead, letters.mails);
        Aftermath { subscriptions, strays, dead, mails, tally: self.tally }
    }

    async fn everyone(&self) -> Vec<Tenant> {
        let (mut all, mut page) = (Vec::new(), None);
        loop {
            let (found, next) =
                self.tenants.list(&Filter::default(), 100, page.as_ref()).await.expect("read");
            all.extend(found);
            match next {
                Some(next) => page = Some(next),
                None => return all,
            }
        }
    }

    async fn operation(&self, tenant: &TenantId, id: OperationId) -> Operation {
        self.tenants.operation(tenant, id).await.expect("read").expect("there").value
    }

    async fn tenant(&self, id: &TenantId) -> Tenant {
        self.tenants.get(id).await.expect("read").expect("there").value
    }
}

/// What is kept of who is gone: here, nothing.
fn archive(now: Timestamp) -> Archive {
    let (bucket, manifest, sha256) = ("archive".to_owned(), "manifest.json".to_owned(), "0".repeat(64));
    Archive { bucket, manifest, sha256, objects: 0, bytes: 0, kept_until: now, without: Vec::new() }
}

async fn pass_until(at: Timestamp) {
    let wait = Duration::try_from(at.duration_since(clock::now())).unwrap_or_default();
    tokio::time::advance(wait).await;
}

/// Two plans of a shop.
async fn stock(catalogue: &Catalogue) {
    for (id, price, products) in [("small", 10, Some(100)), ("big", 20, None)] {
        let plan = json!({
            "id": id, "name": id, "description": "", "price_cents": price, "currency": "EUR",
            "billing_cycle": "monthly", "trial_days": 0, "popular": false, "active": true, "features": [],
            "limits": { "products": products },
        });
        catalogue.put_plan(&serde_json::from_value(plan).expect("a plan")).await.expect("put");
    }
    let blueprint = json!({
        "name": "shop", "version": 1, "description": "", "active": true, "plans": ["small", "big"],
        "workflow": { "sequence": [] },
    });
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("put");
}
