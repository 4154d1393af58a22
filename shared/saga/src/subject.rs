use serde::Deserialize;
use tenancy::{OperationId, TenantId};

/// Which operation of which tenant a task is about: the part that every payload has.
#[derive(Clone, Debug, Deserialize)]
pub struct Subject {
    pub operation: OperationId,
    tenant: Named,
}

/// A tenant by its id; whatever else the payload says of it is left alone.
#[derive(Clone, Debug, Deserialize)]
struct Named {
    id: TenantId,
}

impl Subject {
    #[must_use]
    pub fn new(tenant: TenantId, operation: OperationId) -> Self {
        Self { operation, tenant: Named { id: tenant } }
    }

    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant.id
    }
}
