use std::collections::{BTreeSet, HashMap};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use tenancy::TenantId;

use crate::Problem;

/// What somebody may do. Which role may ask for what is said at each route, where the API's document shows it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Whatever there is.
    Admin,
    /// Sees everything, and sets going again what has stopped.
    Operator,
    Viewer,
    /// Another program, by its own credentials.
    Machine,
    /// A tenant's own people: nothing but that tenant.
    Tenant,
}

impl Role {
    pub(crate) const ALL: [Self; 5] =
        [Self::Admin, Self::Operator, Self::Viewer, Self::Machine, Self::Tenant];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Machine => "machine",
            Self::Tenant => "tenant",
        }
    }
}

/// The claims that say what somebody may do: another issuer calls them otherwise.
#[derive(Clone, Debug)]
pub struct ClaimNames {
    /// Of the roles, one or a list.
    pub role: String,
    /// Of the tenant whose people carry the token.
    pub tenant: String,
}

/// The scope of a token that a program has in its own name.
const MACHINE_SCOPE: &str = "tenantry/machine";

/// The same of one that sees to synthetic tenants: to it no others exist.
const CANARY_SCOPE: &str = "tenantry/canary";

/// Who asks, by the token that API Gateway has verified; nobody in particular on a route that asks for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who it is to the issuer, whatever the token: `sub`, which for a program is the client's id.
    pub(crate) subject: Option<String>,
    /// What people know them by.
    name: Option<String>,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) tenant: Option<TenantId>,
    /// A program that may deal with synthetic tenants alone.
    pub(crate) only_synthetic: bool,
}

impl Caller {
    /// Reads the token's claims as API Gateway hands them on: all as text, lists as `[a b]` (HTTP API, payload 2.0).
    fn of(claims: &HashMap<String, String>, names: &ClaimNames) -> Self {
        let text = |name: &str| claims.get(name).filter(|value| !value.is_empty()).cloned();
        let subject = text("sub").or_else(|| text("client_id"));
        let name = ["email", "username", "cognito:username", "client_id"].iter().find_map(|name| text(name));
        let tenant: Option<TenantId> = text(&names.tenant).and_then(|id| id.parse().ok());
        let held: BTreeSet<String> = text(&names.role).map(|roles| words(&roles)).unwrap_or_default();
        let scopes = text("scope").map(|scopes| words(&scopes)).unwrap_or_default();
        let has = |role: &Role| match role {
            Role::Tenant => tenant.is_some(),
            Role::Machine => scopes.contains(MACHINE_SCOPE) || scopes.contains(CANARY_SCOPE),
            Role::Admin | Role::Operator | Role::Viewer => held.contains(role.name()),
        };
        let roles: BTreeSet<Role> = Role::ALL.into_iter().filter(has).collect();
        let only_synthetic = scopes.contains(CANARY_SCOPE) && !scopes.contains(MACHINE_SCOPE);
        Self { subject, name, roles, tenant, only_synthetic }
    }

    /// As they are written down.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().or(self.subject.as_deref()).unwrap_or("anonymous")
    }

    /// Whose request keys are whose.
    pub(crate) fn subject(&self) -> &str {
        self.subject.as_deref().unwrap_or("anonymous")
    }

    pub(crate) fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Somebody who may see one tenant and no other.
    pub(crate) fn only_tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref().filter(|_| self.roles.iter().all(|role| *role == Role::Tenant))
    }

    /// Reads who asks into a request.
    pub(crate) fn into_request(mut request: Request, names: &ClaimNames) -> Request {
        let claims = match request.extensions().get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref())
            }
            _ => None,
        };
        let caller = claims.map(|jwt| Self::of(&jwt.claims, names)).unwrap_or_default();
        request.extensions_mut().insert(caller);
        request
    }
}

/// The words of `[a b]`, `["a","b"]`, `a b` or `a,b`.
fn words(text: &str) -> BTreeSet<String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let words = inner.split([' ', ',']).map(|word| word.trim_matches('"'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn caller(claims: &[(&str, &str)]) -> Caller {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let names = ClaimNames { role: "cognito:groups".to_owned(), tenant: "custom:tenant".to_owned() };
        Caller::of(&claims, &names)
    }

    #[rstest]
    fn roles_are_read_however_the_gateway_spells_a_list(
        #[values(
            "[admin viewer]",
            r#"["admin","viewer"]"#,
            "admin viewer",
            "[admin, viewer]",
            "viewer,admin"
        )]
        groups: &str,
    ) {
        assert_eq!(caller(&[("cognito:groups", groups)]).roles, BTreeSet::from([Role::Admin, Role::Viewer]));
    }

    /// A group of that name would make a role out of what is no role, and a scope is a program's.
    #[rstest]
    #[case(&[("cognito:groups", "[machine tenant administrators]")], &[])]
    #[case(&[("scope", "tenantry/machine openid")], &[Role::Machine])]
    #[case(&[("scope", "tenantry/canary")], &[Role::Machine])]
    #[case(&[("scope", "admin")], &[])]
    #[case(&[("custom:tenant", "acme-7f3a9c")], &[Role::Tenant])]
    #[case(&[("custom:tenant", "admin")], &[])]
    #[case(&[], &[])]
    fn a_role_comes_from_its_own_claim_alone(#[case] claims: &[(&str, &str)], #[case] roles: &[Role]) {
        assert_eq!(caller(claims).roles, roles.iter().copied().collect());
    }

    #[rstest]
    #[case(&[("scope", "tenantry/canary")], true)]
    #[case(&[("scope", "tenantry/canary tenantry/machine")], false)]
    #[case(&[("scope", "tenantry/canary"), ("cognito:groups", "admin")], true)]
    #[case(&[("scope", "tenantry/machine")], false)]
    #[case(&[], false)]
    fn whatever_else_it_is_a_canary_sees_no_more_unless_it_is_a_machine(
        #[case] claims: &[(&str, &str)],
        #[case] canary: bool,
    ) {
        assert_eq!(caller(claims).only_synthetic, canary);
    }

    #[test]
    fn two_tokens_of_one_person_are_one_person() {
        let access = caller(&[("sub", "1"), ("username", "ana"), ("client_id", "app")]);
        let id = caller(&[("sub", "1"), ("email", "ana@example.com"), ("cognito:username", "ana")]);
        assert_eq!(access.subject(), id.subject());
        assert_eq!((access.name(), id.name()), ("ana", "ana@example.com"));
    }
}
