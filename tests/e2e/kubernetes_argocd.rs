//! The blueprint kubernetes-argocd, against a real MariaDB and a real RabbitMQ: a shop lives, is suspended, changes its plan, goes,
//! and comes back from its archive; and it is kept apart from its neighbour.

use std::collections::BTreeMap;

use amqprs::channel::{BasicGetArguments, ExchangeDeclareArguments, QueueDeclareArguments};
use amqprs::connection::{Connection, OpenConnectionArguments};
use http_client::Http;
use mysql_async::prelude::Queryable as _;
use object_store::{Login, Object, ObjectStore};
use reqwest::{Method, StatusCode};
use secrets::SecretString;
use serde_json::{Value, json};
use tests::api::signup;
use tests::{Fault, Stack};

const BLUEPRINT: &str = "kubernetes-argocd";

/// What of a shop is in the clouds and costs by itself; MariaDB and RabbitMQ are real, and asked themselves.
const WHOLE: [(&str, usize); 8] = [
    ("Application", 1),
    ("Namespace", 1),
    ("bucket", 3),
    ("org", 1),
    ("policy", 1),
    ("website", 1),
    ("Deployment", 13),
    ("Job", 11),
];

const SERVICES: [&str; 11] = [
    "auth",
    "products",
    "orders",
    "baskets",
    "addresses",
    "deliveries",
    "newsletters",
    "sav",
    "contacts",
    "questions",
    "websites",
];

const BUCKETS: [&str; 3] = ["products", "sav", "newsletters"];

#[allow(clippy::disallowed_methods)] // The stack tells where its peers are.
fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: start the stack with --peer mariadb --peer rabbitmq"))
}

async fn live(stack: &Stack) -> String {
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    stack.api.succeeded(&operation).await;
    operation.tenant
}

async fn shop(stack: &Stack, id: &str) -> StatusCode {
    let tenant = stack.api.tenant(id).await;
    let shop = tenant["endpoints"]["shop"].as_str().expect("an address").to_owned();
    stack.http().get(format!("{shop}/health")).send().await.expect("an answer").status()
}

async fn count(stack: &Stack, id: &str, kind: &str) -> usize {
    stack.things(id).await.iter().filter(|thing| thing["kind"] == kind).count()
}

async fn assert_whole(stack: &Stack, id: &str) {
    for (kind, wanted) in WHOLE {
        assert_eq!(count(stack, id, kind).await, wanted, "{kind}");
    }
}

/// A tenant's services, as they sign in.
struct Tenant {
    id: String,
    logins: BTreeMap<String, SecretString>,
}

impl Tenant {
    async fn of(stack: &Stack, id: &str) -> Self {
        let vault = aws_sdk_secretsmanager::Client::new(&stack.aws);
        let name = format!("{}/tenants/{id}/logins", stack.deployment);
        let secret = vault.get_secret_value().secret_id(name).send().await.expect("a secret");
        let logins = serde_json::from_str(secret.secret_string().expect("text")).expect("logins");
        Self { id: id.to_owned(), logins }
    }

    fn password(&self, purpose: &str) -> &str {
        secrets::ExposeSecret::expose_secret(&self.logins[purpose])
    }

    async fn database(
        &self,
        stack: &Stack,
        service: &str,
        of: &str,
    ) -> Result<mysql_async::Conn, mysql_async::Error> {
        let (host, port) = mysql_address(stack).await;
        let options = mysql_async::OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(port)
            .prefer_socket(false)
            .user(Some(mysql::user_name(&self.id, service)))
            .pass(Some(self.password(service)))
            .db_name(Some(of));
        mysql_async::Conn::new(options).await
    }

    async fn store(&self, stack: &Stack) -> ObjectStore {
        let root = administrator(stack, &format!("{}/providers/object-store", stack.deployment)).await;
        let login = Login {
            endpoint: root["endpoint"].as_str().expect("an address").to_owned(),
            admin_endpoint: None,
            access_key: format!("{}-app-user", self.id),
            secret_key: self.logins["object-store"].clone(),
        };
        ObjectStore::new(Http::network(), &login).expect("an address")
    }

    fn bucket(&self, purpose: &str) -> String {
        object_store::bucket_name(&self.id, purpose).expect("a name")
    }

    async fn broker(&self, vhost: &str) -> Result<Connection, amqprs::error::Error> {
        let address = variable("RABBITMQ_AMQP");
        let (host, port) = address.rsplit_once(':').expect("a port");
        let (user, password) = (format!("{}-app-user", self.id), self.password("rabbitmq"));
        let mut to = OpenConnectionArguments::new(host, port.parse().expect("a port"), &user, password);
        Connection::open(to.virtual_host(vhost)).await
    }
}

async fn mysql_address(stack: &Stack) -> (String, u16) {
    let login = administrator(stack, &variable("MYSQL_SECRET")).await;
    let port = login["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
    (login["host"].as_str().expect("a host").to_owned(), port)
}

async fn administrator(stack: &Stack, name: &str) -> Value {
    let vault = aws_sdk_secretsmanager::Client::new(&stack.aws);
    let secret = vault.get_secret_value().secret_id(name).send().await.expect("a secret");
    serde_json::from_str(secret.secret_string().expect("text")).expect("a login")
}

/// What MariaDB and RabbitMQ hold of a tenant, as their administrators see it.
async fn held(stack: &Stack, id: &str) -> (usize, usize) {
    let login = administrator(stack, &variable("MYSQL_SECRET")).await;
    let text = |name: &str| login[name].as_str().expect("text").to_owned();
    let (host, port) = mysql_address(stack).await;
    let options =
        mysql_async::OptsBuilder::default().ip_or_hostname(host).tcp_port(port).prefer_socket(false);
    let options = options.user(Some(text("username"))).pass(Some(text("password")));
    let mut conn = mysql_async::Conn::new(options).await.expect("in");
    const NAMED: &str = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE ?";
    let like = format!("{}%", id.replace('-', "\\_"));
    let databases: Vec<String> = conn.exec(NAMED, (like.clone(),)).await.expect("a list");
    let users: Vec<String> =
        conn.exec("SELECT User FROM mysql.user WHERE User LIKE ?", (like,)).await.expect("a list");
    conn.disconnect().await.expect("out");
    let login = administrator(stack, &variable("RABBITMQ_SECRET")).await;
    let mut found = 0;
    for what in ["vhosts", "users"] {
        let request = stack.http().get(format!("{}/{what}", variable("RABBITMQ_URL")));
        let request =
            request.basic_auth(login["username"].as_str().expect("text"), login["password"].as_str());
        let all: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let named = |it: &&Value| it["name"].as_str().is_some_and(|name| name.starts_with(id));
        found += all.as_array().expect("a list").iter().filter(named).count();
    }
    (databases.len() + users.len(), found)
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_shop_lives_through_every_change_and_leaves_nothing() {
    let stack = Stack::from_env().await;
    let id = live(&stack).await;
    let path = format!("/v1/tenants/{id}");
    assert_whole(&stack, &id).await;
    assert_eq!(held(&stack, &id).await, (22, 2), "a user for each database, and one for the vhost");
    assert_eq!(shop(&stack, &id).await, StatusCode::OK);

    stack.api.succeeded(&stack.api.act(&format!("{path}/suspend")).await).await;
    assert_eq!(shop(&stack, &id).await, StatusCode::SERVICE_UNAVAILABLE);
    let tenant = Tenant::of(&stack, &id).await;
    assert!(
        tenant.store(&stack).await.objects(&tenant.bucket("sav"), None).await.is_err(),
        "its user is locked"
    );
    stack.api.succeeded(&stack.api.act(&format!("{path}/resume")).await).await;
    assert_eq!(shop(&stack, &id).await, StatusCode::OK);
    tenant.store(&stack).await.objects(&tenant.bucket("sav"), None).await.expect("and let in again");

    let wanted = json!({ "plan": "premium", "reason": "it grows" });
    let change = stack.api.changed(&format!("{path}/change-plan"), &wanted).await;
    stack.api.succeeded(&change).await;
    assert_eq!(stack.api.tenant(&id).await["plan"], "premium");
    assert_eq!(shop(&stack, &id).await, StatusCode::OK);

    stack.api.succeeded(&stack.api.delete(&id).await).await;
    assert_eq!(stack.in_the_clouds(&id).await, [""; 0]);
    assert_eq!(held(&stack, &id).await, (0, 0));
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_shop_that_does_not_open_leaves_nothing_and_can_be_tried_again() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let contains = signup["name"].as_str();
    let function = Some("websites-register-website");
    let acts: &[&str] = &["create"];
    let fault = stack.inject(&Fault { function, acts, contains, kind: "deny", ..Fault::default() }).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("failed"), &json!(0)), "{status:#}");
    assert_eq!(status["fault"]["step"], "websites-register-website", "{status:#}");
    assert_eq!(stack.in_the_clouds(&operation.tenant).await, [""; 0]);
    assert_eq!(held(&stack, &operation.tenant).await, (0, 0));
    stack.api.succeeded(&stack.api.retry(&operation.tenant).await).await;
    assert_whole(&stack, &operation.tenant).await;
    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
    assert_eq!(held(&stack, &operation.tenant).await, (0, 0));
}

/// Everything that one tenant can try on another by what it signs in with, both ways.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the local stack: make test"]
async fn nobody_gets_at_what_is_a_neighbours() {
    let stack = Stack::from_env().await;
    let (one, other) = tokio::join!(live(&stack), live(&stack));
    let tenants = [Tenant::of(&stack, &one).await, Tenant::of(&stack, &other).await];
    let mut tried = 0;
    for (who, whose) in [(&tenants[0], &tenants[1]), (&tenants[1], &tenants[0])] {
        tried += in_mysql(&stack, who, whose).await;
        tried += in_the_object_store(&stack, who, whose).await;
        tried += in_rabbitmq(&stack, who, whose).await;
    }
    println!("{tried} tried on a neighbour, all refused");
    for id in [&one, &other] {
        stack.api.succeeded(&stack.api.delete(id).await).await;
    }
}

/// Each of eleven users at each of eleven databases, and from within its own.
async fn in_mysql(stack: &Stack, who: &Tenant, whose: &Tenant) -> usize {
    let mut tried = 0;
    for service in SERVICES {
        for theirs in SERVICES {
            let theirs = mysql::database_name(&whose.id, theirs);
            assert!(who.database(stack, service, &theirs).await.is_err(), "{service} got into {theirs}");
            tried += 1;
        }
        let own = mysql::database_name(&who.id, service);
        let mut conn = who.database(stack, service, &own).await.expect("its own database");
        let theirs = mysql::database_name(&whose.id, service);
        for sql in [
            format!("CREATE TABLE `{theirs}`.t (id INT)"),
            format!("SELECT * FROM `{theirs}`.migrations"),
            format!("DROP DATABASE `{theirs}`"),
            // What an unescaped `_` in a grant would open.
            format!("CREATE DATABASE `{}`", own.replacen('_', "x", 1)),
            "CREATE USER somebody".to_owned(),
            "SELECT * FROM tenantry.owners".to_owned(),
            "SELECT * FROM mysql.user".to_owned(),
        ] {
            assert!(conn.query_drop(&sql).await.is_err(), "{service}: {sql}");
            tried += 1;
        }
        let seen: Vec<String> = conn.query("SHOW DATABASES").await.expect("a list");
        assert_eq!(seen.iter().filter(|name| *name != "information_schema").collect::<Vec<_>>(), [&own]);
        conn.disconnect().await.expect("out");
    }
    tried
}

async fn in_the_object_store(stack: &Stack, who: &Tenant, whose: &Tenant) -> usize {
    let (mut tried, store, neighbour) = (0, who.store(stack).await, whose.store(stack).await);
    for purpose in BUCKETS {
        let (own, theirs) = (who.bucket(purpose), whose.bucket(purpose));
        let object =
            Object { key: "a".to_owned(), content_type: "text/plain".to_owned(), body: b"a".to_vec() };
        store.write(&own, &object).await.expect("its own bucket");
        neighbour.write(&theirs, &object).await.expect("their own bucket");
        assert!(store.objects(&theirs, None).await.is_err(), "listed {theirs}");
        assert!(store.read(&theirs, "a").await.is_err(), "read {theirs}");
        assert!(store.write(&theirs, &object).await.is_err(), "wrote {theirs}");
        assert!(store.delete(&theirs, "a").await.is_err(), "deleted from {theirs}");
        assert!(store.claim_bucket(&format!("{own}-2"), "demo/me").await.is_err(), "made another bucket");
        tried += 5;
    }
    assert!(store.policies(None).await.is_err(), "read what others may do");
    assert!(store.find_user(&format!("{}-app-user", whose.id)).await.is_err(), "looked up a neighbour");
    tried + 2
}

async fn in_rabbitmq(stack: &Stack, who: &Tenant, whose: &Tenant) -> usize {
    assert!(who.broker(&whose.id).await.is_err(), "got into the vhost {}", whose.id);
    assert!(who.broker("/").await.is_err(), "got into the default vhost");
    let user = format!("{}-app-user", who.id);
    let paths = ["vhosts", "users", "queues", "definitions"];
    for path in paths {
        let request = stack.http().get(format!("{}/{path}", variable("RABBITMQ_URL")));
        let answer =
            request.basic_auth(&user, Some(who.password("rabbitmq"))).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let connection = who.broker(&who.id).await.expect("its own vhost");
    let channel = connection.open_channel(None).await.expect("a channel");
    let queue = format!("{}.auth", who.id);
    let mut from = BasicGetArguments::new(&queue);
    channel.basic_get(from.no_ack(true).finish()).await.expect("its own queue");
    assert!(channel.queue_declare(QueueDeclareArguments::new("more")).await.is_err(), "made a queue");
    let channel = connection.open_channel(None).await.expect("another channel");
    let exchange = ExchangeDeclareArguments::new("more", "topic");
    assert!(channel.exchange_declare(exchange).await.is_err(), "made an exchange");
    drop(connection.close().await);
    2 + paths.len() + 2
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_was_in_a_shop_comes_back_with_it() {
    let stack = Stack::from_env().await;
    let id = live(&stack).await;
    let path = format!("/v1/tenants/{id}");
    let before = Tenant::of(&stack, &id).await;
    let orders = mysql::database_name(&id, "orders");
    let mut conn = before.database(&stack, "orders", &orders).await.expect("in");
    conn.query_drop("CREATE TABLE orders (id INT PRIMARY KEY, what VARCHAR(40))").await.expect("a table");
    conn.query_drop("INSERT INTO orders VALUES (1, 'a lamp, ünï')").await.expect("a row");
    conn.disconnect().await.expect("out");
    let picture = Object {
        key: "public/lamp.svg".to_owned(),
        content_type: "image/svg+xml".to_owned(),
        body: b"<svg/>".to_vec(),
    };
    before.store(&stack).await.write(&before.bucket("products"), &picture).await.expect("written");

    let wish = json!({ "reason": "they left", "grace_days": 1 });
    stack.api.send(Method::DELETE, &path, &wish).await;
    stack.api.when(&path, |tenant| tenant["status"] == "deleted").await;
    assert_eq!(stack.in_the_clouds(&id).await, [""; 0]);
    assert_eq!(held(&stack, &id).await, (0, 0));
    let certificate = stack.api.read(&format!("{path}/certificate")).await["certificate"].clone();
    assert!(certificate["archive"]["without"].is_null(), "{certificate:#}");
    // Eleven dumps, a picture, and the broker's definitions.
    assert_eq!(certificate["archive"]["objects"], 13, "{certificate:#}");

    let back = stack
        .api
        .send(Method::POST, &format!("{path}/restore"), &json!({ "reason": "they came back" }))
        .await;
    let operation = format!("{path}/operations/{}", back["operation"].as_str().expect("an operation"));
    let over = stack.api.when(&operation, |it| !it["ended_at"].is_null()).await;
    assert_eq!(over["state"], "succeeded", "{over:#}");
    let after = Tenant::of(&stack, &id).await;
    assert_ne!(before.password("orders"), after.password("orders"));
    let mut conn = after.database(&stack, "orders", &orders).await.expect("in");
    let rows: Vec<(u32, String)> = conn.query("SELECT id, what FROM orders").await.expect("rows");
    assert_eq!(rows, [(1, "a lamp, ünï".to_owned())]);
    conn.disconnect().await.expect("out");
    let read =
        after.store(&stack).await.read(&after.bucket("products"), &picture.key).await.expect("an answer");
    assert_eq!(read, Some(picture));
    assert_eq!(shop(&stack, &id).await, StatusCode::OK);
    stack.api.succeeded(&stack.api.delete(&id).await).await;
}
