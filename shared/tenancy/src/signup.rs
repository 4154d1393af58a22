use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{Blueprint, Email, Plan, Subdomain, Theme, Violation, Violations};

/// A signup as it arrives: nothing about it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignupRequest {
    /// The store's name, as customers read it.
    pub name: String,
    pub subdomain: String,
    /// The owner's address.
    pub email: String,
    pub blueprint: String,
    /// Defaults to the blueprint's first.
    #[serde(default)]
    pub plan: Option<String>,
    /// Defaults to the blueprint's first.
    #[serde(default)]
    pub theme: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub integrations: BTreeSet<String>,
}

/// A signup that holds up against the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signup {
    pub name: String,
    pub subdomain: Subdomain,
    pub email: Email,
    pub blueprint: Blueprint,
    pub plan: Plan,
    pub theme: Option<Theme>,
    pub category: Option<String>,
    pub integrations: BTreeSet<String>,
}

impl SignupRequest {
    /// Checks every field, against the blueprint it names and what that offers, and reports all that is wrong.
    pub fn check(self, blueprint: Option<Blueprint>, plans: &[Plan], themes: &[Theme]) -> Result<Signup, Violations> {
        let mut wrong = Violations::default();
        let name = wrong.take(store_name(&self.name));
        let subdomain = wrong.take(Subdomain::parse(&self.subdomain));
        let email = wrong.take(Email::parse(&self.email));
        let Some(blueprint) = wrong.take(blueprint.filter(|b| b.active).ok_or_else(|| {
            Violation::new("blueprint", format!("'{}' is not on offer", self.blueprint), "a blueprint of the catalogue")
        })) else {
            return Err(wrong);
        };
        let offered = |id: &str| plans.iter().find(|p| p.active && p.id == id && blueprint.plans.contains(&p.id));
        let plan = wrong.take(choose("plan", self.plan.as_deref(), &blueprint.plans, offered));
        let theme = if blueprint.themes.is_empty() {
            wrong.take(self.theme.map_or(Ok(None), |given| {
                Err(Violation::new("theme", format!("'{given}' was given"), "none: this blueprint has no storefront"))
            }))
        } else {
            let offered =
                |id: &str| themes.iter().find(|t| t.active && t.id == id && blueprint.themes.contains(&t.id));
            wrong.take(choose("theme", self.theme.as_deref(), &blueprint.themes, offered).map(Some))
        };
        let category = wrong.take(self.category.map_or(Ok(None), |category| {
            one_of("category", &category, &blueprint.categories).map(|()| Some(category))
        }));
        let mut integrations = BTreeSet::new();
        for integration in self.integrations {
            if wrong.take(one_of("integrations", &integration, &blueprint.integrations)).is_some() {
                integrations.insert(integration);
            }
        }
        match (name, subdomain, email, plan, theme, category) {
            (Some(name), Some(subdomain), Some(email), Some(plan), Some(theme), Some(category))
                if wrong.is_empty() =>
            {
                Ok(Signup { name, subdomain, email, blueprint, plan, theme, category, integrations })
            }
            _ => Err(wrong),
        }
    }
}

fn store_name(given: &str) -> Result<String, Violation> {
    let name = given.trim();
    let refuse = |problem: String| Err(Violation::new("name", problem, "1 to 80 characters, no control characters"));
    let length = name.chars().count();
    if !(1..=80).contains(&length) {
        return refuse(format!("has {length} characters"));
    }
    match name.chars().find(|c| c.is_control()) {
        Some(c) => refuse(format!("contains {c:?}")),
        None => Ok(name.to_owned()),
    }
}

/// The named choice, or the first on offer where none is named.
fn choose<'a, T: Clone + 'a>(
    field: &'static str,
    given: Option<&str>,
    offers: &[String],
    offered: impl Fn(&str) -> Option<&'a T>,
) -> Result<T, Violation> {
    let wanted = given.or_else(|| offers.first().map(String::as_str)).unwrap_or_default();
    offered(wanted).cloned().ok_or_else(|| {
        let allowed: Vec<&str> = offers.iter().map(String::as_str).filter(|id| offered(id).is_some()).collect();
        Violation::new(field, format!("'{wanted}' is not on offer"), format!("one of: {}", allowed.join(", ")))
    })
}

fn one_of(field: &'static str, given: &str, allowed: &BTreeSet<String>) -> Result<(), Violation> {
    if allowed.contains(given) {
        return Ok(());
    }
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    Err(Violation::new(field, format!("'{given}' is not known"), format!("one of: {}", allowed.join(", "))))
}
