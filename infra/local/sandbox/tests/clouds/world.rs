use http::{Method, Uri};
use sandbox::call::Act;
use sandbox::clouds::{Clouds, Pace, Settings, Thing, unfold};
use serde_json::{Value, json};

use sandbox::contract::Part;
use sandbox::refusal::{Refusal, answer};

use crate::bed::{NEON, SECRETS, SERVICES, World, contract, request, service};

const WEBSITES: &str = "http://websites-service.e-commerce-shared.svc.cluster.local:8080/api/v1/websites";

#[test]
fn everything_there_is_has_its_owner_beside_it() {
    let mut world = World::new();
    world.store("t-1");
    let things = world.clouds.things(world.now);
    let find = |provider: &str, kind: &str| {
        things.iter().find(|it| it.provider == provider && it.kind == kind).unwrap()
    };
    assert_eq!(find("cloud-run", "service").owner.as_deref(), Some("tenant=t-1"));
    assert_eq!(find("neon", "branch").owner, None, "no annotation was given");
    assert_eq!(find("secret-manager", "secret").name, "t-1-db");
    world.delete(&format!("{SERVICES}/t-1"));
    world.later(3000);
    assert!(!world.clouds.things(world.now).iter().any(|it| it.provider == "cloud-run"));
}

#[test]
fn somebody_else_can_put_things_there_and_take_them_away() {
    let mut world = World::new();
    let place = "projects/acme/locations/southamerica-east1";
    let (api, zone) = ("https://api.cloudflare.com/client/v4", "zones/0123456789abcdef0123456789abcdef");
    for (provider, kind, place, url) in [
        ("neon", "branch", "projects/tenants", format!("{NEON}/branches?search=foreign")),
        ("secret-manager", "secret", "projects/acme", format!("{SECRETS}/foreign")),
        ("cloud-run", "service", place, format!("{SERVICES}/foreign")),
        ("cloudflare", "custom-hostname", zone, format!("{api}/{zone}/custom_hostnames")),
        ("cloudflare", "dns-record", zone, format!("{api}/{zone}/dns_records")),
        ("websites", "website", "", WEBSITES.to_owned()),
    ] {
        let name =
            if ["cloudflare", "websites"].contains(&provider) { "foreign.vendin.example" } else { "foreign" };
        let awake = matches!(kind, "branch" | "service").then_some(false);
        let thing =
            Thing { provider, kind, name: name.to_owned(), owner: Some("team=data".to_owned()), awake };
        assert!(world.clouds.plant(world.now, place, &thing), "{provider}");
        assert!(!world.clouds.plant(world.now, place, &thing), "{provider} has one already");
        assert!(world.clouds.things(world.now).contains(&thing), "{provider}");
        assert!(world.get(&url).response.body().windows(7).any(|part| part == b"foreign"), "{provider}");
        assert!(world.clouds.remove(provider, kind, name));
        assert!(!world.clouds.things(world.now).contains(&thing));
    }
}

#[test]
fn what_only_its_own_client_may_ask_for_can_be_planted_too() {
    let mut world = World::new();
    for (provider, kind, owner) in [
        ("minio", "bucket", Some("team=data")),
        ("minio", "user", None),
        ("minio", "policy", Some("team/data")),
        ("grafana", "org", Some("foreign")),
        ("grafana", "user", Some("somebody")),
        ("rabbitmq", "vhost", Some("team/data")),
        ("rabbitmq", "user", Some("team/data")),
        ("rabbitmq", "user", None),
    ] {
        let (name, owner) = ("foreign".to_owned(), owner.map(str::to_owned));
        let thing = Thing { provider, kind, name, owner, awake: None };
        assert!(world.clouds.plant(world.now, "", &thing), "{provider} {kind}");
        assert!(!world.clouds.plant(world.now, "", &thing), "{provider} has one already");
        assert_eq!(world.clouds.things(world.now), std::slice::from_ref(&thing));
        assert!(world.clouds.remove(provider, kind, "foreign"));
        assert!(world.clouds.things(world.now).is_empty());
    }
}

#[test]
fn a_bucket_is_refused_in_xml() {
    let url = "http://minio.e-commerce-shared.svc.cluster.local:9000/acme-products?lifecycle";
    let call = Clouds::call(&request(Method::PUT, url, None, &Value::Null)).unwrap();
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("minio", "PutBucketLifecycle"));
    let refused = answer(Refusal::Throttle, &call);
    assert_eq!(refused.status(), http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.body().starts_with(b"<Error><Code>SlowDown</Code>"));
}

#[test]
fn a_clone_is_a_world_of_its_own() {
    let mut world = World::new();
    let mut other = world.clone();
    let (one, two) = (world.branch("t-1"), other.branch("t-1"));
    assert_eq!(one, two, "the same calls have the same answers");
    other.branch("t-2");
    assert_eq!(world.get(&format!("{NEON}/branches")).body["branches"].as_array().unwrap().len(), 2);
}

#[test]
fn without_a_pace_all_is_done_at_once() {
    let mut world = World::with(&Settings { pace: Pace(0.0), ..Settings::default() });
    let order = json!({"branch": {"name": "t-1"}, "endpoints": [{"type": "read_write"}]});
    let made = world.post(&format!("{NEON}/branches"), &order);
    let uri = made.body["connection_uris"][0]["connection_uri"].as_str().unwrap();
    world.secret("t-1-db", uri);
    let created = world.post(&format!("{SERVICES}?serviceId=t-1"), &service("t-1"));
    assert_eq!(created.body["done"], true);
    assert!(created.body.get("error").is_none(), "{created:?}");
}

#[test]
fn calls_have_names_that_say_what_they_do() {
    for (method, url, service, operation, act) in [
        (Method::POST, format!("{NEON}/branches"), "neon", "CreateBranch", Act::Create),
        (Method::DELETE, format!("{NEON}/branches/br-1"), "neon", "DeleteBranch", Act::Destroy),
        (
            Method::GET,
            format!("{SECRETS}/a/versions/latest:access"),
            "secret-manager",
            "GetSecretValue",
            Act::Read,
        ),
        (Method::POST, format!("{SECRETS}/a:setIamPolicy"), "secret-manager", "SetIamPolicy", Act::Create),
        (Method::DELETE, format!("{SERVICES}/t-1"), "cloud-run", "DeleteService", Act::Destroy),
        (
            Method::POST,
            "https://oauth2.googleapis.com/token".to_owned(),
            "google-token",
            "GetToken",
            Act::Read,
        ),
        (
            Method::DELETE,
            "https://kubernetes.example/apis/apps/v1/namespaces/a/deployments/b".to_owned(),
            "kubernetes",
            "DeleteDeployment",
            Act::Destroy,
        ),
        (
            Method::GET,
            "https://kubernetes.example/api/v1/namespaces/a/pods".to_owned(),
            "kubernetes",
            "ListPod",
            Act::Read,
        ),
        (Method::GET, "https://t-1-1.x.run.app/health".to_owned(), "medusa", "GetHealth", Act::Read),
        (
            Method::GET,
            "https://acme.collectverything.example/health".to_owned(),
            "tenant",
            "GetPage",
            Act::Read,
        ),
        (
            Method::GET,
            "http://rabbitmq.e-commerce-shared.svc:15672/api/vhosts/a".to_owned(),
            "rabbitmq",
            "GetVhost",
            Act::Read,
        ),
        (
            Method::PUT,
            "http://rabbitmq.e-commerce-shared.svc:15672/api/users/a".to_owned(),
            "rabbitmq",
            "PutUser",
            Act::Create,
        ),
        (
            Method::DELETE,
            "http://rabbitmq.e-commerce-shared.svc:15672/api/vhosts/a".to_owned(),
            "rabbitmq",
            "DeleteVhost",
            Act::Destroy,
        ),
    ] {
        let mut request = request(method, &url, None, &Value::Null);
        request.headers_mut().insert("user-agent", "tenantry/0.1 app/t-neon-create-branch".parse().unwrap());
        let call = Clouds::call(&request).unwrap();
        assert_eq!((call.service.as_str(), call.operation.as_str(), call.act()), (service, operation, act));
        assert_eq!(call.function.as_deref(), Some("t-neon-create-branch"));
    }
}

#[test]
fn the_first_segment_of_a_path_is_the_real_host() {
    let unfolded = |uri: &str| unfold(&uri.parse::<Uri>().unwrap()).map(|uri| uri.to_string());
    let neon = unfolded("http://127.0.0.1:1/console.neon.tech/api/v2/projects?search=a%2Fb");
    assert_eq!(neon.as_deref(), Some("https://console.neon.tech/api/v2/projects?search=a%2Fb"));
    assert_eq!(unfolded("/t-1-1.x.run.app").as_deref(), Some("https://t-1-1.x.run.app/"));
    let proxied = "http://minio.e-commerce-shared.svc.cluster.local:9000/a/b";
    assert_eq!(unfolded(proxied).as_deref(), Some(proxied), "as a proxy is asked");
    assert_eq!(unfolded("/"), None);
}

#[test]
fn a_refusal_that_was_asked_for_is_worded_as_the_provider_would() {
    for (url, field) in [
        (NEON, "message"),
        (SECRETS, "error"),
        (SERVICES, "error"),
        ("https://oauth2.googleapis.com/token", "error"),
        ("https://api.cloudflare.com/client/v4/zones", "errors"),
        ("https://kubernetes.example/api/v1/namespaces", "reason"),
        ("https://t-1-1.x.run.app/admin/users", "type"),
        ("http://minio.e-commerce-shared.svc.cluster.local:9000/minio/admin/v3/list-users", "Code"),
        ("http://grafana.e-commerce-monitoring.svc.cluster.local:3000/api/users", "message"),
        ("http://websites-service.e-commerce-shared.svc.cluster.local:8080/api/v1/websites", "message"),
        ("http://rabbitmq.e-commerce-shared.svc:15672/api/vhosts", "reason"),
        ("https://acme.collectverything.example/health", "message"),
        ("https://bench.example/", "message"),
    ] {
        let request = request(Method::GET, url, None, &Value::Null);
        let call = Clouds::call(&request).unwrap();
        for refusal in [Refusal::Deny, Refusal::Error, Refusal::Throttle] {
            let refused = answer(refusal, &call);
            let body: Value = serde_json::from_slice(refused.body()).unwrap();
            assert!(body.get(field).is_some(), "{url} {refusal:?}: {body}");
            assert!(body.get("__type").is_none(), "{url} {refusal:?} is no AWS");
            let violations = contract().check(&request, &refused);
            assert!(violations.iter().all(|it| it.part == Part::Request), "{refusal:?} {violations:?}");
            assert_eq!(refused.headers().contains_key("retry-after"), refusal == Refusal::Throttle);
        }
    }
}
