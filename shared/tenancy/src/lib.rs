//! The domain: tenants, plans, blueprints, names and the lifecycle of a tenant.
//!
//! Pure: no I/O, no clock, no randomness. What needs one of these takes it as an argument.

mod access;
mod blueprint;
mod domain;
mod domain_name;
mod edit;
mod email;
mod hibernation;
mod id;
mod lifecycle;
mod mark;
mod offboarding;
mod offer;
mod operation;
mod origin;
mod overrides;
mod plan;
mod quantity;
mod signup;
mod subdomain;
mod subscription_id;
mod tenant;
mod theme;
mod upgrade;
mod usage;
mod violation;
mod workflow;

pub use access::Access;
pub use blueprint::{Blueprint, BlueprintRef, OnFailure};
pub use domain::{
    Aspect, AspectState, DnsRecord, Domain, DomainState, Domains, Seen, Settled, Unwilling, pause,
};
pub use domain_name::DomainName;
pub use edit::{Edit, EditRequest, Former};
pub use email::Email;
pub use hibernation::Hibernation;
pub use id::{ChangeRequestId, OperationId, SweepId, TenantId, WebhookId, slug_of};
pub use lifecycle::{Event, Refused, Status};
pub use mark::Mark;
pub use offboarding::{Absence, Archive, Calendar, Certificate, Due, Hold, Offboarding, Without};
pub use operation::{Kind, OPERATOR, Operation, State, StepFault, StepProgress, StepState};
pub use origin::Origin;
pub use overrides::{Bounds, Overrides};
pub use plan::{Limits, Plan};
pub use quantity::Quantity;
pub use signup::{Signup, SignupRequest};
pub use subdomain::{RESERVED, Subdomain};
pub use subscription_id::SubscriptionId;
pub use tenant::{DOMAIN, Grace, Integration, Snapshot, Tenant};
pub use theme::{Colour, Fonts, Layout, Palette, Theme, Typeface};
pub use upgrade::UpgradeRequest;
pub use usage::Usage;
pub use violation::{Violation, Violations};
pub use workflow::Workflow;
