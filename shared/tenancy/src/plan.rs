use std::collections::BTreeMap;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::{Bounds, Usage};

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
    /// A plan to try: whoever has it for so many days without paying is offboarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>, minimum = 1, maximum = 65535))]
    pub expires_days: Option<NonZeroU16>,
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

impl Limits {
    /// What is in use beyond them, each with how much and how much it may be: `products: 120 of 100`.
    #[must_use]
    pub fn exceeded_by(&self, usage: &Usage) -> Vec<String> {
        let limits = [
            ("products", usage.products, self.products),
            ("orders_per_month", usage.orders_per_month, self.orders_per_month),
            ("storage_gb", usage.storage_gb, self.storage_gb),
            ("bandwidth_gb", usage.bandwidth_gb, self.bandwidth_gb),
        ];
        let beyond = limits.into_iter().filter_map(|(what, used, limit)| Some((what, used?, limit?)));
        beyond
            .filter(|(_, used, limit)| used > limit)
            .map(|(what, used, limit)| format!("{what}: {used} of {limit}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_limited_and_known_can_be_exceeded() {
        let limits = Limits { products: Some(100), storage_gb: Some(5), ..Limits::default() };
        let usage =
            Usage { products: Some(120), storage_gb: Some(5), bandwidth_gb: Some(900), ..Usage::default() };
        assert_eq!(limits.exceeded_by(&usage), ["products: 120 of 100"]);
    }
}
