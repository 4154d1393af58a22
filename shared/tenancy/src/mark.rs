use std::fmt;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Our ownership mark on a resource: which deployment of Tenantry made it, for which tenant.
///
/// Written where the provider keeps labels, tags or comments. "Already exists" with our mark is adopted; with
/// any other, or none, the resource is foreign and is never changed or destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub deployment: String,
    pub tenant: TenantId,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.deployment, self.tenant)
    }
}
