//! What a tenant's user may do in a real RabbitMQ, seen by connecting as one.

mod broker;

use amqprs::BasicProperties;
use amqprs::channel::{
    BasicGetArguments, BasicPublishArguments, Channel, ExchangeDeclareArguments, QueueBindArguments,
    QueueDeclareArguments, QueueDeleteArguments, QueuePurgeArguments,
};
use amqprs::connection::{Connection, OpenConnectionArguments};
use rabbitmq::{Permissions, Queue, RabbitMq};

use crate::broker::Broker;

const OURS: &str = "demo/acme-7f3a9c";
const PASSWORD: &str = "hunter2";

/// A vhost with an exchange, a queue for what happens to users, and somebody who uses them.
async fn tenant(rabbitmq: &RabbitMq, name: &str) {
    let (exchange, queue, user) = (format!("{name}.events"), format!("{name}.auth"), format!("{name}-app"));
    rabbitmq.create_vhost(name, OURS).await.expect("made");
    rabbitmq.put_user(&user, OURS, &PASSWORD.into()).await.expect("written");
    rabbitmq.declare_topic(name, &exchange).await.expect("declared");
    let auth = Queue { name: &queue, message_ttl_ms: None, max_length: None };
    rabbitmq.declare_queue(name, &auth).await.expect("declared");
    rabbitmq.bind(name, &exchange, &queue, "user.*").await.expect("bound");
    rabbitmq.set_permissions(name, &user, &Permissions::to_use(&exchange, &[&queue])).await.expect("set");
}

async fn connect(
    broker: &Broker,
    user: &str,
    password: &str,
    vhost: &str,
) -> Result<Connection, amqprs::error::Error> {
    let mut to = OpenConnectionArguments::new("127.0.0.1", broker.amqp, user, password);
    Connection::open(to.virtual_host(vhost)).await
}

async fn publish(channel: &Channel, exchange: &str, key: &str, text: &str) {
    let to = BasicPublishArguments::new(exchange, key);
    channel.basic_publish(BasicProperties::default(), text.into(), to).await.expect("sent");
}

/// The next message of a queue; an error if the broker closed the channel because of this or of what came before.
async fn next(channel: &Channel, queue: &str) -> Result<Option<String>, amqprs::error::Error> {
    let mut from = BasicGetArguments::new(queue);
    let got = channel.basic_get(from.no_ack(true).finish()).await?;
    Ok(got.map(|(_, _, content)| String::from_utf8(content).expect("text")))
}

fn passively(queue: &str) -> QueueDeclareArguments {
    let mut arguments = QueueDeclareArguments::new(queue);
    arguments.passive(true).finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_publishes_and_consumes_and_makes_nothing() {
    let broker = Broker::start().await;
    tenant(&broker.rabbitmq(), "acme").await;
    let connection = connect(&broker, "acme-app", PASSWORD, "acme").await.expect("it signs in");
    let channel = connection.open_channel(None).await.expect("a channel");
    channel.queue_declare(passively("acme.auth")).await.expect("it is there");
    publish(&channel, "acme.events", "user.created", "hello").await;
    publish(&channel, "acme.events", "order.created", "for nobody").await;
    assert_eq!(next(&channel, "acme.auth").await.expect("an answer").as_deref(), Some("hello"));
    assert_eq!(next(&channel, "acme.auth").await.expect("an answer"), None);

    // Each refusal closes its channel.
    let channel = || async { connection.open_channel(None).await.expect("a channel") };
    let mine = || QueueDeclareArguments::durable_client_named("acme.mine");
    channel().await.queue_declare(mine()).await.expect_err("a queue of its own");
    channel()
        .await
        .queue_declare(QueueDeclareArguments::exclusive_server_named())
        .await
        .expect_err("a nameless one");
    channel().await.queue_delete(QueueDeleteArguments::new("acme.auth")).await.expect_err("ours");
    let topic = ExchangeDeclareArguments::new("acme.mine", "topic");
    channel().await.exchange_declare(topic).await.expect_err("an exchange of its own");
    let all = QueueBindArguments::new("acme.auth", "acme.events", "#");
    channel().await.queue_bind(all).await.expect_err("another binding");
    let past = channel().await;
    publish(&past, "", "acme.auth", "past the exchange").await;
    next(&past, "acme.auth").await.expect_err("the channel is closed");
    let amq = channel().await;
    publish(&amq, "amq.topic", "user.created", "another exchange").await;
    next(&amq, "acme.auth").await.expect_err("the channel is closed");

    // To empty its own queue is to consume.
    let last = channel().await;
    assert_eq!(next(&last, "acme.auth").await.expect("an answer"), None);
    last.queue_purge(QueuePurgeArguments::new("acme.auth")).await.expect("emptied");
    connection.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_refused_where_it_does_not_live() {
    let broker = Broker::start().await;
    let rabbitmq = broker.rabbitmq();
    for name in ["acme", "other"] {
        tenant(&rabbitmq, name).await;
    }
    for (user, password, vhost) in [
        ("acme-app", PASSWORD, "other"),
        ("acme-app", PASSWORD, "/"),
        ("acme-app", "wrong", "acme"),
        ("acme-app", PASSWORD, "none"),
    ] {
        assert!(connect(&broker, user, password, vhost).await.is_err(), "{user} in {vhost} with {password}");
    }
    connect(&broker, "other-app", PASSWORD, "other").await.expect("at home").close().await.expect("closed");
    // Nor is the mark a right: the management API is closed to it.
    let as_tenant =
        http_client::client().get(broker.url() + "/vhosts").basic_auth("acme-app", Some(PASSWORD));
    assert_eq!(as_tenant.send().await.expect("an answer").status().as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_user_is_deleted_is_thrown_out() {
    let broker = Broker::start().await;
    let rabbitmq = broker.rabbitmq();
    tenant(&rabbitmq, "acme").await;
    let connection = connect(&broker, "acme-app", PASSWORD, "acme").await.expect("it signs in");
    let channel = connection.open_channel(None).await.expect("a channel");
    rabbitmq.delete_user("acme-app", OURS).await.expect("deleted");
    // The channel at its next use, and the connection a moment later.
    for _ in 0..300 {
        let _ = next(&channel, "acme.auth").await;
        if !connection.is_open() {
            break;
        }
        #[allow(clippy::disallowed_methods)] // Something is waited for.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(!connection.is_open());
    assert!(connect(&broker, "acme-app", PASSWORD, "acme").await.is_err());
}
