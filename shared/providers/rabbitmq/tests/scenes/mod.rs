//! What is asked of a broker, and what has to come of it. Each scene leaves the broker as it found it.

use std::pin::Pin;

use fault::{Actor, Kind};
use rabbitmq::{Limits, Permissions, Queue, RabbitMq};
use secrets::SecretString;

const OURS: &str = "demo/acme-7f3a9c";
const THEIRS: &str = "demo/other-012345";

/// A broker, as its administrator, and as somebody with a wrong password.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) rabbitmq: RabbitMq,
    pub(crate) stranger: RabbitMq,
}

type Playing = Pin<Box<dyn Future<Output = ()> + Send>>;
type Scene = (&'static str, fn(Stage) -> Playing);

pub(crate) const SCENES: [Scene; 12] = [
    ("a vhost is made once and deleted for good", |on| Box::pin(a_vhost(on))),
    ("a vhost of somebody else is left alone", |on| Box::pin(a_vhost_of_somebody_else(on))),
    ("a vhost without a mark is nobody's to take", |on| Box::pin(a_vhost_without_a_mark(on))),
    ("a user is written when it is not as wanted", |on| Box::pin(a_user(on))),
    ("a user of somebody else is left alone", |on| Box::pin(a_user_of_somebody_else(on))),
    ("an administrator is nobody's to take", |on| Box::pin(an_administrator(on))),
    ("permissions are set for a user of a vhost", |on| Box::pin(permissions(on))),
    ("exchange, queue and binding are declared as often as one likes", |on| Box::pin(topology(on))),
    ("a queue that was made otherwise is not made again", |on| Box::pin(another_queue(on))),
    ("limits are set, changed and lifted", |on| Box::pin(limits(on))),
    ("a vhost is exported and imported into another", |on| Box::pin(definitions(on))),
    ("a wrong password is ours to mend", |on| Box::pin(a_wrong_password(on))),
];

fn password() -> SecretString {
    SecretString::from("hunter2")
}

async fn a_vhost(Stage { rabbitmq, .. }: Stage) {
    let name = "acme-7f3a9c";
    assert_eq!(rabbitmq.find_vhost(name).await.expect("an answer"), None);
    for _ in 0..2 {
        rabbitmq.create_vhost(name, OURS).await.expect("made");
    }
    let found = rabbitmq.find_vhost(name).await.expect("an answer").expect("a vhost");
    assert_eq!((found.name.as_str(), found.owner.as_deref(), found.running), (name, Some(OURS), true));
    let listed = rabbitmq.vhosts().await.expect("an answer");
    let owned: Vec<_> =
        listed.iter().filter_map(|vhost| Some((vhost.name.as_str(), vhost.owner.as_deref()?))).collect();
    assert_eq!(owned, [(name, OURS)]);
    for _ in 0..2 {
        rabbitmq.delete_vhost(name, OURS).await.expect("deleted");
    }
    assert_eq!(rabbitmq.find_vhost(name).await.expect("an answer"), None);
}

/// Invariant 2.
async fn a_vhost_of_somebody_else(Stage { rabbitmq, .. }: Stage) {
    let name = "other-012345";
    rabbitmq.create_vhost(name, THEIRS).await.expect("made");
    let refused = rabbitmq.create_vhost(name, OURS).await.expect_err("theirs");
    assert_eq!((refused.kind, refused.hint.is_some()), (Kind::Terminal, true));
    rabbitmq.delete_vhost(name, OURS).await.expect("not ours: nothing to do");
    let found = rabbitmq.find_vhost(name).await.expect("an answer").expect("a vhost");
    assert_eq!(found.owner.as_deref(), Some(THEIRS));
    rabbitmq.delete_vhost(name, THEIRS).await.expect("deleted");
}

/// Every broker has one.
async fn a_vhost_without_a_mark(Stage { rabbitmq, .. }: Stage) {
    rabbitmq.create_vhost("/", OURS).await.expect_err("the broker's own");
    rabbitmq.delete_vhost("/", "Default virtual host").await.expect("not ours: nothing to do");
    let found = rabbitmq.find_vhost("/").await.expect("an answer").expect("a vhost");
    assert_eq!(found.owner, None);
}

async fn a_user(Stage { rabbitmq, .. }: Stage) {
    let name = "acme-7f3a9c-app";
    for password in ["hunter2", "hunter2", "Tr0ub4dor"] {
        rabbitmq.put_user(name, OURS, &password.into()).await.expect("written, or as wanted");
    }
    let found = rabbitmq.find_user(name).await.expect("an answer").expect("a user");
    assert_eq!((found.name.as_str(), found.owner.as_deref()), (name, Some(OURS)));
    let printed = format!("{found:?} {rabbitmq:?}");
    assert!(!printed.contains("op:erator") && printed.contains("REDACTED"), "{printed}");
    let listed = rabbitmq.users().await.expect("an answer");
    let owned: Vec<_> =
        listed.iter().filter_map(|user| Some((user.name.as_str(), user.owner.as_deref()?))).collect();
    assert_eq!(owned, [(name, OURS)]);
    for _ in 0..2 {
        rabbitmq.delete_user(name, OURS).await.expect("deleted");
    }
    assert!(rabbitmq.find_user(name).await.expect("an answer").is_none());
}

/// Invariant 2.
async fn a_user_of_somebody_else(Stage { rabbitmq, .. }: Stage) {
    let name = "other-012345-app";
    rabbitmq.put_user(name, THEIRS, &password()).await.expect("written");
    let refused = rabbitmq.put_user(name, OURS, &"mine".into()).await.expect_err("theirs");
    assert_eq!(refused.kind, Kind::Terminal);
    rabbitmq.delete_user(name, OURS).await.expect("not ours: nothing to do");
    // It is as wanted still: nothing is written.
    rabbitmq.put_user(name, THEIRS, &password()).await.expect("as wanted");
    rabbitmq.delete_user(name, THEIRS).await.expect("deleted");
}

async fn an_administrator(Stage { rabbitmq, .. }: Stage) {
    rabbitmq.put_user("guest", OURS, &password()).await.expect_err("the broker's own");
    rabbitmq.delete_user("guest", OURS).await.expect("not ours: nothing to do");
    assert_eq!(rabbitmq.find_user("guest").await.expect("an answer").expect("a user").owner, None);
}

async fn permissions(Stage { rabbitmq, .. }: Stage) {
    let (vhost, user) = ("acme-7f3a9c", "acme-7f3a9c-app");
    let to_use = Permissions::to_use("acme-7f3a9c.events", &["acme-7f3a9c.auth", "acme-7f3a9c.orders"]);
    let refused = rabbitmq.set_permissions(vhost, user, &to_use).await.expect_err("neither is there");
    assert_eq!((refused.kind, refused.hint.is_some()), (Kind::Terminal, true), "{refused:?}");
    rabbitmq.create_vhost(vhost, OURS).await.expect("made");
    rabbitmq.put_user(user, OURS, &password()).await.expect("written");
    assert_eq!(rabbitmq.find_permissions(vhost, user).await.expect("an answer"), None);
    for _ in 0..2 {
        rabbitmq.set_permissions(vhost, user, &to_use).await.expect("set");
    }
    assert_eq!(rabbitmq.find_permissions(vhost, user).await.expect("an answer"), Some(to_use));
    // The user stays.
    rabbitmq.delete_vhost(vhost, OURS).await.expect("deleted");
    assert!(rabbitmq.find_user(user).await.expect("an answer").is_some());
    rabbitmq.delete_user(user, OURS).await.expect("deleted");
}

async fn topology(Stage { rabbitmq, .. }: Stage) {
    let (vhost, exchange) = ("acme-7f3a9c", "acme-7f3a9c.events");
    rabbitmq.create_vhost(vhost, OURS).await.expect("made");
    let auth = Queue { name: "acme-7f3a9c.auth", message_ttl_ms: Some(86_400_000), max_length: Some(10_000) };
    let orders = Queue { name: "acme-7f3a9c.orders", message_ttl_ms: None, max_length: None };
    for _ in 0..2 {
        rabbitmq.declare_topic(vhost, exchange).await.expect("declared");
        for (queue, key) in [(auth, "user.*"), (orders, "order.*")] {
            rabbitmq.declare_queue(vhost, &queue).await.expect("declared");
            rabbitmq.bind(vhost, exchange, queue.name, key).await.expect("bound");
        }
    }
    let refused = rabbitmq.bind(vhost, exchange, "none", "#").await.expect_err("no such queue");
    assert_eq!(refused.kind, Kind::Terminal);
    let exported = rabbitmq.export(vhost).await.expect("definitions");
    let exported: serde_json::Value = serde_json::from_slice(&exported).expect("JSON");
    assert_eq!(exported["bindings"].as_array().map(Vec::len), Some(2));
    let made = &exported["queues"][0];
    assert_eq!(made["arguments"], serde_json::json!({ "x-message-ttl": 86_400_000, "x-max-length": 10_000 }));
    assert_eq!((&exported["exchanges"][0]["type"], &made["durable"]), (&"topic".into(), &true.into()));
    rabbitmq.delete_vhost(vhost, OURS).await.expect("deleted");
}

async fn another_queue(Stage { rabbitmq, .. }: Stage) {
    let vhost = "acme-7f3a9c";
    rabbitmq.create_vhost(vhost, OURS).await.expect("made");
    let queue = Queue { name: "acme-7f3a9c.auth", message_ttl_ms: Some(1000), max_length: None };
    rabbitmq.declare_queue(vhost, &queue).await.expect("declared");
    let other = Queue { message_ttl_ms: Some(2000), ..queue };
    let refused = rabbitmq.declare_queue(vhost, &other).await.expect_err("it is made otherwise");
    assert_eq!(refused.kind, Kind::Terminal);
    assert!(refused.cause.contains("inequivalent") && refused.hint.is_some(), "{refused:?}");
    rabbitmq.delete_vhost(vhost, OURS).await.expect("deleted");
}

async fn limits(Stage { rabbitmq, .. }: Stage) {
    let vhost = "acme-7f3a9c";
    rabbitmq.create_vhost(vhost, OURS).await.expect("made");
    let (few, more) = (
        Limits { max_connections: Some(10), max_queues: Some(1) },
        Limits { max_connections: Some(20), max_queues: Some(1) },
    );
    for wanted in [few, few, more, Limits::default()] {
        rabbitmq.set_limits(vhost, &wanted).await.expect("set");
        assert_eq!(rabbitmq.limits(vhost).await.expect("an answer"), wanted);
    }
    rabbitmq.set_limits(vhost, &few).await.expect("set");
    let queue = |name| Queue { name, message_ttl_ms: None, max_length: None };
    rabbitmq.declare_queue(vhost, &queue("one")).await.expect("declared");
    let refused = rabbitmq.declare_queue(vhost, &queue("two")).await.expect_err("one too many");
    assert_eq!(refused.kind, Kind::Terminal);
    rabbitmq.delete_vhost(vhost, OURS).await.expect("deleted");
}

async fn definitions(Stage { rabbitmq, .. }: Stage) {
    let (from, into) = ("acme-7f3a9c", "acme-000000");
    rabbitmq.create_vhost(from, OURS).await.expect("made");
    rabbitmq.create_vhost(into, OURS).await.expect("made");
    let auth = Queue { name: "acme-7f3a9c.auth", message_ttl_ms: Some(1000), max_length: Some(5) };
    rabbitmq.declare_topic(from, "acme-7f3a9c.events").await.expect("declared");
    rabbitmq.declare_queue(from, &auth).await.expect("declared");
    rabbitmq.bind(from, "acme-7f3a9c.events", auth.name, "user.*").await.expect("bound");
    let limits = Limits { max_connections: None, max_queues: Some(5) };
    rabbitmq.set_limits(from, &limits).await.expect("set");
    let exported = rabbitmq.export(from).await.expect("definitions");
    for _ in 0..2 {
        rabbitmq.import(into, &exported).await.expect("imported");
    }
    let named = |definitions: &[u8], vhost: &str| {
        String::from_utf8_lossy(definitions).replace(&format!("\"vhost\":\"{vhost}\""), "\"vhost\":\"-\"")
    };
    let imported = rabbitmq.export(into).await.expect("definitions");
    assert_eq!(named(&imported, into), named(&exported, from));
    assert_eq!(rabbitmq.limits(into).await.expect("an answer"), limits);
    // A file of a whole broker makes no administrator.
    let users = br#"{"users": [{"name": "intruder", "password_hash": "", "tags": ["administrator"]}]}"#;
    rabbitmq.import(into, users).await.expect("nothing of a vhost's is in it");
    assert!(rabbitmq.find_user("intruder").await.expect("an answer").is_none());
    let refused = rabbitmq.import(into, b"{").await.expect_err("no JSON");
    assert_eq!(refused.kind, Kind::Terminal);
    let refused = rabbitmq.import("none", &exported).await.expect_err("no such vhost");
    assert_eq!(refused.kind, Kind::Terminal);
    rabbitmq.export("none").await.expect_err("no such vhost");
    for vhost in [from, into] {
        rabbitmq.delete_vhost(vhost, OURS).await.expect("deleted");
    }
}

async fn a_wrong_password(Stage { stranger, .. }: Stage) {
    let refused = stranger.create_vhost("acme-7f3a9c", OURS).await.expect_err("refused");
    assert_eq!((refused.kind, refused.actor, refused.hint.is_some()), (Kind::Terminal, Actor::Us, true));
    assert!(!format!("{refused:?} {stranger:?}").contains("wrong-word"));
}
