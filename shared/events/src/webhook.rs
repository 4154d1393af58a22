use std::collections::BTreeSet;

use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::{TenantId, WebhookId};

use crate::{Event, Target, Type};

/// More secrets at once are no rotation.
const SECRETS: usize = 4;

/// An endpoint of somebody else's that is told what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: Target,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is told: everything, where nothing is named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<Type>,
    /// Of which tenant it is told: of all, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    pub enabled: bool,
    /// Why it was disabled, if that was not somebody's wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Since when nothing has got through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// By which deliveries are signed, the newest first: more than one while an old one is still good.
    pub secrets: Vec<Sealed>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WebhookDisabled))]
pub struct Disabled {
    pub at: Timestamp,
    pub fault: Fault,
}

/// A secret that none but whoever signs can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// As `seal` gives it.
    pub text: String,
    pub made_at: Timestamp,
    /// Until when it is good, once there is a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Webhook {
    /// Whether it is to be told of an event. A test is for one endpoint alone, and does not come this way.
    #[must_use]
    pub fn listens_to<D>(&self, event: &Event<D>) -> bool {
        let of_it = self.tenant.is_none() || self.tenant == event.tenant;
        event.kind != Type::WebhookTest
            && of_it
            && (self.types.is_empty() || self.types.contains(&event.kind))
    }

    /// Signs with a new secret from now on, and until then with the ones that were good, too: whoever asks again for want
    /// of an answer still verifies by the one they have.
    pub fn rotate(&mut self, text: String, now: Timestamp, until: Timestamp) {
        self.secrets.retain(|former| former.until.is_none_or(|until| now < until));
        for former in &mut self.secrets {
            former.until.get_or_insert(until);
        }
        self.secrets.insert(0, Sealed { text, made_at: now, until: None });
        self.secrets.truncate(SECRETS);
    }

    /// The secrets that are good at a moment.
    pub fn good(&self, now: Timestamp) -> impl Iterator<Item = &Sealed> {
        self.secrets.iter().filter(move |sealed| sealed.until.is_none_or(|until| now < until))
    }

    /// Has it listen again, or not.
    pub fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
        if enabled {
            self.disabled = None;
            self.failing_since = None;
        }
    }

    /// Gives it up.
    pub fn disable(&mut self, fault: Fault, now: Timestamp) {
        self.enabled = false;
        self.disabled = Some(Disabled { at: now, fault });
    }
}
