use axum::http::{HeaderName, StatusCode, header};
use billing::stripe::TOLERANCE;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use ring::hmac::{self, HMAC_SHA256};
use serde_json::{Value, json};

use crate::story::{Biller, Life, Saying};

/// What billers sign with, and the secret that they have by mistake.
pub(crate) const SECRET: &str = "whsec_replay";
const ANOTHER: &str = "whsec_another";

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// A letter from a biller, when it gets here.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub at: Timestamp,
    pub way: Way,
    pub body: String,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
    /// What is to become of it.
    pub fate: Fate,
}

impl Flaw {
    /// Whether it is no biller's at all, as against one of a biller's that nobody can read.
    #[must_use]
    pub fn is_forgery(self) -> bool {
        matches!(self, Self::Unsigned | Self::ForeignSecret | Self::Stale)
    }
}

/// How it comes.
#[derive(Clone, Debug)]
pub enum Way {
    /// By a call of `billing-webhook`, with that header, if with any.
    Call { path: &'static str, proof: Option<(HeaderName, String)> },
    /// By a partner's event bus, of which a rule puts everything into our queue.
    Bus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is taken, and heard or known to have been.
    Taken,
    /// It is taken, and nobody can read it.
    Buried,
    /// Its sender is told that it is not taken.
    Refused(StatusCode),
}

/// What can be wrong with a letter: the first are broken, the others forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    CutOff,
    NoJson,
    WrongTypes,
    /// Of the right shape, and against a rule of the plain webhook.
    AgainstRules,
    Unsigned,
    /// Signed with another secret, or under another bearer.
    ForeignSecret,
    /// Signed long ago.
    Stale,
}

/// Everything once and as it was said.
#[must_use]
pub fn clean(lives: &[Life]) -> Vec<Arrival> {
    let arrivals = said(lives).map(|saying| called(saying, saying.at, SECRET));
    in_order(arrivals.collect())
}

/// As it comes in the worst of half years: three in ten come again, one in three late or very late, one in twenty is broken,
/// one in fifty is forged. What is broken or forged comes besides what it was made of.
#[must_use]
pub fn disorderly(lives: &[Life], seed: u64) -> Vec<Arrival> {
    let mut rng = Rng::with_seed(seed);
    let mut arrivals = Vec::new();
    for saying in said(lives) {
        let first = saying.at + delay(&mut rng);
        arrivals.push(sent(saying, first, &mut rng));
        if rng.u8(..100) < 30 {
            // Some of them at the very same time.
            let again = if rng.u8(..10) < 3 { first } else { saying.at + delay(&mut rng) };
            arrivals.push(sent(saying, again, &mut rng));
        }
        if rng.u8(..100) < 7 {
            let at = saying.at + delay(&mut rng);
            arrivals.push(broken(saying, at, &mut rng));
        }
        if rng.u8(..100) < 3 {
            let at = saying.at + delay(&mut rng);
            arrivals.push(forged(saying, at, &mut rng));
        }
    }
    in_order(arrivals)
}

fn said(lives: &[Life]) -> impl Iterator<Item = &Saying> {
    lives.iter().flat_map(|life| &life.said)
}

/// Those of one moment stay as they are: they were said in that order.
fn in_order(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

/// Stripe tries for three days.
fn delay(rng: &mut Rng) -> SignedDuration {
    let most = match rng.u8(..100) {
        0..65 => 30,
        65..85 => 3_600,
        _ => 3 * 86_400,
    };
    SignedDuration::from_secs(rng.i64(0..most))
}

/// As it is meant, by either way that there is.
fn sent(saying: &Saying, at: Timestamp, rng: &mut Rng) -> Arrival {
    match saying.biller {
        Biller::Stripe if rng.u8(..4) == 0 => Arrival {
            at,
            way: Way::Bus,
            body: partner(&saying.body).to_string(),
            flaw: None,
            fate: Fate::Taken,
        },
        _ => called(saying, at, SECRET),
    }
}

fn broken(saying: &Saying, at: Timestamp, rng: &mut Rng) -> Arrival {
    let flaws = [Flaw::CutOff, Flaw::NoJson, Flaw::WrongTypes, Flaw::AgainstRules];
    // Stripe has no rules that its letters could break and still be of the right shape.
    let flaw = flaws[rng.usize(..if saying.biller == Biller::Plain { 4 } else { 3 })];
    let way = sent(saying, at, rng).way;
    let whole = match (&way, flaw) {
        (Way::Bus, _) => partner(&spoiled(saying, flaw)).to_string(),
        (Way::Call { .. }, _) => spoiled(saying, flaw).to_string(),
    };
    let body = match flaw {
        Flaw::CutOff => whole[..whole.len() / 2].to_owned(),
        Flaw::NoJson => "<html>502 Bad Gateway".to_owned(),
        _ => whole,
    };
    let fate = match (&way, flaw, saying.biller) {
        (Way::Bus, ..) | (_, Flaw::WrongTypes, Biller::Stripe) => Fate::Buried,
        (_, Flaw::AgainstRules, _) => Fate::Refused(StatusCode::UNPROCESSABLE_ENTITY),
        _ => Fate::Refused(StatusCode::BAD_REQUEST),
    };
    let way = match way {
        Way::Bus => Way::Bus,
        Way::Call { .. } => call(saying.biller, at, &body, SECRET),
    };
    Arrival { at, way, body, flaw: Some(flaw), fate }
}

/// What it says, with fields that nobody can read or that break every rule.
fn spoiled(saying: &Saying, flaw: Flaw) -> Value {
    let mut body = saying.body.clone();
    match (flaw, saying.biller) {
        (Flaw::WrongTypes, Biller::Stripe) => body["created"] = json!("today"),
        (Flaw::WrongTypes, Biller::Plain) => body["timestamp"] = json!("today"),
        (Flaw::AgainstRules, _) => {
            body["event"] = json!("subscription.created");
            body["data"]["customer"] = json!({ "name": "A!", "email": "nobody" });
            body["data"]["plan"] = json!({ "tier": "gold" });
            body["data"]["metadata"] = json!({ "region": "mars" });
        }
        _ => {}
    }
    body
}

fn forged(saying: &Saying, at: Timestamp, rng: &mut Rng) -> Arrival {
    let flaws = [Flaw::Unsigned, Flaw::ForeignSecret, Flaw::Stale];
    // A bearer does not age.
    let flaw = flaws[rng.usize(..if saying.biller == Biller::Plain { 2 } else { 3 })];
    let status = match saying.biller {
        Biller::Stripe => StatusCode::BAD_REQUEST,
        Biller::Plain => StatusCode::UNAUTHORIZED,
    };
    let secret = if flaw == Flaw::ForeignSecret { ANOTHER } else { SECRET };
    let letter = Arrival { flaw: Some(flaw), fate: Fate::Refused(status), ..called(saying, at, secret) };
    match (flaw, letter.way) {
        (Flaw::Unsigned, Way::Call { path, .. }) => {
            Arrival { way: Way::Call { path, proof: None }, ..letter }
        }
        (Flaw::Stale, way) => Arrival { at: at + TOLERANCE + SignedDuration::from_secs(1), way, ..letter },
        (_, way) => Arrival { way, ..letter },
    }
}

/// As it is meant, by a call that proves itself with a secret.
fn called(saying: &Saying, at: Timestamp, secret: &str) -> Arrival {
    let body = saying.body.to_string();
    Arrival { at, way: call(saying.biller, at, &body, secret), body, flaw: None, fate: Fate::Taken }
}

fn call(biller: Biller, at: Timestamp, body: &str, secret: &str) -> Way {
    let (path, proof) = match biller {
        Biller::Stripe => ("/v1/billing/stripe", (SIGNATURE, signature(body, at, secret))),
        Biller::Plain => ("/v1/billing/subscriptions", (header::AUTHORIZATION, format!("Bearer {secret}"))),
    };
    Way::Call { path, proof: Some(proof) }
}

/// As in docs.stripe.com, "Verify webhook signatures manually".
fn signature(body: &str, at: Timestamp, secret: &str) -> String {
    let second = at.as_second();
    let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
    format!("t={second},v1={}", hex::encode(hmac::sign(&key, format!("{second}.{body}").as_bytes())))
}

/// As EventBridge delivers it.
fn partner(event: &Value) -> Value {
    json!({
        "version": "0", "source": "aws.partner/stripe.com/ed_replay", "account": "123456789012",
        "detail-type": event["type"], "detail": event,
    })
}
