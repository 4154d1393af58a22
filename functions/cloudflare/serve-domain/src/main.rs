use cloudflare::Zone;
use cloudflare_serve_domain::ServeDomain;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = ServeDomain {
        zone: Zone::from_env(RateGovernor::shared(&db)).await?,
        zone_name: aws::variable("CLOUDFLARE_ZONE_NAME")?,
        deployment: aws::variable("DEPLOYMENT")?,
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
