use billing::stripe::{self, PARTNER};
use billing::subscription_webhook::{self, Refused};
use billing::{Read, SubscriptionId};
use serde::Deserialize;
use serde_json::Value;

use crate::Settings;

/// What is found in the queue: an event as its biller sent it, or that a subscription is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    Read(Read),
    Look(SubscriptionId),
}

/// How the letters are written: by `billing-webhook`, by a rule of Stripe's partner bus, and by ourselves.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Partner { source: String, detail: Value },
    Stripe { stripe: Value },
    Subscription { subscription: Value },
    Look { look: SubscriptionId },
}

impl Letter {
    /// Reads a letter, or says why nobody can.
    pub(crate) fn read(body: &str, settings: &Settings) -> Result<Self, String> {
        let written = serde_json::from_str(body).map_err(|e| format!("nobody writes such letters: {e}"))?;
        match written {
            Written::Partner { source, detail: stripe } if source.starts_with(PARTNER) => {
                Ok(Self::Read(stripe::read(&stripe).map_err(|e| e.to_string())?))
            }
            Written::Partner { source, .. } => Err(format!("{source} is no biller")),
            Written::Stripe { stripe } => Ok(Self::Read(stripe::read(&stripe).map_err(|e| e.to_string())?)),
            Written::Subscription { subscription } => {
                let read =
                    subscription_webhook::read(&subscription, &settings.sold).map_err(|e| match e {
                        Refused::Shape(cause) => cause,
                        Refused::Violations(wrong) => wrong.to_string(),
                    })?;
                Ok(Self::Read(read))
            }
            Written::Look { look } => Ok(Self::Look(look)),
        }
    }

    /// Has a subscription looked at.
    pub(crate) fn look(id: &SubscriptionId) -> String {
        serde_json::json!({ "look": id }).to_string()
    }
}
