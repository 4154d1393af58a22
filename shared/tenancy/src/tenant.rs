use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Access, Archive, BlueprintRef, DomainName, Email, Hold, OnFailure, OperationId, Origin, Overrides, Plan,
    Status, Subdomain, SubscriptionId, TenantId, Theme,
};

/// The name of an outside service a store can be connected to, for example `stripe`.
pub type Integration = String;

/// The endpoint at a tenant's own domain.
pub const DOMAIN: &str = "domain";

/// A customer's isolated instance, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub subdomain: Subdomain,
    pub email: Email,
    pub plan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default)]
    pub integrations: BTreeSet<Integration>,
    pub blueprint: BlueprintRef,
    /// What an admin gives it instead of what its plan does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: Overrides,
    /// What its product lets people do. Billing takes it back, and gives it again.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub access: Access,
    /// What becomes of what a failed provisioning made, where the blueprint is not to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Whose backups it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// How often it was to be made from the start: counts, so that every step finds its input changed.
    #[serde(default, skip_serializing_if = "is_first")]
    pub remade: u32,
    pub status: Status,
    /// The one operation under way. While it is set, no other may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    pub created_at: Timestamp,
    /// Until when it waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve_by: Option<Timestamp>,
    /// Since it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// What is kept of it, from the end of its grace until it lives again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
    /// An admin's, as for a court: while it stands nothing takes the tenant away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Its people's own, against mistakes: it is not deleted before they take it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_lock: Option<Hold>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<Timestamp>,
    /// When it was used last, as far as its product has said so; to within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_at: Option<Timestamp>,
    /// When it is put to sleep, unless somebody uses it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hibernates_at: Option<Timestamp>,
    /// What pays for it, where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// Where it answers, by purpose: `site`, `dashboard`. Set on activation; [`DOMAIN`] once its own domain is live.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
}

/// The time in which a cancelled tenant can be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grace {
    pub deletes_at: Timestamp,
    /// What it is again once restored.
    pub was: Status,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_first(remade: &u32) -> bool {
    *remade == 0
}

/// What an operation works from: the tenant with its plan and theme spelled out, read once at admission, so
/// that an edit of the catalogue in mid-operation cannot make two steps disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: TenantId,
    pub name: String,
    pub subdomain: Subdomain,
    pub email: Email,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default)]
    pub integrations: BTreeSet<Integration>,
    pub blueprint: BlueprintRef,
    #[serde(default, skip_serializing_if = "is_first")]
    pub remade: u32,
    pub plan: Plan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Whose backups it is made from, while it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// It is in use, and stays so: what is in its resources is its people's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inhabited: bool,
    /// Visitors are to see that it is suspended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Nobody uses it: it is to cost nothing but its data until somebody does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hibernating: bool,
    #[serde(default, skip_serializing_if = "Access::is_full")]
    pub access: Access,
    /// The blueprint's settings, and over them the plan's.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Its own domains, in an operation that is about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainName>,
    /// The step that serves them, there too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<String>,
}

impl Snapshot {
    /// Whether its product is to serve nobody just now: it is suspended, or sleeps.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.suspended || self.hibernating
    }
}
