//! What a call asks for, and whether whoever calls may: rules of ClusterRoles, bound to a service account.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>
//!
//! A call is judged by its address, before anybody asks whether there is such a kind. What is applied and is not there yet is
//! made, too: that takes both rights.
//! Deliberately absent: wildcards, rules for single objects or for addresses that are no resources, and who may grant what.

use std::fmt;

use serde::Deserialize;

use super::refused::Refused;
use super::watch;
use crate::clouds::ask::Ask;

/// One verb on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Empty for the core group.
    pub group: String,
    /// `pods`, or a part of one: `pods/log`.
    pub resource: String,
    pub verb: String,
}

impl Right {
    /// To make what is applied.
    #[must_use]
    pub fn to_create(self) -> Self {
        Self { verb: "create".to_owned(), ..self }
    }
}

/// A ClusterRole, as far as it says who may do what.
#[derive(Debug, Clone, Deserialize)]
pub struct ClusterRole {
    pub rules: Vec<Rule>,
}

/// One of its rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub verbs: Vec<String>,
}

impl Rule {
    #[must_use]
    pub fn grants(&self, right: &Right) -> bool {
        self.api_groups.contains(&right.group)
            && self.resources.contains(&right.resource)
            && self.verbs.contains(&right.verb)
    }

    /// All that it grants.
    pub fn rights(&self) -> impl Iterator<Item = Right> {
        let resources =
            self.api_groups.iter().flat_map(|group| self.resources.iter().map(move |it| (group, it)));
        let right = |(group, resource): (&String, &String), verb: &String| Right {
            group: group.clone(),
            resource: resource.clone(),
            verb: verb.clone(),
        };
        resources.flat_map(move |resource| self.verbs.iter().map(move |verb| right(resource, verb)))
    }
}

/// An account with a token of its own, that may do what its rules say and no more.
#[derive(Clone)]
pub struct Subject {
    pub token: String,
    /// `system:serviceaccount:tenantry:tenantry`
    pub user: String,
    pub rules: Vec<Rule>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Subject {
    pub(super) fn may(&self, asked: &Asked<'_>) -> Result<(), Refused> {
        let granted = self.rules.iter().any(|rule| rule.grants(&asked.right));
        if granted { Ok(()) } else { Err(Refused::not_granted(&self.user, asked)) }
    }
}

/// What a call asks for, and of what.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) right: Right,
    /// Empty across the cluster.
    pub(super) namespace: &'a str,
    /// Empty of all of a kind.
    pub(super) name: &'a str,
}

impl<'a> Asked<'a> {
    /// Nothing by an address that is no resource, such as `/version`: whoever is known may ask there.
    pub(super) fn of(ask: &Ask<'_>, path: &[&'a str]) -> Option<Self> {
        let (group, rest) = match path {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", name] | ["namespaces", name, "status" | "finalize"] => (*name, rest),
            ["namespaces", namespace, rest @ ..] => (*namespace, rest),
            rest => ("", rest),
        };
        let (resource, name) = match rest {
            [plural] => ((*plural).to_owned(), ""),
            [plural, name] => ((*plural).to_owned(), *name),
            [plural, name, part] => (format!("{plural}/{part}"), *name),
            _ => return None,
        };
        let verb = match (ask.method.as_str(), name) {
            ("GET", "") if watch::is_one(ask) => "watch",
            ("GET", "") => "list",
            ("GET", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", "") => "deletecollection",
            ("DELETE", _) => "delete",
            _ => return None,
        };
        let right = Right { group: group.to_owned(), resource, verb: verb.to_owned() };
        Some(Self { right, namespace, name })
    }
}
