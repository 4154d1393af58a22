use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use tenancy::{
    BlueprintRef, Domain, DomainName, DomainState, Kind, Operation, OperationId, State, Status, StepFault,
    SubscriptionId, Tenant, TenantId,
};

/// What an event says. Made of named fields, one by one: what is added to a record is not told by accident, least of all a
/// secret (invariant 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    Tenant(Box<TenantData>),
    Operation(Box<OperationData>),
    Domain(Box<DomainData>),
    Subscription(SubscriptionData),
    Webhook(WebhookData),
    Test(TestData),
}

/// A tenant as it is after the change. Its owner's address is left out: who must know it can ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantData {
    pub tenant: TenantId,
    pub name: String,
    pub subdomain: String,
    pub status: Status,
    /// Its status before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Status>,
    pub plan: String,
    /// Its plan before, where that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_plan: Option<String>,
    pub blueprint: BlueprintRef,
    /// What is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// Where it answers, by purpose.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, String>,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<Timestamp>,
    /// When it is deleted, once it is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes_at: Option<Timestamp>,
}

impl TenantData {
    #[must_use]
    pub fn new(tenant: &Tenant, before: Option<&Tenant>) -> Self {
        let former_plan = before.map(|before| &before.plan).filter(|plan| **plan != tenant.plan);
        Self {
            tenant: tenant.id.clone(),
            name: tenant.name.clone(),
            subdomain: tenant.subdomain.to_string(),
            status: tenant.status,
            was: before.map(|before| before.status),
            plan: tenant.plan.clone(),
            former_plan: former_plan.cloned(),
            blueprint: tenant.blueprint.clone(),
            operation: tenant.operation,
            endpoints: tenant.endpoints.clone(),
            created_at: tenant.created_at,
            activated_at: tenant.activated_at,
            deletes_at: tenant.grace.as_ref().map(|grace| grace.deletes_at),
        }
    }
}

/// An operation. Why it failed is the fault that the API shows, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperationData {
    pub tenant: TenantId,
    pub operation: OperationId,
    pub kind: Kind,
    pub state: State,
    pub accepted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// It leads back from a change that failed.
    pub back: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<StepFault>,
}

impl From<&Operation> for OperationData {
    fn from(operation: &Operation) -> Self {
        Self {
            tenant: operation.tenant.clone(),
            operation: operation.id,
            kind: operation.kind,
            state: operation.state,
            accepted_at: operation.accepted_at,
            ended_at: operation.ended_at,
            back: operation.back,
            fault: operation.fault.clone(),
        }
    }
}

/// A tenant's own domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DomainData {
    pub tenant: TenantId,
    pub hostname: DomainName,
    /// How it stands; how it stood last, once it is removed.
    pub state: DomainState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<fault::Fault>,
}

impl DomainData {
    #[must_use]
    pub fn new(tenant: &TenantId, domain: &Domain) -> Self {
        Self {
            tenant: tenant.clone(),
            hostname: domain.hostname.clone(),
            state: domain.state,
            operation: domain.operation,
            fault: domain.fault.clone(),
        }
    }
}

/// What a customer has bought, as its biller names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscriptionData {
    pub subscription: SubscriptionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Whether its customer is to be charged.
    pub charged: bool,
    /// Why it came to nothing.
    pub why: String,
}

/// An endpoint of ours to others. Its address stays out: it may carry a token of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookData {
    pub webhook: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Why nothing more is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestData {
    pub webhook: String,
    /// Who tries it.
    pub by: String,
}

impl Data {
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Tenant(data) => format!("tenants/{}", data.tenant),
            Self::Operation(data) => format!("tenants/{}/operations/{}", data.tenant, data.operation),
            Self::Domain(data) => format!("tenants/{}/domains/{}", data.tenant, data.hostname),
            Self::Subscription(data) => format!("subscriptions/{}", data.subscription),
            Self::Webhook(WebhookData { webhook, .. }) | Self::Test(TestData { webhook, .. }) => {
                format!("webhooks/{webhook}")
            }
        }
    }

    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Tenant(data) => Some(&data.tenant),
            Self::Operation(data) => Some(&data.tenant),
            Self::Domain(data) => Some(&data.tenant),
            Self::Subscription(data) => data.tenant.as_ref(),
            Self::Webhook(data) => data.tenant.as_ref(),
            Self::Test(_) => None,
        }
    }
}
