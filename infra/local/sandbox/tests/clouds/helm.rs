//! Helm in a cluster: the chart as Helm itself renders it, and what Flux and K3s make of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::clouds::{Cluster, Release, render};
use serde_json::{Value, json};

use crate::bed::{Answer, World};
use crate::kubernetes::{CLUSTER, SHOP, condition, of, reason, shop, world};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/mechanicbuddy-tenant");
const RELEASES: &str = "helm.toolkit.fluxcd.io/v2";
const CHARTS: &str = "helm.cattle.io/v1";

#[allow(clippy::disallowed_methods)] // Configuration of the tests; a program of our own choice, and no shell.
fn helm() -> Command {
    let home = || PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/tenantry");
    let cache = std::env::var("TENANTRY_CACHE").map_or_else(|_| home(), PathBuf::from);
    Command::new(std::env::var("HELM").map_or_else(|_| cache.join("helm/helm"), PathBuf::from))
}

fn by_name(objects: impl IntoIterator<Item = Value>) -> BTreeMap<(String, String), Value> {
    let named = objects.into_iter().map(|object| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        ((text(&object["kind"]), text(&object["metadata"]["name"])), object)
    });
    named.collect()
}

#[test]
fn the_chart_is_rendered_as_helm_renders_it() {
    let mut plans = 0;
    for file in std::fs::read_dir(format!("{CHART}/ci")).unwrap() {
        let file = file.unwrap().path();
        let values: Value = yaml_serde::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let told = helm()
            .args(["template", "workshop", CHART, "--namespace", "acme", "--values"])
            .arg(&file)
            .output()
            .expect("helm: `make charts` installs it");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8(told.stdout).unwrap();
        let documents = told.split("\n---\n").map(|one| yaml_serde::from_str(one).unwrap());
        let theirs = by_name(documents.filter(|it: &Value| !it.is_null()));
        let release = Release { name: "workshop", namespace: "acme", version: "1.0.0" };
        let ours = by_name(render(release, &values).unwrap());
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{file:?}");
        for (name, object) in &theirs {
            assert_eq!(&ours[name], object, "{file:?} {name:?}");
        }
        plans += 1;
    }
    assert_eq!(plans, 7);
}

#[test]
fn what_the_chart_does_not_take_is_refused_as_helm_refuses_it() {
    let release = Release { name: "workshop", namespace: "acme", version: "1.0.0" };
    for (at, wrong) in [
        ("/api/replicas", json!(-1)),
        ("/api/foo", json!(1)),
        ("/access", json!("some")),
        ("/image/tag", json!("")),
        ("/web/resources/limits/memory", json!("1 GB")),
        ("/mechanics", json!("20")),
    ] {
        let mut values = values();
        let (parent, last) = at.rsplit_once('/').unwrap();
        values.pointer_mut(parent).unwrap()[last] = wrong;
        let file = std::env::temp_dir().join(format!("values-{}-{last}.json", std::process::id()));
        std::fs::write(&file, values.to_string()).unwrap();
        let told = helm().args(["template", "workshop", CHART, "--values"]).arg(&file).output().unwrap();
        std::fs::remove_file(&file).unwrap();
        let theirs = String::from_utf8(told.stderr).unwrap();
        let ours = render(release, &values).expect_err("a wrong value");
        assert_eq!(theirs.trim_start_matches("Error: ").trim_end(), ours.trim_end(), "{at}");
    }
}

fn values() -> Value {
    let resources = json!({
        "requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"},
    });
    let component = json!({"replicas": 2, "deadlineSeconds": 60, "resources": resources});
    json!({
        "tenant": {"id": "acme-7f3a9c", "name": "Acme Auto", "plan": "professional"},
        "url": "https://acme.mechanicbuddy.example",
        "image": {"registry": "ghcr.io/mechanicbuddy", "tag": "1.4.2"},
        "database": {"secret": "postgres-app"}, "owner": {"secret": "owner-credentials", "email": "owner@acme.example"},
        "mechanics": 20, "api": component, "web": component,
    })
}

fn release(values: &Value) -> Value {
    let source = json!({"kind": "HelmRepository", "name": "mechanicbuddy", "namespace": "flux-system"});
    json!({
        "apiVersion": RELEASES, "kind": "HelmRelease", "metadata": {"name": "workshop"},
        "spec": {
            "interval": "10m", "timeout": "5m",
            "chart": {"spec": {"chart": "mechanicbuddy-tenant", "version": "1.0.0", "sourceRef": source}},
            "upgrade": {"remediation": {"retries": 0, "remediateLastFailure": true, "strategy": "rollback"}},
            "values": values,
        },
    })
}

fn chart(values: &Value) -> Value {
    json!({
        "apiVersion": CHARTS, "kind": "HelmChart", "metadata": {"name": "workshop"},
        "spec": {
            "repo": "https://charts.mechanicbuddy.example", "chart": "mechanicbuddy-tenant", "version": "1.0.0",
            "targetNamespace": "shop", "backOffLimit": 1, "valuesContent": values.to_string(),
        },
    })
}

fn with(values: &Value, at: &str, value: Value) -> Value {
    let mut values = values.clone();
    *values.pointer_mut(at).unwrap() = value;
    values
}

impl World {
    fn credentials(&mut self) {
        for (name, key) in [("postgres-app", "uri"), ("owner-credentials", "ADMIN_PASSWORD")] {
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: "x"},
            });
            self.apply(&format!("{SHOP}/secrets"), &secret);
        }
    }

    fn order(&mut self, release: &Value) -> Value {
        let plural = if release["kind"] == "HelmChart" { "helmcharts" } else { "helmreleases" };
        self.apply(&shop(release["apiVersion"].as_str().unwrap(), plural), release).body
    }

    fn workshop(&mut self) -> Value {
        self.look(&format!("{}/workshop", shop(RELEASES, "helmreleases"))).body
    }

    fn deployment(&mut self, name: &str) -> Answer {
        self.look(&format!("{}/{name}", shop("apps/v1", "deployments")))
    }

    /// Names of what is in the namespace of one kind.
    fn listed(&mut self, url: &str) -> Vec<String> {
        let list = self.get(url).body;
        let name = |it: &Value| it["metadata"]["name"].as_str().unwrap().to_owned();
        list["items"].as_array().unwrap().iter().map(name).collect()
    }

    fn image(&mut self, deployment: &str) -> Value {
        self.deployment(deployment).body["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    }
}

/// A world in which the release is installed and serves.
fn installed() -> World {
    let mut world = world();
    world.credentials();
    world.order(&release(&values()));
    world.later(30_000);
    let workshop = world.workshop();
    assert_eq!(condition(&workshop, "Ready").1, "InstallSucceeded", "{workshop}");
    world
}

#[test]
fn a_release_is_installed_and_ready_when_all_of_it_serves() {
    let mut world = world();
    world.credentials();
    world.order(&release(&values()));
    let workshop = world.workshop();
    assert_eq!(workshop["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    let (status, reason, message) = condition(&workshop, "Ready");
    assert_eq!((status.as_str(), reason.as_str()), ("Unknown", "Progressing"));
    assert_eq!(message, "Running 'install' action with timeout of 5m");
    assert_eq!(workshop["status"]["observedGeneration"], -1, "it is not done with");
    // The chart is there, and its pods are not.
    world.later(6_000);
    let workshop = world.workshop();
    assert_eq!(workshop["status"]["history"][0]["status"], "pending-install");
    world.later(20_000);
    let workshop = world.workshop();
    let (status, reason, message) = condition(&workshop, "Ready");
    assert_eq!((status.as_str(), reason.as_str()), ("True", "InstallSucceeded"));
    assert_eq!(
        message,
        "Helm install succeeded for release shop/workshop.v1 with chart mechanicbuddy-tenant@1.0.0"
    );
    assert_eq!(workshop["status"]["observedGeneration"], 1);
    let history = &workshop["status"]["history"][0];
    assert_eq!((&history["status"], &history["version"]), (&json!("deployed"), &json!(1)));
    let api = world.deployment("api").body;
    assert_eq!(api["metadata"]["annotations"]["meta.helm.sh/release-name"], "workshop");
    assert_eq!(api["metadata"]["annotations"]["meta.helm.sh/release-namespace"], "shop");
    assert_eq!(api["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(api["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"], "workshop");
    assert_eq!(api["status"]["readyReplicas"], 2);
    assert_eq!(world.listed(&shop("policy/v1", "poddisruptionbudgets")), ["api", "web"]);
    assert_eq!(world.listed(&format!("{SHOP}/services")), ["api", "web"]);
    // As Helm reads it.
    let secret = world.look(&format!("{SHOP}/secrets/sh.helm.release.v1.workshop.v1")).body;
    assert_eq!(secret["type"], "helm.sh/release.v1");
    assert_eq!(secret["metadata"]["labels"]["status"], "deployed");
    let record = STANDARD.decode(secret["data"]["release"].as_str().unwrap()).unwrap();
    let record: Value = serde_json::from_slice(&STANDARD.decode(record).unwrap()).unwrap();
    assert_eq!(record["config"]["tenant"]["id"], "acme-7f3a9c");
    // Nothing goes on any more.
    let version = world.workshop()["metadata"]["resourceVersion"].clone();
    world.later(3_600_000);
    assert_eq!(world.workshop()["metadata"]["resourceVersion"], version);
}

#[test]
fn pods_wait_for_their_secrets_before_they_migrate() {
    let mut world = world();
    world.order(&release(&values()));
    world.later(15_000);
    assert_eq!(condition(&world.workshop(), "Ready").0, "Unknown");
    let api = |world: &mut World| {
        world.get(&format!("{SHOP}/pods?labelSelector=app%3Dapi")).body["items"][0].clone()
    };
    let pod = api(&mut world);
    assert_eq!(pod["status"]["phase"], "Pending");
    let waiting = &pod["status"]["initContainerStatuses"][0]["state"]["waiting"];
    assert_eq!(
        (waiting["reason"].as_str(), waiting["message"].as_str()),
        (Some("CreateContainerConfigError"), Some("secret \"owner-credentials\" not found"))
    );
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing");
    let (status, reason, message) = condition(&pod, "Initialized");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "ContainersNotInitialized"));
    assert_eq!(message, "containers with incomplete status: [migrate]");
    world.credentials();
    world.later(1_000);
    let pod = api(&mut world);
    assert!(pod["status"]["initContainerStatuses"][0]["state"]["running"].is_object(), "{}", pod["status"]);
    assert_eq!(pod["status"]["phase"], "Pending");
    world.later(5_000);
    let pod = api(&mut world);
    let migrated = &pod["status"]["initContainerStatuses"][0];
    assert_eq!((&migrated["state"]["terminated"]["exitCode"], &migrated["ready"]), (&json!(0), &json!(true)));
    assert_eq!(condition(&pod, "Ready").0, "True");
    assert_eq!(condition(&world.workshop(), "Ready").0, "True");
}

#[test]
fn a_pod_whose_migration_fails_does_not_come_to_its_own_container() {
    let mut world = of(Cluster { broken: vec!["api:".to_owned()], ..Cluster::default() }, None);
    world.credentials();
    world.order(&release(&values()));
    world.later(20_000);
    let pods = world.get(&format!("{SHOP}/pods?labelSelector=app%3Dapi")).body;
    let status = &pods["items"][0]["status"];
    let migrate = &status["initContainerStatuses"][0];
    assert_eq!(migrate["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing");
    assert_eq!(status["phase"], "Pending");
    assert_eq!(condition(&pods["items"][0], "Initialized").0, "False");
}

#[test]
fn an_upgrade_changes_what_differs_and_takes_away_what_is_rendered_no_more() {
    let mut world = installed();
    let mut canary = values();
    canary["canary"] = json!({"tag": "1.5.0"});
    world.order(&release(&canary));
    assert_eq!(condition(&world.workshop(), "Ready").0, "Unknown");
    world.later(30_000);
    let workshop = world.workshop();
    assert_eq!(condition(&workshop, "Ready").1, "UpgradeSucceeded");
    let statuses: Vec<&Value> =
        workshop["status"]["history"].as_array().unwrap().iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, ["deployed", "superseded"]);
    let secret = world.look(&format!("{SHOP}/secrets/sh.helm.release.v1.workshop.v1")).body;
    assert_eq!(secret["metadata"]["labels"]["status"], "superseded");
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api", "api-canary", "web", "web-canary"]);
    world.order(&release(&with(&values(), "/image/tag", json!("1.5.0"))));
    world.later(30_000);
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api", "web"]);
    assert_eq!(world.listed(&format!("{SHOP}/services")), ["api", "web"]);
    assert_eq!(world.image("api"), "ghcr.io/mechanicbuddy/api:1.5.0");
}

#[test]
fn a_slot_is_changed_without_a_new_pod() {
    let mut world = installed();
    let mut both = values();
    both["other"] = json!({"tag": "1.5.0"});
    world.order(&release(&both));
    world.later(30_000);
    let pods = world.listed(&format!("{SHOP}/pods"));
    assert_eq!(pods.len(), 8);
    let mut green = with(&values(), "/image/tag", json!("1.5.0"));
    green["slot"] = json!("green");
    green["other"] = json!({"tag": "1.4.2"});
    world.order(&release(&green));
    world.later(30_000);
    assert_eq!(condition(&world.workshop(), "Ready").1, "UpgradeSucceeded");
    assert_eq!(world.listed(&format!("{SHOP}/pods")), pods);
    let service = world.look(&format!("{SHOP}/services/api")).body;
    assert_eq!(service["spec"]["selector"]["slot"], "green");
    green["other"] = json!({"tag": ""});
    world.order(&release(&green));
    world.later(30_000);
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api-green", "web-green"]);
}

#[test]
fn values_that_the_chart_does_not_take_are_no_revision_and_can_be_made_good() {
    let mut world = world();
    world.credentials();
    let wrong = with(&values(), "/api/replicas", json!(-1));
    world.order(&release(&wrong));
    world.later(10_000);
    let workshop = world.workshop();
    let (_, reason, message) = condition(&workshop, "Ready");
    assert_eq!(reason, "InstallFailed");
    assert!(message.contains("- at '/api/replicas': minimum: got -1, want 0"), "{message}");
    assert_eq!(condition(&workshop, "Stalled").1, "RetriesExceeded");
    assert_eq!(condition(&workshop, "Stalled").2, "Failed to install after 1 attempt(s)");
    assert_eq!(workshop["status"]["observedGeneration"], 1);
    assert!(workshop["status"].get("history").is_none());
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0]);
    world.order(&release(&values()));
    world.later(30_000);
    assert_eq!(condition(&world.workshop(), "Ready").1, "InstallSucceeded");
    // Of what serves, nothing is changed, and what served is good enough to be asked for again.
    world.order(&release(&wrong));
    world.later(10_000);
    assert_eq!(condition(&world.workshop(), "Ready").1, "UpgradeFailed");
    assert_eq!(world.workshop()["status"]["history"].as_array().unwrap().len(), 1);
    world.order(&release(&values()));
    let workshop = world.workshop();
    assert_eq!(condition(&workshop, "Ready").0, "True");
    assert_eq!(workshop["status"]["history"][0]["version"], 1, "it was there all the time");
}

#[test]
fn a_failed_upgrade_is_rolled_back_and_says_so_and_why() {
    let mut world = of(Cluster { broken: vec!["1.5.0".to_owned()], ..Cluster::default() }, None);
    world.credentials();
    world.order(&release(&values()));
    world.later(30_000);
    world.order(&release(&with(&values(), "/image/tag", json!("1.5.0"))));
    world.later(30_000);
    assert_eq!(world.image("api"), "ghcr.io/mechanicbuddy/api:1.5.0");
    // The deployments' own deadline is a minute; nobody waits for what has failed.
    world.later(60_000);
    let workshop = world.workshop();
    let (status, reason, message) = condition(&workshop, "Ready");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "RollbackSucceeded"), "{workshop}");
    assert!(message.contains("rollback to previous release shop/workshop.v3"), "{message}");
    let (_, reason, message) = condition(&workshop, "Released");
    assert_eq!(reason, "UpgradeFailed");
    assert!(
        message.contains(
            "resource Deployment/shop/api not ready. status: Failed, message: Progress deadline exceeded"
        ),
        "{message}"
    );
    assert_eq!(condition(&workshop, "Stalled").1, "RetriesExceeded");
    assert_eq!(workshop["status"]["observedGeneration"], workshop["metadata"]["generation"]);
    let statuses: Vec<&Value> =
        workshop["status"]["history"].as_array().unwrap().iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, ["deployed", "failed", "superseded"]);
    assert_eq!(world.image("api"), "ghcr.io/mechanicbuddy/api:1.4.2");
    let api = world.deployment("api").body;
    assert_eq!((&api["status"]["readyReplicas"], &api["status"]["replicas"]), (&json!(2), &json!(2)));
    // What it was led back to is what is asked for now.
    world.order(&release(&values()));
    let workshop = world.workshop();
    assert_eq!(condition(&workshop, "Ready").1, "UpgradeSucceeded");
    assert_eq!(condition(&workshop, "Remediated").0, "");
    assert_eq!(condition(&workshop, "Stalled").0, "");
}

#[test]
fn an_action_goes_on_to_its_end_whatever_is_asked_for_meanwhile() {
    let mut world = world();
    world.order(&release(&values()));
    world.later(10_000);
    let fixed = with(&values(), "/database/secret", json!("owner-credentials"));
    world.order(&release(&fixed));
    world.later(10_000);
    let workshop = world.workshop();
    assert_eq!(workshop["status"]["lastAttemptedGeneration"], 1);
    assert_eq!(workshop["status"]["history"][0]["status"], "pending-install");
    // The first attempt fails, and the second counts from nought.
    world.credentials();
    world.later(120_000);
    assert_eq!(world.workshop()["status"]["lastAttemptedGeneration"], 2);
}

#[test]
fn retries_begin_with_nothing_and_end() {
    let mut world = of(Cluster { broken: vec!["api:".to_owned()], ..Cluster::default() }, None);
    world.credentials();
    let mut wanted = release(&values());
    wanted["spec"]["install"] = json!({"remediation": {"retries": 1, "remediateLastFailure": true}});
    world.order(&wanted);
    world.later(600_000);
    let workshop = world.workshop();
    assert_eq!(condition(&workshop, "Remediated").1, "UninstallSucceeded", "{workshop}");
    assert_eq!(condition(&workshop, "Stalled").2, "Failed to install after 2 attempt(s)");
    assert_eq!(workshop["status"]["installFailures"], 2);
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0]);
    assert_eq!(world.listed(&format!("{SHOP}/secrets")), ["owner-credentials", "postgres-app"]);
}

#[test]
fn what_there_is_no_chart_of_is_waited_for() {
    let mut world = world();
    let mut wanted = release(&values());
    wanted["spec"]["chart"]["spec"]["version"] = json!("9.9.9");
    world.order(&wanted);
    let workshop = world.workshop();
    let (status, reason, message) = condition(&workshop, "Ready");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "SourceNotReady"));
    assert!(
        message.contains("no 'mechanicbuddy-tenant' chart with version matching '9.9.9' found"),
        "{message}"
    );
    assert_eq!(workshop["status"]["observedGeneration"], -1);
    wanted["spec"]["chart"]["spec"]["sourceRef"]["name"] = json!("other");
    world.order(&wanted);
    let message = condition(&world.workshop(), "Ready").2;
    assert!(message.contains("HelmRepository.source.toolkit.fluxcd.io \"other\" not found"), "{message}");
    wanted["spec"]["chartRef"] = json!({"kind": "OCIRepository", "name": "app"});
    let refused = world.apply_as("tenantry", "", &shop(RELEASES, "helmreleases"), &wanted);
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.ends_with("either chart or chartRef must be set"), "{message}");
}

#[test]
fn what_is_somebody_elses_is_not_taken_over() {
    let mut world = world();
    world.credentials();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api-config"}, "data": {"a": "b"}});
    world.apply(&format!("{SHOP}/configmaps"), &map);
    world.order(&release(&values()));
    world.later(30_000);
    let (_, reason, message) = condition(&world.workshop(), "Ready");
    assert_eq!(reason, "InstallFailed");
    assert!(
        message.contains("ConfigMap \"api-config\" in namespace \"shop\" exists and cannot be imported"),
        "{message}"
    );
    assert_eq!(world.look(&format!("{SHOP}/configmaps/api-config")).body["data"], json!({"a": "b"}));
}

#[test]
fn a_release_takes_along_what_it_made_unless_it_is_suspended() {
    let mut world = installed();
    let url = format!("{}/workshop", shop(RELEASES, "helmreleases"));
    world.delete(&url);
    assert_eq!(reason(&world.look(&url)), (404, "NotFound"));
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0]);
    assert_eq!(world.listed(&format!("{SHOP}/secrets")), ["owner-credentials", "postgres-app"]);

    let mut world = installed();
    world.patch(&url, &json!({"spec": {"suspend": true, "values": {"image": {"tag": "1.5.0"}}}}));
    world.later(60_000);
    assert_eq!(world.image("api"), "ghcr.io/mechanicbuddy/api:1.4.2", "nothing is done");
    world.delete(&url);
    assert_eq!(reason(&world.look(&url)), (404, "NotFound"));
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api", "web"]);
}

#[test]
fn a_namespace_goes_with_its_releases() {
    for wanted in [release(&values()), chart(&values())] {
        let mut world = world();
        world.credentials();
        world.order(&wanted);
        world.later(30_000);
        world.delete(&format!("{CLUSTER}/api/v1/namespaces/shop"));
        world.later(30_000);
        assert_eq!(reason(&world.look(SHOP)), (404, "NotFound"), "{}", wanted["kind"]);
    }
}

#[test]
fn k3s_has_a_job_install_a_chart() {
    let mut world = world();
    world.credentials();
    world.order(&chart(&values()));
    let url = format!("{}/workshop", shop(CHARTS, "helmcharts"));
    let workshop = world.look(&url).body;
    assert_eq!(workshop["status"]["jobName"], "helm-install-workshop");
    assert_eq!(condition(&workshop, "JobCreated").1, "Job created");
    let job = format!("{}/helm-install-workshop", shop("batch/v1", "jobs"));
    let first = world.look(&job).body["metadata"]["uid"].clone();
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0], "the job has not come to it yet");
    world.later(8_000);
    assert_eq!(condition(&world.look(&job).body, "Complete").0, "True");
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api", "web"]);
    assert_eq!(world.listed(&format!("{SHOP}/secrets?labelSelector=owner%3Dhelm")).len(), 1);
    // What is asked for otherwise is another job's.
    world.order(&chart(&with(&values(), "/image/tag", json!("1.5.0"))));
    world.later(8_000);
    assert_ne!(world.look(&job).body["metadata"]["uid"], first);
    assert_eq!(world.image("api"), "ghcr.io/mechanicbuddy/api:1.5.0");
    world.delete(&url);
    assert_eq!(world.look(&url).status, 200, "a job is at it");
    world.later(8_000);
    assert_eq!(reason(&world.look(&url)), (404, "NotFound"));
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0]);
    assert_eq!(world.listed(&shop("batch/v1", "jobs")), [""; 0]);
}

#[test]
fn k3s_gives_up_on_values_that_the_chart_does_not_take() {
    let mut world = world();
    world.credentials();
    world.order(&chart(&with(&values(), "/api/replicas", json!(-1))));
    world.later(120_000);
    let workshop = world.look(&format!("{}/workshop", shop(CHARTS, "helmcharts"))).body;
    assert_eq!(condition(&workshop, "Failed").0, "True", "{workshop}");
    assert_eq!(condition(&workshop, "Failed").1, "Job failed");
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), [""; 0]);
    world.order(&chart(&values()));
    world.later(10_000);
    assert_eq!(world.listed(&shop("apps/v1", "deployments")), ["api", "web"]);
}

#[test]
fn a_budget_says_one_of_two_things() {
    let mut world = world();
    let budgets = shop("policy/v1", "poddisruptionbudgets");
    let budget = |spec: Value| json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "api"}, "spec": spec});
    let both = json!({"minAvailable": 1, "maxUnavailable": 1});
    assert_eq!(reason(&world.make(&budgets, &budget(both))), (422, "Invalid"));
    assert_eq!(world.make(&budgets, &budget(json!({"maxUnavailable": "50%"}))).status, 201);
}
