use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::offer::Offer;
use crate::signup::store_name;
use crate::{
    Access, Blueprint, BlueprintRef, Email, Overrides, Plan, Subdomain, Tenant, Theme, Usage, Violation,
    Violations,
};

/// What is to be changed about a tenant's signup before it is tried again, as it arrives. What is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditRequest {
    pub name: Option<String>,
    pub subdomain: Option<String>,
    pub email: Option<String>,
    pub plan: Option<String>,
    pub theme: Option<String>,
    pub category: Option<String>,
    /// All of them: one that is not named is taken away.
    pub integrations: Option<BTreeSet<String>>,
    /// All of them: what is not named is as the plan says. Within the bounds of the plan it has afterwards.
    pub overrides: Option<Overrides>,
}

/// An edit that holds up against the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    name: Option<String>,
    subdomain: Option<Subdomain>,
    email: Option<Email>,
    plan: Option<String>,
    theme: Option<String>,
    category: Option<String>,
    integrations: Option<BTreeSet<String>>,
    overrides: Option<Overrides>,
    access: Option<Access>,
    blueprint: Option<BlueprintRef>,
}

impl EditRequest {
    /// Checks what is named as a signup's fields are, and reports all that is wrong. What stays is not checked
    /// again: a plan that is not sold any more is kept by who has it. Overrides go with the plan they were for, unless new
    /// ones are named.
    pub fn check(
        self,
        tenant: &Tenant,
        blueprint: &Blueprint,
        plans: &[Plan],
        themes: &[Theme],
        usage: &Usage,
    ) -> Result<Edit, Violations> {
        let offer = Offer { blueprint, plans, themes };
        let mut wrong = Violations::default();
        let name = self.name.and_then(|name| wrong.take(store_name(&name)));
        let synthetic = tenant.subdomain.is_synthetic();
        let subdomain = self.subdomain.and_then(|subdomain| {
            wrong.take(Subdomain::parse(&subdomain).and_then(|subdomain| subdomain.wanted(synthetic)))
        });
        let email = self.email.and_then(|email| wrong.take(Email::parse(&email)));
        let plan =
            self.plan.and_then(|plan| wrong.take(offer.plan(Some(&plan)).and_then(|plan| fits(plan, usage))));
        let moves = plan.as_ref().is_some_and(|plan| plan.id != tenant.plan);
        let overrides = self.overrides.or_else(|| moves.then(Overrides::new)).and_then(|overrides| {
            let plan = plan.as_ref().or_else(|| plans.iter().find(|plan| plan.id == tenant.plan));
            let unknown =
                || Violation::new("overrides", "were given", "none: its plan is not known any more");
            wrong.take(plan.ok_or_else(unknown).and_then(|plan| plan.permit(overrides)))
        });
        let edit = Edit {
            name,
            subdomain,
            email,
            plan: plan.map(|plan| plan.id),
            theme: self
                .theme
                .and_then(|theme| wrong.take(offer.theme(Some(&theme))))
                .flatten()
                .map(|theme| theme.id),
            category: self.category.and_then(|category| wrong.take(offer.category(Some(category)))).flatten(),
            integrations: self.integrations.map(|given| offer.integrations(given, &mut wrong)),
            overrides,
            access: None,
            blueprint: None,
        };
        if wrong.is_empty() { Ok(edit) } else { Err(wrong) }
    }
}

/// A plan that is enough for what is in use.
fn fits(plan: Plan, usage: &Usage) -> Result<Plan, Violation> {
    match plan.limits.exceeded_by(usage) {
        beyond if beyond.is_empty() => Ok(plan),
        beyond => {
            let problem = format!("'{}' is too small for what is in use: {}", plan.id, beyond.join(", "));
            Err(Violation::new("plan", problem, "a plan with room for it, or less of it in use"))
        }
    }
}

impl Edit {
    /// The same edit, and that access besides: there is nothing about it that could not hold.
    #[must_use]
    pub fn giving(self, access: Access) -> Self {
        Self { access: Some(access), ..self }
    }

    /// A move to that version of its blueprint, and nothing else.
    pub(crate) fn to(version: BlueprintRef) -> Self {
        Self { blueprint: Some(version), ..Self::default() }
    }

    /// Writes it into a tenant. Its id stays, and with it whatever is named by that.
    pub fn apply(self, tenant: &mut Tenant) {
        put(&mut tenant.name, self.name);
        put(&mut tenant.subdomain, self.subdomain);
        put(&mut tenant.email, self.email);
        put(&mut tenant.plan, self.plan);
        put(&mut tenant.integrations, self.integrations);
        put(&mut tenant.overrides, self.overrides);
        put(&mut tenant.access, self.access);
        put(&mut tenant.blueprint, self.blueprint);
        tenant.theme = self.theme.or(tenant.theme.take());
        tenant.category = self.category.or(tenant.category.take());
    }
}

/// What a change may change, as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    name: String,
    email: Email,
    plan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    integrations: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    overrides: Overrides,
    #[serde(default, skip_serializing_if = "Access::is_full")]
    access: Access,
    /// Not of an operation that was accepted before a tenant could be moved to another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blueprint: Option<BlueprintRef>,
}

impl Former {
    #[must_use]
    pub fn of(tenant: &Tenant) -> Self {
        let Tenant { name, email, plan, theme, category, integrations, overrides, access, blueprint, .. } =
            tenant.clone();
        let blueprint = Some(blueprint);
        Self { name, email, plan, theme, category, integrations, overrides, access, blueprint }
    }

    /// Leads a tenant back to it.
    pub fn restore(self, tenant: &mut Tenant) {
        let Self { name, email, plan, theme, category, integrations, overrides, access, blueprint } = self;
        put(&mut tenant.blueprint, blueprint);
        *tenant =
            Tenant { name, email, plan, theme, category, integrations, overrides, access, ..tenant.clone() };
    }
}

fn put<T>(field: &mut T, edited: Option<T>) {
    if let Some(edited) = edited {
        *field = edited;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn blueprint() -> Blueprint {
        serde_json::from_value(json!({
            "name": "shop", "version": 3, "description": "", "active": false, "plans": ["starter", "pro"],
            "categories": ["books", "food"], "integrations": ["mailchimp", "stripe"],
        }))
        .expect("a blueprint")
    }

    fn plan(id: &str) -> Plan {
        serde_json::from_value(json!({
            "id": id, "name": id, "description": "", "price_cents": 2900, "currency": "EUR",
            "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": true, "features": [],
            "limits": {},
        }))
        .expect("a plan")
    }

    /// On a plan that is not sold any more.
    fn tenant() -> Tenant {
        serde_json::from_value(json!({
            "id": "acme-000000", "name": "Acme", "subdomain": "acme", "email": "o@example.com", "plan": "old",
            "category": "food", "integrations": ["stripe"], "blueprint": { "name": "shop", "version": 3 },
            "status": "failed", "created_at": "2026-01-01T00:00:00Z",
        }))
        .expect("a tenant")
    }

    fn check(request: EditRequest) -> Result<Edit, Violations> {
        request.check(&tenant(), &blueprint(), &[plan("starter"), plan("pro")], &[], &Usage::default())
    }

    #[test]
    fn what_is_not_named_stays_and_is_not_checked_again() {
        let mut edited = tenant();
        check(EditRequest::default()).expect("nothing is wrong with nothing").apply(&mut edited);
        assert_eq!(edited, tenant());
        let email = Some("new@example.com".to_owned());
        check(EditRequest { email, ..EditRequest::default() }).expect("valid").apply(&mut edited);
        let email = Email::parse("new@example.com").expect("an address");
        assert_eq!(edited, Tenant { email, ..tenant() });
    }

    #[test]
    fn what_is_named_is_changed_and_the_id_is_not() {
        let request = EditRequest {
            name: Some(" Better Coffee ".to_owned()),
            subdomain: Some("Better".to_owned()),
            plan: Some("pro".to_owned()),
            category: Some("books".to_owned()),
            integrations: Some(BTreeSet::new()),
            ..EditRequest::default()
        };
        let mut edited = tenant();
        check(request).expect("valid").apply(&mut edited);
        let wanted = Tenant {
            name: "Better Coffee".to_owned(),
            subdomain: Subdomain::parse("better").expect("a subdomain"),
            plan: "pro".to_owned(),
            category: Some("books".to_owned()),
            integrations: BTreeSet::new(),
            ..tenant()
        };
        assert_eq!(edited, wanted);
    }

    #[test]
    fn all_that_is_wrong_is_said_in_one_pass_as_of_a_signup() {
        let wrong = |text: &str| Some(text.to_owned());
        let request = EditRequest {
            name: wrong(" "),
            subdomain: wrong("www"),
            email: wrong("nobody"),
            plan: wrong("old"),
            theme: wrong("neon"),
            category: wrong("arms"),
            integrations: Some(["fax".to_owned()].into()),
            overrides: Some(Overrides::from([("cpu".to_owned(), "64".to_owned())])),
        };
        let found = check(request).expect_err("refused");
        let fields: Vec<&str> = found.iter().map(|violation| violation.field).collect();
        assert_eq!(
            fields,
            ["name", "subdomain", "email", "plan", "overrides", "theme", "category", "integrations"]
        );
    }

    #[test]
    fn overrides_go_with_the_plan_they_were_for() {
        let plan = |id: &str| Plan {
            bounds: serde_json::from_value(json!({ "cpu": { "min": "1", "max": "4" } })).expect("bounds"),
            ..plan(id)
        };
        let plans = ["old", "starter", "pro"].map(plan);
        let cpu = |value: &str| Overrides::from([("cpu".to_owned(), value.to_owned())]);
        let had = Tenant { overrides: cpu("2"), ..tenant() };
        let edited = |request: EditRequest| {
            let mut tenant = had.clone();
            request
                .check(&had, &blueprint(), &plans, &[], &Usage::default())
                .expect("valid")
                .apply(&mut tenant);
            tenant.overrides
        };
        let pro = EditRequest { plan: Some("pro".to_owned()), ..EditRequest::default() };
        assert_eq!(edited(EditRequest::default()), cpu("2"));
        assert_eq!(edited(pro.clone()), Overrides::new());
        assert_eq!(edited(EditRequest { overrides: Some(cpu("4")), ..pro }), cpu("4"));
        let more = EditRequest { overrides: Some(cpu("5")), ..EditRequest::default() };
        assert!(more.check(&had, &blueprint(), &plans, &[], &Usage::default()).is_err());
    }

    #[test]
    fn a_plan_that_is_too_small_for_what_is_in_use_is_refused_with_what_is_too_much() {
        let limits = crate::Limits { products: Some(100), ..crate::Limits::default() };
        let plans = [Plan { limits, ..plan("starter") }];
        let request = EditRequest { plan: Some("starter".to_owned()), ..EditRequest::default() };
        let check = |products| {
            let usage = Usage { products: Some(products), ..Usage::default() };
            request.clone().check(&tenant(), &blueprint(), &plans, &[], &usage)
        };
        assert!(check(100).is_ok());
        let wrong = check(101).expect_err("too small");
        assert!(wrong.iter().any(|violation| violation.problem.contains("products: 101 of 100")));
    }

    #[test]
    fn a_change_can_be_led_back() {
        let before = tenant();
        let request = EditRequest {
            name: Some("Better".to_owned()),
            plan: Some("pro".to_owned()),
            category: Some("books".to_owned()),
            integrations: Some(BTreeSet::new()),
            ..EditRequest::default()
        };
        let mut edited = before.clone();
        check(request).expect("valid").giving(Access::ReadOnly).apply(&mut edited);
        assert_eq!((edited.access, before.access), (Access::ReadOnly, Access::Full));
        Former::of(&before).restore(&mut edited);
        assert_eq!(edited, before);
    }

    #[test]
    fn a_change_is_led_back_in_its_version_that_was_accepted_before_it_was_kept() {
        let mut kept = serde_json::to_value(Former::of(&tenant())).expect("JSON");
        let fields = kept.as_object_mut().expect("an object");
        fields.remove("blueprint").expect("it is kept now");
        let former: Former = serde_json::from_value(kept).expect("as it was stored");
        let mut edited = tenant();
        former.restore(&mut edited);
        assert_eq!(edited, tenant());
    }
}
