use reqwest::RequestBuilder;
use serde::Deserialize;
use store::ChangeRequest;
use tenancy::{OperationId, Tenant};

use super::{Error, Preview, Said, answer};

/// A change that can be meant, or only rehearsed.
#[derive(Debug)]
pub(crate) struct Change(pub(super) RequestBuilder);

impl Change {
    pub(crate) async fn ask(self) -> Result<Said<Reply>, Error> {
        answer(self.0).await
    }

    /// The same under a name: asked again by that, it takes effect once.
    pub(crate) async fn ask_once(self, key: &str) -> Result<Said<Reply>, Error> {
        answer(self.0.header("idempotency-key", key)).await
    }

    /// Does nothing, and says what it would come to.
    pub(crate) async fn plan(self) -> Result<Said<Preview>, Error> {
        answer(self.0.query(&[("dry_run", "plan")])).await
    }
}

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
        }
    }
}
