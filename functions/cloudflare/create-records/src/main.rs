use cloudflare::Zone;
use cloudflare_create_records::{CreateRecords, addresses};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<CreateRecords, Error> {
    let db = Database::from_env().await;
    Ok(CreateRecords {
        zone: Zone::from_env(RateGovernor::shared(&db)).await?,
        zone_name: aws::variable("CLOUDFLARE_ZONE_NAME")?,
        bench: addresses(&aws::variable("BENCH_ADDRESS")?)?,
        deployment: aws::variable("DEPLOYMENT")?,
    })
}
