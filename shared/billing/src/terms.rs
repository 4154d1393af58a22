use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::TenantId;

/// A subscription as its biller describes it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terms {
    pub state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_ends_at: Option<Timestamp>,
    /// When it ends, or ended, by the biller's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Timestamp>,
    /// The tenant that it is for, where that was there before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
}

/// Stripe's states of a subscription; other billers have fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SubscriptionState))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The first payment has not come through.
    Incomplete,
    Trialing,
    Active,
    PastDue,
    /// Every try to get the money has failed.
    Unpaid,
    Paused,
    /// It is over, or never began.
    Ended,
}

/// Who subscribed, and what they want their tenant to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SubscriptionCustomer))]
pub struct Customer {
    pub name: String,
    pub email: String,
    /// Where bills, and what is said about them, go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
}
