use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use sandbox::clouds::{Cluster, Settings};
use serde_json::{Value, json};

use crate::bed::{Answer, World};
use crate::published::departures;

pub(crate) const CLUSTER: &str = "https://kubernetes.example";
pub(crate) const SHOP: &str = "https://kubernetes.example/api/v1/namespaces/shop";

/// Where the objects of a kind are, in the namespace `shop`.
pub(crate) fn shop(group_version: &str, plural: &str) -> String {
    format!("{CLUSTER}/apis/{group_version}/namespaces/shop/{plural}")
}

/// What is answered is what is published, or the test fails.
fn held(answer: Answer) -> Answer {
    let object = &answer.body;
    if object["kind"].is_string() && object["metadata"]["uid"].is_string() {
        let found = departures(object);
        assert!(found.is_empty(), "{found:#?}\n{object}");
    } else if answer.status.is_client_error() && !object.is_null() {
        assert_eq!(object["kind"], "Status", "{object}");
        assert_eq!(departures(object), [""; 0]);
    }
    answer
}

impl World {
    pub(crate) fn look(&mut self, url: &str) -> Answer {
        held(self.get(url))
    }

    pub(crate) fn make(&mut self, url: &str, object: &Value) -> Answer {
        held(self.post(url, object))
    }

    /// Applies as somebody, with what they add to the query.
    pub(crate) fn apply_as(&mut self, manager: &str, more: &str, url: &str, object: &Value) -> Answer {
        let name = object["metadata"]["name"].as_str().unwrap();
        let request =
            Request::patch(format!("{url}/{name}?fieldManager={manager}&fieldValidation=Strict{more}"))
                .header("authorization", "Bearer k8s_test")
                .header("content-type", "application/apply-patch+yaml")
                .body(Bytes::from(object.to_string()));
        held(self.send(&request.unwrap()))
    }

    pub(crate) fn apply(&mut self, url: &str, object: &Value) -> Answer {
        let answer = self.apply_as("tenantry", "", url, object);
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    }

    /// Changes one thing by hand.
    pub(crate) fn patch(&mut self, url: &str, patch: &Value) -> Answer {
        let request = Request::patch(format!("{url}?fieldManager=kubectl-edit"))
            .header("authorization", "Bearer k8s_test")
            .header("content-type", "application/merge-patch+json")
            .body(Bytes::from(patch.to_string()));
        held(self.send(&request.unwrap()))
    }

    pub(crate) fn namespace(&mut self, name: &str) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.apply(&format!("{CLUSTER}/api/v1/namespaces"), &namespace);
    }
}

/// A world with a namespace `shop`.
pub(crate) fn world() -> World {
    of(Cluster::default(), None)
}

pub(crate) fn of(cluster: Cluster, images: Option<Vec<String>>) -> World {
    let mut world = World::with(&Settings { cluster, images, ..Settings::default() });
    world.namespace("shop");
    world
}

pub(crate) fn reason(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["reason"].as_str().unwrap_or_default())
}

/// The condition of an object, as status, reason and message.
pub(crate) fn condition(object: &Value, kind: &str) -> (String, String, String) {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let found = conditions.into_iter().find(|it| it["type"] == kind).cloned().unwrap_or_default();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

pub(crate) fn deployment(image: &str, replicas: u32) -> Value {
    let labels = json!({"app": "web"});
    let resources =
        json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": 1, "memory": "128Mi"}});
    let container =
        json!({"name": "web", "image": image, "resources": resources, "ports": [{"containerPort": 80}]});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    })
}

fn job(image: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
        "spec": {"backoffLimit": 1, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "migrate", "image": image}],
        }}},
    })
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"a": "b"}})
}

#[test]
fn whoever_has_no_token_of_the_cluster_is_not_let_in() {
    let mut world = world();
    for token in [None, Some("other"), Some("")] {
        let request = crate::bed::request(Method::GET, SHOP, token, &Value::Null);
        assert_eq!(reason(&held(world.send(&request))), (401, "Unauthorized"));
    }
}

#[test]
fn an_object_is_made_once_and_has_all_that_the_server_gives() {
    let mut world = world();
    let made = world.make(&format!("{SHOP}/secrets"), &secret("a"));
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!((made.body["data"]["a"].as_str(), made.body["type"].as_str()), (Some("Yg=="), Some("Opaque")));
    assert!(made.body.get("stringData").is_none(), "it is written and not shown");
    assert_eq!(reason(&world.make(&format!("{SHOP}/secrets"), &secret("a"))), (409, "AlreadyExists"));
    let missing = world.look(&format!("{SHOP}/secrets/b"));
    assert_eq!(reason(&missing), (404, "NotFound"));
    assert_eq!(missing.body["details"]["name"], "b");
    let elsewhere = world.make(&format!("{CLUSTER}/api/v1/namespaces/none/secrets"), &secret("a"));
    assert_eq!(reason(&elsewhere), (404, "NotFound"));
}

#[test]
fn a_version_that_is_not_served_has_no_address() {
    let mut world = world();
    let answer = world.look(&shop("external-secrets.io/v1beta1", "externalsecrets"));
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.response.body().as_ref(), b"404 page not found\n");
}

#[test]
fn what_two_managers_want_otherwise_is_a_conflict_that_names_the_other() {
    let mut world = world();
    let deployments = shop("apps/v1", "deployments");
    let made = world.apply(&deployments, &deployment("web:1", 1));
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.body["metadata"]["managedFields"][0]["manager"], "tenantry");
    world.patch(&format!("{deployments}/web"), &json!({"spec": {"replicas": 3}}));
    let refused = world.apply_as("tenantry", "", &deployments, &deployment("web:1", 1));
    assert_eq!(reason(&refused), (409, "Conflict"));
    assert_eq!(
        refused.body["message"],
        "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.replicas"
    );
    let cause = &refused.body["details"]["causes"][0];
    assert_eq!(
        (cause["reason"].as_str(), cause["field"].as_str()),
        (Some("FieldManagerConflict"), Some(".spec.replicas"))
    );
    let same = world.apply(&deployments, &deployment("web:1", 3));
    assert_eq!(same.body["spec"]["replicas"], 3, "who wants the same shares it");
    world.patch(&format!("{deployments}/web"), &json!({"spec": {"replicas": 5}}));
    let forced = world.apply_as("tenantry", "&force=true", &deployments, &deployment("web:1", 1));
    assert_eq!(forced.body["spec"]["replicas"], 1);
    let managers: Vec<_> = forced.body["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["manager"])
        .collect();
    assert_eq!(managers, ["tenantry"], "who lost its only field manages nothing");
}

#[test]
fn what_is_applied_no_more_goes_and_what_others_wrote_stays() {
    let mut world = world();
    let maps = format!("{SHOP}/configmaps");
    let map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
    world.apply(&maps, &map(json!({"x": "1", "y": "2"})));
    world.patch(&format!("{maps}/a"), &json!({"data": {"z": "3"}}));
    let after = world.apply(&maps, &map(json!({"y": "2"})));
    assert_eq!(after.body["data"], json!({"y": "2", "z": "3"}));
    let deployments = shop("apps/v1", "deployments");
    let mut two = deployment("web:1", 1);
    let other = json!({"name": "log", "image": "log:1", "resources": {}});
    two["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(other);
    world.apply(&deployments, &two);
    let one = world.apply(&deployments, &deployment("web:2", 1));
    let containers = one.body["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!(
        (containers.len(), containers[0]["image"].as_str()),
        (1, Some("web:2")),
        "lists are merged by their keys"
    );
    assert_eq!(one.body["metadata"]["generation"], 2);
}

#[test]
fn applying_the_same_again_changes_nothing() {
    let mut world = world();
    let deployments = shop("apps/v1", "deployments");
    world.apply(&deployments, &deployment("web:1", 1));
    world.later(30_000);
    let once = world.look(&format!("{deployments}/web")).body;
    assert_eq!(world.apply(&deployments, &deployment("web:1", 1)).body, once);
}

#[test]
fn an_application_that_says_which_object_it_means_makes_no_other() {
    let mut world = world();
    let mut named = secret("a");
    named["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    let secrets = format!("{SHOP}/secrets");
    assert_eq!(reason(&world.apply_as("tenantry", "", &secrets, &named)), (409, "Conflict"));
    world.apply(&secrets, &secret("a"));
    let refused = world.apply_as("tenantry", "", &secrets, &named);
    assert!(refused.body["message"].as_str().unwrap().contains("UID in precondition"), "{refused:?}");
}

#[test]
fn a_field_that_nobody_knows_or_that_is_there_twice_is_refused() {
    let mut world = world();
    let mut misspelt = deployment("web:1", 1);
    misspelt["spec"]["replica"] = json!(2);
    let refused =
        world.make(&format!("{}?fieldValidation=Strict", shop("apps/v1", "deployments")), &misspelt);
    assert_eq!(reason(&refused), (400, "BadRequest"));
    assert!(
        refused.body["message"].as_str().unwrap().ends_with("unknown field \"spec.replica\""),
        "{refused:?}"
    );
    let applied = world.apply_as("tenantry", "", &shop("apps/v1", "deployments"), &misspelt);
    assert!(
        applied.body["message"].as_str().unwrap().ends_with(".spec.replica: field not declared in schema")
    );
    let twice = r#"{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}"#;
    let request = Request::post(format!("{SHOP}/configmaps?fieldValidation=Strict"))
        .header("authorization", "Bearer k8s_test")
        .body(Bytes::from(twice));
    let refused = held(world.send(&request.unwrap()));
    assert!(refused.body["message"].as_str().unwrap().ends_with("duplicate field \"data.x\""), "{refused:?}");
    let dropped = world.make(&shop("apps/v1", "deployments"), &misspelt);
    assert_eq!((dropped.status, dropped.body["spec"].get("replica")), (StatusCode::CREATED, None));
}

#[test]
fn what_is_wrong_with_an_object_is_told_field_by_field() {
    let mut world = world();
    for (plural, group, wrong, code, told) in [
        ("deployments", "apps/v1", json!({"replicas": "three"}), 400, "cannot be handled as a Deployment"),
        (
            "deployments",
            "apps/v1",
            json!({"selector": {"matchLabels": {"app": "other"}}}),
            422,
            "`selector` does not match",
        ),
        (
            "jobs",
            "batch/v1",
            json!({"template": {"spec": {"restartPolicy": "Always", "containers": [{"name": "a", "image": "a"}]}}}),
            422,
            "\"OnFailure\", \"Never\"",
        ),
    ] {
        let mut object = if plural == "jobs" { job("a") } else { deployment("a", 1) };
        for (name, value) in wrong.as_object().unwrap() {
            object["spec"][name] = value.clone();
        }
        let refused = world.apply_as("tenantry", "", &shop(group, plural), &object);
        assert_eq!(refused.status.as_u16(), code, "{refused:?}");
        assert!(refused.body["message"].as_str().unwrap().contains(told), "{refused:?}");
    }
    let certificate = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "a"}, "spec": {"secretName": "a"},
    });
    let refused = world.apply_as("tenantry", "", &shop("cert-manager.io/v1", "certificates"), &certificate);
    assert_eq!(
        refused.body["message"],
        "Certificate.cert-manager.io \"a\" is invalid: spec.issuerRef: Required value"
    );
    for (name, label) in [("Big", "ok"), ("a", "a/b"), ("a", &"x".repeat(64))] {
        let object = json!({"metadata": {"name": name, "labels": {"l": label}}});
        assert_eq!(
            reason(&world.make(&format!("{SHOP}/configmaps"), &object)),
            (422, "Invalid"),
            "{name} {label}"
        );
    }
}

#[test]
fn what_was_settled_when_an_object_was_made_cannot_be_changed() {
    let mut world = world();
    world.apply(&shop("batch/v1", "jobs"), &job("migrate:1"));
    let changed = world.apply_as("tenantry", "", &shop("batch/v1", "jobs"), &job("migrate:2"));
    assert_eq!(reason(&changed), (422, "Invalid"));
    assert!(changed.body["message"].as_str().unwrap().contains("spec.template"), "{changed:?}");
    let mut web = deployment("web:1", 1);
    world.apply(&shop("apps/v1", "deployments"), &web);
    web["spec"]["selector"]["matchLabels"] = json!({"app": "web", "tier": "a"});
    web["spec"]["template"]["metadata"]["labels"] = json!({"app": "web", "tier": "a"});
    let changed = world.apply_as("tenantry", "", &shop("apps/v1", "deployments"), &web);
    assert!(changed.body["message"].as_str().unwrap().ends_with("field is immutable"), "{changed:?}");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]},
    });
    world.apply(&format!("{SHOP}/services"), &service);
    let moved = world.patch(&format!("{SHOP}/services/web"), &json!({"spec": {"clusterIP": "10.0.0.1"}}));
    assert_eq!(reason(&moved), (422, "Invalid"));
    let kept = world.apply(&format!("{SHOP}/services"), &service);
    assert!(kept.body["spec"]["clusterIP"].is_string());
}

#[test]
fn a_deployment_rolls_out_and_over_to_the_next_image() {
    let mut world = world();
    let deployments = shop("apps/v1", "deployments");
    let url = format!("{deployments}/web");
    world.apply(&deployments, &deployment("web:1", 2));
    let begun = world.look(&url).body;
    assert_eq!(condition(&begun, "Available").0, "False");
    world.later(5000);
    let up = world.look(&url).body;
    assert_eq!(
        (up["status"]["readyReplicas"].as_u64(), condition(&up, "Progressing").1.as_str()),
        (Some(2), "NewReplicaSetAvailable")
    );
    world.apply(&deployments, &deployment("web:2", 2));
    let rolling = world.look(&url).body;
    assert_eq!(
        (rolling["status"]["replicas"].as_u64(), rolling["status"]["readyReplicas"].as_u64()),
        (Some(4), Some(2))
    );
    world.later(10_000);
    let pods = world.look(&format!("{SHOP}/pods?labelSelector=app%3Dweb")).body;
    let images: Vec<_> =
        pods["items"].as_array().unwrap().iter().map(|pod| &pod["spec"]["containers"][0]["image"]).collect();
    assert_eq!(images, ["web:2", "web:2"]);
}

#[test]
fn a_pod_that_does_not_come_up_says_why() {
    let images = ["web:1", "crash:1"].map(str::to_owned).to_vec();
    let cluster = Cluster { broken: vec!["crash".to_owned()], ..Cluster::default() };
    let mut world = of(cluster, Some(images));
    let mut greedy = deployment("web:1", 1);
    greedy["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "100"}});
    let mut unset = deployment("web:1", 1);
    unset["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "later"}}]);
    let why = |pod: &Value| {
        let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
        waiting["reason"].as_str().map_or_else(|| condition(pod, "PodScheduled").1, str::to_owned)
    };
    for (object, expected) in [
        (deployment("web:2", 1), "ImagePullBackOff"),
        (deployment("crash:1", 1), "CrashLoopBackOff"),
        (greedy, "Unschedulable"),
        (unset, "CreateContainerConfigError"),
    ] {
        world.apply(&shop("apps/v1", "deployments"), &object);
        world.later(6000);
        let pods = world.look(&format!("{SHOP}/pods")).body;
        let reasons: Vec<String> = pods["items"].as_array().unwrap().iter().map(why).collect();
        assert!(reasons.contains(&expected.to_owned()), "{expected}: {reasons:?}");
    }
    world.make(&format!("{SHOP}/secrets"), &secret("later"));
    world.later(5000);
    let up = world.look(&format!("{}/web", shop("apps/v1", "deployments"))).body;
    assert_eq!(up["status"]["readyReplicas"], 1, "what a pod waited for has come");
}

#[test]
fn a_job_completes_or_is_given_up() {
    let cluster = Cluster { broken: vec!["wrong".to_owned()], ..Cluster::default() };
    let mut world = of(cluster, None);
    let url = format!("{}/migrate", shop("batch/v1", "jobs"));
    world.apply(&shop("batch/v1", "jobs"), &job("migrate:1"));
    world.later(7000);
    let done = world.look(&url).body;
    assert_eq!(
        (condition(&done, "Complete").0.as_str(), done["status"]["succeeded"].as_u64()),
        ("True", Some(1))
    );
    let pods = world.look(&format!("{SHOP}/pods")).body["items"].clone();
    assert_eq!(pods[0]["status"]["phase"], "Succeeded");
    world.call(Method::DELETE, &url, &Value::Null);
    world.later(5000);
    let left = world.look(&format!("{SHOP}/pods")).body["items"].clone();
    assert_eq!(left.as_array().unwrap().len(), 1, "a job that is deleted without a word leaves its pods");
    world.apply(&shop("batch/v1", "jobs"), &job("wrong:1"));
    world.later(60_000);
    let failed = world.look(&url).body;
    assert_eq!(condition(&failed, "Failed").1, "BackoffLimitExceeded");
    world.call(Method::DELETE, &url, &json!({"propagationPolicy": "Foreground"}));
    world.later(5000);
    assert_eq!(world.look(&url).status, StatusCode::NOT_FOUND);
}

#[test]
fn a_quota_is_held_and_counted() {
    let mut world = world();
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "plan"},
        "spec": {"hard": {"limits.cpu": "2", "pods": "10", "count/deployments.apps": "1"}},
    });
    world.apply(&format!("{SHOP}/resourcequotas"), &quota);
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 3));
    world.later(5000);
    let web = world.look(&format!("{}/web", shop("apps/v1", "deployments"))).body;
    assert_eq!(web["status"]["readyReplicas"], 2);
    let (status, why, message) = condition(&web, "ReplicaFailure");
    assert_eq!((status.as_str(), why.as_str()), ("True", "FailedCreate"));
    assert!(
        message.ends_with(
            "exceeded quota: plan, requested: limits.cpu=1, used: limits.cpu=2, limited: limits.cpu=2"
        ),
        "{message}"
    );
    let used = world.look(&format!("{SHOP}/resourcequotas/plan")).body["status"]["used"].clone();
    assert_eq!(used, json!({"limits.cpu": "2", "pods": "2", "count/deployments.apps": "1"}));
    let mut second = deployment("web:1", 1);
    second["metadata"]["name"] = json!("web-2");
    let refused = world.apply_as("tenantry", "", &shop("apps/v1", "deployments"), &second);
    assert_eq!(reason(&refused), (403, "Forbidden"));
}

#[test]
fn a_namespace_goes_slowly_and_lets_nothing_new_in() {
    let mut world = world();
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 1));
    world.later(5000);
    let url = SHOP.to_owned();
    world.delete(&url);
    let going = world.look(&url).body;
    assert_eq!(going["status"]["phase"], "Terminating");
    let refused = world.make(&format!("{SHOP}/secrets"), &secret("a"));
    assert_eq!(reason(&refused), (403, "Forbidden"));
    assert_eq!(refused.body["details"]["causes"][0]["reason"], "NamespaceTerminating");
    world.later(5000);
    assert_eq!(world.look(&url).status, StatusCode::OK, "it takes longer than its pods");
    world.later(7000);
    assert_eq!(world.look(&url).status, StatusCode::NOT_FOUND);
    assert_eq!(world.look(&format!("{CLUSTER}/api/v1/pods")).body["items"], json!([]));
}

#[test]
fn a_finalizer_keeps_an_object_until_it_is_taken_off() {
    let mut world = world();
    let mut kept = secret("a");
    kept["metadata"]["finalizers"] = json!(["example.com/keep"]);
    world.apply(&format!("{SHOP}/secrets"), &kept);
    let url = format!("{SHOP}/secrets/a");
    world.delete(&url);
    world.later(60_000);
    assert!(world.look(&url).body["metadata"]["deletionTimestamp"].is_string());
    world.patch(&url, &json!({"metadata": {"finalizers": null}}));
    assert_eq!(world.look(&url).status, StatusCode::NOT_FOUND);
}

#[test]
fn only_the_object_that_is_meant_is_deleted() {
    let mut world = world();
    world.apply(&format!("{SHOP}/secrets"), &secret("a"));
    let other = json!({"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}});
    let refused = world.call(Method::DELETE, &format!("{SHOP}/secrets/a"), &other);
    assert_eq!(reason(&refused), (409, "Conflict"));
    assert_eq!(world.look(&format!("{SHOP}/secrets/a")).status, StatusCode::OK);
}

#[test]
fn lists_are_selected_and_come_in_parts() {
    let mut world = world();
    for (name, tier) in [("a", "one"), ("b", "two"), ("c", "one"), ("d", "one")] {
        let map = json!({"metadata": {"name": name, "labels": {"tier": tier}}});
        world.make(&format!("{SHOP}/configmaps"), &map);
    }
    let list = format!("{SHOP}/configmaps?labelSelector=tier%3Done&limit=2");
    let names = |body: &Value| -> Vec<String> {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = world.look(&list).body;
    let next = first["metadata"]["continue"].as_str().unwrap();
    assert_eq!(names(&first), ["a", "c"]);
    assert_eq!(names(&world.look(&format!("{list}&continue={next}")).body), ["d"]);
    assert_eq!(reason(&world.look(&format!("{list}&continue=zz"))), (410, "Expired"));
    assert_eq!(
        reason(&world.look(&format!("{SHOP}/configmaps?labelSelector=tier%3Da%2Fb"))),
        (400, "BadRequest")
    );
}

pub(crate) fn application() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "tenant-shop", "namespace": "argocd"},
        "spec": {
            "project": "tenants",
            "source": {
                "repoURL": "https://github.com/company/e-commerce-manifests", "path": "tenant", "targetRevision": "main",
                "kustomize": {"commonLabels": {"tenant": "shop"}, "images": ["ecommerce/api-gateway:v1.2.4"]},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
    })
}

pub(crate) const APPLICATIONS: &str =
    "https://kubernetes.example/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// The secrets that the services of the shop read.
fn credentials(world: &mut World) {
    for name in [
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
    ] {
        world.make(&format!("{SHOP}/secrets"), &secret(&format!("{name}-db-credentials")));
    }
    world.make(&format!("{SHOP}/secrets"), &secret("rabbitmq-credentials"));
}

fn judged(world: &mut World) -> (String, String) {
    let status = world.look(&format!("{APPLICATIONS}/tenant-shop")).body["status"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&status["sync"]["status"]), text(&status["health"]["status"]))
}

#[test]
fn an_application_syncs_and_is_healthy_when_its_thirteen_services_are() {
    let mut world = world();
    world.apply(APPLICATIONS, &application());
    world.later(1500);
    assert_eq!(judged(&mut world), ("OutOfSync".to_owned(), "Missing".to_owned()));
    world.later(2500);
    assert_eq!(judged(&mut world), ("Synced".to_owned(), "Progressing".to_owned()));
    credentials(&mut world);
    world.later(15_000);
    assert_eq!(judged(&mut world), ("Synced".to_owned(), "Healthy".to_owned()));
    let all = world.look(&format!("{}?labelSelector=tenant%3Dshop", shop("apps/v1", "deployments"))).body;
    assert_eq!(all["items"].as_array().unwrap().len(), 13);
    let gateway = world.look(&format!("{}/api-gateway", shop("apps/v1", "deployments"))).body;
    assert_eq!(gateway["spec"]["template"]["spec"]["containers"][0]["image"], "ecommerce/api-gateway:v1.2.4");
    world.delete(&format!("{}/api-gateway", shop("apps/v1", "deployments")));
    world.later(30_000);
    assert_eq!(
        judged(&mut world),
        ("Synced".to_owned(), "Healthy".to_owned()),
        "what is taken away comes again"
    );
}

#[test]
fn an_application_that_cannot_run_is_degraded_at_last_and_its_deployment_says_why() {
    let mut world = of(Cluster::default(), Some(vec!["another:1".to_owned()]));
    credentials(&mut world);
    world.apply(APPLICATIONS, &application());
    world.later(60_000);
    assert_eq!(judged(&mut world).1, "Progressing");
    world.later(120_000);
    assert_eq!(judged(&mut world).1, "Degraded");
    let gateway = world.look(&format!("{}/api-gateway", shop("apps/v1", "deployments"))).body;
    assert_eq!(condition(&gateway, "Progressing").1, "ProgressDeadlineExceeded");
}

#[test]
fn an_application_takes_what_it_made_along_if_it_has_the_finalizer() {
    let mut world = world();
    credentials(&mut world);
    let mut with = application();
    with["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
    world.apply(APPLICATIONS, &with);
    world.later(20_000);
    world.delete(&format!("{APPLICATIONS}/tenant-shop"));
    world.later(20_000);
    assert_eq!(world.look(&format!("{APPLICATIONS}/tenant-shop")).status, StatusCode::NOT_FOUND);
    assert_eq!(world.look(&shop("apps/v1", "deployments")).body["items"], json!([]));
    world.apply(APPLICATIONS, &application());
    world.later(20_000);
    world.delete(&format!("{APPLICATIONS}/tenant-shop"));
    world.later(20_000);
    assert_eq!(world.look(&shop("apps/v1", "deployments")).body["items"].as_array().unwrap().len(), 13);
}

#[test]
fn an_application_of_what_is_not_there_says_so() {
    let mut world = world();
    for (pointer, value, kind) in [
        ("/spec/project", "others", "InvalidSpecError"),
        ("/spec/source/path", "elsewhere", "ComparisonError"),
        ("/spec/source/repoURL", "https://github.com/company/other", "ComparisonError"),
    ] {
        let mut wrong = application();
        *wrong.pointer_mut(pointer).unwrap() = json!(value);
        world.apply(APPLICATIONS, &wrong);
        world.later(5000);
        let status = world.look(&format!("{APPLICATIONS}/tenant-shop")).body["status"].clone();
        assert_eq!(status["conditions"][0]["type"], kind, "{status}");
        assert_eq!(status["sync"]["status"], "Unknown");
    }
}

#[test]
fn a_certificate_becomes_a_secret_and_an_ingress_asks_for_its_own() {
    let mut world = world();
    let ingress = |name: &str, host: &str| {
        let backend = json!({"service": {"name": "api-gateway", "port": {"number": 8100}}});
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"}},
            "spec": {
                "ingressClassName": "nginx", "tls": [{"hosts": [host], "secretName": format!("{name}-tls")}],
                "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
            },
        })
    };
    let ingresses = shop("networking.k8s.io/v1", "ingresses");
    world.apply(&ingresses, &ingress("a", "a.example.com"));
    let url = format!("{}/a-tls", shop("cert-manager.io/v1", "certificates"));
    assert_eq!(condition(&world.look(&url).body, "Ready").1, "DoesNotExist");
    world.later(10_000);
    assert_eq!(condition(&world.look(&url).body, "Ready").1, "Ready");
    assert_eq!(world.look(&format!("{SHOP}/secrets/a-tls")).body["type"], "kubernetes.io/tls");
    let taken = world.apply_as("tenantry", "", &ingresses, &ingress("b", "a.example.com"));
    assert!(
        taken.body["message"].as_str().unwrap().contains("is already defined in ingress shop/a"),
        "{taken:?}"
    );
    world.delete(&format!("{ingresses}/a"));
    world.later(1000);
    assert_eq!(world.look(&url).status, StatusCode::NOT_FOUND, "it was the ingress's own");
}

#[test]
fn a_secret_comes_from_where_its_store_leads_to() {
    let remote = BTreeMap::from([("shop/auth-db".to_owned(), r#"{"host":"db"}"#.to_owned())]);
    let mut world = of(Cluster { remote: Arc::new(remote), ..Cluster::default() }, None);
    let external = |key: &str, property: &str| {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "auth"},
            "spec": {
                "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
                "target": {"name": "auth", "creationPolicy": "Owner"},
                "data": [{"secretKey": "DB_HOST", "remoteRef": {"key": key, "property": property}}],
            },
        })
    };
    let all = shop("external-secrets.io/v1", "externalsecrets");
    for (key, property, told) in
        [("shop/none", "host", "Secret does not exist"), ("shop/auth-db", "port", "key port does not exist")]
    {
        world.apply(&all, &external(key, property));
        world.later(1000);
        let (ready, why, message) = condition(&world.look(&format!("{all}/auth")).body, "Ready");
        assert_eq!((ready.as_str(), why.as_str()), ("False", "SecretSyncedError"));
        assert!(message.contains(told), "{message}");
        assert_eq!(world.look(&format!("{SHOP}/secrets/auth")).status, StatusCode::NOT_FOUND);
    }
    world.apply(&all, &external("shop/auth-db", "host"));
    assert_eq!(condition(&world.look(&format!("{all}/auth")).body, "Ready").1, "SecretSynced");
    assert_eq!(world.look(&format!("{SHOP}/secrets/auth")).body["data"], json!({"DB_HOST": "ZGI="}));
    world.delete(&format!("{all}/auth"));
    world.look(SHOP);
    assert_eq!(world.look(&format!("{SHOP}/secrets/auth")).status, StatusCode::NOT_FOUND);
}

#[test]
fn a_secret_with_a_template_holds_what_that_says() {
    let remote = BTreeMap::from([("shop/auth-db".to_owned(), r#"{"login":"p{{w","port":3306}"#.to_owned())]);
    let mut world = of(Cluster { remote: Arc::new(remote), ..Cluster::default() }, None);
    let all = shop("external-secrets.io/v1", "externalsecrets");
    let external = |template: Value| {
        let read = |name: &str| {
            let remote = json!({"key": "shop/auth-db", "property": name});
            json!({"secretKey": name, "remoteRef": remote})
        };
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "auth"},
            "spec": {
                "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
                "target": {"name": "auth", "creationPolicy": "Owner", "template": template},
                "data": [read("login"), read("port")],
            },
        })
    };
    let template = |text: &str| json!({"engineVersion": "v2", "data": {"A": text}});
    for (text, told) in [
        ("{{ .other }}", "map has no entry for key \"other\""),
        ("{{ .login | b64enc }}", "not {{ .login | b64enc }}"),
        ("{{- .login -}}", "not {{- .login -}}"),
        ("{{ .a-b }}", "not {{ .a-b }}"),
        ("{{ .login", "unclosed action"),
    ] {
        world.apply(&all, &external(template(text)));
        world.later(1000);
        let (ready, why, message) = condition(&world.look(&format!("{all}/auth")).body, "Ready");
        assert_eq!((ready.as_str(), why.as_str()), ("False", "SecretSyncedError"));
        assert!(message.contains(told), "{message}");
    }
    let holds = |world: &mut World, template: Value| {
        world.apply(&all, &external(template));
        let data = world.look(&format!("{SHOP}/secrets/auth")).body["data"].clone();
        let decoded = |(name, text): (&String, &Value)| {
            let text = STANDARD.decode(text.as_str().unwrap()).unwrap();
            (name.clone(), String::from_utf8(text).unwrap())
        };
        data.as_object().unwrap().iter().map(decoded).collect::<BTreeMap<_, _>>()
    };
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let text = "u:{{ .login }}@h:{{.port}}}}";
    assert_eq!(holds(&mut world, template(text)), pairs(&[("A", "u:p{{w@h:3306}}")]));
    assert_eq!(holds(&mut world, json!({})), pairs(&[("login", "p{{w"), ("port", "3306")]));
    let merged = json!({"engineVersion": "v2", "mergePolicy": "Merge", "data": {"A": "plain"}});
    let all_three = pairs(&[("A", "plain"), ("login", "p{{w"), ("port", "3306")]);
    assert_eq!(holds(&mut world, merged), all_three);
}

#[test]
fn operators_say_in_their_own_ways_when_they_are_done() {
    let mut world = world();
    let clusters = shop("postgresql.cnpg.io/v1", "clusters");
    let cluster = json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "pg"},
        "spec": {"instances": 1, "storage": {"size": "10Gi"}},
    });
    world.apply(&clusters, &cluster);
    world.later(40_000);
    assert_eq!(world.look(&format!("{clusters}/pg")).body["status"]["phase"], "Cluster in healthy state");
    assert_eq!(world.look(&format!("{SHOP}/secrets/pg-app")).status, StatusCode::OK);
}

#[test]
fn what_was_asked_for_is_in_the_inventory_with_its_marks() {
    let mut world = world();
    let mut web = deployment("web:1", 2);
    web["metadata"]["annotations"] = json!({"tenantry.dev/owner": "demo/shop"});
    world.apply(&shop("apps/v1", "deployments"), &web);
    world.later(5000);
    let things: Vec<_> =
        world.clouds.things(world.now).into_iter().filter(|it| it.provider == "kubernetes").collect();
    let told: Vec<_> = things.iter().map(|it| (it.kind, it.name.as_str(), it.owner.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("Deployment", "shop/web", Some("app=web,tenantry.dev/owner=demo/shop")),
            ("Namespace", "shop", None)
        ],
        "its pods are its own, and what was there before is nobody's"
    );
    assert!(world.clouds.remove("kubernetes", "Deployment", "shop/web"));
    assert_eq!(world.look(&format!("{SHOP}/pods")).status, StatusCode::OK);
    world.later(2000);
    assert_eq!(world.look(&format!("{SHOP}/pods")).body["items"], json!([]));
}

#[test]
fn without_a_pace_a_cluster_is_done_at_once() {
    let mut world = World::with(&Settings { pace: sandbox::clouds::Pace(0.0), ..Settings::default() });
    world.namespace("shop");
    world.apply(&shop("apps/v1", "deployments"), &deployment("web:1", 3));
    let web = world.look(&format!("{}/web", shop("apps/v1", "deployments"))).body;
    assert_eq!(web["status"]["readyReplicas"], 3);
    world.delete(SHOP);
    assert_eq!(world.look(SHOP).status, StatusCode::NOT_FOUND);
}

#[test]
fn a_cluster_that_is_asked_too_much_says_so() {
    let mut world = World::with(&Settings {
        cluster: Cluster { calls_per_second: 2, ..Cluster::default() },
        ..Settings::default()
    });
    let list = format!("{CLUSTER}/api/v1/namespaces");
    assert_eq!((world.look(&list).status, world.look(&list).status), (StatusCode::OK, StatusCode::OK));
    let refused = world.look(&list);
    assert_eq!(reason(&refused), (429, "TooManyRequests"));
    assert!(refused.response.headers().contains_key("retry-after"));
}
