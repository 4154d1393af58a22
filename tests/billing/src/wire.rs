use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Stripe's own samples of its objects, in the shape of today.
static SAMPLES: LazyLock<Value> = LazyLock::new(|| {
    let samples: Value = serde_json::from_str(include_str!("../../contract/specs/stripe.samples.json"))
        .expect("the samples are JSON");
    samples["resources"].clone()
});

/// A subscription of Stripe's, as it stands at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    pub(crate) id: String,
    pub(crate) era: Era,
    pub(crate) status: &'static str,
    pub(crate) price: &'static str,
    pub(crate) begun: Timestamp,
    pub(crate) period: (Timestamp, Timestamp),
    pub(crate) trial: Option<(Timestamp, Timestamp)>,
    /// At the end of its period.
    pub(crate) cancelled: bool,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) metadata: Value,
}

/// In which version of the API an endpoint gets its events. Two fields have moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2023-08-16, the version of `tests/contract/specs/stripe.json`.
    Old,
    /// Since 2025-03-31.
    Today,
}

/// An event of Stripe's.
pub(crate) fn stripe(id: &str, kind: &str, at: Timestamp, object: &Value) -> Value {
    with("event", json!({ "id": id, "type": kind, "created": at.as_second(), "data": { "object": object } }))
}

impl Contract {
    pub(crate) fn subscription(&self) -> Value {
        let second = |at: Option<Timestamp>| at.map(Timestamp::as_second);
        let (begins, ends) = (self.period.0.as_second(), self.period.1.as_second());
        let mut subscription = with(
            "subscription",
            json!({
                "id": self.id, "status": self.status, "created": self.begun.as_second(),
                "start_date": self.begun.as_second(), "billing_cycle_anchor": self.begun.as_second(),
                "trial_start": second(self.trial.map(|trial| trial.0)),
                "trial_end": second(self.trial.map(|trial| trial.1)),
                "cancel_at": self.cancelled.then_some(ends), "cancel_at_period_end": self.cancelled,
                "canceled_at": second(self.ended_at), "ended_at": second(self.ended_at),
                "pause_collection": null, "pending_update": null, "metadata": self.metadata,
            }),
        );
        let item = &mut subscription["items"]["data"][0];
        item["subscription"] = json!(self.id);
        item["price"]["id"] = json!(self.price);
        let place = match self.era {
            Era::Today => item,
            Era::Old => {
                item.as_object_mut().map(|item| {
                    item.remove("current_period_start");
                    item.remove("current_period_end")
                });
                &mut subscription
            }
        };
        place["current_period_start"] = json!(begins);
        place["current_period_end"] = json!(ends);
        subscription
    }

    /// An invoice for it, paid or still open.
    pub(crate) fn invoice(&self, id: &str, paid: bool) -> Value {
        let mut invoice = with(
            "invoice",
            json!({
                "id": id, "status": if paid { "paid" } else { "open" }, "attempted": true,
                "period_start": self.period.0.as_second(), "period_end": self.period.1.as_second(),
            }),
        );
        match self.era {
            Era::Today => {
                let details = json!({ "metadata": self.metadata, "subscription": self.id });
                invoice["parent"] = json!({ "type": "subscription_details", "quote_details": null, "subscription_details": details });
            }
            Era::Old => {
                invoice["subscription"] = json!(self.id);
                invoice["parent"] = Value::Null;
                (invoice["paid"], invoice["paid_out_of_band"]) = (json!(paid), json!(false));
                invoice["total_tax_amounts"] = json!([]);
                let line = &mut invoice["lines"]["data"][0];
                (line["type"], line["proration"]) = (json!("subscription"), json!(false));
            }
        }
        invoice
    }

    /// The checkout by which it was bought.
    pub(crate) fn checkout(&self, id: &str, name: &str, email: &str) -> Value {
        let mut session = with(
            "checkout.session",
            json!({
                "id": id, "mode": "subscription", "status": "complete", "payment_status": "paid",
                "payment_intent": null, "subscription": self.id,
            }),
        );
        session["customer_details"]["name"] = json!(name);
        session["customer_details"]["email"] = json!(email);
        session
    }
}

/// What the plain webhook is sent when something is bought.
pub(crate) fn created(id: &str, at: Timestamp, (name, email): (&str, &str), tier: &str) -> Value {
    json!({
        "event": "subscription.created",
        "timestamp": at,
        "data": {
            "subscription_id": id,
            "customer": { "name": name, "email": email, "billing_email": email },
            "plan": { "tier": tier, "price": 124.99, "currency": "EUR", "billing_period": "monthly" },
            "metadata": { "company_size": "50-200", "industry": "retail", "region": "us-east" },
        },
    })
}

/// What it is sent when that is cancelled.
pub(crate) fn cancelled(id: &str, at: Timestamp, effective: Timestamp) -> Value {
    json!({
        "event": "subscription.cancelled",
        "timestamp": at,
        "data": { "subscription_id": id, "cancellation_reason": "downgrade", "effective_date": effective },
    })
}

/// A sample with some of its fields as said.
fn with(object: &str, fields: Value) -> Value {
    let mut sample: Map<String, Value> = SAMPLES[object].as_object().cloned().unwrap_or_default();
    if let Value::Object(fields) = fields {
        sample.extend(fields);
    }
    Value::Object(sample)
}
