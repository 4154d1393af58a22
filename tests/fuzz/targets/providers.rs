//! What providers answer, whatever was asked: a first line with the provider, a status and, if there is one, a `Retry-After`, then the
//! body. There is an end to every call, and no fault repeats a password that was sent.

#![no_main]

use fault::Fault;
use fuzz::wire;
use google::{CloudRun, SecretManager, Tokens};
use http_client::Http;
use jiff::Timestamp;
use kubernetes::api::apps::v1::{Deployment, StatefulSet};
use kubernetes::api::batch::v1::Job;
use kubernetes::api::core::v1::{Namespace, Pod, ResourceQuota};
use kubernetes::api::networking::v1::Ingress;
use kubernetes::{
    Cluster, Object, PodHealth, Progress, TenantIngress, Trouble, argocd, cert_manager, cnpg, helm,
};
use libfuzzer_sys::fuzz_target;
use neon::Neon;
use secrecy::SecretString;

const URL: &str = "https://provider.example.com";
const OWNER: &str = "prod/acme-7f3a9c";
const PASSWORD: &str = "correct-horse-battery";
/// Opens nothing.
const KEY: &str = include_str!("../../../shared/providers/google/src/tests/key.json");

fuzz_target!(|input: &[u8]| {
    let (line, body) = fuzz::cut(input, b"\n");
    let Ok(line) = str::from_utf8(line) else { return };
    let mut words = line.splitn(3, ' ');
    let provider = words.next().unwrap_or_default();
    let Some(status) = words.next().and_then(|status| status.parse().ok()) else { return };
    let Some(network) = wire::saying(status, words.next(), body) else { return };
    fuzz::run(async {
        let outcome = match provider {
            "neon" => neon(network).await,
            "cloudflare" => cloudflare(network).await,
            "google" => google(network).await,
            "medusa" => medusa(network).await,
            "websites" => websites(network).await,
            "grafana" => grafana(network).await,
            "rabbitmq" => rabbitmq(network).await,
            "resolver" => resolver(network).await,
            "kubernetes" => kubernetes(network).await,
            _ => return,
        };
        outcome.expect("an address");
    });
});

fn password() -> SecretString {
    PASSWORD.into()
}

/// Of a call that sent a password.
fn quiet<T>(outcome: Result<T, Fault>) {
    if let Err(fault) = outcome {
        assert!(!format!("{fault:?}").contains(PASSWORD), "{fault:?}");
    }
}

async fn neon(network: Http) -> Result<(), Fault> {
    let neon = Neon::new(network, URL, password(), None)?;
    let _ = neon.find_project("acme", OWNER).await;
    let _ = neon.projects(None).await;
    let _ = neon.find_branch("p", "acme").await;
    let _ = neon.branches("p", None).await;
    let _ = neon.find_endpoint("p", "b").await;
    let _ = neon.has_role("p", "b", "owner").await;
    let _ = neon.find_database("p", "b", "acme").await;
    let _ = neon.connection_uri("p", "b", "acme", "owner", false).await;
    let _ = neon.work("p", "b").await;
    let _ = neon.delete_branch("p", "b").await;
    Ok(())
}

async fn cloudflare(network: Http) -> Result<(), Fault> {
    let zone = cloudflare::Zone::new(network, URL, "zone".to_owned(), password())?;
    if let Ok(Some(hostname)) = zone.find_hostname("shop.example.com").await {
        let _ = hostname.is_live();
    }
    let _ = zone.hostname("h").await;
    let _ = zone.hostnames(None).await;
    let _ = zone.find_all_records("shop.example.com").await;
    let _ = zone.records_of(OWNER).await;
    let _ = zone.delete_record("r").await;
    Ok(())
}

async fn google(network: Http) -> Result<(), Fault> {
    let tokens = Tokens::new(network.clone(), &KEY.into())?;
    let run = CloudRun::new(network.clone(), URL, tokens.clone(), "p".to_owned(), "r".to_owned())?;
    let _ = run.find("acme").await;
    let _ = run.list("prod", None).await;
    let _ = run.wait("projects/p/locations/r/operations/o", 1).await;
    let _ = run.is_public("acme").await;
    let _ = run.publish("acme").await;
    let secrets = SecretManager::new(network, URL, tokens, "p".to_owned())?;
    let _ = secrets.find("acme").await;
    let _ = secrets.list("prod", None).await;
    let _ = secrets.latest("acme").await;
    let _ = secrets.changed_at("acme").await;
    quiet(secrets.add_version("acme", &password()).await);
    Ok(())
}

async fn medusa(network: Http) -> Result<(), Fault> {
    let medusa = medusa::Medusa::new(network, URL)?;
    let session = medusa::Session::mint(&password());
    let _ = medusa.is_healthy().await;
    let _ = medusa.publishable_keys(&session).await;
    let _ = medusa.find_store(&session).await;
    let _ = medusa.products("key").await;
    let _ = medusa.users(&session).await;
    let _ = medusa.takes_changes(&session).await;
    for invite in medusa.invites(&session).await.into_iter().flatten() {
        let _ = medusa.accept_invite(&session, &invite).await;
    }
    quiet(medusa.register("o@example.com", &password()).await);
    quiet(medusa.sign_in("o@example.com", &password()).await);
    quiet(medusa.set_password(&session, "o@example.com", &password()).await);
    Ok(())
}

async fn websites(network: Http) -> Result<(), Fault> {
    let websites = websites::Websites::new(network, URL, password())?;
    let _ = websites.find(OWNER).await;
    let _ = websites.list(None).await;
    let _ = websites.delete(1).await;
    Ok(())
}

async fn grafana(network: Http) -> Result<(), Fault> {
    let admin = grafana::Admin { user: "admin".to_owned(), password: password() };
    let grafana = grafana::Grafana::new(network, URL, admin)?;
    let _ = grafana.find_org("acme", OWNER).await;
    let _ = grafana.orgs(None).await;
    let _ = grafana.dashboard(1, "acme").await;
    let _ = grafana.data_source(1, "acme").await;
    if let Ok(Some(user)) = grafana.find_user("acme").await {
        let _ = grafana.confine_user(&user, 1).await;
    }
    let _ = grafana.users(None).await;
    let new = grafana::NewUser {
        login: "acme",
        email: "o@example.com",
        name: "Acme",
        owner: OWNER,
        org: 1,
        password: &password(),
    };
    quiet(grafana.create_user(&new).await);
    Ok(())
}

async fn rabbitmq(network: Http) -> Result<(), Fault> {
    let login = rabbitmq::Login { username: "admin".to_owned(), password: password() };
    let rabbitmq = rabbitmq::RabbitMq::new(network, URL, login)?;
    let _ = rabbitmq.find_vhost("acme").await;
    let _ = rabbitmq.vhosts().await;
    let _ = rabbitmq.limits("acme").await;
    let _ = rabbitmq.find_permissions("acme", "acme").await;
    if let Ok(definitions) = rabbitmq.export("acme").await {
        let _ = rabbitmq.import("acme", &definitions).await;
    }
    quiet(rabbitmq.users().await);
    quiet(rabbitmq.put_user("acme", OWNER, &password()).await);
    Ok(())
}

async fn resolver(network: Http) -> Result<(), Fault> {
    let _ = resolver::Resolver::new(network, URL)?.look_up("shop.example.com").await;
    Ok(())
}

async fn kubernetes(network: Http) -> Result<(), Fault> {
    let cluster = Cluster::new(network, URL, password())?;
    progress::<Deployment>(&cluster).await;
    progress::<StatefulSet>(&cluster).await;
    progress::<Job>(&cluster).await;
    progress::<Namespace>(&cluster).await;
    progress::<Ingress>(&cluster).await;
    progress::<argocd::Application>(&cluster).await;
    progress::<cert_manager::Certificate>(&cluster).await;
    progress::<cnpg::Postgres>(&cluster).await;
    progress::<helm::HelmRelease>(&cluster).await;
    if let Ok(Some(deployment)) = cluster.find::<Deployment>(Some("acme"), "api").await {
        let _ = cluster.steady(&deployment, Timestamp::UNIX_EPOCH).await;
        let _ = cluster.adopt(&deployment, OWNER).await;
    }
    if let Ok(Some(ingress)) = cluster.find::<Ingress>(Some("acme"), "shop").await {
        let _ = TenantIngress::is_at_another(&ingress);
        let _ = TenantIngress::addresses(&ingress);
    }
    let _ = cluster.find::<ResourceQuota>(Some("acme"), "quota").await;
    if let Ok(part) = cluster.list::<Pod>(Some("acme"), "app=api", None).await {
        for pod in part.items {
            let _ = PodHealth::of(&pod);
            let _ = Trouble::restarted(&pod, Timestamp::UNIX_EPOCH);
        }
    }
    if let Ok(Some(backup)) = cluster.last_backup("acme", "db").await {
        let _ = backup.failure();
    }
    let _ = cluster.marked_if_served::<helm::HelmRelease>(None, "prod", None).await;
    Ok(())
}

async fn progress<K: Object + Progress>(cluster: &Cluster) {
    if let Ok(Some(object)) = cluster.find::<K>(Some("acme"), "acme").await {
        Cluster::owner(&object);
        object.progress();
    }
}
