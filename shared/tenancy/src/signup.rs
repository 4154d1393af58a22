use std::collections::BTreeSet;

use serde::Deserialize;

use crate::offer::Offer;
use crate::{
    Blueprint, DomainName, Email, OnFailure, Origin, Overrides, Plan, Subdomain, Theme, Violation, Violations,
};

/// A signup as it arrives: nothing about it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignupRequest {
    /// The store's name, as customers read it.
    pub name: String,
    /// Defaults to one made of the name.
    #[serde(default)]
    pub subdomain: Option<String>,
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
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, required = false))]
    pub integrations: BTreeSet<String>,
    /// Defaults to the blueprint's.
    #[serde(default)]
    pub on_failure: Option<OnFailure>,
    /// A domain of the customer's own, to begin with once the tenant is active.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// What names the card it is to be paid with, as the payment provider does: trials are counted by it.
    #[serde(default)]
    pub card_fingerprint: Option<String>,
    /// Settings it is to have instead of its plan's, within the bounds of that: for admins alone.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub overrides: Overrides,
    /// Whose backups it is made from, where its blueprint can do that: for admins alone.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// Nobody's: it comes and goes so that we see whether tenants do, is in no list and in no figure. Its subdomain begins with
    /// `canary-`, and no other's does: for admins and machines alone.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub synthetic: bool,
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
    pub on_failure: Option<OnFailure>,
    pub custom_domain: Option<DomainName>,
    pub card_fingerprint: Option<String>,
    pub overrides: Overrides,
    pub origin: Option<Origin>,
}

impl Signup {
    /// Whether an operator approves it first.
    #[must_use]
    pub fn waits_for_approval(&self) -> bool {
        self.blueprint.approval || self.plan.approval
    }
}

impl SignupRequest {
    /// Checks every field, against the blueprint it names and what that offers, and reports all that is wrong.
    pub fn check(
        self,
        blueprint: Option<Blueprint>,
        plans: &[Plan],
        themes: &[Theme],
    ) -> Result<Signup, Violations> {
        let mut wrong = Violations::default();
        let name = wrong.take(store_name(&self.name));
        let subdomain = self.subdomain.unwrap_or_else(|| Subdomain::suggested(&self.name));
        let subdomain = Subdomain::parse(&subdomain).and_then(|subdomain| subdomain.wanted(self.synthetic));
        let subdomain = wrong.take(subdomain);
        let email = wrong.take(Email::parse(&self.email));
        let Some(blueprint) = wrong.take(blueprint.filter(|b| b.active).ok_or_else(|| {
            Violation::new(
                "blueprint",
                format!("'{}' is not on offer", self.blueprint),
                "a blueprint of the catalogue",
            )
        })) else {
            return Err(wrong);
        };
        let offer = Offer { blueprint: &blueprint, plans, themes };
        let plan = wrong.take(offer.plan(self.plan.as_deref()));
        let overrides = plan.as_ref().and_then(|plan| wrong.take(plan.permit(self.overrides)));
        let theme = wrong.take(offer.theme(self.theme.as_deref()));
        let category = wrong.take(offer.category(self.category));
        let integrations = offer.integrations(self.integrations, &mut wrong);
        let on_failure = self.on_failure;
        let custom_domain = self.custom_domain.and_then(|given| wrong.take(offer.custom_domain(&given)));
        let origin = self.origin.and_then(|given| wrong.take(offer.origin(given)));
        let card_fingerprint = self.card_fingerprint.and_then(|given| wrong.take(fingerprint(given)));
        match (name, subdomain, email, plan, theme, category, overrides) {
            (
                Some(name),
                Some(subdomain),
                Some(email),
                Some(plan),
                Some(theme),
                Some(category),
                Some(overrides),
            ) if wrong.is_empty() => Ok(Signup {
                name,
                subdomain,
                email,
                blueprint,
                plan,
                theme,
                category,
                integrations,
                on_failure,
                custom_domain,
                card_fingerprint,
                overrides,
                origin,
            }),
            _ => Err(wrong),
        }
    }
}

fn fingerprint(given: String) -> Result<String, Violation> {
    if (1..=64).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(given);
    }
    let problem = format!("has {} characters, or others than it may", given.chars().count());
    Err(Violation::new("card_fingerprint", problem, "1 to 64 letters, digits and underscores"))
}

pub(crate) fn store_name(given: &str) -> Result<String, Violation> {
    let name = given.trim();
    let refuse =
        |problem: String| Err(Violation::new("name", problem, "1 to 80 characters, no control characters"));
    let length = name.chars().count();
    if !(1..=80).contains(&length) {
        return refuse(format!("has {length} characters"));
    }
    match name.chars().find(|c| c.is_control()) {
        Some(c) => refuse(format!("contains {c:?}")),
        None => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::Workflow;

    fn plan(id: &str, active: bool) -> Plan {
        let plan = json!({
            "id": id, "name": id, "description": "", "price_cents": 2900, "currency": "EUR",
            "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": active, "features": [],
            "limits": {},
        });
        serde_json::from_value(plan).expect("a plan")
    }

    fn theme(id: &str, active: bool) -> Theme {
        let colours = ["background", "surface", "text", "muted", "accent", "on_accent"];
        let palette: serde_json::Map<_, _> =
            colours.map(|name| (name.to_owned(), "#0a0b0c".into())).into_iter().collect();
        let theme = json!({
            "id": id, "name": id, "description": "", "version": "1.0.0", "active": active, "layout": "modern",
            "palette": palette, "fonts": { "heading": "serif", "body": "system" },
        });
        serde_json::from_value(theme).expect("a theme")
    }

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().copied().map(str::to_owned).collect()
    }

    /// Sold as `starter`, `pro` and the withdrawn `old`, as `modern`, `plain` and the withdrawn `dated`.
    fn shop() -> Blueprint {
        Blueprint {
            name: "shop".to_owned(),
            version: 3,
            description: String::new(),
            active: true,
            approval: false,
            plans: ["starter", "old", "pro"].map(str::to_owned).to_vec(),
            themes: ["modern", "dated", "plain"].map(str::to_owned).to_vec(),
            categories: set(&["food", "books"]),
            integrations: set(&["stripe", "mailchimp"]),
            on_failure: OnFailure::Compensate,
            optional: BTreeSet::new(),
            providers: Vec::new(),
            costs: std::collections::BTreeMap::new(),
            custom_domain: None,
            clones: false,
            hibernates: false,
            hibernation: crate::Hibernation::default(),
            settings: std::collections::BTreeMap::new(),
            workflow: Workflow::Sequence(Vec::new()),
            usual_ms: std::collections::BTreeMap::new(),
        }
    }

    fn request() -> SignupRequest {
        SignupRequest {
            name: "Acme Coffee".to_owned(),
            subdomain: Some("acme".to_owned()),
            email: "owner@example.com".to_owned(),
            blueprint: "shop".to_owned(),
            plan: None,
            theme: None,
            category: None,
            integrations: BTreeSet::new(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: Overrides::new(),
            origin: None,
            synthetic: false,
        }
    }

    /// Against a catalogue that also has a plan and a theme of other blueprints.
    fn check(request: SignupRequest, blueprint: Blueprint) -> Result<Signup, Violations> {
        let plans = [plan("pro", true), plan("old", false), plan("starter", true), plan("foreign", true)];
        let themes =
            [theme("plain", true), theme("dated", false), theme("modern", true), theme("foreign", true)];
        request.check(Some(blueprint), &plans, &themes)
    }

    fn violations(outcome: Result<Signup, Violations>) -> Vec<(&'static str, String, String)> {
        let wrong = outcome.expect_err("refused");
        wrong.iter().map(|v| (v.field, v.problem.clone(), v.allowed.clone())).collect()
    }

    #[test]
    fn what_was_not_chosen_is_the_first_on_offer() {
        let signup = check(request(), shop()).expect("valid");
        assert_eq!(signup.plan, plan("starter", true));
        assert_eq!(signup.theme, Some(theme("modern", true)));
        assert_eq!((signup.category, signup.integrations), (None, BTreeSet::new()));
        assert_eq!(signup.blueprint, shop());
    }

    #[test]
    fn what_was_chosen_is_kept() {
        let chosen = SignupRequest {
            name: "  Café Zürich ".to_owned(),
            subdomain: Some("ACME".to_owned()),
            plan: Some("pro".to_owned()),
            theme: Some("plain".to_owned()),
            category: Some("food".to_owned()),
            on_failure: Some(OnFailure::Hold),
            integrations: set(&["stripe", "mailchimp"]),
            ..request()
        };
        let signup = check(chosen, shop()).expect("valid");
        assert_eq!((signup.name.as_str(), signup.subdomain.as_str()), ("Café Zürich", "acme"));
        assert_eq!(signup.plan, plan("pro", true));
        assert_eq!(signup.theme, Some(theme("plain", true)));
        assert_eq!(signup.category.as_deref(), Some("food"));
        assert_eq!(signup.integrations, set(&["stripe", "mailchimp"]));
        assert_eq!(signup.on_failure, Some(OnFailure::Hold));
    }

    #[test]
    fn a_synthetic_tenant_has_a_name_of_its_kind_and_nobody_else_does() {
        let of = |subdomain: Option<&str>, synthetic| {
            let (name, subdomain) = ("Canary Tea".to_owned(), subdomain.map(str::to_owned));
            check(SignupRequest { name, subdomain, synthetic, ..request() }, shop())
        };
        for (subdomain, synthetic) in [("canary-shop", false), ("acme", true)] {
            assert_eq!(violations(of(Some(subdomain), synthetic))[0].0, "subdomain");
        }
        for (subdomain, synthetic, given) in
            [(Some("canary-shop"), true, "canary-shop"), (None, false, "my-canary-tea")]
        {
            assert_eq!(of(subdomain, synthetic).expect("valid").subdomain.as_str(), given);
        }
    }

    #[test]
    fn a_domain_is_taken_where_the_blueprint_serves_some() {
        let wished = || SignupRequest { custom_domain: Some("Shop.Example.com".to_owned()), ..request() };
        let serving = || Blueprint { custom_domain: Some("serve-domain".to_owned()), ..shop() };
        let domain = check(wished(), serving()).expect("valid").custom_domain.expect("a domain");
        assert_eq!(domain.as_str(), "shop.example.com");
        let none = "none: this blueprint serves no domain but its own".to_owned();
        let expected = ("custom_domain", "'Shop.Example.com' was given".to_owned(), none);
        assert_eq!(violations(check(wished(), shop())), [expected]);
        let bad = SignupRequest { custom_domain: Some("*.example.com".to_owned()), ..request() };
        assert_eq!(violations(check(bad, serving()))[0].0, "custom_domain");
    }

    const NAMES: &str = "1 to 80 characters, no control characters";

    #[rstest]
    #[case::empty_name(|r: &mut SignupRequest| r.name = " ".into(), "name", "has 0 characters", NAMES)]
    #[case::long_name(|r: &mut SignupRequest| r.name = "é".repeat(81), "name", "has 81 characters", NAMES)]
    #[case::control_character(|r: &mut SignupRequest| r.name = "a\r\nb".into(), "name", "contains '\\r'", NAMES)]
    #[case::withdrawn_plan(
        |r: &mut SignupRequest| r.plan = Some("old".into()), "plan", "'old' is not on offer", "one of: starter, pro"
    )]
    #[case::plan_of_another_blueprint(
        |r: &mut SignupRequest| r.plan = Some("foreign".into()), "plan", "'foreign' is not on offer", "one of: starter, pro"
    )]
    #[case::withdrawn_theme(
        |r: &mut SignupRequest| r.theme = Some("dated".into()), "theme", "'dated' is not on offer", "one of: modern, plain"
    )]
    #[case::unknown_theme(
        |r: &mut SignupRequest| r.theme = Some("neon".into()), "theme", "'neon' is not on offer", "one of: modern, plain"
    )]
    #[case::unknown_category(
        |r: &mut SignupRequest| r.category = Some("arms".into()), "category", "'arms' is not known", "one of: books, food"
    )]
    #[case::unknown_integration(
        |r: &mut SignupRequest| r.integrations = set(&["stripe", "fax"]),
        "integrations", "'fax' is not known", "one of: mailchimp, stripe"
    )]
    fn a_violation_names_the_field_the_problem_and_what_is_allowed(
        #[case] spoil: fn(&mut SignupRequest),
        #[case] field: &'static str,
        #[case] problem: &str,
        #[case] allowed: &str,
    ) {
        let mut spoilt = request();
        spoil(&mut spoilt);
        assert_eq!(violations(check(spoilt, shop())), [(field, problem.to_owned(), allowed.to_owned())]);
    }

    /// Their own tests have what they refuse; here, that nothing of it gets past.
    #[rstest]
    #[case::subdomain(SignupRequest { subdomain: Some("www".to_owned()), ..request() }, "subdomain")]
    #[case::email(SignupRequest { email: "owner".to_owned(), ..request() }, "email")]
    fn a_subdomain_and_an_address_are_checked_too(#[case] spoilt: SignupRequest, #[case] field: &str) {
        let [(named, problem, allowed)] = &violations(check(spoilt, shop()))[..] else {
            panic!("one violation")
        };
        assert_eq!(named, &field);
        assert!(!problem.is_empty() && !allowed.is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_said_in_one_pass() {
        let hopeless = SignupRequest {
            name: String::new(),
            subdomain: Some("-".to_owned()),
            email: String::new(),
            plan: Some("gold".to_owned()),
            theme: Some("neon".to_owned()),
            category: Some("arms".to_owned()),
            integrations: set(&["fax", "telex"]),
            ..request()
        };
        let fields: Vec<_> =
            violations(check(hopeless, shop())).into_iter().map(|(field, ..)| field).collect();
        let every =
            ["name", "subdomain", "email", "plan", "theme", "category", "integrations", "integrations"];
        assert_eq!(fields, every);
    }

    #[rstest]
    #[case::unknown(None)]
    #[case::withdrawn(Some(Blueprint { active: false, ..shop() }))]
    fn a_blueprint_that_is_not_on_offer_is_said_together_with_the_rest(#[case] blueprint: Option<Blueprint>) {
        let nameless = SignupRequest { name: String::new(), ..request() };
        let found = violations(nameless.check(blueprint, &[plan("starter", true)], &[theme("modern", true)]));
        let [(first, ..), (second, problem, allowed)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((*first, *second), ("name", "blueprint"));
        assert_eq!(
            (problem.as_str(), allowed.as_str()),
            ("'shop' is not on offer", "a blueprint of the catalogue")
        );
    }

    /// Nobody who names no plan may get one that is not sold any more.
    #[test]
    fn a_withdrawn_default_is_not_given_to_anybody() {
        let mut blueprint = shop();
        blueprint.plans.swap(0, 1);
        blueprint.themes.swap(0, 1);
        let fields: Vec<_> =
            violations(check(request(), blueprint)).into_iter().map(|(field, ..)| field).collect();
        assert_eq!(fields, ["plan", "theme"]);
    }

    #[test]
    fn a_blueprint_without_themes_gives_none_and_takes_none() {
        let bare = Blueprint { themes: Vec::new(), ..shop() };
        assert_eq!(check(request(), bare.clone()).expect("valid").theme, None);
        let themed = SignupRequest { theme: Some("modern".to_owned()), ..request() };
        let expected =
            ("theme", "'modern' was given".to_owned(), "none: this blueprint has no storefront".to_owned());
        assert_eq!(violations(check(themed, bare)), [expected]);
    }

    #[test]
    fn a_field_nobody_knows_is_refused() {
        let typo = json!({ "name": "a", "subdomain": "b", "email": "c", "blueprint": "d", "plann": "pro" });
        let error = serde_json::from_value::<SignupRequest>(typo).expect_err("refused");
        assert!(error.to_string().contains("plann"), "{error}");
    }
}
