use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::TenantId;

/// The tenant from whose backups one is made: another, of which it becomes a copy, or itself before it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub tenant: TenantId,
    /// The moment whose data it begins with; the last that was kept, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub at: Option<Timestamp>,
}
