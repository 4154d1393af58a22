use std::collections::BTreeSet;

use crate::{Blueprint, DomainName, Origin, Plan, Theme, Violation, Violations};

/// What a blueprint offers: the choices of a signup, and of an edit, are checked against it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) blueprint: &'a Blueprint,
    pub(crate) plans: &'a [Plan],
    pub(crate) themes: &'a [Theme],
}

impl Offer<'_> {
    /// The plan that was named, or the first.
    pub(crate) fn plan(&self, given: Option<&str>) -> Result<Plan, Violation> {
        let offers = &self.blueprint.plans;
        let offered = |id: &str| self.plans.iter().find(|p| p.active && p.id == id && offers.contains(&p.id));
        choose("plan", given, offers, offered)
    }

    /// The theme that was named, or the first; none where there is no storefront.
    pub(crate) fn theme(&self, given: Option<&str>) -> Result<Option<Theme>, Violation> {
        let offers = &self.blueprint.themes;
        if offers.is_empty() {
            return given.map_or(Ok(None), |given| {
                let problem = format!("'{given}' was given");
                Err(Violation::new("theme", problem, "none: this blueprint has no storefront"))
            });
        }
        let offered =
            |id: &str| self.themes.iter().find(|t| t.active && t.id == id && offers.contains(&t.id));
        choose("theme", given, offers, offered).map(Some)
    }

    pub(crate) fn category(&self, given: Option<String>) -> Result<Option<String>, Violation> {
        given.map_or(Ok(None), |category| {
            one_of("category", &category, &self.blueprint.categories).map(|()| Some(category))
        })
    }

    /// A domain of the customer's own, where one can be served.
    pub(crate) fn custom_domain(&self, given: &str) -> Result<DomainName, Violation> {
        if self.blueprint.custom_domain.is_none() {
            let problem = format!("'{given}' was given");
            let none = "none: this blueprint serves no domain but its own";
            return Err(Violation::new("custom_domain", problem, none));
        }
        DomainName::parse("custom_domain", given)
    }

    /// Where a tenant can be made from the backups of another. Whether there is such a one, this does not know.
    pub(crate) fn origin(&self, given: Origin) -> Result<Origin, Violation> {
        if self.blueprint.clones {
            return Ok(given);
        }
        let problem = format!("'{}' was given", given.tenant);
        Err(Violation::new("origin", problem, "none: this blueprint makes no tenant from backups"))
    }

    /// Those that are known; what is wrong with the others is noted.
    pub(crate) fn integrations(&self, given: BTreeSet<String>, wrong: &mut Violations) -> BTreeSet<String> {
        let known = |integration: &String| {
            wrong.take(one_of("integrations", integration, &self.blueprint.integrations)).is_some()
        };
        given.into_iter().filter(known).collect()
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
        let allowed: Vec<&str> =
            offers.iter().map(String::as_str).filter(|id| offered(id).is_some()).collect();
        Violation::new(
            field,
            format!("'{wanted}' is not on offer"),
            format!("one of: {}", allowed.join(", ")),
        )
    })
}

fn one_of(field: &'static str, given: &str, allowed: &BTreeSet<String>) -> Result<(), Violation> {
    if allowed.contains(given) {
        return Ok(());
    }
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    Err(Violation::new(field, format!("'{given}' is not known"), format!("one of: {}", allowed.join(", "))))
}
