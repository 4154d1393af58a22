//! The blueprint merchant-workspace: provisions, unwinds, replays, deletes, and keeps its secrets.

use aws_sdk_lambda::primitives::Blob;
use reqwest::StatusCode;
use secrets::{ExposeSecret as _, SecretRef, Vault};
use serde_json::{Value, json};
use tests::api::signup;
use tests::merchant_workspace::{BLUEPRINT, WHOLE, live, steps};
use tests::world::{inventory, kinds, records};
use tests::{Fault, Operation, Stack};

/// What a workspace can live without.
const OPTIONAL: &str = "merchant-seed-data";

fn is_probe(step: &str) -> bool {
    step.contains("-probe-")
}

async fn invoke(stack: &Stack, step: &str, payload: &Value) -> Result<Value, Value> {
    let lambda = aws_sdk_lambda::Client::new(&stack.aws);
    let request = lambda.invoke().function_name(format!("{}-{step}", stack.deployment));
    let answer = request.payload(Blob::new(payload.to_string())).send().await.expect("the function answers");
    let value =
        serde_json::from_slice(answer.payload().map_or(b"null".as_slice(), AsRef::as_ref)).expect("JSON");
    if answer.function_error().is_some() { Err(value) } else { Ok(value) }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_signup_becomes_a_live_tenant_and_a_deletion_leaves_nothing() {
    let stack = Stack::from_env().await;
    let mut signup = signup(BLUEPRINT);
    signup["name"] = json!(format!("Süd & {}", signup["name"].as_str().expect("a name")));
    signup["theme"] = json!("upfront-classic");
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!((&status["state"], &status["percent"]), (&json!("succeeded"), &json!(100)), "{status:#}");
    let tenant = stack.api.tenant(&operation.tenant).await;
    assert_eq!(tenant["status"], "active");
    assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE);

    let site = tenant["endpoints"]["site"].as_str().expect("a site");
    let page = stack.http().get(site).send().await.expect("the site answers");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.expect("a page").contains("Süd &amp; "));
    assert_eq!(
        stack.http().get(format!("{site}style.css")).send().await.expect("a style").status(),
        StatusCode::OK
    );
    assert_eq!(
        stack.http().get(format!("{site}nothing")).send().await.expect("a page").status(),
        StatusCode::NOT_FOUND
    );

    let deletion = stack.api.delete(&operation.tenant).await;
    let status = stack.api.ended(&deletion).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("succeeded"), &json!(0)), "{status:#}");
    assert_eq!(stack.api.tenant(&operation.tenant).await["status"], "deleted");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
    assert_eq!(stack.http().get(site).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    // The name is free again, and its next bearer is another tenant.
    let next = stack.api.sign_up(&signup).await;
    assert_ne!(next.tenant, operation.tenant);
    assert_eq!(stack.api.ended(&next).await["state"], "succeeded");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_owner_is_told_by_mail_and_chooses_a_password_once() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let tenant = stack.api.tenant(&operation.tenant).await;
    let (email, dashboard) =
        (tenant["email"].as_str().expect("text"), tenant["endpoints"]["dashboard"].as_str().expect("text"));
    let mail = loop {
        if let Some(mail) = stack.mails_to(email).await.pop() {
            break mail;
        }
        let status = stack.api.operation(&operation).await;
        assert_eq!(status["steps"].as_array().and_then(|s| s.last()?["fault"].as_str()), None, "{status:#}");
    };
    assert!(mail.contains(tenant["endpoints"]["site"].as_str().expect("text")), "{mail}");
    let link = mail.split(&format!("{dashboard}/set-password?token=")).nth(1).expect("a link");
    let link = format!("{dashboard}/set-password?token={}", &link[..64]);

    let page = stack.http().get(&link).send().await.expect("a page");
    let cookie =
        page.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let csrf = cookie.strip_prefix("csrf=").expect("a token").to_owned();
    let choose = async |password: &str, csrf: &str| {
        let form = [("csrf", csrf), ("password", password), ("repeat", password)];
        let body = form.map(|(name, value)| format!("{name}={value}")).join("&");
        let request = stack.http().post(&link).header("cookie", &cookie).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.expect("an answer").status()
    };
    assert_eq!(choose("Correct1Horse", "00112233445566778899aabbccddeeff").await, StatusCode::FORBIDDEN);
    assert_eq!(choose("short", &csrf).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(choose("Correct1Horse", &csrf).await, StatusCode::SEE_OTHER);
    assert_eq!(choose("Another1Horse", &csrf).await, StatusCode::GONE);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn unwinds_from_a_failure_of_every_step() {
    let stack = Stack::from_env().await;
    for step in steps(&stack).await.into_iter().filter(|step| step != OPTIONAL) {
        let signup = signup(BLUEPRINT);
        let acts: &[&str] = if is_probe(&step) { &["create", "read"] } else { &["create"] };
        let aim = signup["name"].as_str();
        let fault = Fault { function: Some(&step), acts, contains: aim, kind: "deny", ..Fault::default() };
        let fault = stack.inject(&fault).await;
        let operation = stack.api.sign_up(&signup).await;
        let status = stack.api.ended(&operation).await;
        assert!(stack.hits(fault).await > 0, "{step} was never refused");
        stack.lift(fault).await;
        assert_eq!(
            (&status["state"], &status["resources_left"]),
            (&json!("failed"), &json!(0)),
            "{step}: {status:#}"
        );
        assert_eq!(status["fault"]["step"], step, "{status:#}");
        assert_eq!(stack.api.tenant(&operation.tenant).await["status"], "failed", "{step}");
        assert_eq!(inventory(&stack, &operation.tenant).await, [].into(), "{step} left something");

        // The name is still the customer's: the same tenant can be tried again, and gone for good.
        let retry = stack.api.retry(&operation.tenant).await;
        assert_eq!(stack.api.ended(&retry).await["state"], "succeeded", "{step}");
        assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE, "{step}");
        let deletion = stack.api.delete(&operation.tenant).await;
        assert_eq!(stack.api.ended(&deletion).await["state"], "succeeded", "{step}");
    }
}

/// Invariant 11.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_shop_opens_without_its_first_data() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let contains = signup["name"].as_str();
    let fault =
        Fault { function: Some(OPTIONAL), acts: &["create"], contains, kind: "deny", ..Fault::default() };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!((&status["state"], &status["percent"]), (&json!("succeeded"), &json!(100)), "{status:#}");
    let step = status["steps"].as_array().expect("steps").iter().find(|step| step["name"] == OPTIONAL);
    let step = step.expect("the step");
    assert_eq!((&step["state"], &step["fault"]["kind"]), (&json!("failed"), &json!("Terminal")), "{step:#}");
    let tenant = stack.api.tenant(&operation.tenant).await;
    assert_eq!(tenant["status"], "active");
    let [left] = &tenant["resources"].as_array().expect("a list")[..] else { panic!("one: {tenant:#}") };
    assert_eq!((&left["step"], &left["state"]), (&json!(OPTIONAL), &json!("intended")));

    let dashboard = tenant["endpoints"]["dashboard"].as_str().expect("a dashboard");
    let page = signed_in(&stack, &operation.tenant, dashboard, signup["email"].as_str().expect("text")).await;
    assert!(page.contains("Storage") && !page.contains("First steps"), "{page}");

    stack.lift(fault).await;
    let deletion = stack.api.delete(&operation.tenant).await;
    let status = stack.api.ended(&deletion).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("succeeded"), &json!(0)), "{status:#}");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
}

/// Decision 0022.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_change_that_fails_is_led_back() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let operation = stack.api.sign_up(&signup).await;
    stack.api.succeeded(&operation).await;
    let path = format!("/v1/tenants/{}", operation.tenant);
    let before = stack.api.tenant(&operation.tenant).await;
    for (act, wanted) in [
        ("suspend", json!({ "reason": "a test asks for it" })),
        ("change-plan", json!({ "plan": "enterprise", "reason": "a test asks for it" })),
    ] {
        let fault = Fault {
            function: Some("merchant-create-group"),
            acts: &["create"],
            contains: signup["name"].as_str(),
            kind: "deny",
            times: Some(1),
            ..Fault::default()
        };
        let fault = stack.inject(&fault).await;
        let change = stack.api.changed(&format!("{path}/{act}"), &wanted).await;
        assert_eq!(stack.api.ended(&change).await["state"], "failed", "{act}");
        assert_eq!(stack.hits(fault).await, 1, "{act} was never refused");
        stack.lift(fault).await;
        let led_back = stack.api.when(&path, |tenant| tenant["operation"].is_null()).await;
        for field in ["status", "plan", "access", "endpoints"] {
            assert_eq!(led_back[field], before[field], "{act}: {led_back:#}");
        }
        assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE, "{act}");
    }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workspace_that_is_suspended_is_closed_to_everybody_and_opens_as_it_was() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let operation = stack.api.sign_up(&signup).await;
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    let tenant = stack.api.tenant(&operation.tenant).await;
    let (path, email) =
        (format!("/v1/tenants/{}", operation.tenant), signup["email"].as_str().expect("text"));
    let address = |of: &str| tenant["endpoints"][of].as_str().expect("an address").to_owned();
    let (site, dashboard) = (address("site"), address("dashboard"));
    let seen = async |url: &str| stack.http().get(url).send().await.expect("an answer").status();
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
    let may_sign_in = async || {
        let user = cognito.admin_get_user().user_pool_id(stack.output("UserPoolId"));
        user.username(&operation.tenant).send().await.expect("there").enabled()
    };
    let closed = stack.api.act(&format!("{path}/suspend")).await;
    assert_eq!(stack.api.ended(&closed).await["state"], "succeeded");
    for url in
        [site.clone(), format!("{site}shop.html"), format!("{dashboard}/"), format!("{dashboard}/sign-in")]
    {
        assert_eq!(seen(&url).await, StatusCode::SERVICE_UNAVAILABLE, "{url}");
    }
    assert!(!may_sign_in().await);

    let opened = stack.api.act(&format!("{path}/resume")).await;
    assert_eq!(stack.api.ended(&opened).await["state"], "succeeded");
    assert_eq!((seen(&site).await, seen(&format!("{dashboard}/")).await), (StatusCode::OK, StatusCode::OK));
    assert!(may_sign_in().await);
    let page = signed_in(&stack, &operation.tenant, &dashboard, email).await;
    assert!(page.contains("First steps") && !page.contains("read-only"), "{page}");

    for (access, plan, told) in [("read_only", "starter", true), ("full", "professional", false)] {
        for (act, wish) in [("access", json!({ "access": access })), ("change-plan", json!({ "plan": plan }))]
        {
            let mut wish = wish;
            wish["reason"] = json!("a test asks for it");
            let change = stack.api.send(reqwest::Method::POST, &format!("{path}/{act}"), &wish).await;
            let change = format!("{path}/operations/{}", change["operation"].as_str().expect("an id"));
            let ended = stack.api.when(&change, |it| it["ended_at"].is_string()).await;
            assert_eq!(ended["state"], "succeeded", "{ended:#}");
        }
        let page = signed_in(&stack, &operation.tenant, &dashboard, email).await;
        assert_eq!(page.contains("read-only at the moment"), told, "{page}");
        let name = if plan == "starter" { "Starter" } else { "Professional" };
        assert!(page.contains(&format!("<strong>{name}</strong>")), "{page}");
    }
    let deletion = stack.api.delete(&operation.tenant).await;
    assert_eq!(stack.api.ended(&deletion).await["state"], "succeeded");
}

/// The first page of a dashboard, for its owner.
async fn signed_in(stack: &Stack, tenant: &str, dashboard: &str, email: &str) -> String {
    let cookies = |answer: &reqwest::Response| -> Vec<String> {
        let all = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        all.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect()
    };
    let secret = SecretRef(format!("{}/tenants/{tenant}/owner", stack.deployment));
    let vault = Vault::new(aws_sdk_secretsmanager::Client::new(&stack.aws));
    let password = vault.read(&secret).await.expect("the first password");
    let page = stack.http().get(format!("{dashboard}/")).send().await.expect("a page");
    let before = cookies(&page);
    let csrf = before.iter().find_map(|cookie| cookie.strip_prefix("csrf=")).expect("a token");
    let form = [("csrf", csrf), ("email", email), ("password", password.expose_secret())];
    let body = form.map(|(name, value)| format!("{name}={value}")).join("&");
    let request = stack.http().post(format!("{dashboard}/sign-in")).header("cookie", before.join("; "));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let session = [before, cookies(&answer)].concat().join("; ");
    let page = stack.http().get(format!("{dashboard}/")).header("cookie", session).send().await;
    let page = page.expect("a page");
    assert_eq!(page.status(), StatusCode::OK);
    page.text().await.expect("text")
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_lost_response_of_every_step_makes_nothing_twice() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let mut faults = Vec::new();
    let all = steps(&stack).await;
    for step in &all {
        let fault = Fault {
            function: Some(step),
            acts: &["create"],
            contains: signup["name"].as_str(),
            kind: "lost_response",
            // As often as the SDK asks by itself, so that the machine has to ask again, too.
            times: Some(2),
            ..Fault::default()
        };
        faults.push(stack.inject(&fault).await);
    }
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    for (step, fault) in all.iter().zip(faults) {
        assert!(stack.hits(fault).await > 0 || step == "merchant-probe-website", "{step} was never hit");
        stack.lift(fault).await;
    }
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE);
}

/// Invokes every step again on the running operation, as a doubled event would, and once more as if its commit
/// had been lost; then every destroy twice.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn replays_of_every_step_and_every_destroy_change_nothing() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let id = &operation.tenant;
    let before = inventory(&stack, id).await;
    let snapshot = snapshot_of(&stack, &operation).await;
    reopen(&stack, &operation).await;

    for step in steps(&stack).await.iter().filter(|step| !is_probe(step)) {
        let params = match step.as_str() {
            "merchant-create-owner" => {
                json!({ "group": id, "secret": format!("{}/tenants/{id}/owner", stack.deployment) })
            }
            _ => json!({}),
        };
        let payload =
            json!({ "action": "apply", "operation": operation.id, "tenant": snapshot, "params": params });
        let again = invoke(&stack, step, &payload).await.unwrap_or_else(|e| panic!("{step}: {e}"));
        forget_commit(&stack, id, step).await;
        let recovered = invoke(&stack, step, &payload).await.unwrap_or_else(|e| panic!("{step}: {e}"));
        assert_eq!(again, recovered, "{step}");
        assert_eq!(inventory(&stack, id).await, before, "{step} had a second effect");
    }

    for step in steps(&stack).await.iter().filter(|step| !is_probe(step)) {
        let payload = json!({ "action": "destroy", "operation": operation.id, "tenant": { "id": id } });
        for _ in 0..2 {
            assert_eq!(invoke(&stack, step, &payload).await, Ok(Value::Null), "{step}");
        }
    }
    assert_eq!(inventory(&stack, id).await, [].into());
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_stuck_destroy_spares_the_rest_and_can_be_mended() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let id = operation.tenant.as_str();
    let step = "merchant-publish-website";
    let fault = Fault {
        function: Some(step),
        acts: &["destroy"],
        contains: Some(id),
        kind: "deny",
        ..Fault::default()
    };
    let fault = stack.inject(&fault).await;
    let deletion = stack.api.delete(id).await;
    let status = stack.api.ended(&deletion).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("stuck"), &json!(1)), "{status:#}");
    let stuck =
        status["steps"].as_array().expect("steps").iter().find(|s| s["name"] == step).expect("the step");
    assert_eq!(stuck["state"], "stuck");
    assert!(
        stuck["fault"]["cause"].as_str().is_some_and(|cause| cause.contains("AccessDenied")),
        "{stuck:#}"
    );
    assert_eq!(stack.api.tenant(id).await["status"], "stuck");
    assert_eq!(kinds(&inventory(&stack, id).await), [("object", 8)]);

    stack.lift(fault).await;
    let deletion = stack.api.delete(id).await;
    let status = stack.api.ended(&deletion).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!(inventory(&stack, id).await, [].into());
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_somebody_else_owns_is_neither_adopted_nor_destroyed() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let id = &operation.tenant;
    // Another deployment's mark, where ours was.
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
    let pool = stack.output("UserPoolId");
    cognito.delete_group().user_pool_id(pool).group_name(id).send().await.expect("ours is gone");
    let group = cognito.create_group().user_pool_id(pool).group_name(id).description(format!("other/{id}"));
    group.send().await.expect("another's is there");
    let snapshot = snapshot_of(&stack, &operation).await;
    reopen(&stack, &operation).await;
    forget_commit(&stack, id, "merchant-create-group").await;
    let payload = json!({ "action": "apply", "operation": operation.id, "tenant": snapshot, "params": {} });
    let refused = invoke(&stack, "merchant-create-group", &payload).await.expect_err("refused");
    assert_eq!(refused["errorType"], "Terminal", "{refused}");
    let payload = json!({ "action": "destroy", "operation": operation.id, "tenant": { "id": id } });
    assert_eq!(invoke(&stack, "merchant-create-group", &payload).await, Ok(Value::Null));
    assert!(inventory(&stack, id).await.iter().any(|line| line.starts_with("group ")));
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn no_generated_secret_leaves_the_vault() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let id = &operation.tenant;
    let vault = Vault::new(aws_sdk_secretsmanager::Client::new(&stack.aws));
    let secret =
        vault.read(&SecretRef(format!("{}/tenants/{id}/owner", stack.deployment))).await.expect("kept");
    let deletion = stack.api.delete(id).await;
    stack.api.ended(&deletion).await;

    let mut texts = records(&stack).await;
    let email = format!("{}@example.com", id.rsplit_once('-').expect("a slug").0);
    let mails = stack.mails_to(&email).await;
    // The token of the one-time link is in the mail alone.
    let token = mails[0].split("set-password?token=").nth(1).expect("a link")[..64].to_owned();
    assert!(texts.iter().all(|(_, text)| !text.contains(&token)), "the link's token was written down");
    texts.extend(mails.into_iter().map(|mail| ("a mail".to_owned(), mail)));
    texts.push(("the API".to_owned(), stack.api.operation(&operation).await.to_string()));
    assert!(texts.iter().any(|(_, text)| text.contains(id)), "nothing was recorded at all");
    for (place, text) in &texts {
        assert!(!text.contains(secret.expose_secret()), "the owner's password is in {place}");
    }
}

/// The snapshot that the operation worked from, as its execution recorded it.
async fn snapshot_of(stack: &Stack, operation: &Operation) -> Value {
    let sfn = aws_sdk_sfn::Client::new(&stack.aws);
    let machines = sfn.list_state_machines().send().await.expect("machines");
    let name = format!("{}-{BLUEPRINT}", stack.deployment);
    let machine =
        machines.state_machines().iter().find(|machine| machine.name() == name).expect("the machine");
    let mut pages =
        sfn.list_executions().state_machine_arn(machine.state_machine_arn()).into_paginator().send();
    while let Some(page) = pages.next().await {
        for execution in page.expect("executions").executions() {
            let about =
                sfn.describe_execution().execution_arn(execution.execution_arn()).send().await.expect("it");
            let input: Value = serde_json::from_str(about.input().unwrap_or("null")).expect("JSON");
            if input["operation"] == operation.id.as_str() {
                return input["tenant"].clone();
            }
        }
    }
    panic!("no execution of {name} is about {}", operation.id)
}

/// Sets an ended operation running again, as it was before its last step.
async fn reopen(stack: &Stack, operation: &Operation) {
    let sk = format!("OPERATION#{}", operation.id);
    update(stack, "TenantsTable", &operation.tenant, &sk, "running").await;
}

/// Sets a resource's row back to what it was before its commit.
async fn forget_commit(stack: &Stack, tenant: &str, step: &str) {
    update(stack, "LedgerTable", tenant, &format!("RESOURCE#{step}"), "intended").await;
}

async fn update(stack: &Stack, table: &str, pk: &str, sk: &str, state: &str) {
    use aws_sdk_dynamodb::types::AttributeValue::S;
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.aws);
    let request = dynamodb.update_item().table_name(stack.output(table));
    let request = request.key("pk", S(pk.to_owned())).key("sk", S(sk.to_owned()));
    let request =
        request.update_expression("SET #state = :state").expression_attribute_names("#state", "state");
    let request = request.condition_expression("attribute_exists(pk)");
    request
        .expression_attribute_values(":state", S(state.to_owned()))
        .send()
        .await
        .expect("the row is changed");
}
