//! The ClusterRoles of `infra/cluster`: what the account that steps are may do in a cluster.

use std::path::PathBuf;

use sandbox::clouds::{ClusterRole, Rule, Subject};

use crate::clouds::ACCOUNT_TOKEN;

/// Whom the bindings beside the roles bind.
pub const USER: &str = "system:serviceaccount:tenantry:tenantry";

/// Where a role is kept, with its binding.
#[must_use]
pub fn file(role: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../infra/cluster/{role}.yaml"))
}

/// The account, with all that these roles grant.
pub(crate) fn account(roles: &[&str]) -> Subject {
    let rules = roles.iter().flat_map(|role| rules(role)).collect();
    Subject { token: ACCOUNT_TOKEN.to_owned(), user: USER.to_owned(), rules }
}

/// The first document of a file; what follows binds it.
#[must_use]
pub fn rules(role: &str) -> Vec<Rule> {
    let file = file(role);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let role = text.split("---\n").next().unwrap_or_default();
    let role: ClusterRole = yaml_serde::from_str(role).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    role.rules
}
