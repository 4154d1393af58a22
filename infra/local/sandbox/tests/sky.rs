//! The clouds from outside: a port, real time, faults, and what control tells about them.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use sandbox::clouds::{Clouds, Cluster, Credentials, Pace, ServiceAccount, Settings};
use sandbox::contract::Contract;
use sandbox::control::{self, Control};
use sandbox::dns::Dns;
use sandbox::fault::Faults;
use sandbox::front::Front;
use sandbox::sky::Sky;
use sandbox::vault::Vault;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

struct World {
    clouds: String,
    control: String,
    dns: String,
}

impl World {
    async fn new(pace: f64) -> Self {
        Self::reading(pace, "http://127.0.0.1:1").await
    }

    /// With a vault that its cluster reads from.
    async fn reading(pace: f64, emulator: &str) -> Self {
        let public_key_pem = include_str!("clouds/keys/public.pem").to_owned();
        let credentials = Credentials {
            neon_key: "napi_test".to_owned(),
            cloudflare_token: "napi_test".to_owned(),
            google: ServiceAccount { client_email: "a@b.iam.gserviceaccount.com".to_owned(), public_key_pem },
            kubernetes_token: "napi_test".to_owned(),
            ..Credentials::default()
        };
        let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/contract/specs");
        let vault = Arc::new(Vault::new(emulator));
        let cluster = Cluster { remote: Arc::<Vault>::clone(&vault), ..Cluster::default() };
        let settings = Settings { pace: Pace(pace), cluster, ..Settings::default() };
        let clouds = Clouds::new(&settings, &credentials).unwrap();
        let faults = Arc::new(Faults::default());
        let contract = Some(Contract::load(&specs).unwrap());
        let sky = Arc::new(Sky::new(clouds, contract, Arc::clone(&faults)).reading(vault));
        let (clouds_port, clouds) = listen().await;
        let (control_port, control) = listen().await;
        tokio::spawn(Arc::clone(&sky).serve(clouds_port));
        let (server, dns) = Dns::listen(0).await.unwrap();
        tokio::spawn(server.serve(Arc::clone(&sky)));
        let router = control::router(Control { faults, front: Front::default(), sky: Some(sky) });
        tokio::spawn(async move { axum::serve(control_port, router).await });
        Self { clouds, control, dns }
    }

    async fn neon(&self, method: &str, path: &str, body: &Value) -> Result<Response<Bytes>, Error> {
        send(method, &format!("{}/console.neon.tech/api/v2/projects/tenants{path}", self.clouds), body).await
    }

    async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = send(method, &format!("{}{path}", self.control), body).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

async fn send(method: &str, url: &str, body: &Value) -> Result<Response<Bytes>, Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", "Bearer napi_test")
        .header("content-type", "application/json")
        .header("user-agent", "tenantry/0.1 app/local-neon-create-branch")
        .body(Full::new(bytes))
        .unwrap();
    let (parts, body) = client.request(request).await?.into_parts();
    Ok(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()))
}

fn order(name: &str) -> Value {
    json!({"branch": {"name": name}, "annotation_value": {"tenant": name}})
}

#[tokio::test]
async fn a_cloud_answers_by_its_real_host_and_control_tells_of_it() {
    let world = World::new(0.0).await;
    assert_eq!(
        world.neon("POST", "/branches", &order("acme-1")).await.unwrap().status(),
        StatusCode::CREATED
    );
    world.neon("POST", "/branches", &order("bolt-2")).await.unwrap();
    let things = world.control("GET", "/_inventory?tenant=acme-1", &Value::Null).await;
    let branch = json!({
        "provider": "neon", "kind": "branch", "name": "acme-1", "owner": "tenant=acme-1", "awake": false,
    });
    assert_eq!(things, json!([branch]));
    assert_eq!(world.control("GET", "/_calls", &Value::Null).await["neon"]["CreateBranch"], 2);
    let nowhere = send("GET", &format!("{}/example.com/", world.clouds), &Value::Null).await.unwrap();
    assert_eq!(nowhere.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn what_departs_from_the_document_is_told() {
    let world = World::new(0.0).await;
    world.neon("GET", "/branches", &Value::Null).await.unwrap();
    let checked = world.control("GET", "/_contract", &Value::Null).await;
    assert_eq!((&checked["calls"], &checked["violations"]), (&json!(1), &json!(0)));
    world.neon("POST", "/branches", &json!({"branch": {"name": 7}})).await.unwrap();
    let checked = world.control("GET", "/_contract", &Value::Null).await;
    assert_eq!((&checked["calls"], &checked["violations"]), (&json!(2), &json!(1)));
    assert_eq!(checked["first"][0]["operation"], "createProjectBranch");
    assert_eq!(checked["first"][0]["function"], "local-neon-create-branch");
}

#[tokio::test]
async fn faults_hit_clouds_as_they_hit_aws() {
    let world = World::new(0.0).await;
    let fault = |kind: &str| json!({"function": "neon-create-branch", "service": "neon", "acts": ["create"], "kind": kind, "times": 1});
    for (kind, status) in [("deny", 403), ("error", 500), ("throttle", 429)] {
        world.control("POST", "/_faults", &fault(kind)).await;
        let refused = world.neon("POST", "/branches", &order("t-1")).await.unwrap();
        let body: Value = serde_json::from_slice(refused.body()).unwrap();
        assert_eq!((refused.status().as_u16(), body["code"].is_string()), (status, true), "{kind}");
        assert_eq!(refused.headers().contains_key("retry-after"), kind == "throttle");
    }
    assert_eq!(world.control("GET", "/_inventory?tenant=t-1", &Value::Null).await, json!([]));
    world.control("POST", "/_faults", &fault("lost_response")).await;
    assert!(world.neon("POST", "/branches", &order("t-1")).await.is_err());
    assert_eq!(world.neon("POST", "/branches", &order("t-1")).await.unwrap().status(), StatusCode::CONFLICT);
    world.control("POST", "/_faults", &fault("hang")).await;
    let order = order("t-2");
    let hangs = timeout(Duration::from_millis(300), world.neon("POST", "/branches", &order)).await;
    assert!(hangs.is_err());
    let things = world.control("GET", "/_inventory?tenant=t-2", &Value::Null).await;
    assert_eq!(things.as_array().unwrap().len(), 1, "it happened all the same");
}

#[tokio::test]
async fn clouds_are_slow_until_they_are_told_not_to_be() {
    let world = World::new(1.0).await;
    let begun = Instant::now();
    world.neon("GET", "/branches", &Value::Null).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
    world.control("PUT", "/_pace", &json!({"pace": 0})).await;
    let order = json!({"branch": {"name": "t-1"}, "endpoints": [{"type": "read_write"}]});
    let made = world.neon("POST", "/branches", &order).await.unwrap();
    let made: Value = serde_json::from_slice(made.body()).unwrap();
    assert_eq!(made["operations"][0]["status"], "finished");
}

#[tokio::test]
async fn the_cluster_reads_from_the_vault_of_the_emulator() {
    // A vault that has one secret, and tells what it was asked for.
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    let answer = move |body: String| async move {
        let name = serde_json::from_str::<Value>(&body).unwrap()["SecretId"].as_str().unwrap().to_owned();
        told.lock().unwrap().push(name.clone());
        let secret = json!({"SecretString": r#"{"password":"pw"}"#});
        if name == "acme/auth" { secret } else { json!({"__type": "ResourceNotFoundException"}) }.to_string()
    };
    let (port, emulator) = listen().await;
    let router = Router::new().route("/", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(port, router).await });
    let world = World::reading(0.0, &emulator).await;
    let cluster = format!("{}/kubernetes.example", world.clouds);
    let external = |name: &str| {
        let remote = json!({"key": format!("acme/{name}"), "property": "password"});
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": name},
            "spec": {
                "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
                "data": [{"secretKey": "DB_PASSWORD", "remoteRef": remote}],
            },
        })
    };
    let all = format!("{cluster}/apis/external-secrets.io/v1/namespaces/default/externalsecrets");
    for name in ["auth", "none"] {
        assert_eq!(send("POST", &all, &external(name)).await.unwrap().status(), StatusCode::CREATED);
    }
    for _ in 0..3 {
        let secrets = format!("{cluster}/api/v1/namespaces/default/secrets");
        let secrets = send("GET", &secrets, &Value::Null).await.unwrap();
        let secrets: Value = serde_json::from_slice(secrets.body()).unwrap();
        assert_eq!(secrets["items"].as_array().map(Vec::len), Some(1), "{secrets}");
        assert_eq!(secrets["items"][0]["data"], json!({"DB_PASSWORD": "cHc="}));
    }
    let asked = asked.lock().unwrap();
    assert_eq!(
        asked.iter().filter(|name| *name == "acme/auth").count(),
        1,
        "what was read is kept: {asked:?}"
    );
    assert!(asked.iter().filter(|name| *name == "acme/none").count() > 1, "what is missing may come");
}

#[tokio::test]
async fn a_name_server_answers_over_udp_and_over_tcp_what_does_not_fit() {
    let world = World::new(0.0).await;
    let zone = "api.cloudflare.com/client/v4/zones/fedcba9876543210fedcba9876543210/dns_records";
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii("acme.frappe.example.").unwrap(), RecordType::A));
    let packet = query.to_vec().unwrap();
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut tcp = TcpStream::connect(&world.dns).await.unwrap();
    for (made, truncated) in [(1, false), (40, true)] {
        for last in 1..=made {
            let record =
                json!({"type": "A", "name": "acme", "content": format!("203.0.{made}.{last}"), "ttl": 1});
            let made = send("POST", &format!("{}/{zone}", world.clouds), &record).await.unwrap();
            assert_eq!(made.status(), StatusCode::OK, "{made:?}");
        }
        // What is no question gets no answer, and does no harm.
        udp.send_to(b"not DNS", &world.dns).await.unwrap();
        udp.send_to(&packet, &world.dns).await.unwrap();
        let mut bytes = [0; 4096];
        let length = timeout(Duration::from_secs(5), udp.recv(&mut bytes)).await.unwrap().unwrap();
        let answer = Message::from_vec(&bytes[..length]).unwrap();
        assert_eq!(
            (answer.id, answer.truncation, answer.answers.is_empty()),
            (query.id, truncated, truncated)
        );
        assert!(length <= 512);
        tcp.write_u16(packet.len().try_into().unwrap()).await.unwrap();
        tcp.write_all(&packet).await.unwrap();
        let mut bytes = vec![0; tcp.read_u16().await.unwrap().into()];
        tcp.read_exact(&mut bytes).await.unwrap();
        let answers = Message::from_vec(&bytes).unwrap().answers.len();
        assert_eq!(answers, if truncated { 41 } else { 1 });
    }
    let fault =
        |kind: &str| json!({"service": "dns", "contains": "acme.frappe.example", "kind": kind, "times": 1});
    for (kind, code) in [("deny", Some(5)), ("error", Some(2)), ("hang", None), ("slow", Some(0))] {
        world.control("POST", "/_faults", &fault(kind)).await;
        udp.send_to(&packet, &world.dns).await.unwrap();
        let mut bytes = [0; 4096];
        let answered = timeout(Duration::from_millis(1500), udp.recv(&mut bytes)).await;
        let told = answered.ok().map(|length| Message::from_vec(&bytes[..length.unwrap()]).unwrap());
        assert_eq!(told.map(|answer| u16::from(answer.response_code)), code, "{kind}");
    }
}
