//! A shop in the cluster, as its visitors see it.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bed::{World, request};
use crate::kubernetes::{CLUSTER, SHOP, deployment, shop, world};

const HOST: &str = "acme.collectverything.example";

fn visit(world: &mut World, host: &str, path: &str) -> u16 {
    let request = request(Method::GET, &format!("https://{host}{path}"), None, &Value::Null);
    world.send(&request).status.as_u16()
}

fn service(port: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": port}]},
    })
}

fn ingress(hosts: &[&str]) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"name": "http"}}});
    let rule = |host: &&str| {
        let path = json!({"path": "/", "pathType": "Prefix", "backend": backend});
        json!({"host": host, "http": {"paths": [path]}})
    };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {
            "ingressClassName": "nginx", "tls": [{"hosts": hosts, "secretName": "web-tls"}],
            "rules": hosts.iter().map(rule).collect::<Vec<_>>(),
        },
    })
}

fn certificate(hosts: &[&str]) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web-tls"},
        "spec": {
            "secretName": "web-tls", "dnsNames": hosts,
            "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"},
        },
    })
}

#[test]
fn a_shop_is_open_when_its_host_its_certificate_and_its_pods_are_there() {
    let mut world = world();
    let www = format!("www.{HOST}");
    let hosts = [HOST, www.as_str()];
    assert_eq!(visit(&mut world, HOST, "/health"), 404, "nobody knows it");
    world.apply(&shop("networking.k8s.io/v1", "ingresses"), &ingress(&hosts));
    assert_eq!(visit(&mut world, HOST, "/health"), 502, "the certificate is nginx' own");
    world.apply(&shop("cert-manager.io/v1", "certificates"), &certificate(&[HOST]));
    assert_eq!(visit(&mut world, HOST, "/health"), 502, "it is asked for");
    world.later(10_000);
    assert_eq!(visit(&mut world, HOST, "/health"), 503, "there is no service");
    assert_eq!(visit(&mut world, &www, "/health"), 502, "it is not for this name");
    world.apply(&shop("cert-manager.io/v1", "certificates"), &certificate(&hosts));
    world.apply(&format!("{SHOP}/services"), &service(80));
    assert_eq!(visit(&mut world, &www, "/health"), 503, "there are no pods");
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 1));
    assert_eq!(visit(&mut world, HOST, "/health"), 503, "they are not ready");
    world.later(10_000);
    for (host, path, status) in [
        (HOST, "/health", 200),
        (HOST, "/", 200),
        (www.as_str(), "/", 200),
        (HOST, "/none", 404),
        ("other.collectverything.example", "/health", 404),
    ] {
        assert_eq!(visit(&mut world, host, path), status, "{host}{path}");
    }
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 0));
    world.later(5000);
    assert_eq!(visit(&mut world, HOST, "/health"), 503, "it is suspended");
    world.delete(&format!("{CLUSTER}/api/v1/namespaces/shop"));
    world.later(20_000);
    assert_eq!(visit(&mut world, HOST, "/health"), 404, "it is gone");
    let elsewhere = request(Method::GET, "https://collectverything.example/", None, &Value::Null);
    assert_eq!(world.send(&elsewhere).status, StatusCode::BAD_GATEWAY, "no shop's name");
}
