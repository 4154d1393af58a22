//! What providers hold and no ledger does: found by its mark, and destroyed when that is asked for.

use reqwest::Method;
use serde_json::{Value, json};
use tests::merchant_workspace::live;
use tests::world::inventory;
use tests::{Operation, Stack};

/// Has a sweep done, and gives what it came to.
async fn sweep(stack: &Stack, wanted: Value) -> Value {
    let ordered = stack.api.send(Method::POST, "/v1/orphan-sweeps", &wanted).await;
    let id = ordered["id"].as_str().expect("an id");
    // It is started by the next look of the janitor, at whichever tenant.
    stack.janitor("nobody-010203", 0).await;
    stack.api.when(&format!("/v1/orphan-sweeps/{id}"), |sweep| sweep["outcome"].is_object()).await["outcome"]
        .clone()
}

fn verdict<'a>(outcome: &'a Value, tenant: &str) -> Vec<(&'a str, &'a str)> {
    let findings = outcome["findings"].as_array().expect("findings").iter();
    let of_tenant = findings.filter(|finding| finding["tenant"] == tenant);
    let text = |value: &'a Value| value.as_str().expect("a text");
    of_tenant.map(|finding| (text(&finding["step"]), text(&finding["verdict"]))).collect()
}

async fn group(stack: &Stack, name: &str, owner: &str) {
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
    let group = cognito.create_group().user_pool_id(stack.output("UserPoolId")).group_name(name);
    group.description(owner).send().await.expect("made by hand");
}

async fn site(stack: &Stack, tenant: &str, owner: &str) {
    let config = aws_sdk_s3::config::Builder::from(&stack.aws).force_path_style(true).build();
    let manifest = aws_sdk_s3::Client::from_conf(config).put_object().bucket(stack.output("SitesBucket"));
    let manifest = manifest.key(format!("sites/{tenant}/.folder")).metadata("owner", owner);
    manifest.body(aws_sdk_s3::primitives::ByteStream::default()).send().await.expect("made by hand");
}

async fn secret(stack: &Stack, name: &str, owner: &str) {
    let vault = aws_sdk_secretsmanager::Client::new(&stack.aws);
    let tag = aws_sdk_secretsmanager::types::Tag::builder().key("tenantry:owner").value(owner).build();
    vault.create_secret().name(name).secret_string("theirs").tags(tag).send().await.expect("made by hand");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn an_orphan_is_found_by_its_mark_and_goes_when_that_is_asked_for_and_nothing_else_does() {
    let stack = Stack::from_env().await;
    let (operation, alive) = (live(&stack).await, live(&stack).await);
    let (ours, id) = (&stack.deployment, operation.tenant.as_str());
    let deletion = stack.api.delete(id).await;
    assert_eq!(stack.api.ended(&deletion).await["state"], "succeeded");
    let unknown = format!("n{id}");
    group(&stack, id, &format!("{ours}/{id}")).await;
    secret(&stack, &format!("{ours}/tenants/{id}/owner"), &format!("{ours}/{id}")).await;
    group(&stack, &format!("other-{id}"), &format!("{ours}-2/{id}")).await;
    site(&stack, &unknown, &format!("{ours}/{unknown}")).await;
    let (planted, living) = (inventory(&stack, id).await, inventory(&stack, &alive.tenant).await);
    assert_eq!(planted.len(), 4, "{planted:?}");

    let dry = sweep(&stack, json!({ "reason": "a test looks" })).await;
    let orphans = [("merchant-create-group", "orphan"), ("vault-store-password", "orphan")];
    assert_eq!(verdict(&dry, id), orphans, "{dry:#}");
    assert_eq!(verdict(&dry, &unknown), [("merchant-publish-website", "unknown_tenant")], "{dry:#}");
    assert_eq!(verdict(&dry, &alive.tenant), [], "{dry:#}");
    assert_eq!((&dry["limit"], dry.get("unswept")), (&json!(10), None), "{dry:#}");
    assert!(!dry.to_string().contains("other-"), "what is another's is not even listed: {dry:#}");
    assert_eq!(inventory(&stack, id).await, planted);

    let refused = sweep(&stack, json!({ "reason": "a test", "dry_run": false, "limit": 2 })).await;
    assert!(refused["refused"].as_str().is_some_and(|why| why.contains("above 2")), "{refused:#}");
    assert_eq!((stack.api.repair_tasks(id).await.len(), inventory(&stack, id).await), (0, planted.clone()));

    let swept = sweep(&stack, json!({ "reason": "a test", "dry_run": false, "limit": 1000 })).await;
    let taken_in = [("merchant-create-group", "taken_in"), ("vault-store-password", "taken_in")];
    assert_eq!(verdict(&swept, id), taken_in, "{swept:#}");
    stack.janitor(id, 1).await;
    let newest = &stack.api.read(&format!("/v1/tenants/{id}/operations")).await["operations"][0];
    let repair = Operation { id: newest["id"].as_str().expect("an id").to_owned(), ..deletion };
    assert_eq!(newest["kind"], "repair", "{newest:#}");
    assert_eq!(stack.api.ended(&repair).await["state"], "succeeded");
    assert_eq!(stack.api.tenant(id).await["status"], "deleted");
    assert_eq!(stack.api.repair_tasks(id).await, [] as [Value; 0]);

    let left = inventory(&stack, id).await;
    let gone: Vec<_> = planted.difference(&left).collect();
    assert_eq!((gone.len(), left.len()), (2, 2), "{left:?}");
    assert!(left.iter().all(|line| line.contains("other-") || line.contains(&unknown)), "{left:?}");
    assert_eq!(inventory(&stack, &alive.tenant).await, living);
}
