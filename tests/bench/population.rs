//! Tenants by the thousand, and what they signed up for.

use jiff::Timestamp;
use serde_json::json;
use store::{Catalogue, Database, Tenants};
use tenancy::{Blueprint, Email, Plan, Signup, Subdomain, Tenant, TenantId};

const FIRST: [&str; 8] = ["Amber", "Blue", "Café", "Distant", "Early", "Fine", "Green", "Honest"];
const SECOND: [&str; 8] = ["Bakery", "Books", "Coffee", "Flowers", "Gallery", "Market", "Studio", "Tea"];

/// All of a length, so that all tenants are of a size.
pub(crate) fn name(n: u32) -> String {
    let word = |words: [&str; 8], n: u32| words[usize::try_from(n % 8).unwrap_or_default()].to_owned();
    format!("{} {} {n:06}", word(FIRST, n), word(SECOND, n / 8))
}

/// What a new database needs to be signed up on.
pub(crate) async fn signup(db: &Database) -> Signup {
    let plan: Plan = serde_json::from_value(json!({
        "id": "bench", "name": "Bench", "description": "", "price_cents": 2900, "currency": "EUR",
        "billing_cycle": "monthly", "trial_days": 14, "popular": false, "active": true, "features": [],
        "limits": { "products": 100 },
    }))
    .expect("a plan");
    let blueprint: Blueprint = serde_json::from_value(json!({
        "name": "bench", "version": 1, "description": "", "active": true, "plans": [plan.id],
    }))
    .expect("a blueprint");
    let catalogue = Catalogue::new(db.clone());
    catalogue.put_plan(&plan).await.expect("put");
    catalogue.put_blueprint(&blueprint).await.expect("put");
    Signup {
        name: name(0),
        subdomain: Subdomain::parse("bench-000000").expect("a subdomain"),
        email: Email::parse("owner@example.com").expect("an address"),
        blueprint,
        plan,
        theme: None,
        category: None,
        integrations: [].into(),
        on_failure: None,
        custom_domain: None,
        card_fingerprint: None,
        overrides: [].into(),
        origin: None,
    }
}

/// Signs so many up, and gives their ids.
pub(crate) async fn sign_up(db: &Database, many: u32) -> Vec<TenantId> {
    let (tenants, signup) = (Tenants::new(db.clone()), signup(db).await);
    let mut ids = Vec::new();
    for n in 0..many {
        let subdomain = Subdomain::parse(&format!("bench-{n:06}")).expect("a subdomain");
        let signup = Signup { name: name(n), subdomain, ..signup.clone() };
        ids.push(accepted(&tenants, &signup).await.id);
    }
    ids
}

pub(crate) async fn accepted(tenants: &Tenants, signup: &Signup) -> Tenant {
    tenants.sign_up(signup, None, Timestamp::now()).await.expect("accepted").tenant
}
