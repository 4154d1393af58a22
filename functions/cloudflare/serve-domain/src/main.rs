use cloudflare::Zone;
use cloudflare_serve_domain::ServeDomain;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<ServeDomain, Error> {
    let db = Database::from_env().await;
    Ok(ServeDomain {
        zone: Zone::from_env(RateGovernor::shared(&db)).await?,
        zone_name: aws::variable("CLOUDFLARE_ZONE_NAME")?,
        deployment: aws::variable("DEPLOYMENT")?,
    })
}
