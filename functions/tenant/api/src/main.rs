use lambda_http::Error;
use store::Database;
use tenant_api::{Api, Platform};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    // Without them tenants have no domains of their own.
    let domain = aws::variable("CLOUDFLARE_ZONE_NAME").ok();
    let target = aws::variable("DOMAIN_TARGET").ok();
    let platform = domain.zip(target).map(|(domain, target)| Platform { domain, target });
    let api = Api::new(Database::from_env().await).with_domains(platform);
    lambda_http::run(api.router()).await
}
