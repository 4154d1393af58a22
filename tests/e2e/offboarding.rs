//! A tenant that leaves: told, archived, deleted and certified, with days of grace of five seconds each.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::Stack;
use tests::merchant_workspace::live;
use tests::world::inventory;

/// Has a tenant leave in so many days.
async fn leave(stack: &Stack, id: &str, days: u16) -> Value {
    let wish = json!({ "reason": "they left", "grace_days": days });
    stack.api.send(Method::DELETE, &format!("/v1/tenants/{id}"), &wish).await
}

async fn post(stack: &Stack, path: &str) -> StatusCode {
    let request = stack.api.request(Method::POST, path).json(&json!({ "reason": "a test asks for it" }));
    request.send().await.expect("an answer").status()
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_tenant_that_leaves_is_archived_and_gone_and_anybody_can_verify_that() {
    let stack = Stack::from_env().await;
    let id = live(&stack).await.tenant;
    let email = stack.api.tenant(&id).await["email"].as_str().expect("text").to_owned();
    let (s3, bucket) = (s3(&stack), stack.output("WorkspacesBucket").to_owned());
    let theirs = format!("workspaces/{id}/data/store.json");
    let written = br#"{"currency":"EUR","collections":[{"id":"mine","title":"Rarities of mine"}]}"#;
    let write = s3.put_object().bucket(&bucket).key(&theirs).body(written.to_vec().into());
    write.send().await.expect("its people write something");
    let left = leave(&stack, &id, 2).await;
    assert_eq!(left["tenant"]["status"], "cancelling");
    let operation = left["operation"].as_str().expect("one operation from the start");
    let path = format!("/v1/tenants/{id}");
    let waiting =
        stack.api.when(&format!("{path}/operations/{operation}"), |it| it["state"] == "running").await;
    assert!(
        waiting["execution"].as_str().is_some_and(|arn| arn.ends_with(&format!(":{operation}"))),
        "{waiting:#}"
    );
    assert!(!inventory(&stack, &id).await.is_empty(), "it lives on");
    stack.api.when(&path, |tenant| tenant["status"] == "deleted").await;
    assert_eq!(inventory(&stack, &id).await, [].into());

    let certified = stack.api.read(&format!("{path}/certificate")).await;
    let certificate = &certified["certificate"];
    assert_eq!((&certificate["tenant"], &certificate["operation"]), (&json!(id), &json!(operation)));
    assert_eq!(certificate["destroyed"].as_array().map(Vec::len), Some(6), "{certificate:#}");
    assert!(certificate["archive"]["without"].is_null(), "{certificate:#}");

    let keys = stack.api.anonymous().read("/v1/certificate-keys").await;
    let key = &keys["keys"][0];
    let part = |name: &str| key[name].as_str().expect("a text");
    let key = DecodingKey::from_ec_components(part("x"), part("y")).expect("a key");
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let signed = decode::<Value>(certified["jws"].as_str().expect("a JWS"), &key, &rules).expect("genuine");
    assert_eq!(signed.claims, *certificate);

    // The archive is what the certificate says it is, and nothing of it can be read without waiting for it.
    let (archive, kept_in) = (&certificate["archive"], stack.output("ArchiveBucket"));
    let manifest =
        s3.get_object().bucket(kept_in).key(archive["manifest"].as_str().expect("a key")).send().await;
    let manifest = manifest.expect("the manifest").body.collect().await.expect("all of it").to_vec();
    assert_eq!(hex::encode(Sha256::digest(&manifest)), archive["sha256"].as_str().expect("a checksum"));
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let kept =
        manifest["parts"].as_array().expect("parts").iter().flat_map(|part| part["objects"].as_array());
    let kept: Vec<&Value> = kept.flatten().collect();
    assert_eq!(archive["objects"], json!(kept.len()));
    assert!(kept.len() >= 10, "{manifest:#}");
    for object in kept {
        let head = s3.head_object().bucket(kept_in).key(object["key"].as_str().expect("a key")).send().await;
        let head = head.expect("an object");
        assert_eq!(head.storage_class().map(ToString::to_string).as_deref(), Some("DEEP_ARCHIVE"));
        assert_eq!(head.content_length(), object["bytes"].as_i64());
    }
    let mails = stack.mails_to(&email).await;
    let about = |what: &str| mails.iter().filter(|mail| mail.contains(what)).count();
    assert!(about("will be deleted on") >= 1 && about("has been deleted") >= 1, "{mails:?}");

    // And everything comes back from there.
    let wish = json!({ "reason": "they came back" });
    let back = stack.api.send(Method::POST, &format!("{path}/restore"), &wish).await;
    assert_eq!(back["tenant"]["status"], "provisioning", "{back:#}");
    let operation = format!("{path}/operations/{}", back["operation"].as_str().expect("an operation"));
    let over = stack.api.when(&operation, |it| !it["ended_at"].is_null()).await;
    assert_eq!((&over["state"], &over["kind"]), (&json!("succeeded"), &json!("restore")), "{over:#}");
    assert_eq!(stack.api.tenant(&id).await["status"], "active");
    let read = s3.get_object().bucket(&bucket).key(&theirs).send().await.expect("it is there");
    assert_eq!(read.body.collect().await.expect("all of it").to_vec(), written);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_hold_stops_an_offboarding_and_a_restoration_ends_it() {
    let stack = Stack::from_env().await;
    let id = live(&stack).await.tenant;
    let path = format!("/v1/tenants/{id}");
    let before = inventory(&stack, &id).await;
    let left = leave(&stack, &id, 1).await;
    let operation = left["operation"].as_str().expect("an operation");
    assert_eq!(post(&stack, &format!("{path}/hold")).await, StatusCode::OK);
    let refused = stack.api.request(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    // Its day is over, and it looks every day.
    let time = |at: &Value| at.as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let over = time(&left["tenant"]["grace"]["deletes_at"]);
    let waits = |it: &Value| time(&it["offboarding"]["wakes_at"]) > over;
    stack.api.when(&format!("{path}/operations/{operation}"), waits).await;
    assert_eq!(stack.api.tenant(&id).await["status"], "cancelling", "it is held");
    assert_eq!(inventory(&stack, &id).await, before);
    assert_eq!(post(&stack, &format!("{path}/restore")).await, StatusCode::OK);
    assert_eq!(post(&stack, &format!("{path}/release")).await, StatusCode::OK);
    let ended = stack.api.read(&format!("{path}/operations/{operation}")).await;
    assert_eq!(ended["state"], "failed", "{ended:#}");
    assert_eq!(stack.api.tenant(&id).await["status"], "active");
    assert_eq!(inventory(&stack, &id).await, before);
}

fn s3(stack: &Stack) -> aws_sdk_s3::Client {
    let path_style = aws_sdk_s3::config::Builder::from(&stack.aws).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(path_style)
}
