use crate::{Blueprint, Edit, Tenant, Violation, Violations};

/// To which version of its blueprint a tenant is to be moved, as it arrives: the newest, if none is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpgradeRequest {
    pub version: Option<u32>,
}

impl UpgradeRequest {
    /// Checks it against the versions there are of the tenant's blueprint, oldest first, and reports all that is wrong. An
    /// older one is as good as a newer one, as long as the tenant can stay what it is, and the steps are still there.
    pub fn check(self, tenant: &Tenant, versions: &[Blueprint]) -> Result<Edit, Violations> {
        let others = versions.iter().map(|it| it.version).filter(|it| *it != tenant.blueprint.version);
        let others: Vec<String> = others.map(|version| version.to_string()).collect();
        let allowed = match others.is_empty() {
            true => "none: there is no other".to_owned(),
            false => format!("one of: {}", others.join(", ")),
        };
        let newest = versions.last();
        let wanted = match self.version {
            Some(version) => versions.iter().find(|it| it.version == version),
            None => newest,
        };
        let (Some(wanted), Some(newest)) = (wanted, newest) else {
            let named = self.version.map_or_else(String::new, |version| format!(" {version}"));
            let problem = format!("there is no version{named} of {}", tenant.blueprint.name);
            return Err(Violation::new("version", problem, allowed).into());
        };
        let reference = wanted.reference();
        if reference == tenant.blueprint {
            let newest = if wanted.version == newest.version { ", the newest" } else { "" };
            let problem = format!("the tenant is of {reference} already{newest}");
            return Err(Violation::new("version", problem, allowed).into());
        }
        let mut wrong = Violations::default();
        let mut must = |holds: bool, problem: String, allowed: &str| {
            let violation = || Violation::new("version", problem, allowed);
            wrong.take(holds.then_some(()).ok_or_else(violation));
        };
        must(
            wanted.plans.contains(&tenant.plan),
            format!("{reference} does not offer the tenant's plan, '{}'", tenant.plan),
            "a version that does, or another plan before",
        );
        let theme = tenant.theme.as_ref();
        must(
            theme.is_none_or(|theme| wanted.themes.contains(theme)),
            format!("{reference} does not offer the tenant's theme, '{}'", theme.map_or("", String::as_str)),
            "a version that does, or another theme before",
        );
        // There is one machine of a blueprint, and the newest version is drawn from it.
        let deployed = newest.workflow.steps();
        let steps = wanted.workflow.steps().into_iter().filter(|step| !deployed.contains(step));
        let gone: Vec<&str> = steps.collect();
        must(
            gone.is_empty(),
            format!("{reference} has steps that nothing runs any more: {}", gone.join(", ")),
            "a version whose steps are deployed",
        );
        if wrong.is_empty() { Ok(Edit::to(reference)) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{BlueprintRef, Former};

    /// Of version 2, on the plan and the theme that all versions offer.
    fn tenant() -> Tenant {
        serde_json::from_value(json!({
            "id": "acme-000000", "name": "Acme", "subdomain": "acme", "email": "o@example.com", "plan": "pro",
            "theme": "modern", "blueprint": { "name": "shop", "version": 2 }, "status": "active",
            "created_at": "2026-01-01T00:00:00Z",
        }))
        .expect("a tenant")
    }

    fn version(version: u32, plans: &[&str], steps: &[&str]) -> Blueprint {
        let steps: Vec<_> = steps.iter().map(|step| json!({ "step": step })).collect();
        serde_json::from_value(json!({
            "name": "shop", "version": version, "description": "", "active": false, "plans": plans,
            "themes": ["modern"], "workflow": { "sequence": steps },
        }))
        .expect("a blueprint")
    }

    fn versions() -> Vec<Blueprint> {
        vec![version(1, &["pro"], &["a"]), version(2, &["pro"], &["a"]), version(10, &["pro"], &["a", "b"])]
    }

    fn check(named: Option<u32>, versions: &[Blueprint]) -> Result<Tenant, (String, String)> {
        let request = UpgradeRequest { version: named };
        match request.check(&tenant(), versions) {
            Ok(edit) => {
                let mut tenant = tenant();
                edit.apply(&mut tenant);
                Ok(tenant)
            }
            Err(wrong) => {
                let [wrong] = &wrong.iter().collect::<Vec<_>>()[..] else { panic!("one violation: {wrong}") };
                assert_eq!(wrong.field, "version");
                Err((wrong.problem.clone(), wrong.allowed.clone()))
            }
        }
    }

    fn of(version: u32) -> Tenant {
        Tenant { blueprint: BlueprintRef { name: "shop".to_owned(), version }, ..tenant() }
    }

    #[test]
    fn a_tenant_is_moved_to_the_newest_version_or_to_the_one_that_is_named() {
        assert_eq!(check(None, &versions()), Ok(of(10)));
        assert_eq!(check(Some(10), &versions()), Ok(of(10)));
        assert_eq!(check(Some(1), &versions()), Ok(of(1)), "that is how one rolls back");
    }

    #[test]
    fn a_move_can_be_led_back() {
        let mut moved = check(None, &versions()).expect("moved");
        Former::of(&tenant()).restore(&mut moved);
        assert_eq!(moved, tenant());
    }

    #[test]
    fn a_version_that_is_not_there_or_the_tenants_own_is_refused_with_those_there_are() {
        let refused = |problem: &str, allowed: &str| Err((problem.to_owned(), allowed.to_owned()));
        assert_eq!(check(Some(3), &versions()), refused("there is no version 3 of shop", "one of: 1, 10"));
        assert_eq!(check(Some(2), &versions()), refused("the tenant is of shop@2 already", "one of: 1, 10"));
        let newest = "the tenant is of shop@2 already, the newest";
        assert_eq!(check(None, &versions()[..2]), refused(newest, "one of: 1"));
        assert_eq!(check(None, &versions()[1..2]), refused(newest, "none: there is no other"));
    }

    #[test]
    fn a_version_that_does_not_offer_what_the_tenant_has_is_refused() {
        let problem = |version: Blueprint| check(None, &[version]).expect_err("refused").0;
        let plan = version(3, &["starter"], &["a"]);
        assert_eq!(problem(plan), "shop@3 does not offer the tenant's plan, 'pro'");
        let theme = Blueprint { themes: vec!["plain".to_owned()], ..version(3, &["pro"], &["a"]) };
        assert_eq!(problem(theme), "shop@3 does not offer the tenant's theme, 'modern'");
    }

    #[test]
    fn a_version_with_a_step_that_is_not_deployed_any_more_is_refused() {
        let versions = [version(1, &["pro"], &["a", "z"]), version(2, &["pro"], &["a"])];
        let (problem, _) = check(Some(1), &versions).expect_err("refused");
        assert_eq!(problem, "shop@1 has steps that nothing runs any more: z");
    }
}
