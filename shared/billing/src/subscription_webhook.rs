//! The plain webhook of a billing system that is not Stripe: `subscription.created` and `subscription.cancelled`, as JSON under a
//! bearer secret.
//!
//! An event has no id of its own: it is named by what it says, so that one that is sent again is known. Its rules: a company's
//! name of 3 to 100 letters, digits and spaces; an address; a tier and a region that the deployment knows.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tenancy::{Email, TenantId, Violation, Violations};

use crate::{Customer, Event, EventId, Fact, PlanNames, Read, State, SubscriptionId, Terms};

/// What a deployment sells by this webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sold {
    pub tiers: PlanNames,
    pub regions: Vec<String>,
}

impl Sold {
    /// Of a deployment's parameters: `standard=starter,premium=pro` and `us-east,eu-west`.
    #[must_use]
    pub fn parse(tiers: &str, regions: &str) -> Self {
        let regions = regions.split(',').map(str::trim).filter(|region| !region.is_empty());
        Self { tiers: PlanNames::parse(tiers), regions: regions.map(str::to_owned).collect() }
    }
}

#[derive(Deserialize)]
struct Envelope {
    event: String,
    timestamp: Timestamp,
    data: Value,
}

#[derive(Deserialize)]
struct Created {
    subscription_id: SubscriptionId,
    customer: SentCustomer,
    plan: SentPlan,
    metadata: SentMetadata,
}

#[derive(Deserialize)]
struct SentCustomer {
    name: String,
    email: String,
    #[serde(default)]
    billing_email: Option<String>,
}

#[derive(Deserialize)]
struct SentPlan {
    tier: String,
}

#[derive(Deserialize)]
struct SentMetadata {
    region: String,
}

#[derive(Deserialize)]
struct Cancelled {
    subscription_id: SubscriptionId,
    #[serde(default)]
    #[allow(dead_code)] // The subscription says which tenant; this is only checked to be an id.
    tenant_id: Option<TenantId>,
    effective_date: Timestamp,
}

/// Why a body is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not of the shape of either event.
    Shape(String),
    Violations(Violations),
}

/// Whether the header is `Bearer <secret>`, with any of the secrets. Compares in constant time.
#[must_use]
pub fn authorised(header: Option<&str>, secrets: &[SecretString]) -> bool {
    let Some(sent) = header.and_then(|header| header.strip_prefix("Bearer ")) else { return false };
    // Digests: of the same length whatever was sent.
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let sent = digest(sent);
    secrets.iter().any(|secret| {
        !secret.expose_secret().is_empty() && bool::from(sent.ct_eq(&digest(secret.expose_secret())))
    })
}

/// Reads a body, by the deployment's rules.
pub fn read(body: &Value, sold: &Sold) -> Result<Read, Refused> {
    let shape = |e: serde_json::Error| Refused::Shape(e.to_string());
    let Envelope { event: kind, timestamp: at, data } = Envelope::deserialize(body).map_err(shape)?;
    let (subscription, fact) = match kind.as_str() {
        "subscription.created" => {
            let created = Created::deserialize(data).map_err(shape)?;
            (created.subscription_id.clone(), created.terms(sold).map_err(Refused::Violations)?)
        }
        "subscription.cancelled" => {
            let Cancelled { subscription_id, effective_date, .. } =
                Cancelled::deserialize(data).map_err(shape)?;
            (subscription_id, Fact::Cancelled { at: effective_date })
        }
        _ => return Ok(Read::Unknown { id: named(&kind, &data.to_string(), at), kind }),
    };
    Ok(Read::Event(Box::new(Event { id: named(&kind, subscription.as_str(), at), at, subscription, fact })))
}

impl Created {
    fn terms(self, sold: &Sold) -> Result<Fact, Violations> {
        let Self { customer, plan, metadata, .. } = self;
        let mut wrong = Violations::default();
        wrong.take(company(&customer.name));
        wrong.take(Email::parse(&customer.email));
        if let Some(address) = &customer.billing_email {
            let named = |violation| Violation { field: "billing_email", ..violation };
            wrong.take(Email::parse(address).map_err(named));
        }
        let tier = sold.tiers.plan(&plan.tier).map(str::to_owned);
        if tier.is_none() {
            let tiers = sold.tiers.names().collect::<Vec<_>>().join(", ");
            wrong.take(Err::<(), _>(Violation::new("tier", "is not sold here", tiers)));
        }
        if !sold.regions.contains(&metadata.region) {
            let regions = sold.regions.join(", ");
            wrong.take(Err::<(), _>(Violation::new("region", "is not served from here", regions)));
        }
        let (Some(plan), true) = (tier, wrong.is_empty()) else { return Err(wrong) };
        let SentCustomer { name, email, billing_email } = customer;
        let customer = Some(Customer { name, email, billing_email, subdomain: None });
        let terms = Terms { state: State::Active, trial_ends_at: None, cancel_at: None, tenant: None };
        Ok(Fact::Terms { terms, bought: vec![plan], paid_until: None, customer })
    }
}

fn company(name: &str) -> Result<(), Violation> {
    let usable = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace();
    match (3..=100).contains(&name.chars().count()) && name.chars().all(usable) {
        true => Ok(()),
        false => Err(Violation::new("name", "is no company's name", "3 to 100 letters, digits and spaces")),
    }
}

fn named(kind: &str, about: &str, at: Timestamp) -> EventId {
    EventId::of(&format!("{kind}\n{about}\n{at}"))
}

#[cfg(test)]
mod tests;
