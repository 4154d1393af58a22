use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Bounds;

/// What a tenant bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub id: String,
    pub name: String,
    pub description: String,
    /// In the currency's smallest unit.
    pub price_cents: u32,
    /// ISO 4217.
    pub currency: String,
    pub billing_cycle: String,
    #[cfg_attr(feature = "openapi", schema(maximum = 65535))]
    pub trial_days: u16,
    /// Shown as the recommended one.
    pub popular: bool,
    /// Whether new tenants can choose it; those who have it keep it.
    pub active: bool,
    /// Whether an operator approves each signup for it first.
    #[serde(default)]
    pub approval: bool,
    pub features: Vec<String>,
    pub limits: Limits,
    /// Settings that stand instead of the blueprint's of the same name: what a tenant of this plan is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Which settings can be overridden for one tenant, and how far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<String, Bounds>,
}

/// Quotas of a plan. Absent means unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders_per_month: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_gb: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_gb: Option<u32>,
}
