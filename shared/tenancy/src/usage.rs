use serde::{Deserialize, Serialize};

/// How much of what its plan limits a tenant uses, as its product last reported. Absent means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Usage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders_per_month: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_gb: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_gb: Option<u32>,
}
