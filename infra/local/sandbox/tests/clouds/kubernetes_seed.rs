//! The objects of the guide that the blueprint `kubernetes-argocd` was begun from, as they are written there. Each of
//! these fails as it does on a real cluster.

use http::StatusCode;
use sandbox::clouds::End;
use serde_json::{Value, json};

use crate::bed::World;
use crate::kubernetes::{
    APPLICATIONS, CLUSTER, SHOP, application, condition, deployment, of, reason, shop, world,
};

/// Premium's quota; its keys for workloads lack `count/`.
#[test]
fn a_quota_of_deployments_is_no_quota() {
    let mut world = world();
    let mut quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenant-quota"},
        "spec": {"hard": {
            "requests.cpu": "6", "requests.memory": "12Gi", "limits.cpu": "12", "limits.memory": "24Gi",
            "requests.storage": "500Gi", "persistentvolumeclaims": "20", "services.loadbalancers": "2",
            "services.nodeports": "0", "pods": "100", "replicationcontrollers": "20", "deployments.apps": "20",
            "statefulsets.apps": "10",
        }},
    });
    let refused = world.apply_as("tenantry", "", &format!("{SHOP}/resourcequotas"), &quota);
    assert_eq!(reason(&refused), (422, "Invalid"));
    let causes = refused.body["details"]["causes"].as_array().unwrap();
    let fields: Vec<_> = causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect();
    assert!(
        fields.contains(&"spec.hard[deployments.apps]") && fields.contains(&"spec.hard[statefulsets.apps]")
    );
    assert!(fields.iter().all(|field| field.ends_with(".apps]")), "{fields:?}");
    let hard = quota["spec"]["hard"].as_object_mut().unwrap();
    for name in ["deployments.apps", "statefulsets.apps"] {
        let count = hard.remove(name).unwrap();
        hard.insert(format!("count/{name}"), count);
    }
    world.apply(&format!("{SHOP}/resourcequotas"), &quota);
}

/// Three gateways of two CPUs each, and twelve services at the range's default of one.
#[test]
fn premiums_quota_has_no_room_for_the_thirteen_services() {
    let mut cluster = sandbox::clouds::Cluster::default();
    for manifest in cluster.manifests.iter_mut().filter(|manifest| manifest["kind"] == "Deployment") {
        let gateway = manifest["metadata"]["name"] == "api-gateway";
        let container = &mut manifest["spec"]["template"]["spec"]["containers"][0];
        container["resources"] = json!({});
        container["envFrom"] = json!([]);
        if gateway {
            let (requests, limits) =
                (json!({"cpu": "500m", "memory": "512Mi"}), json!({"cpu": 2, "memory": "2Gi"}));
            container["resources"] = json!({"requests": requests, "limits": limits});
            manifest["spec"]["replicas"] = json!(3);
        }
    }
    let mut world = of(cluster, None);
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenant-quota"},
        "spec": {"hard": {"requests.cpu": "6", "requests.memory": "12Gi", "limits.cpu": "12", "limits.memory": "24Gi"}},
    });
    let limits = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "tenant-limits"},
        "spec": {"limits": [{
            "type": "Container", "max": {"cpu": "4", "memory": "8Gi"}, "min": {"cpu": "100m", "memory": "128Mi"},
            "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "500m", "memory": "512Mi"},
        }]},
    });
    world.apply(&format!("{SHOP}/resourcequotas"), &quota);
    world.apply(&format!("{SHOP}/limitranges"), &limits);
    world.apply(APPLICATIONS, &application());
    world.later(200_000);
    let status = world.look(&format!("{APPLICATIONS}/tenant-shop")).body["status"].clone();
    assert_eq!(
        (&status["sync"]["status"], &status["health"]["status"]),
        (&json!("Synced"), &json!("Degraded"))
    );
    let all = world.look(&shop("apps/v1", "deployments")).body["items"].clone();
    let failures: Vec<String> =
        all.as_array().unwrap().iter().map(|it| condition(it, "ReplicaFailure").2).collect();
    let without = failures.iter().filter(|why| why.contains("exceeded quota: tenant-quota")).count();
    assert!(without > 0 && failures.iter().any(|why| why.contains("limited: limits.cpu=12")), "{failures:?}");
}

#[test]
fn an_innodb_cluster_of_a_long_name_never_comes() {
    let mut world = world();
    let clusters = shop("mysql.oracle.com/v2", "innodbclusters");
    let cluster = |name: &str| {
        json!({
            "apiVersion": "mysql.oracle.com/v2", "kind": "InnoDBCluster", "metadata": {"name": name},
            "spec": {"secretName": "mysql-root-credentials", "tlsUseSelfSigned": true, "instances": 3, "router": {"instances": 2}},
        })
    };
    for name in ["tenant-abc-corporation-7f3a9c", "abc-corporation-7f3a9c"] {
        world.apply(&clusters, &cluster(name));
    }
    world.later(60_000);
    let long = world.look(&format!("{clusters}/tenant-abc-corporation-7f3a9c")).body;
    assert_eq!(long["status"], Value::Null, "the operator gives up where nobody sees it");
    let short = world.look(&format!("{clusters}/abc-corporation-7f3a9c")).body;
    assert_eq!(short["status"]["cluster"]["status"], "ONLINE");
}

#[test]
fn an_external_secret_of_the_first_beta_is_not_served_and_its_secret_is_nobodys() {
    let mut world = world();
    let external = |version: &str| {
        json!({
            "apiVersion": format!("external-secrets.io/{version}"), "kind": "ExternalSecret",
            "metadata": {"name": "auth-db-credentials"},
            "spec": {
                "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
                "target": {"name": "auth-db-credentials", "creationPolicy": "Owner"},
                "data": [{"secretKey": "DB_HOST", "remoteRef": {
                    "key": "/e-commerce/tenants/abc-corporation-7f3a9c/auth-db", "property": "host",
                }}],
            },
        })
    };
    let beta = shop("external-secrets.io/v1beta1", "externalsecrets");
    assert_eq!(world.apply_as("tenantry", "", &beta, &external("v1beta1")).status, StatusCode::NOT_FOUND);
    let v1 = shop("external-secrets.io/v1", "externalsecrets");
    world.apply(&v1, &external("v1"));
    world.later(60_000);
    let (ready, why, message) = condition(&world.look(&format!("{v1}/auth-db-credentials")).body, "Ready");
    assert_eq!((ready.as_str(), why.as_str()), ("False", "SecretSyncedError"));
    assert!(message.ends_with("/e-commerce/tenants/abc-corporation-7f3a9c/auth-db"), "{message}");
}

fn guides_policy() -> Value {
    let of = |name: &str| json!({"namespaceSelector": {"matchLabels": {"name": name}}});
    let shared = |app: &str, port: u16| {
        json!({
            "to": [{
                "namespaceSelector": {"matchLabels": {"name": "e-commerce-shared"}}, "podSelector": {"matchLabels": {"app": app}},
            }],
            "ports": [{"protocol": "TCP", "port": port}],
        })
    };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "tenant-isolation"},
        "spec": {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [of("ingress-nginx")], "ports": [{"protocol": "TCP", "port": 8100}]},
                {"from": [{"podSelector": {}}]},
            ],
            "egress": [
                {"to": [of("kube-system")], "ports": [{"protocol": "UDP", "port": 53}]},
                shared("rabbitmq", 5672), shared("mysql", 3306), shared("minio", 9000),
                {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 443}]},
            ],
        },
    })
}

#[test]
fn the_guides_network_policy_cuts_a_tenant_off() {
    let mut world = world();
    let policies = shop("networking.k8s.io/v1", "networkpolicies");
    world.apply(&policies, &guides_policy());
    let gateway = End::pod("shop", json!({"app": "api-gateway"}));
    let dns = End::pod("kube-system", json!({"k8s-app": "kube-dns"}));
    let nginx = End::pod("ingress-nginx", json!({"app.kubernetes.io/name": "ingress-nginx"}));
    let mysql = End::pod("e-commerce-shared", json!({"component": "mysqld"}));
    let neighbour = End::pod("shop", json!({"app": "auth-service"}));
    let prometheus = End::pod("e-commerce-monitoring", json!({"app.kubernetes.io/name": "prometheus"}));
    for (from, to, protocol, port) in [
        (&nginx, &gateway, "TCP", 8100),
        (&gateway, &dns, "UDP", 53),
        (&gateway, &dns, "TCP", 53),
        (&gateway, &mysql, "TCP", 3306),
        (&gateway, &End::Internet, "TCP", 443),
        (&gateway, &neighbour, "TCP", 8100),
        (&prometheus, &gateway, "TCP", 8100),
    ] {
        assert!(!world.clouds.lets_through(from, to, protocol, port), "{to:?} {protocol} {port}");
    }
    let mut mended = guides_policy();
    let built_in =
        |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    mended["spec"]["ingress"][0]["from"][0] = built_in("ingress-nginx");
    mended["spec"]["egress"][0] = json!({
        "to": [built_in("kube-system")], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    });
    mended["spec"]["egress"][4]["to"] = json!([{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]);
    mended["spec"]["egress"].as_array_mut().unwrap().push(json!({"to": [{"podSelector": {}}]}));
    world.apply(&policies, &mended);
    for (from, to, protocol, port) in
        [(&nginx, &gateway, "TCP", 8100), (&gateway, &dns, "TCP", 53), (&gateway, &End::Internet, "TCP", 443)]
    {
        assert!(world.clouds.lets_through(from, to, protocol, port), "{to:?} {protocol} {port}");
    }
}

#[test]
fn an_application_set_takes_a_folder_for_a_chart_and_outlives_what_is_deleted() {
    let mut world = world();
    let template = json!({
        "metadata": {"name": "tenant-{{tenant}}"},
        "spec": {
            "project": "tenants",
            "source": {
                "repoURL": "https://github.com/company/e-commerce-manifests", "targetRevision": "HEAD", "path": "tenant",
                "helm": {"parameters": [{"name": "tenant.id", "value": "{{tenant}}"}]},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "e-commerce-{{tenant}}"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
        },
    });
    let set = |elements: Value| {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "tenant-applications"},
            "spec": {"generators": [{"list": {"elements": elements}}], "template": template},
        })
    };
    let sets = format!("{CLUSTER}/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets");
    world.apply(&sets, &set(json!([{"tenant": "abc-corporation-7f3a9c", "tier": "premium"}])));
    let url = format!("{APPLICATIONS}/tenant-abc-corporation-7f3a9c");
    world.later(5000);
    let status = world.look(&url).body["status"].clone();
    assert!(
        status["conditions"][0]["message"].as_str().unwrap().contains("Chart.yaml: no such file"),
        "{status}"
    );
    world.delete(&url);
    world.later(1000);
    assert_eq!(world.look(&url).status, StatusCode::OK, "it is made anew");
    world.apply(&sets, &set(json!([])));
    world.later(1000);
    assert_eq!(world.look(&url).status, StatusCode::NOT_FOUND, "the element goes first");
}

fn tls_ingress() -> Value {
    let host = "abc-corporation.collectverything.com";
    let backend = json!({"service": {"name": "api-gateway", "port": {"number": 8100}}});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "tenant-ingress", "annotations": {
            "cert-manager.io/cluster-issuer": "letsencrypt-prod", "nginx.ingress.kubernetes.io/rate-limit": "100",
        }},
        "spec": {
            "ingressClassName": "nginx", "tls": [{"hosts": [host], "secretName": "tenant-tls-secret"}],
            "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
    })
}

#[test]
fn an_annotation_and_a_certificate_for_one_secret_quarrel_for_ever() {
    let mut world = world();
    let certificates = shop("cert-manager.io/v1", "certificates");
    let own = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "tenant-tls"},
        "spec": {
            "secretName": "tenant-tls-secret", "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"},
            "dnsNames": ["abc-corporation.collectverything.com", "www.abc-corporation.collectverything.com"],
        },
    });
    world.apply(&certificates, &own);
    world.apply(&shop("networking.k8s.io/v1", "ingresses"), &tls_ingress());
    world.later(20_000);
    let mut holders = Vec::new();
    for _ in 0..10 {
        world.later(1000);
        for name in ["tenant-tls", "tenant-tls-secret"] {
            let (ready, why, _) = condition(&world.look(&format!("{certificates}/{name}")).body, "Ready");
            assert_eq!((ready.as_str(), why.as_str()), ("False", "IncorrectCertificate"), "{name}");
        }
        let secret = world.look(&format!("{SHOP}/secrets/tenant-tls-secret")).body;
        holders.push(secret["metadata"]["annotations"]["cert-manager.io/certificate-name"].clone());
    }
    assert!(
        holders.contains(&json!("tenant-tls")) && holders.contains(&json!("tenant-tls-secret")),
        "{holders:?}"
    );
    world.delete(&format!("{certificates}/tenant-tls"));
    world.later(10_000);
    let left = world.look(&format!("{certificates}/tenant-tls-secret")).body;
    assert_eq!(condition(&left, "Ready").1, "Ready", "one alone is enough");
}

#[test]
fn the_guides_service_monitor_scrapes_nothing() {
    let mut world = world();
    let service = |labels: Value| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api-gateway", "labels": labels},
            "spec": {"selector": {"app": "api-gateway"}, "ports": [{"port": 8100, "targetPort": 8100, "name": "http"}]},
        })
    };
    let monitor = |port: &str| {
        json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "tenant-monitoring"},
            "spec": {
                "selector": {"matchLabels": {"tenant": "abc-corporation-7f3a9c"}},
                "endpoints": [{"port": port, "interval": "30s", "path": "/metrics"}],
            },
        })
    };
    let monitors = shop("monitoring.coreos.com/v1", "servicemonitors");
    world.apply(&format!("{SHOP}/services"), &service(json!({})));
    world.apply(&monitors, &monitor("metrics"));
    assert_eq!(world.clouds.scraped("shop"), [""; 0]);
    world.apply(&format!("{SHOP}/services"), &service(json!({"tenant": "abc-corporation-7f3a9c"})));
    assert_eq!(world.clouds.scraped("shop"), [""; 0], "no port is called so");
    world.apply(&monitors, &monitor("http"));
    assert_eq!(world.clouds.scraped("shop"), ["api-gateway:http"]);
}

#[test]
fn a_health_check_that_counts_pods_that_do_not_run_counts_the_migration() {
    let mut world: World = world();
    let migration = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "tenant-migration-abc-corporation-7f3a9c"},
        "spec": {"backoffLimit": 3, "template": {"spec": {
            "restartPolicy": "OnFailure", "containers": [{"name": "migrate", "image": "ecommerce/auth-service:latest"}],
        }}},
    });
    world.apply(&shop("batch/v1", "jobs"), &migration);
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 1));
    world.later(20_000);
    let not_running =
        world.look(&format!("{SHOP}/pods?fieldSelector=status.phase%21%3DRunning")).body["items"].clone();
    assert_eq!(not_running.as_array().unwrap().len(), 1, "all is well, and the check fails for ever");
    assert_eq!(not_running[0]["status"]["phase"], "Succeeded");
    let job =
        world.look(&format!("{}/tenant-migration-abc-corporation-7f3a9c", shop("batch/v1", "jobs"))).body;
    assert_eq!(condition(&job, "Complete").0, "True");
}
