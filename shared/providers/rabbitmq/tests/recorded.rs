//! What we ask of a broker, held against what one was asked and answered.

mod broker;
mod recording;
mod scenes;

use std::sync::Arc;

use http_client::{Answers, Http};
use rabbitmq::{Login, RabbitMq};
use serde_json::Value;

use crate::broker::{Broker, OPERATOR, login};
use crate::recording::{Exchange, Player, Recorder, Recording};
use crate::scenes::{SCENES, Stage};

fn stage(answers: &Arc<dyn Answers>, url: &str) -> Stage {
    let as_who = |login| RabbitMq::new(Http::InProcess(Arc::clone(answers)), url, login).expect("an address");
    Stage { rabbitmq: as_who(login()), stranger: as_who(Login { password: "wrong-word".into(), ..login() }) }
}

#[tokio::test]
async fn every_scene_is_as_it_was_recorded() {
    let mut recording = Recording::load();
    for (name, play) in SCENES {
        let exchanges = recording.scenes.remove(name).unwrap_or_else(|| panic!("'{name}' is not recorded"));
        let player = Player::new(exchanges);
        let answers: Arc<dyn Answers> = Arc::new(player.clone());
        play(stage(&answers, "http://rabbitmq.example.com/api")).await;
        assert_eq!(player.left(), 0, "'{name}' asks for less than was recorded");
    }
    assert!(recording.scenes.is_empty(), "recorded, and no scene: {:?}", recording.scenes.keys());
}

/// With `RECORD=1` the recording becomes what the broker says.
#[tokio::test]
#[allow(clippy::disallowed_methods)] // A person says whether to record.
async fn a_broker_says_what_was_recorded() {
    let broker = Broker::start().await;
    let mut now = Recording {
        source:
            "recorded by shared/providers/rabbitmq/tests/recorded.rs from rabbitmq-server 3.10.8 (Debian 12)"
                .to_owned(),
        ..Recording::default()
    };
    for (name, play) in SCENES {
        let recorder = Recorder::new();
        let answers: Arc<dyn Answers> = Arc::new(recorder.clone());
        play(stage(&answers, &broker.url())).await;
        now.scenes.insert(name.to_owned(), recorder.take());
    }
    if std::env::var("RECORD").is_ok() {
        now.save();
    }
    let recorded = Recording::load();
    for (name, exchanges) in &now.scenes {
        let before = recorded.scenes.get(name).unwrap_or_else(|| panic!("'{name}' is not recorded"));
        assert_eq!(exchanges.len(), before.len(), "'{name}'");
        for (now, before) in exchanges.iter().zip(before) {
            assert_agrees(now, before);
        }
    }
}

/// The recording of the broker's manners: what repeats, what is missing, what is wrong.
#[tokio::test]
async fn a_broker_has_the_manners_that_were_recorded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/contract/specs/rabbitmq.manners.json");
    let recorded: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
    let broker = Broker::start().await;
    let client = http_client::client();
    let mut logins = 0;
    for exchange in recorded["exchanges"].as_array().expect("exchanges") {
        let text = |field: &str| exchange[field].as_str().expect("a text").to_owned();
        let method = text("method").parse().expect("a method");
        let url = broker.url() + text("path").strip_prefix("/api").expect("of the API");
        let password = match text("user").as_str() {
            name if name == OPERATOR.0 => OPERATOR.1,
            // The tenant's user asks three times, at last with a wrong password.
            _ => {
                logins += 1;
                if logins < 3 { "pw2" } else { "wrong" }
            }
        };
        let mut request = client.request(method, url).basic_auth(text("user"), Some(password));
        request = match &exchange["request"] {
            Value::Null => request,
            Value::String(raw) => request.body(raw.clone()),
            body => request.json(body),
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let response = serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default();
        let response = if exchange["response"] == "" { Value::from("") } else { response };
        let of = |status: u16, response: Value| Exchange {
            method: text("method"),
            path: text("path"),
            request: Value::Null,
            status,
            response,
        };
        let before =
            exchange["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        assert_agrees(&of(status, response), &of(before, exchange["response"].clone()));
    }
}

/// A success has all that was recorded, of the same kinds; a refusal has the same words. What changes by itself (a salt, a
/// version) may.
fn assert_agrees(now: &Exchange, before: &Exchange) {
    let line = |exchange: &Exchange| {
        (exchange.method.clone(), exchange.path.clone(), exchange.request.clone(), exchange.status)
    };
    assert_eq!(line(now), line(before));
    let agree = if before.status < 400 {
        alike(&now.response, &before.response)
    } else {
        now.response == before.response
    };
    assert!(agree, "{} {}: {} was {}", now.method, now.path, now.response, before.response);
}

fn alike(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            before.iter().all(|(name, before)| now.get(name).is_some_and(|now| alike(now, before)))
        }
        (Value::Array(now), Value::Array(before)) => {
            now.len() == before.len() && now.iter().zip(before).all(|(now, before)| alike(now, before))
        }
        (now, before) => std::mem::discriminant(now) == std::mem::discriminant(before),
    }
}
