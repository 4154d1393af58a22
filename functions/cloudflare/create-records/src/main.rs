use cloudflare::Zone;
use cloudflare_create_records::{CreateRecords, addresses};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = CreateRecords {
        zone: Zone::from_env(RateGovernor::shared(&db)).await?,
        zone_name: aws::variable("CLOUDFLARE_ZONE_NAME")?,
        bench: addresses(&aws::variable("BENCH_ADDRESS")?)?,
        deployment: aws::variable("DEPLOYMENT")?,
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
