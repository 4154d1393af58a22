//! A broker was asked all this, and what it answered was recorded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use sandbox::clouds::Thing;
use serde_json::{Value, json};

use crate::bed::{Answer, World};

const URL: &str = "http://rabbitmq.e-commerce-shared.svc:15672";
const OPERATOR: &str = "guest:op:erator";

fn ask(world: &mut World, who: &str, method: Method, path: &str, body: &Value) -> Answer {
    let body = match body {
        Value::Null => String::new(),
        // What is no JSON was recorded as a text.
        Value::String(raw) => raw.clone(),
        body => body.to_string(),
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("{URL}{path}"))
        .header("authorization", format!("Basic {}", STANDARD.encode(who)))
        .body(Bytes::from(body));
    world.send(&request.unwrap())
}

fn operator(world: &mut World, method: Method, path: &str, body: &Value) -> Answer {
    ask(world, OPERATOR, method, path, body)
}

/// An answer without what differs from one broker to the next: salts, and the order of bindings.
fn comparable(mut answer: Value, salted: bool) -> Value {
    if salted && let Some(digest) = answer.get_mut("password_hash") {
        *digest = Value::Null;
    }
    if let Some(bindings) = answer.get_mut("bindings").and_then(Value::as_array_mut) {
        bindings.sort_by_key(Value::to_string);
    }
    // No body was recorded as null or as an empty text.
    if answer == "" { Value::Null } else { answer }
}

/// Asks what was asked when it was recorded, and has the same answer.
fn replay(world: &mut World, scene: &str, exchanges: &[Value], mut who: impl FnMut(&str) -> String) {
    for exchange in exchanges {
        let (method, path) = (exchange["method"].as_str().unwrap(), exchange["path"].as_str().unwrap());
        let who = who(exchange["user"].as_str().unwrap_or_default());
        let told = ask(world, &who, method.parse().unwrap(), path, &exchange["request"]);
        assert_eq!(told.status.as_u16(), exchange["status"], "{scene}: {method} {path} {told:?}");
        // Of these two the broker itself drew the salt.
        let salted = path.ends_with("/guest") || path.ends_with("/abc-corporation-7f3a9c-app-user");
        let (now, then) = (comparable(told.body, salted), comparable(exchange["response"].clone(), salted));
        assert_eq!(now, then, "{scene}: {method} {path}");
    }
}

#[test]
fn what_our_client_asks_is_answered_as_it_was_recorded() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../../../../tests/contract/specs/rabbitmq.json")).unwrap();
    for (scene, exchanges) in recorded["scenes"].as_object().unwrap() {
        let mut world = World::new();
        let who = if scene == "a wrong password is ours to mend" { "guest:wrong-word" } else { OPERATOR };
        replay(&mut world, scene, exchanges.as_array().unwrap(), |_| who.to_owned());
        assert_eq!(world.clouds.things(world.now), [], "each scene leaves the broker as it found it");
    }
}

#[test]
fn it_has_the_manners_that_were_recorded() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../../../../tests/contract/specs/rabbitmq.manners.json"))
            .unwrap();
    let mut logins = 0;
    let who = |user: &str| {
        if user == "guest" {
            return OPERATOR.to_owned();
        }
        // The tenant's user asks three times, at last with a wrong password.
        logins += 1;
        format!("{user}:{}", if logins < 3 { "pw2" } else { "wrong" })
    };
    let mut world = World::new();
    replay(&mut world, "manners", recorded["exchanges"].as_array().unwrap(), who);
}

#[test]
fn nobody_but_an_administrator_does_anything() {
    let mut world = World::new();
    let body = json!({"password": "pw", "tags": "management"});
    assert_eq!(operator(&mut world, Method::PUT, "/api/users/m", &body).status, StatusCode::CREATED);
    let me = ask(&mut world, "m:pw", Method::GET, "/api/whoami", &Value::Null);
    assert_eq!(me.body, json!({"name": "m", "tags": ["management"]}));
    for (who, reason) in
        [("m:pw", "Not administrator user"), ("m:", "Login failed"), ("none:pw", "Login failed")]
    {
        let refused = ask(&mut world, who, Method::PUT, "/api/vhosts/acme", &json!({}));
        assert_eq!((refused.status, &refused.body["reason"]), (StatusCode::UNAUTHORIZED, &json!(reason)));
    }
    let nameless = Request::get(format!("{URL}/api/vhosts")).body(Bytes::new()).unwrap();
    assert_eq!(world.send(&nameless).status, StatusCode::UNAUTHORIZED);
}

/// Found by asking a broker of version 3.10.8.
#[test]
fn what_is_there_is_not_made_otherwise() {
    let mut world = World::new();
    let made = json!({"durable": true, "arguments": {"x-message-ttl": 1000}});
    operator(&mut world, Method::PUT, "/api/vhosts/v", &json!({"description": "ours", "tags": "a, b"}));
    operator(&mut world, Method::PUT, "/api/queues/v/q", &made);
    for (body, told) in [
        (json!({"durable": true}), "received none but current is the value '1000' of type 'long'"),
        (
            json!({"durable": true, "arguments": {"x-message-ttl": 1000, "x-max-priority": 3}}),
            "received the value '3' of type 'long' but current is none",
        ),
        (json!({"durable": false}), "received 'false' but current is 'true'"),
    ] {
        let refused = operator(&mut world, Method::PUT, "/api/queues/v/q", &body);
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.body["reason"].as_str().unwrap().ends_with(told), "{refused:?}");
    }
    // A file is taken all the same, and changes nothing.
    let file = json!({"queues": [{"name": "q", "durable": true, "arguments": {"x-message-ttl": 9}}]});
    let taken = operator(&mut world, Method::POST, "/api/definitions/v", &file);
    assert_eq!(taken.status, StatusCode::NO_CONTENT);
    let kept = operator(&mut world, Method::GET, "/api/queues/v/q", &Value::Null);
    assert_eq!(kept.body["arguments"], json!({"x-message-ttl": 1000}));
    // A vhost is changed to what is sent, also to nothing.
    let written = operator(&mut world, Method::PUT, "/api/vhosts/v", &Value::Null);
    assert_eq!(written.status, StatusCode::NO_CONTENT);
    let vhost = operator(&mut world, Method::GET, "/api/vhosts/v?columns=description,tags", &Value::Null);
    assert_eq!(vhost.body, json!({"description": "", "tags": []}));
}

#[test]
fn a_file_with_too_many_queues_is_not_taken_at_all() {
    let mut world = World::new();
    operator(&mut world, Method::PUT, "/api/vhosts/v", &json!({}));
    operator(&mut world, Method::PUT, "/api/vhost-limits/v/max-queues", &json!({"value": 1}));
    let file =
        json!({"exchanges": [{"name": "e", "type": "topic"}], "queues": [{"name": "a"}, {"name": "b"}]});
    let refused = operator(&mut world, Method::POST, "/api/definitions/v", &file);
    assert!(refused.body["reason"].as_str().unwrap().ends_with("Import aborted!"), "{refused:?}");
    let exported = operator(&mut world, Method::GET, "/api/definitions/v", &Value::Null);
    assert_eq!((&exported.body["queues"], &exported.body["exchanges"]), (&json!([]), &json!([])));
}

#[test]
fn what_somebody_made_is_told_with_its_mark() {
    let mut world = World::new();
    let vhost = json!({"description": "demo/acme", "tags": "tenantry"});
    let user = json!({"password": "pw", "tags": ["tenantry_owner:demo/acme"]});
    operator(&mut world, Method::PUT, "/api/vhosts/acme", &vhost);
    operator(&mut world, Method::PUT, "/api/users/acme-app", &user);
    let thing = |kind, name: &str| Thing {
        provider: "rabbitmq",
        kind,
        name: name.to_owned(),
        owner: Some("demo/acme".to_owned()),
        awake: None,
    };
    assert_eq!(world.clouds.things(world.now), [thing("user", "acme-app"), thing("vhost", "acme")]);
    assert!(world.clouds.remove("rabbitmq", "vhost", "acme"));
    assert_eq!(
        world.clouds.things(world.now),
        [thing("user", "acme-app")],
        "deleting a vhost leaves its users"
    );
}
