use std::ops::RangeInclusive;

use billing::SubscriptionId;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tenancy::{Access, Status};

use crate::wire::{Contract, Era, cancelled, created, stripe};

/// What is paid for at a time, in days. Stripe's months are of 28 to 31.
const MONTH: u32 = 30;

/// One subscription's half year.
#[derive(Clone, Debug)]
pub struct Life {
    pub subscription: SubscriptionId,
    pub plot: Plot,
    /// What is said of it, in order.
    pub said: Vec<Saying>,
    /// What becomes of it.
    pub ends: Ending,
    /// Its tenant cannot be provisioned.
    pub ill_fated: bool,
    /// How many products its tenant has.
    pub products: Option<u32>,
}

/// One thing that a biller says once.
#[derive(Clone, Debug)]
pub struct Saying {
    pub at: Timestamp,
    pub biller: Biller,
    pub body: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biller {
    Stripe,
    /// Whoever sends the plain webhook.
    Plain,
}

/// What is left of a subscription and its tenant when all is said and all time has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub status: Status,
    pub plan: String,
    pub access: Access,
    pub charged: bool,
    pub voided: bool,
    /// What was bought is not done, for a reason that is told.
    pub refused: bool,
}

/// What may happen to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plot {
    /// Paid every month.
    Steady,
    /// Who bought it is known by the checkout alone.
    CheckedOut,
    TriesAndBuys,
    /// The trial is over and there is no way to pay: it pauses, until there is.
    TriesAndHesitates,
    /// The trial is cancelled before it ends.
    TriesAndLeaves,
    Upgrades,
    Downgrades,
    /// Less, and on second thoughts more.
    Wavers,
    /// Less than is in use.
    Outgrown,
    /// Payments fail; one goes through before anything is taken away, or after it is read-only.
    Recovers,
    /// The same, after it was suspended.
    RecoversLate,
    /// Nobody ever pays: Stripe ends it.
    Lapses,
    /// Nobody ever pays: Stripe leaves it at that.
    Owes,
    Leaves,
    LeavesAtOnce,
    /// Cancelled for the end of the month, and taken back before.
    ThinksBetter,
    /// Its tenant cannot be made.
    IllFated,
    /// The same, and whoever sold it ends it.
    IllFatedAndEnded,
    Plain,
    PlainLeaves,
    /// Bought again within the days of grace.
    PlainReturns,
}

impl Plot {
    pub const ALL: [Self; 21] = [
        Self::Steady,
        Self::CheckedOut,
        Self::TriesAndBuys,
        Self::TriesAndHesitates,
        Self::TriesAndLeaves,
        Self::Upgrades,
        Self::Downgrades,
        Self::Wavers,
        Self::Outgrown,
        Self::Recovers,
        Self::RecoversLate,
        Self::Lapses,
        Self::Owes,
        Self::Leaves,
        Self::LeavesAtOnce,
        Self::ThinksBetter,
        Self::IllFated,
        Self::IllFatedAndEnded,
        Self::Plain,
        Self::PlainLeaves,
        Self::PlainReturns,
    ];
}

/// So many lives, of each plot in turn, which begin within three weeks. The same of the same seed.
#[must_use]
pub fn lives(seed: u64, many: usize, begins: Timestamp) -> Vec<Life> {
    let mut rng = Rng::with_seed(seed);
    let mut life = |n: usize| {
        let plot = Plot::ALL[n % Plot::ALL.len()];
        let begins = begins + SignedDuration::from_secs(rng.i64(0..21 * 86_400));
        Pen::new(n, plot, begins, rng.fork()).write()
    };
    (0..many).map(&mut life).collect()
}

/// Writes a life down while it passes.
struct Pen {
    rng: Rng,
    now: Timestamp,
    contract: Contract,
    name: String,
    email: String,
    life: Life,
}

impl Pen {
    fn new(n: usize, plot: Plot, now: Timestamp, mut rng: Rng) -> Self {
        let id = format!("sub_{}{n:06}", if rng.bool() { "1Pgc" } else { "1Qxy" });
        // Few names: their subdomains are asked for again and again.
        let name = ["Amber Bakery", "Blue Books", "Early Coffee", "Fine Flowers"][rng.usize(..4)].to_owned();
        let email = format!("owner{n}@example.com");
        let contract = Contract {
            id: id.clone(),
            era: if rng.bool() { Era::Today } else { Era::Old },
            status: "incomplete",
            price: "price_small",
            begun: now,
            period: (now, now + days(MONTH)),
            trial: None,
            cancelled: false,
            ended_at: None,
            metadata: json!({ "tenant_name": name, "email": email }),
        };
        let ends = Ending {
            status: Status::Active,
            plan: String::new(),
            access: Access::Full,
            charged: true,
            voided: false,
            refused: false,
        };
        let subscription = id.parse().expect("an id");
        let life = Life { subscription, plot, said: Vec::new(), ends, ill_fated: false, products: None };
        Self { rng, now, contract, name, email, life }
    }

    fn write(mut self) -> Life {
        match self.life.plot {
            Plot::Steady => {
                self.bought(any);
                self.months(6);
            }
            Plot::CheckedOut => {
                self.contract.metadata = json!({});
                self.bought(any);
                self.wait_seconds(0..=3_600);
                let session =
                    self.contract.checkout(&format!("cs_{}", self.contract.id), &self.name, &self.email);
                self.say("checkout.session.completed", &session);
                self.months(6);
            }
            Plot::TriesAndBuys => {
                self.tries(14);
                self.trial_ends("active");
                self.pay();
                self.months(5);
            }
            Plot::TriesAndHesitates => {
                self.tries(14);
                self.trial_ends("paused");
                self.wait_days(4..=20);
                self.describe("resumed", "active");
                self.renewed_now();
                self.months(4);
            }
            Plot::TriesAndLeaves => {
                self.tries(14);
                self.trial_ends("canceled");
            }
            Plot::Upgrades => {
                self.bought(|_| "price_small");
                self.months(1);
                self.wait_days(1..=25);
                self.buys("price_big");
                self.pay();
                self.months(4);
            }
            Plot::Downgrades => {
                self.bought(|_| "price_big");
                self.months(1);
                self.wait_days(1..=25);
                self.buys("price_small");
                self.months(3);
            }
            Plot::Wavers => {
                self.bought(|_| "price_big");
                self.months(2);
                self.wait_days(1..=8);
                self.buys("price_small");
                self.wait_days(1..=8);
                self.buys("price_big");
                self.months(3);
            }
            Plot::Outgrown => {
                self.life.products = Some(self.rng.u32(101..1_000));
                self.bought(|_| "price_big");
                self.months(1);
                self.wait_days(1..=25);
                self.buys("price_small");
                self.months(3);
            }
            Plot::Recovers => {
                self.bought(any);
                self.months(2);
                self.fails(&[0, 3]);
                self.wait_days(1..=9);
                self.recovers();
                self.months(2);
            }
            Plot::RecoversLate => {
                self.bought(any);
                self.months(2);
                self.fails(&[0, 3, 2, 4]);
                self.wait_days(8..=14);
                self.recovers();
                self.months(2);
            }
            Plot::Lapses => {
                self.bought(any);
                self.months(2);
                self.fails(&[0, 3, 2, 4]);
                self.wait_days(4..=14);
                self.ends();
            }
            Plot::Owes => {
                self.bought(any);
                self.months(3);
                self.fails(&[0, 3, 2, 4]);
                self.wait_days(2..=6);
                self.describe("updated", "unpaid");
            }
            Plot::Leaves => {
                self.bought(any);
                self.months(3);
                self.wait_days(1..=20);
                self.contract.cancelled = true;
                self.describe("updated", "active");
                self.now = self.contract.period.1;
                self.ends();
            }
            Plot::LeavesAtOnce => {
                self.bought(any);
                let months = self.rng.u32(1..4);
                self.months(months);
                self.wait_days(1..=25);
                self.ends();
            }
            Plot::ThinksBetter => {
                self.bought(any);
                self.months(2);
                for cancelled in [true, false] {
                    self.wait_days(1..=12);
                    self.contract.cancelled = cancelled;
                    self.describe("updated", "active");
                }
                self.months(3);
            }
            Plot::IllFated => self.bought(any),
            Plot::IllFatedAndEnded => {
                self.bought(any);
                self.wait_days(6..=20);
                self.ends();
            }
            Plot::Plain => self.buys_plainly("standard"),
            Plot::PlainLeaves => {
                self.buys_plainly("premium");
                self.wait_days(10..=90);
                self.cancels_plainly(0..=30);
            }
            Plot::PlainReturns => {
                self.buys_plainly("standard");
                self.wait_days(10..=90);
                self.cancels_plainly(0..=6);
                self.wait_days(12..=24);
                self.buys_plainly("premium");
            }
        }
        self.life.ends = self.ending();
        self.life
    }

    /// What the seller means by all this, by the plot alone: not by what anything here computes.
    fn ending(&mut self) -> Ending {
        let bought = self.contract.price.trim_start_matches("price_").to_owned();
        let lives = Ending { plan: bought, ..self.life.ends.clone() };
        let gone = Ending { status: Status::Deleted, charged: false, ..lives.clone() };
        match self.life.plot {
            Plot::Steady
            | Plot::CheckedOut
            | Plot::TriesAndBuys
            | Plot::TriesAndHesitates
            | Plot::Upgrades
            | Plot::Downgrades
            | Plot::Wavers
            | Plot::Recovers
            | Plot::RecoversLate
            | Plot::ThinksBetter => lives,
            Plot::Outgrown => Ending { plan: "big".to_owned(), refused: true, ..lives },
            Plot::TriesAndLeaves | Plot::Leaves | Plot::LeavesAtOnce => gone,
            Plot::Lapses => Ending { access: Access::ReadOnly, ..gone },
            Plot::Owes => Ending { status: Status::Suspended, access: Access::ReadOnly, ..lives },
            Plot::IllFated => {
                self.life.ill_fated = true;
                Ending { status: Status::Failed, charged: false, voided: true, ..lives }
            }
            Plot::IllFatedAndEnded => {
                self.life.ill_fated = true;
                Ending { voided: true, ..gone }
            }
            Plot::Plain => Ending { plan: "small".to_owned(), ..lives },
            Plot::PlainLeaves => Ending { plan: "big".to_owned(), ..gone },
            Plot::PlainReturns => Ending { plan: "big".to_owned(), ..lives },
        }
    }

    /// Bought and paid for in a moment.
    fn bought(&mut self, price: impl FnOnce(&mut Rng) -> &'static str) {
        self.contract.price = price(&mut self.rng);
        self.describe("created", "incomplete");
        // Often within the second.
        self.wait_seconds(0..=2);
        self.describe("updated", "active");
        self.pay();
    }

    /// A trial of so many days, and the reminder before it is over.
    fn tries(&mut self, length: u32) {
        self.contract.price = any(&mut self.rng);
        let trial = (self.now, self.now + days(length));
        (self.contract.trial, self.contract.period) = (Some(trial), trial);
        self.describe("created", "trialing");
        self.now = trial.1 - days(3);
        self.describe("trial_will_end", "trialing");
    }

    fn trial_ends(&mut self, status: &'static str) {
        self.now = self.contract.period.1;
        match status {
            "canceled" => self.ends(),
            "paused" => self.describe("paused", status),
            _ => {
                self.contract.period = (self.now, self.now + days(MONTH));
                self.describe("updated", status);
            }
        }
    }

    /// So many months begin and are paid for.
    fn months(&mut self, many: u32) {
        for _ in 0..many {
            self.now = self.contract.period.1;
            self.renewed_now();
        }
    }

    fn renewed_now(&mut self) {
        self.contract.period = (self.now, self.now + days(MONTH));
        self.describe("updated", "active");
        self.wait_seconds(0..=3_600);
        self.pay();
    }

    /// The next month cannot be paid for: tries so many days after one another.
    fn fails(&mut self, tries: &[u32]) {
        self.now = self.contract.period.1;
        self.contract.period = (self.now, self.now + days(MONTH));
        for wait in tries {
            self.now += days(*wait);
            self.describe("updated", "past_due");
            let invoice = self.contract.invoice("in_open", false);
            self.say("invoice.payment_failed", &invoice);
        }
    }

    fn recovers(&mut self) {
        self.pay();
        self.describe("updated", "active");
    }

    fn buys(&mut self, price: &'static str) {
        self.contract.price = price;
        self.describe("updated", "active");
    }

    fn pay(&mut self) {
        if self.rng.u8(..10) == 0 {
            // What nobody reacts to.
            self.say("charge.succeeded", &json!({ "object": "charge" }));
        }
        let invoice = self.contract.invoice("in_paid", true);
        self.say("invoice.paid", &invoice);
    }

    fn ends(&mut self) {
        self.contract.ended_at = Some(self.now);
        self.describe("deleted", "canceled");
    }

    /// The subscription as it stands now.
    fn describe(&mut self, what: &str, status: &'static str) {
        self.contract.status = status;
        let subscription = self.contract.subscription();
        self.say(&format!("customer.subscription.{what}"), &subscription);
    }

    fn say(&mut self, kind: &str, object: &Value) {
        // Ids say nothing of the order, as Stripe's.
        let id = format!("evt_{:016x}", self.rng.u64(..));
        let body = stripe(&id, kind, self.now, object);
        self.life.said.push(Saying { at: self.now, biller: Biller::Stripe, body });
    }

    fn buys_plainly(&mut self, tier: &str) {
        let body = created(&self.contract.id, self.now, (&self.name, &self.email), tier);
        self.life.said.push(Saying { at: self.now, biller: Biller::Plain, body });
    }

    /// For so many days later.
    fn cancels_plainly(&mut self, later: RangeInclusive<u32>) {
        let effective = self.now + days(self.rng.u32(later));
        let body = cancelled(&self.contract.id, self.now, effective);
        self.life.said.push(Saying { at: self.now, biller: Biller::Plain, body });
    }

    fn wait_days(&mut self, range: RangeInclusive<u32>) {
        self.now += days(self.rng.u32(range));
    }

    fn wait_seconds(&mut self, range: RangeInclusive<i64>) {
        self.now += SignedDuration::from_secs(self.rng.i64(range));
    }
}

fn any(rng: &mut Rng) -> &'static str {
    if rng.bool() { "price_small" } else { "price_big" }
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}
