//! What a simulation has to know of a blueprint: its services and its functions. The rest it reads from the
//! machine and the catalogue.

use std::sync::Arc;

use argocd_create_application::CreateApplication;
use bench_configure_site::ConfigureSite;
use bench_create_site::CreateSite;
use bench_create_user::CreateUser;
use bench_host::BenchHost;
use bench_install_apps::InstallApps;
use bench_probe_site::{Ports, ProbeSite, Visitors};
use bench_seed_data::SeedData as SeedSite;
use certbot_issue_certificate::IssueCertificate;
use cloudflare::Zone;
use cloudflare_create_records::CreateRecords;
use cloudflare_probe_domain::ProbeDomain as ProbeHostname;
use cloudflare_serve_domain::ServeDomain as ServeHostname;
use cloudnativepg_create_database::CreateDatabase as CreatePostgres;
use cloudnativepg_probe_database::ProbeDatabase;
use cognito::UserPool;
use dns_probe_records::ProbeRecords;
use google::{CloudRun, SecretManager, Tokens};
use google_deploy_service::DeployService;
use google_reserve_service::ReserveService;
use google_store_connection::StoreConnection;
use google_store_signing_key::StoreSigningKey;
use grafana::Grafana;
use grafana_create_organisation::CreateOrganisation;
use helm_install_release::InstallRelease;
use http_client::Http;
use kubernetes_check_plan::CheckPlan;
use kubernetes_create_ingress::CreateIngress;
use kubernetes_create_namespace::{CreateNamespace, Neighbours};
use kubernetes_monitor_tenant::MonitorTenant;
use kubernetes_probe_domain::ProbeDomain;
use kubernetes_probe_ingress::ProbeIngress;
use kubernetes_probe_workloads::ProbeWorkloads;
use kubernetes_project_secrets::ProjectSecrets;
use kubernetes_run_migrations::RunMigrations;
use kubernetes_serve_domain::ServeDomain;
use kubernetes_set_quota::SetQuota;
use medusa_initialize_store::InitializeStore;
use medusa_probe_store::ProbeStore;
use merchant_configure_dashboard::ConfigureDashboard;
use merchant_create_group::CreateGroup;
use merchant_create_owner::CreateOwner;
use merchant_probe_sign_in::ProbeSignIn;
use merchant_probe_website::ProbeWebsite;
use merchant_publish_website::PublishWebsite;
use merchant_seed_data::SeedData;
use mysql_create_databases::CreateDatabases;
use mysql_probe_databases::ProbeDatabases;
use neon::Neon;
use neon_create_database::{CreateDatabase, Place};
use nginx_serve_site::ServeSite;
use object_store::ObjectStore;
use object_store_create_buckets::CreateBuckets;
use object_store_keep_backups::KeepBackups;
use object_store_probe_buckets::ProbeBuckets;
use rabbitmq::RabbitMq;
use rabbitmq_create_vhost::CreateVhost;
use rabbitmq_probe_vhost::ProbeVhost;
use resolver::Resolver;
use s3::Bucket;
use sandbox::clouds::Cluster;
use secrets::SecretString;
use store::Tenants;
use vault_store_logins::StoreLogins;
use vault_store_password::StorePassword;
use watch::Watch;
use websites::Websites;
use websites_register_website::RegisterWebsite;

use crate::aws::{self, Cognito, S3, Site, Vault};
use crate::clouds::{self, Clouds};
use crate::deployment::Deployment;
use crate::mysql::{Line, MySql};
use crate::name_servers::{self, NameServers};
use crate::roles;
use crate::world::DEPLOYMENT;

/// A blueprint, and how its steps are deployed.
#[derive(Clone, Copy, Debug)]
pub struct Blueprint {
    pub name: &'static str,
    pub deploy: fn(&mut Deployment),
    /// What is bought, if not the plan that is offered first.
    pub plan: Option<&'static str>,
    /// The roles of `infra/cluster` that its steps have there. Without one they may do all.
    pub roles: &'static [&'static str],
    /// What is set otherwise than in the catalogue, in all plans.
    pub settings: &'static [(&'static str, &'static str)],
    /// What the version before the one of the catalogue set otherwise.
    pub former: (&'static str, &'static str),
    /// How many cases a family has at most, or about as many. A saga of many steps has more of them, and each takes longer.
    pub most: usize,
}

pub const ALL: [Blueprint; 5] = [
    Blueprint {
        name: "merchant-workspace",
        deploy: merchant_workspace,
        former: ("currency", "EUR"),
        ..SMALL
    },
    Blueprint {
        name: "neon-cloud-run",
        deploy: neon_cloud_run,
        former: ("image", "southamerica-east1-docker.pkg.dev/vendin-store/containers/tenant-instance:1"),
        ..SMALL
    },
    Blueprint {
        name: "kubernetes-argocd",
        deploy: kubernetes_argocd,
        roles: &["kubernetes-argocd"],
        most: 300,
        ..SMALL
    },
    Blueprint {
        name: "helm-cloudnativepg",
        deploy: helm_cloudnativepg,
        plan: Some("workshop-professional"),
        roles: &["helm-cloudnativepg"],
        most: 300,
        ..SMALL
    },
    Blueprint { name: "frappe-bench", deploy: frappe_bench, former: ("apps", "erpnext"), most: 300, ..SMALL },
];

/// One of nothing special.
const SMALL: Blueprint = Blueprint {
    name: "",
    deploy: |_| (),
    plan: None,
    roles: &[],
    settings: &[],
    former: ("version", "1.0.0"),
    most: usize::MAX,
};

#[must_use]
pub fn named(name: &str) -> Option<Blueprint> {
    ALL.into_iter().find(|blueprint| blueprint.name == name)
}

fn merchant_workspace(to: &mut Deployment) {
    const SITE_URL: &str = "https://tenantry.example/sites/{subdomain}/";
    let sites = Arc::new(S3::of("sites/"));
    let pages = Site { tables: to.tables.clone(), sites: Arc::clone(&sites) };
    let cognito = to.service(Arc::new(Cognito::default()));
    let vault = to.service(Arc::new(Vault::default()));
    let (sites, workspaces) = (to.service(sites), to.service(Arc::new(S3::of("workspaces/"))));
    let site = to.service(Arc::new(pages));

    let pool = UserPool::new(
        aws_sdk_cognitoidentityprovider::Client::new(&aws::config(cognito)),
        "pool".to_owned(),
        Some("client".to_owned()),
    );
    let vault = secrets::Vault::new(aws_sdk_secretsmanager::Client::new(&aws::config(vault)));
    let workspaces = Bucket::new(&aws::config(workspaces), "workspaces".to_owned());
    let site_url = SITE_URL.to_owned();

    to.step(CreateGroup { pool: pool.clone() });
    to.step(StorePassword { vault: vault.clone() });
    to.step_backed_up(CreateOwner { pool: pool.clone(), vault: vault.clone() });
    to.probe(ProbeSignIn { pool, vault });
    to.step_backed_up(PublishWebsite {
        sites: Bucket::new(&aws::config(sites), "sites".to_owned()),
        site_url: site_url.clone(),
    });
    to.probe(ProbeWebsite { http: Http::InProcess(Arc::new(site)) });
    to.step_backed_up(ConfigureDashboard {
        workspaces: workspaces.clone(),
        site_url,
        dashboard_url: "https://tenantry.example/dashboard/{subdomain}".to_owned(),
    });
    to.step_backed_up(SeedData { workspaces });
}

fn neon_cloud_run(to: &mut Deployment) {
    const ACCOUNT: &str = "stores@acme.iam.gserviceaccount.com";
    let deployment = || DEPLOYMENT.to_owned();
    let account = || ACCOUNT.to_owned();
    let vault = to.service(Arc::new(Vault::default()));
    let vault = secrets::Vault::new(aws_sdk_secretsmanager::Client::new(&aws::config(vault)));
    let http = Http::InProcess(Arc::new(to.service(Arc::new(Clouds::new(to.pace, Cluster::default())))));
    let neon =
        Neon::new(http.clone(), neon::URL, clouds::NEON_KEY.to_owned().into(), None).expect("an address");
    let tokens = Tokens::new(http.clone(), &clouds::key_file().into()).expect("a key");
    let run = || {
        let (project, region) = (clouds::PROJECT.to_owned(), clouds::REGION.to_owned());
        CloudRun::new(http.clone(), google::RUN_URL, tokens.clone(), project, region).expect("an address")
    };
    let project = clouds::PROJECT.to_owned();
    let secrets =
        SecretManager::new(http.clone(), google::SECRETS_URL, tokens.clone(), project).expect("an address");
    let store_url = "https://{subdomain}.my.example.com".to_owned();

    to.step_backed_up(CreateDatabase {
        neon: neon.clone(),
        place: Place::Branches { project: clouds::BRANCHES.to_owned() },
    });
    to.step(StoreConnection { neon, secrets: secrets.clone(), deployment: deployment(), reader: account() });
    to.step(StoreSigningKey { secrets: secrets.clone(), deployment: deployment(), reader: account() });
    to.step(StorePassword { vault: vault.clone() });
    to.step(ReserveService {
        run: run(),
        deployment: deployment(),
        page: "registry.example/start-page".to_owned(),
        account: account(),
    });
    to.setup(DeployService {
        run: run(),
        deployment: deployment(),
        account: account(),
        redis_url: "redis://redis.example".to_owned(),
        page: "registry.example/start-page".to_owned(),
        store_url: store_url.clone(),
    });
    to.setup(InitializeStore {
        http: http.clone(),
        secrets: secrets.clone(),
        vault,
        welcome_url: "https://tenantry.example/welcome".to_owned(),
    });
    to.probe(ProbeStore { http: http.clone(), secrets, store_url });

    let zone = Zone::new(
        http.clone(),
        cloudflare::URL,
        clouds::ZONE.to_owned(),
        clouds::CLOUDFLARE_TOKEN.to_owned().into(),
    );
    let zone = zone.expect("an address");
    let task = ProbeHostname { zone: zone.clone(), watch: watch(to, http) };
    to.task(cloudflare_probe_domain::NAME, task, |task, input| async move { task.run(input).await });
    to.step(ServeHostname { zone, zone_name: clouds::ZONE_NAME.to_owned(), deployment: deployment() });
}

fn watch(to: &Deployment, http: Http) -> Watch {
    Watch {
        resolver: Resolver::new(http, resolver::URL).expect("an address"),
        // Nobody is to be visited at a name of the simulation.
        reach: None,
        target: clouds::TARGET.to_owned(),
        tenants: Tenants::new(to.db.clone()),
    }
}

/// What tenants' namespaces begin with.
const PREFIX: &str = "e-commerce";
const WELCOME_URL: &str = "https://tenantry.example/welcome";

/// A version of what runs there that crashes.
pub const BROKEN: &str = "broken";

/// A cluster, and what is beside it.
struct OnCluster {
    cluster: kubernetes::Cluster,
    vault: secrets::Vault,
    http: Http,
    /// The same, to whoever speaks S3.
    s3: Http,
    store: ObjectStore,
}

/// With the steps that are the same for all that is on a cluster.
fn on_cluster(to: &mut Deployment) -> OnCluster {
    let secrets = Arc::new(Vault::default());
    let subjects = vec![roles::account(to.roles)];
    let remote = Arc::clone(&secrets) as _;
    let settings = Cluster { remote, subjects, broken: vec![BROKEN.to_owned()], ..Cluster::default() };
    let vault = to.service(secrets);
    let vault = secrets::Vault::new(aws_sdk_secretsmanager::Client::new(&aws::config(vault)));
    let clouds = Arc::new(Clouds::new(to.pace, settings));
    let http = Http::InProcess(Arc::new(to.service(Arc::clone(&clouds) as _)));
    let token = if to.roles.is_empty() { clouds::KUBERNETES_TOKEN } else { clouds::ACCOUNT_TOKEN };
    let token = token.to_owned().into();
    let cluster = kubernetes::Cluster::new(http.clone(), clouds::KUBERNETES_URL, token).expect("an address");
    let s3 = Http::InProcess(Arc::new(to.wire(Arc::new(clouds::ObjectStore(clouds)))));
    let login = object_store::Login {
        endpoint: clouds::MINIO_URL.to_owned(),
        admin_endpoint: None,
        access_key: clouds::ADMINISTRATOR.to_owned(),
        secret_key: password(),
    };
    let store = ObjectStore::new(s3.clone(), &login).expect("an address").sealing_through(clouds::SEALING);

    to.probe(CheckPlan { cluster: cluster.clone(), prefix: PREFIX.to_owned() });
    to.step(CreateNamespace {
        cluster: cluster.clone(),
        deployment: DEPLOYMENT.to_owned(),
        prefix: PREFIX.to_owned(),
        neighbours: Neighbours {
            ingress: "ingress-nginx".to_owned(),
            shared: "e-commerce-shared".to_owned(),
            monitoring: "e-commerce-monitoring".to_owned(),
            operators: "cnpg-system".to_owned(),
        },
    });
    to.step(StoreLogins { vault: vault.clone() });
    to.step(StorePassword { vault: vault.clone() });
    to.setup(CreateIngress { cluster: cluster.clone() });
    to.setup(SetQuota { cluster: cluster.clone() });
    to.probe(ProbeWorkloads { cluster: cluster.clone() });
    to.probe(ProbeIngress { http: http.clone(), tenant_url: "https://{host}".to_owned() });
    OnCluster { cluster, vault, http, s3, store }
}

fn password() -> SecretString {
    clouds::PASSWORD.to_owned().into()
}

fn kubernetes_argocd(to: &mut Deployment) {
    let OnCluster { cluster, vault, http, s3, store } = on_cluster(to);
    let server = Line(to.service(Arc::new(MySql::default())));
    let mysql = mysql::MySql::new(mysql::Wire::InProcess(Arc::new(server)));
    to.step_backed_up(CreateDatabases { mysql: mysql.clone(), vault: vault.clone() });
    to.probe(ProbeDatabases { mysql, vault: vault.clone() });
    to.step_backed_up(CreateBuckets { store, vault: vault.clone() });
    to.probe(ProbeBuckets { http: s3, vault: vault.clone(), endpoint: clouds::MINIO_URL.to_owned() });

    let login = rabbitmq::Login { username: clouds::ADMINISTRATOR.to_owned(), password: password() };
    let rabbitmq = RabbitMq::new(http.clone(), clouds::RABBITMQ_URL, login).expect("an address");
    to.step_backed_up(CreateVhost { rabbitmq: rabbitmq.clone(), vault: vault.clone() });
    to.probe(ProbeVhost { rabbitmq });

    let admin = grafana::Admin { user: clouds::ADMINISTRATOR.to_owned(), password: password() };
    to.step(CreateOrganisation {
        grafana: Grafana::new(http.clone(), clouds::GRAFANA_URL, admin).expect("an address"),
        vault,
        prometheus_url: "http://prom-label-proxy.e-commerce-monitoring:8080".to_owned(),
        dashboards_url: "https://grafana.example".to_owned(),
    });

    to.setup(ProjectSecrets { cluster: cluster.clone() });
    to.step(CreateApplication {
        cluster: cluster.clone(),
        deployment: DEPLOYMENT.to_owned(),
        argocd: clouds::ARGOCD.to_owned(),
    });
    to.setup(RunMigrations { cluster: cluster.clone(), welcome_url: WELCOME_URL.to_owned() });
    to.setup(MonitorTenant { cluster });
    let token = clouds::WEBSITES_TOKEN.to_owned().into();
    let websites = Websites::new(http, clouds::WEBSITES_URL, token).expect("an address");
    to.step(RegisterWebsite { websites });
}

fn helm_cloudnativepg(to: &mut Deployment) {
    let OnCluster { cluster, vault, http, store, .. } = on_cluster(to);
    to.step_backed_up(KeepBackups { store, vault });
    to.setup(CreatePostgres { cluster: cluster.clone() });
    to.probe(ProbeDatabase { cluster: cluster.clone() });
    let (deployment, prefix) = (DEPLOYMENT.to_owned(), PREFIX.to_owned());
    let task = ProbeDomain { cluster: cluster.clone(), deployment, prefix, watch: watch(to, http) };
    to.task(kubernetes_probe_domain::NAME, task, |task, input| async move { task.run(input).await });
    let (deployment, prefix) = (DEPLOYMENT.to_owned(), PREFIX.to_owned());
    to.step(ServeDomain { cluster: cluster.clone(), deployment, prefix });
    to.step(InstallRelease {
        cluster,
        deployment: DEPLOYMENT.to_owned(),
        prefix: PREFIX.to_owned(),
        welcome_url: WELCOME_URL.to_owned(),
    });
}

fn frappe_bench(to: &mut Deployment) {
    let vault = to.service(Arc::new(Vault::default()));
    let vault = secrets::Vault::new(aws_sdk_secretsmanager::Client::new(&aws::config(vault)));
    let clouds = Arc::new(Clouds::new(to.pace, Cluster::default()));
    let wire = to.service(Arc::clone(&clouds) as _);
    let http = Arc::new(wire.clone());
    let bench = BenchHost::new(bench_host::Wire::InProcess(Arc::new(crate::bench_host::Line(wire))));
    let name_servers = name_servers::Line(to.wire(Arc::new(NameServers(clouds))));

    let zone = Zone::new(
        Http::InProcess(Arc::clone(&http) as _),
        cloudflare::URL,
        clouds::BENCH_ZONE.to_owned(),
        clouds::CLOUDFLARE_TOKEN.to_owned().into(),
    );
    to.step(CreateRecords {
        zone: zone.expect("an address"),
        zone_name: clouds::BENCH_ZONE_NAME.to_owned(),
        bench: cloudflare_create_records::addresses(clouds::BENCH_ADDRESS).expect("an address"),
        deployment: DEPLOYMENT.to_owned(),
    });
    to.probe(ProbeRecords { authority: dns::Authority::new(dns::Wire::InProcess(Arc::new(name_servers))) });
    to.step(StorePassword { vault: vault.clone() });
    to.step_backed_up(CreateSite { bench: bench.clone(), vault });
    to.setup(InstallApps { bench: bench.clone() });
    to.setup(ConfigureSite { bench: bench.clone() });
    to.setup(CreateUser { bench: bench.clone() });
    to.setup(SeedSite { bench: bench.clone() });
    to.step(ServeSite { bench: bench.clone() });
    to.step(IssueCertificate { bench: bench.clone() });
    let ports = Ports { http: 80, https: 443 };
    to.probe(ProbeSite { bench, visitors: Visitors::InProcess(http), ports });
}
