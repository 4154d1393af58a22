//! Who may do what, tried on every operation that the document has.

use std::collections::BTreeSet;

use super::*;

/// An operation of the document, with a path that leads to this tenant.
struct Operation {
    method: String,
    template: String,
    path: String,
    /// None where anybody may.
    roles: Option<BTreeSet<String>>,
}

fn operations(tenant: &str) -> Vec<Operation> {
    let document = document::document();
    let id = "01J00000000000000000000000";
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let own = if template.starts_with("/v1/tenants") { tenant } else { id };
            let own = if template.starts_with("/v1/repair-tasks") {
                format!("{tenant}:step")
            } else {
                own.to_owned()
            };
            let path = template.replace("{id}", &own).replace("{operation}", id);
            let path = path.replace("{hostname}", "shop.example.com").replace("{name}", "merchant-workspace");
            let path = path.replace("{subdomain}", "acme").replace("{blueprint}", "merchant-workspace");
            let roles = operation["security"][0]["token"].as_array();
            let roles = roles
                .map(|roles| roles.iter().map(|role| role.as_str().expect("a role").to_owned()).collect());
            found.push(Operation { method: method.to_uppercase(), template: template.clone(), path, roles });
        }
    }
    found
}

/// Signs up a tenant beside the one there is: its id.
async fn mine(api: &Router) -> String {
    let mut mine = signup("mine");
    mine["name"] = json!("Mine");
    let mine = body(send(api, "POST", "/v1/tenants", None, &mine.to_string()).await).await;
    mine["tenant"]["id"].as_str().expect("an id").to_owned()
}

/// A role is refused what the document does not name it for, and nothing else.
#[tokio::test]
async fn every_role_may_do_what_the_document_says_and_no_more() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let id = tenant.trim_start_matches("/v1/tenants/");
    let people = [
        ("admin", Person::staff("admin")),
        ("operator", Person::staff("operator")),
        ("viewer", Person::staff("viewer")),
        ("machine", Person::machine()),
        ("tenant", Person::of_tenant(id)),
        ("nobody", Person::named("nobody", "")),
    ];
    let mut tried = 0;
    for operation in operations(id) {
        for (role, person) in &people {
            let response = send_as(person, &api, &operation.method, &operation.path, None, "{").await;
            let status = response.status();
            let permitted = operation.roles.as_ref().is_none_or(|roles| roles.contains(*role));
            // To a tenant's people there is nothing but their tenant.
            let hidden = *role == "tenant"
                && !operation.template.starts_with("/v1/tenants/{id}")
                && operation.template.contains('{');
            let refused = if hidden { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
            let what = format!("{role}: {} {} -> {status}", operation.method, operation.path);
            match permitted {
                true => assert_ne!(status, StatusCode::FORBIDDEN, "{what}"),
                false => assert_eq!(status, refused, "{what}"),
            }
            tried += 1;
        }
    }
    println!("role matrix: {tried} combinations");
    assert!(tried > 300, "{tried}");
}

/// Whatever is asked, and wherever the other's id is said: it is as if the other did not exist.
#[tokio::test]
async fn to_a_tenants_people_no_other_tenant_exists() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (other, operation) = signed_up(&api).await;
    let other = other.trim_start_matches("/v1/tenants/").to_owned();
    let person = Person::of_tenant(&mine(&api).await);
    let before = body(send(&api, "GET", &format!("/v1/tenants/{other}"), None, "").await).await;
    let bodies =
        ["", "{", "{}", WHY, r#"{"reason":"r","plan":"professional"}"#, r#"{"hostname":"shop.example.com"}"#];
    let mut tried = 0;
    for mut asked in operations(&other).into_iter().filter(|operation| operation.roles.is_some()) {
        if asked.template.contains("{operation}") {
            let id = operation.rsplit('/').next().expect("an id");
            asked.path = asked.path.replace("01J00000000000000000000000", id);
        }
        if !asked.path.contains(&other) {
            continue;
        }
        for body in bodies {
            for query in
                ["", "?limit=100", "?dry_run=plan", &format!("?after={other}"), &format!("?text={other}")]
            {
                let path = format!("{}{query}", asked.path);
                let response = send_as(&person, &api, &asked.method, &path, Some("key"), body).await;
                assert_eq!(response.status(), StatusCode::NOT_FOUND, "{} {path} {body}", asked.method);
                tried += 1;
            }
        }
        // A tenant that never was is answered in the same words.
        let real = self::body(send_as(&person, &api, &asked.method, &asked.path, None, "").await).await;
        let never = asked.path.replace(&other, "never-000000");
        let never = self::body(send_as(&person, &api, &asked.method, &never, None, "").await).await;
        let words = real["detail"].to_string().replace(&other, "never-000000");
        assert_eq!(words, never["detail"].to_string());
    }
    println!("isolation matrix: {tried} requests for another's tenant");
    assert!(tried > 400, "{tried}");
    let after = body(send(&api, "GET", &format!("/v1/tenants/{other}"), None, "").await).await;
    assert_eq!(before, after, "nothing was done to it");
}

/// Lists, and parts of lists, show a tenant's people their own alone.
#[tokio::test]
async fn a_tenants_people_list_their_own_tenant_alone() {
    let api = api().await;
    let (other, _) = signed_up(&api).await;
    let other = other.trim_start_matches("/v1/tenants/").to_owned();
    let id = mine(&api).await;
    let first = body(send(&api, "GET", "/v1/tenants?limit=1", None, "").await).await;
    let token = first["next"].as_str().expect("there is more");
    for query in [
        String::new(),
        format!("?text={other}"),
        format!("?after={token}&limit=1"),
        "?plan=starter".to_owned(),
    ] {
        let path = format!("/v1/tenants{query}");
        let listed = body(send_as(&Person::of_tenant(&id), &api, "GET", &path, None, "").await).await;
        let ids: Vec<&Value> =
            listed["tenants"].as_array().expect("a list").iter().map(|tenant| &tenant["id"]).collect();
        assert_eq!(ids, [&json!(id)], "{path}");
    }
}

/// What a body says of another tenant is no word it knows, and takes no effect.
#[tokio::test]
async fn a_body_cannot_name_another_tenant() {
    let api = api().await;
    let (other, _) = signed_up(&api).await;
    let other = other.trim_start_matches("/v1/tenants/").to_owned();
    let id = mine(&api).await;
    let person = Person::of_tenant(&id);
    for field in ["id", "tenant", "tenant_id"] {
        let wish = json!({ "reason": "r", "name": "X", field: other }).to_string();
        let response = send_as(&person, &api, "PATCH", &format!("/v1/tenants/{id}"), None, &wish).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{field}");
    }
    // One caller's keys are not another's.
    let key = Some("the-key");
    send(&api, "DELETE", &format!("/v1/tenants/{other}"), key, "").await;
    let own = send_as(&person, &api, "DELETE", &format!("/v1/tenants/{id}"), key, "").await;
    assert_ne!(own.status(), StatusCode::UNPROCESSABLE_ENTITY, "{:?}", own.status());
}

/// Whoever may ask: the name is none before anybody is told whether they may.
#[tokio::test]
async fn a_path_that_is_no_text_is_a_problem_too() {
    let api = api().await;
    for path in ["/v1/subdomains/%C3", "/v1/plans/%C3", "/v1/tenants/%C3", "/v1/repair-tasks/%FF/retry"] {
        let method = if path.ends_with("retry") { "POST" } else { "GET" };
        let answer = send(&api, method, path, None, "").await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
}
