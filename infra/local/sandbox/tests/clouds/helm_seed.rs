//! What the guide does that the blueprint `helm-cloudnativepg` was begun from, as it is written there. Each of these fails as
//! it does on a real cluster. Its other mistakes are held by tests elsewhere:
//!
//! | the guide | ours |
//! |---|---|
//! | lacks rights for what it calls, and has some for what never is | `tests/sagas/cluster_roles.rs` |
//! | waits for longer than it gives itself | `tests/conformance/waits.rs` |
//! | leaves what it made when one of its thirteen steps fails | `tests/sagas/sample.rs`, and `make faults` |
//! | deletes a database and keeps no backup of it | `functions/object-store/keep-backups` |
//! | signs all owners in with one password | `tests/e2e/helm_cloudnativepg.rs` |

use http::{Method, Request};
use hyper::body::Bytes;
use sandbox::clouds::{Cluster, ClusterRole, Rule, Subject};
use serde_json::{Value, json};

use crate::bed::{Answer, World};
use crate::kubernetes::{CLUSTER, SHOP, of, reason, shop, world};

const TOKEN: &str = "k8s_guide";

fn guides_rules() -> Vec<Rule> {
    yaml_serde::from_str::<ClusterRole>(include_str!("guides-role.yaml")).unwrap().rules
}

/// A world with an account of these rules.
fn bound(rules: Vec<Rule>) -> World {
    let user = "system:serviceaccount:mechanicbuddy:provisioner".to_owned();
    let subjects = vec![Subject { token: TOKEN.to_owned(), user, rules }];
    of(Cluster { subjects, ..Cluster::default() }, None)
}

impl World {
    fn ask_as_subject(&mut self, method: &Method, url: &str) -> Answer {
        let request =
            Request::builder().method(method).uri(url).header("authorization", format!("Bearer {TOKEN}"));
        self.send(&request.body(Bytes::new()).unwrap())
    }
}

/// What Helm 3 does where a chart is installed, upgraded and waited for, and the guide's rules have no word of.
#[test]
fn the_guides_rules_do_not_let_helm_do_its_work() {
    let calls = [
        (Method::GET, format!("{SHOP}/secrets"), "list", "secrets", ""),
        (Method::PUT, format!("{SHOP}/secrets/sh.helm.release.v1.shop.v1"), "update", "secrets", ""),
        (Method::POST, format!("{SHOP}/configmaps"), "create", "configmaps", ""),
        (Method::PATCH, format!("{}/api", shop("apps/v1", "deployments")), "patch", "deployments", "apps"),
        (Method::GET, shop("batch/v1", "jobs"), "list", "jobs", "batch"),
        (Method::GET, format!("{SHOP}/persistentvolumeclaims/pg-1"), "get", "persistentvolumeclaims", ""),
        (Method::GET, format!("{SHOP}/events"), "list", "events", ""),
        (Method::GET, shop("cert-manager.io/v1", "certificates"), "list", "certificates", "cert-manager.io"),
    ];
    let mut rules = guides_rules();
    let mut world = bound(rules.clone());
    for (method, url, verb, resource, group) in &calls {
        let refused = world.ask_as_subject(method, url);
        assert_eq!(reason(&refused), (403, "Forbidden"), "{method} {url}");
        let why = format!(
            "User \"system:serviceaccount:mechanicbuddy:provisioner\" cannot {verb} resource \"{resource}\" in API group \
             \"{group}\" in the namespace \"shop\""
        );
        assert!(refused.body["message"].as_str().unwrap().ends_with(&why), "{refused:?}");
        let text = |text: &str| vec![text.to_owned()];
        rules.push(Rule { api_groups: text(group), resources: text(resource), verbs: text(verb) });
    }
    let mut world = bound(rules);
    for (method, url, ..) in &calls {
        assert_ne!(world.ask_as_subject(method, url).status, 403, "{method} {url}");
    }
}

/// "StatefulSet: acme-auto-postgres-1, -2, -3 (HA)". The operator makes pods.
#[test]
fn a_stateful_set_of_the_database_is_waited_for_in_vain() {
    let mut world = world();
    let cluster = json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "acme-auto-postgres"},
        "spec": {"instances": 3, "storage": {"size": "200Gi"}},
    });
    let clusters = shop("postgresql.cnpg.io/v1", "clusters");
    world.apply(&clusters, &cluster);
    world.later(600_000);
    let cluster = world.look(&format!("{clusters}/acme-auto-postgres")).body;
    assert_eq!(cluster["status"]["readyInstances"], 3, "it serves: {cluster}");
    assert_eq!(world.look(&shop("apps/v1", "statefulsets")).body["items"], json!([]));
    for n in 1..=3 {
        let name = format!("acme-auto-postgres-{n}");
        let set = world.look(&format!("{}/{name}", shop("apps/v1", "statefulsets")));
        assert_eq!(reason(&set), (404, "NotFound"), "it is waited for until the time is over");
        let pod = world.look(&format!("{SHOP}/pods/{name}")).body;
        assert_eq!(pod["metadata"]["ownerReferences"][0]["kind"], "Cluster", "{pod}");
    }
}

/// The id is `acme-auto-a1b2c3`, and what is made is called `acme-auto`.
#[test]
fn what_is_called_without_its_id_is_in_the_way_of_the_next_of_that_name() {
    let mut world = world();
    let mut make = |name: &str| {
        let namespace: Value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        world.make(&format!("{CLUSTER}/api/v1/namespaces"), &namespace)
    };
    assert_eq!(make("tenant-acme-auto").status, 201);
    assert_eq!(reason(&make("tenant-acme-auto")), (409, "AlreadyExists"));
    assert_eq!(make("tenant-acme-auto-a1b2c3").status, 201);
    assert_eq!(make("tenant-acme-auto-d4e5f6").status, 201);
}
