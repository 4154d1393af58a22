//! What a simulation has to know of a blueprint: its services and its functions. The rest it reads from the
//! machine and the catalogue.

use std::sync::Arc;

use cognito::UserPool;
use http_client::Http;
use merchant_configure_dashboard::ConfigureDashboard;
use merchant_create_group::CreateGroup;
use merchant_create_owner::CreateOwner;
use merchant_probe_sign_in::ProbeSignIn;
use merchant_probe_website::ProbeWebsite;
use merchant_publish_website::PublishWebsite;
use merchant_seed_data::SeedData;
use s3::Bucket;
use vault_store_password::StorePassword;

use crate::aws::{self, Cognito, S3, Site, Vault};
use crate::deployment::Deployment;

/// A blueprint, and how its steps are deployed.
#[derive(Clone, Copy, Debug)]
pub struct Blueprint {
    pub name: &'static str,
    pub deploy: fn(&mut Deployment),
}

pub const ALL: [Blueprint; 1] = [Blueprint { name: "merchant-workspace", deploy: merchant_workspace }];

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
    to.step(CreateOwner { pool: pool.clone(), vault: vault.clone() });
    to.probe(ProbeSignIn { pool, vault });
    to.step(PublishWebsite {
        sites: Bucket::new(&aws::config(sites), "sites".to_owned()),
        site_url: site_url.clone(),
    });
    to.probe(ProbeWebsite { http: Http::InProcess(Arc::new(site)) });
    to.step(ConfigureDashboard {
        workspaces: workspaces.clone(),
        site_url,
        dashboard_url: "https://tenantry.example/dashboard/{subdomain}".to_owned(),
    });
    to.step(SeedData { workspaces });
}
