//! Stripe's events: what of them concerns us, and the proof that they are Stripe's.
//!
//! Snapshot events of the API versions since 2023-08-16; the shapes are in `tests/contract/specs/stripe.json`. Two fields moved
//! since: the end of what is paid for is an item's, not the subscription's (2025-03-31), and an invoice names its subscription
//! below `parent`. Both places are read. Thin events carry no object and are not understood.

mod signature;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenancy::TenantId;

use crate::{Customer, Event, EventId, Fact, Read, State, SubscriptionId, Terms};

pub use signature::{Forged, TOLERANCE, verify};

/// Where partner events of Stripe come from (docs.stripe.com, "Amazon EventBridge").
pub const PARTNER: &str = "aws.partner/stripe.com/";

/// It says it is an event that concerns us, and is not: a field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event of Stripe's: {0}")]
pub struct Malformed(String);

#[derive(Deserialize)]
struct Envelope {
    id: EventId,
    created: i64,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

#[derive(Deserialize)]
struct StripeSubscription {
    id: SubscriptionId,
    status: Status,
    #[serde(default)]
    metadata: Option<Metadata>,
    trial_end: Option<i64>,
    cancel_at: Option<i64>,
    ended_at: Option<i64>,
    #[serde(default)]
    cancel_at_period_end: bool,
    current_period_end: Option<i64>,
    items: Items,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Canceled,
    Incomplete,
    IncompleteExpired,
    PastDue,
    Paused,
    Trialing,
    Unpaid,
}

/// What whoever sells may say along with a subscription or a checkout.
#[derive(Default, Deserialize)]
struct Metadata {
    plan: Option<String>,
    tenant_id: Option<TenantId>,
    tenant_name: Option<String>,
    email: Option<String>,
    subdomain: Option<String>,
}

#[derive(Deserialize)]
struct Items {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: Price,
    current_period_end: Option<i64>,
}

#[derive(Deserialize)]
struct Price {
    id: String,
    lookup_key: Option<String>,
    product: Option<Reference>,
}

/// An object that may be spelled out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(String),
    Object { id: String },
}

#[derive(Deserialize)]
struct Invoice {
    subscription: Option<Reference>,
    parent: Option<Parent>,
}

#[derive(Deserialize)]
struct Parent {
    subscription_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    subscription: Option<Reference>,
}

#[derive(Deserialize)]
struct Session {
    subscription: Option<Reference>,
    customer_details: Option<CustomerDetails>,
    customer_email: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct CustomerDetails {
    email: Option<String>,
    name: Option<String>,
    business_name: Option<String>,
}

/// Reads an event, of a webhook's body or of a partner event's `detail`.
pub fn read(event: &Value) -> Result<Read, Malformed> {
    let Envelope { id, created, kind, data } = object(event)?;
    let at = moment(created)?;
    let unknown = |id, kind| Ok(Read::Unknown { id, kind });
    let (subscription, fact) = match kind.as_str() {
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.deleted"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.trial_will_end" => {
            let subscription: StripeSubscription = object(&data.object)?;
            (subscription.id.clone(), subscription.terms()?)
        }
        "invoice.paid" | "invoice.payment_failed" => {
            let invoice: Invoice = object(&data.object)?;
            let newer = invoice.parent.and_then(|parent| parent.subscription_details?.subscription);
            let Some(subscription) = newer.or(invoice.subscription) else { return unknown(id, kind) };
            let fact = if kind == "invoice.paid" { Fact::Paid } else { Fact::PaymentFailed };
            (subscription.id()?, fact)
        }
        "checkout.session.completed" => {
            let session: Session = object(&data.object)?;
            let customer = session.customer();
            let (Some(subscription), Some(customer)) = (session.subscription, customer) else {
                return unknown(id, kind);
            };
            (subscription.id()?, Fact::CheckedOut(customer))
        }
        _ => return unknown(id, kind),
    };
    Ok(Read::Event(Box::new(Event { id, at, subscription, fact })))
}

impl StripeSubscription {
    fn terms(self) -> Result<Fact, Malformed> {
        let metadata = self.metadata.unwrap_or_default();
        let prices = || self.items.data.iter();
        let mut bought = Vec::from_iter(metadata.plan);
        for Item { price, .. } in prices() {
            bought.extend(price.lookup_key.clone());
            bought.push(price.id.clone());
            bought.extend(price.product.as_ref().map(|product| product.text().to_owned()));
        }
        let period_end =
            prices().filter_map(|item| item.current_period_end).max().or(self.current_period_end);
        let at_period_end = period_end.filter(|_| self.cancel_at_period_end);
        let customer = metadata.tenant_name.zip(metadata.email).map(|(name, email)| Customer {
            name,
            email,
            billing_email: None,
            subdomain: metadata.subdomain,
        });
        let state = match self.status {
            Status::Active => State::Active,
            Status::Canceled | Status::IncompleteExpired => State::Ended,
            Status::Incomplete => State::Incomplete,
            Status::PastDue => State::PastDue,
            Status::Paused => State::Paused,
            Status::Trialing => State::Trialing,
            Status::Unpaid => State::Unpaid,
        };
        let terms = Terms {
            state,
            trial_ends_at: maybe(self.trial_end)?,
            cancel_at: maybe(self.ended_at.or(self.cancel_at).or(at_period_end))?,
            tenant: metadata.tenant_id,
        };
        Ok(Fact::Terms { terms, bought, paid_until: maybe(period_end)?, customer })
    }
}

impl Session {
    fn customer(&self) -> Option<Customer> {
        let details = self.customer_details.as_ref();
        let metadata = self.metadata.as_ref();
        let email =
            details.and_then(|details| details.email.clone()).or_else(|| self.customer_email.clone())?;
        let said = |details: &CustomerDetails| details.business_name.clone().or_else(|| details.name.clone());
        let name =
            metadata.and_then(|metadata| metadata.tenant_name.clone()).or_else(|| details.and_then(said))?;
        let subdomain = metadata.and_then(|metadata| metadata.subdomain.clone());
        Some(Customer { name, billing_email: None, email, subdomain })
    }
}

impl Reference {
    fn text(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }

    fn id(&self) -> Result<SubscriptionId, Malformed> {
        self.text().parse().map_err(Malformed)
    }
}

fn object<T: DeserializeOwned>(value: &Value) -> Result<T, Malformed> {
    T::deserialize(value).map_err(|e| Malformed(e.to_string()))
}

fn moment(second: i64) -> Result<Timestamp, Malformed> {
    Timestamp::from_second(second).map_err(|e| Malformed(e.to_string()))
}

fn maybe(second: Option<i64>) -> Result<Option<Timestamp>, Malformed> {
    second.map(moment).transpose()
}

#[cfg(test)]
mod tests;
