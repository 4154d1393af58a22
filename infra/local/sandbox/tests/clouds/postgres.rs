//! CloudNativePG and its Barman Cloud plugin: what a cluster goes through, and what becomes of its backups.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::clouds::{Cluster, Thing};
use serde_json::{Value, json};

use crate::bed::World;
use crate::kubernetes::{SHOP, condition, of, shop, world};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const BUCKET: &str = "backups";

fn clusters() -> String {
    shop("postgresql.cnpg.io/v1", "clusters")
}

fn cluster(instances: u64) -> Value {
    let size = json!({"cpu": "500m", "memory": "512Mi"});
    json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "pg"},
        "spec": {
            "instances": instances, "imageName": "postgresql:17", "storage": {"size": "10Gi"},
            "resources": {"requests": size, "limits": size},
            "bootstrap": {"initdb": {"database": "workshop", "owner": "mechanic"}},
        },
    })
}

/// The same, archiving into its folder of the store.
fn backed_up(name: &str, server: &str) -> Value {
    let mut cluster = cluster(1);
    cluster["metadata"]["name"] = json!(name);
    cluster["spec"]["plugins"] = json!([{
        "name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": true,
        "parameters": {"barmanObjectName": "backups", "serverName": server},
    }]);
    cluster
}

/// One that is to be what another was.
fn recovered(from: &str, target: Option<&str>) -> Value {
    let mut cluster = backed_up("pg-2", "pg-2");
    let mut recovery = json!({"source": "origin", "database": "workshop", "owner": "mechanic"});
    if let Some(target) = target {
        recovery["recoveryTarget"] = json!({"targetTime": target});
    }
    cluster["spec"]["bootstrap"] = json!({"recovery": recovery});
    cluster["spec"]["externalClusters"] = json!([{"name": "origin", "plugin": {
        "name": "barman-cloud.cloudnative-pg.io",
        "parameters": {"barmanObjectName": "backups", "serverName": from},
    }}]);
    cluster
}

fn nightly() -> Value {
    json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "ScheduledBackup", "metadata": {"name": "nightly"},
        "spec": {
            "cluster": {"name": "pg"}, "schedule": "0 0 2 * * *", "immediate": true, "method": "plugin",
            "backupOwnerReference": "self", "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
        },
    })
}

impl World {
    /// A bucket, and a store in the cluster that signs in as that.
    fn object_store(&mut self, user: &str, password: &str) {
        let thing =
            Thing { provider: "minio", kind: "bucket", name: BUCKET.to_owned(), owner: None, awake: None };
        self.clouds.plant(self.now, "", &thing);
        let data = json!({"ID": STANDARD.encode(user), "KEY": STANDARD.encode(password)});
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": data});
        self.apply(&format!("{SHOP}/secrets"), &secret);
        let of = |key: &str| json!({"name": "login", "key": key});
        let store = json!({
            "apiVersion": "barmancloud.cnpg.io/v1", "kind": "ObjectStore", "metadata": {"name": "backups"},
            "spec": {"retentionPolicy": "7d", "configuration": {
                "destinationPath": "s3://backups/acme/1",
                "endpointURL": "http://minio.e-commerce-shared.svc.cluster.local:9000",
                "s3Credentials": {"accessKeyId": of("ID"), "secretAccessKey": of("KEY")},
                "wal": {"compression": "gzip"}, "data": {"compression": "gzip"},
            }},
        });
        self.apply(&shop("barmancloud.cnpg.io/v1", "objectstores"), &store);
    }

    fn postgres(&mut self, name: &str) -> Value {
        self.look(&format!("{}/{name}", clusters())).body
    }

    fn names(&mut self, plural: &str) -> Vec<String> {
        let url = match plural {
            "jobs" => shop("batch/v1", plural),
            "backups" => shop("postgresql.cnpg.io/v1", plural),
            _ => format!("{SHOP}/{plural}"),
        };
        let items = self.look(&url).body["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    fn phase(&mut self) -> String {
        self.postgres("pg")["status"]["phase"].as_str().unwrap_or_default().to_owned()
    }

    /// The ids of the base backups of a server.
    fn bases(&mut self, server: &str) -> Vec<String> {
        let folder = format!("acme/1/{server}/base/");
        let keys = self.clouds.objects(self.now, BUCKET, &folder).into_iter().map(|(key, _)| key);
        let id = |key: String| Some(key.strip_prefix(&folder)?.strip_suffix("/backup.info")?.to_owned());
        keys.filter_map(id).collect()
    }
}

#[test]
fn a_cluster_fills_its_first_volume_by_a_job_and_then_runs_on_it() {
    let mut world = world();
    world.apply(&clusters(), &cluster(1));
    assert_eq!(world.phase(), "Setting up primary");
    assert_eq!(world.names("jobs"), ["pg-1-initdb"]);
    assert_eq!(world.names("persistentvolumeclaims"), ["pg-1"]);
    let told = condition(&world.postgres("pg"), "Ready");
    assert_eq!(told, ("False".into(), "ClusterIsNotReady".into(), "Cluster Is Not Ready".into()));
    world.later(10_000);
    assert_eq!(world.phase(), "Waiting for the instances to become active");
    assert_eq!((world.names("jobs"), world.names("pods")), (vec![], vec!["pg-1".to_owned()]));
    world.later(35_000);
    let body = world.postgres("pg");
    assert_eq!(body["status"]["phase"], "Cluster in healthy state");
    assert_eq!(
        (body["status"]["readyInstances"].clone(), body["status"]["currentPrimary"].clone()),
        (json!(1), json!("pg-1"))
    );
    assert_eq!(world.look(&shop("apps/v1", "statefulsets")).body["items"], json!([]));
    let pod = world.look(&format!("{SHOP}/pods/pg-1")).body;
    assert_eq!(pod["metadata"]["labels"]["cnpg.io/instanceRole"], "primary");
    assert_eq!(world.names("services"), ["pg-r", "pg-ro", "pg-rw"]);
    assert_eq!(world.names("secrets"), ["pg-app", "pg-ca", "pg-replication", "pg-server"]);
    let app = world.look(&format!("{SHOP}/secrets/pg-app")).body["data"].clone();
    let text = |name: &str| String::from_utf8(STANDARD.decode(app[name].as_str().unwrap()).unwrap()).unwrap();
    let expected = format!("postgresql://mechanic:{}@pg-rw:5432/workshop", text("password"));
    assert_eq!(text("uri"), expected);
    for name in
        ["user", "username", "dbname", "host", "port", "jdbc-uri", "pgpass", "fqdn-uri", "fqdn-jdbc-uri"]
    {
        assert!(app.get(name).is_some(), "{name}");
    }
}

#[test]
fn replicas_come_one_after_another_and_the_last_goes_first() {
    let mut world = world();
    world.apply(&clusters(), &cluster(3));
    world.later(41_000);
    assert_eq!(world.phase(), "Creating a new replica");
    assert_eq!(world.names("jobs"), ["pg-2-join"], "the third waits for the second");
    world.later(40_000);
    let status = world.postgres("pg")["status"].clone();
    assert_eq!(
        (status["phase"].as_str(), status["readyInstances"].as_u64()),
        (Some("Cluster in healthy state"), Some(3))
    );
    assert_eq!(status["instanceNames"], json!(["pg-1", "pg-2", "pg-3"]));
    world.apply(&clusters(), &cluster(1));
    world.later(5000);
    assert_eq!(world.names("pods"), ["pg-1"]);
    assert_eq!(world.names("persistentvolumeclaims"), ["pg-1"]);
    world.apply(&clusters(), &cluster(2));
    world.later(40_000);
    assert_eq!(world.names("pods"), ["pg-1", "pg-4"], "a serial is used once");
}

#[test]
fn volumes_grow_and_never_shrink() {
    let mut world = world();
    world.apply(&clusters(), &cluster(1));
    world.later(45_000);
    let mut bigger = cluster(1);
    bigger["spec"]["storage"]["size"] = json!("20Gi");
    world.apply(&clusters(), &bigger);
    let claim = world.look(&format!("{SHOP}/persistentvolumeclaims/pg-1")).body;
    assert_eq!(claim["status"]["capacity"]["storage"], "20Gi");
    let refused = world.apply_as("tenantry", "", &clusters(), &cluster(1));
    assert_eq!(refused.status.as_u16(), 422);
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.contains("can't shrink existing storage from 20Gi to 10Gi"), "{message}");
}

#[test]
fn other_resources_restart_the_replicas_and_then_the_primary() {
    let mut world = world();
    world.apply(&clusters(), &cluster(2));
    world.later(70_000);
    let made = |world: &mut World, pod: &str| {
        let pod = world.look(&format!("{SHOP}/pods/{pod}")).body;
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"].clone()
    };
    let mut stronger = cluster(2);
    stronger["spec"]["resources"]["requests"]["cpu"] = json!(1);
    stronger["spec"]["resources"]["limits"]["cpu"] = json!(1);
    world.apply(&clusters(), &stronger);
    assert_ne!(world.phase(), "Cluster in healthy state");
    world.later(10_000);
    assert_eq!((made(&mut world, "pg-1"), made(&mut world, "pg-2")), (json!("500m"), json!(1)));
    world.later(40_000);
    assert_eq!(world.phase(), "Cluster in healthy state");
    assert_eq!(made(&mut world, "pg-1"), json!(1));
}

#[test]
fn a_cluster_that_sleeps_has_its_volumes_and_no_pods() {
    let mut world = world();
    world.apply(&clusters(), &cluster(2));
    let mut asleep = cluster(2);
    asleep["metadata"]["annotations"] = json!({"cnpg.io/hibernation": "on"});
    world.apply(&clusters(), &asleep);
    world.later(20_000);
    assert_eq!(
        condition(&world.postgres("pg"), "cnpg.io/hibernation").0,
        "",
        "only a healthy one begins to sleep"
    );
    world.later(60_000);
    let body = world.postgres("pg");
    let told = condition(&body, "cnpg.io/hibernation");
    assert_eq!(told, ("True".into(), "Hibernated".into(), "Cluster has been hibernated".into()));
    assert_eq!(body["status"]["phase"], "Cluster in healthy state", "as the real one says");
    assert_eq!(body["status"]["readyInstances"], 0);
    assert_eq!(world.names("pods"), [""; 0]);
    assert_eq!(world.names("persistentvolumeclaims").len(), 2);
    world.apply(&clusters(), &cluster(2));
    assert_eq!(world.phase(), "Waiting for the instances to become active");
    world.later(20_000);
    let body = world.postgres("pg");
    assert_eq!(
        (body["status"]["readyInstances"].clone(), condition(&body, "cnpg.io/hibernation").0),
        (json!(2), String::new())
    );
}

#[test]
fn an_image_that_is_not_there_keeps_the_cluster_waiting() {
    let mut world = of(Cluster::default(), Some(vec!["postgresql:16".to_owned()]));
    world.apply(&clusters(), &cluster(1));
    world.later(60_000);
    assert_eq!(world.phase(), "Setting up primary");
    let pods = world.look(&format!("{SHOP}/pods")).body;
    let waiting = &pods["items"][0]["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(waiting["reason"], "ImagePullBackOff");
}

#[test]
fn what_a_quota_has_no_room_for_is_told() {
    let mut world = world();
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "plan"},
        "spec": {"hard": {"requests.storage": "5Gi", "requests.cpu": "2"}},
    });
    world.apply(&format!("{SHOP}/resourcequotas"), &quota);
    world.apply(&clusters(), &cluster(1));
    let body = world.postgres("pg");
    assert_eq!(body["status"]["phase"], "Unable to create required cluster objects");
    let why = body["status"]["phaseReason"].as_str().unwrap();
    assert!(why.contains("exceeded quota: plan, requested: requests.storage=10Gi"), "{why}");
    let more = json!({"spec": {"hard": {"requests.storage": "50Gi"}}});
    world.patch(&format!("{SHOP}/resourcequotas/plan"), &more);
    world.later(45_000);
    assert_eq!(world.phase(), "Cluster in healthy state");
    let used = world.look(&format!("{SHOP}/resourcequotas/plan")).body["status"]["used"].clone();
    assert_eq!(used["requests.cpu"], "500m", "its pods count like any others");
}

#[test]
fn a_schedule_takes_a_backup_at_once_and_then_every_night() {
    let mut world = world();
    world.object_store("minioadmin", "minioadmin-secret");
    world.apply(&shop("postgresql.cnpg.io/v1", "scheduledbackups"), &nightly());
    world.apply(&clusters(), &backed_up("pg", "pg"));
    let first = world.names("backups");
    assert_eq!(first, ["nightly-20261121120000"], "at noon of that day");
    let phase = |world: &mut World, name: &str| {
        world.look(&format!("{}/{name}", shop("postgresql.cnpg.io/v1", "backups"))).body["status"].clone()
    };
    assert_eq!(phase(&mut world, &first[0])["phase"], "pending", "there is nothing to back up yet");
    world.later(42_000);
    assert_eq!(phase(&mut world, &first[0])["phase"], "running");
    assert_eq!(condition(&world.postgres("pg"), "LastBackupSucceeded").1, "BackupStarted");
    world.later(15_000);
    let done = phase(&mut world, &first[0]);
    assert_eq!(done["phase"], "completed", "{done}");
    assert_eq!(world.bases("pg"), [done["backupId"].as_str().unwrap()]);
    let body = world.postgres("pg");
    assert_eq!(condition(&body, "ContinuousArchiving").0, "True");
    assert_eq!(condition(&body, "LastBackupSucceeded").1, "LastBackupSucceeded");
    world.later(DAY);
    assert_eq!(world.names("backups"), ["nightly-20261121120000", "nightly-20261122020000"]);
    world.later(8 * DAY);
    let kept = world.bases("pg");
    assert_eq!(kept.len(), 8, "of a week, and the last before it: {kept:?}");
    assert!(kept[0].starts_with("20261123T02"), "{kept:?}");
    assert_eq!(world.names("backups").len(), 8, "records go with what they are of");
    let store = world.look(&format!("{}/backups", shop("barmancloud.cnpg.io/v1", "objectstores"))).body;
    let window = &store["status"]["serverRecoveryWindow"]["pg"];
    assert!(window["firstRecoverabilityPoint"].as_str().unwrap().starts_with("2026-11-23T02:00"), "{window}");
    world.patch(
        &format!("{}/nightly", shop("postgresql.cnpg.io/v1", "scheduledbackups")),
        &json!({"spec": {"suspend": true}}),
    );
    world.later(3 * DAY);
    assert_eq!(world.names("backups").len(), 8);
    world.delete(&format!("{}/nightly", shop("postgresql.cnpg.io/v1", "scheduledbackups")));
    assert_eq!(world.names("backups"), [""; 0], "the schedule owns them");
}

#[test]
fn whoever_may_not_write_there_is_told_why() {
    for (user, password, why) in [
        ("nobody", "planted-secret", "InvalidAccessKeyId"),
        ("minioadmin", "wrong-secret", "SignatureDoesNotMatch"),
        ("weak", "planted-secret", "AccessDenied"),
    ] {
        let mut world = world();
        let weak =
            Thing { provider: "minio", kind: "user", name: "weak".to_owned(), owner: None, awake: None };
        assert!(world.clouds.plant(world.now, "", &weak));
        world.object_store(user, password);
        world.apply(&clusters(), &backed_up("pg", "pg"));
        world.apply(&shop("postgresql.cnpg.io/v1", "scheduledbackups"), &nightly());
        world.later(60_000);
        let body = world.postgres("pg");
        assert_eq!(body["status"]["phase"], "Cluster in healthy state", "it runs all the same");
        let (status, reason, message) = condition(&body, "ContinuousArchiving");
        assert_eq!((status.as_str(), reason.as_str()), ("False", "ContinuousArchivingFailing"));
        assert!(message.contains(why), "{message}");
        let backups = world.look(&shop("postgresql.cnpg.io/v1", "backups")).body;
        let backup = &backups["items"][0]["status"];
        assert!(backup["phase"] == "failed" && backup["error"].as_str().unwrap().contains(why), "{backup}");
        assert_eq!(condition(&body, "LastBackupSucceeded").1, "LastBackupFailed");
        assert!(world.clouds.objects(world.now, BUCKET, "").is_empty());
        // As soon as they may, it goes on by itself.
        world.object_store("minioadmin", "minioadmin-secret");
        assert_eq!(condition(&world.postgres("pg"), "ContinuousArchiving").0, "True");
    }
}

#[test]
fn nobody_archives_into_the_folder_of_another() {
    let mut world = world();
    world.object_store("minioadmin", "minioadmin-secret");
    world.apply(&clusters(), &backed_up("pg", "pg"));
    world.later(45_000);
    assert_eq!(condition(&world.postgres("pg"), "ContinuousArchiving").0, "True");
    world.delete(&format!("{}/pg", clusters()));
    world.later(5000);
    assert_eq!(world.names("persistentvolumeclaims"), [""; 0]);
    world.apply(&clusters(), &backed_up("pg", "pg"));
    world.later(45_000);
    let (status, _, message) = condition(&world.postgres("pg"), "ContinuousArchiving");
    assert_eq!(
        (status.as_str(), message.as_str()),
        ("False", "WAL archive check failed for server pg: Expected empty archive")
    );
}

#[test]
fn a_cluster_is_made_anew_as_it_was_at_a_time() {
    let mut world = world();
    world.object_store("minioadmin", "minioadmin-secret");
    world.apply(&shop("postgresql.cnpg.io/v1", "scheduledbackups"), &nightly());
    world.apply(&clusters(), &backed_up("pg", "pg"));
    world.later(2 * DAY);
    let bases = world.bases("pg");
    assert_eq!(bases.len(), 3);
    world.apply(&clusters(), &recovered("pg", Some("2026-11-22T12:00:00Z")));
    assert_eq!(world.names("jobs"), ["pg-2-1-full-recovery"]);
    world.later(50_000);
    assert_eq!(world.postgres("pg-2")["status"]["phase"], "Cluster in healthy state");
    let claim = world.look(&format!("{SHOP}/persistentvolumeclaims/pg-2-1")).body;
    let held = &claim["metadata"]["annotations"];
    assert_eq!(held["sandbox/recovered-from"], format!("acme/1/pg/base/{}", bases[1]));
    assert_eq!(held["sandbox/recovered-until"], "2026-11-22T12:00:00Z");
    assert_eq!(
        condition(&world.postgres("pg-2"), "ContinuousArchiving").0,
        "True",
        "into a folder of its own"
    );
    assert!(world.look(&format!("{SHOP}/secrets/pg-2-app")).status.is_success());
}

#[test]
fn what_was_not_backed_up_by_then_cannot_be_recovered() {
    for (from, target, why) in [
        ("pg", Some("2026-11-21T11:00:00Z"), "no target backup found"),
        ("another", None, "no target backup found"),
        ("pg", Some("2026-12-24T00:00:00Z"), "recovery ended before configured recovery target was reached"),
    ] {
        let mut world = world();
        world.object_store("minioadmin", "minioadmin-secret");
        world.apply(&shop("postgresql.cnpg.io/v1", "scheduledbackups"), &nightly());
        world.apply(&clusters(), &backed_up("pg", "pg"));
        world.later(120_000);
        world.apply(&clusters(), &recovered(from, target));
        world.later(10_000);
        let pods = world.look(&format!("{SHOP}/pods?labelSelector=cnpg.io/cluster%3Dpg-2")).body;
        let ended = &pods["items"][0]["status"]["containerStatuses"][0]["state"]["terminated"];
        assert_eq!(ended["message"], why);
        world.later(HOUR);
        let status = world.postgres("pg-2")["status"].clone();
        assert_eq!(status["phase"], "Cluster is unrecoverable and needs manual intervention", "{status}");
        assert!(status["phaseReason"].as_str().unwrap().contains("pg-2-1-full-recovery"), "{status}");
    }
}

#[test]
fn a_schedule_has_six_fields() {
    let mut world = world();
    let mut five = nightly();
    five["spec"]["schedule"] = json!("0 2 * * *");
    let refused = world.apply_as("tenantry", "", &shop("postgresql.cnpg.io/v1", "scheduledbackups"), &five);
    assert_eq!(refused.status.as_u16(), 422);
    assert!(
        refused.body["message"].as_str().unwrap().contains("expected exactly 6 fields, found 5"),
        "{refused:?}"
    );
}
