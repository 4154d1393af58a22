use serde::Deserialize;
use store::ChangeRequest;
use tenancy::{OperationId, Tenant};

use super::Preview;

/// The API took a request on, and this operation does it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) tenant: Tenant,
    pub(crate) operation: OperationId,
}

/// What became of what was asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub(crate) enum Reply {
    Operation(Accepted),
    /// Somebody else has to approve it.
    ChangeRequest {
        change_request: ChangeRequest,
    },
    /// It is decided, and takes no operation, or none yet.
    Tenant {
        tenant: Tenant,
    },
    /// It was only rehearsed.
    Preview(Preview),
}

impl Reply {
    /// The operation that does it, for who cannot go on without one.
    pub(crate) fn operation(self) -> Result<Accepted, String> {
        match self {
            Self::Operation(accepted) => Ok(accepted),
            Self::ChangeRequest { change_request } => {
                Err(format!("change request {} waits for somebody else's approval", change_request.id))
            }
            Self::Tenant { tenant } => {
                Err(format!("tenant {} is {}, and no operation is under way", tenant.id, tenant.status))
            }
            Self::Preview(_) => Err("it was only rehearsed".to_owned()),
        }
    }
}
