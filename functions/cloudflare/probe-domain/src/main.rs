use cloudflare::Zone;
use cloudflare_probe_domain::ProbeDomain;
use saga::Error;
use store::{Database, RateGovernor};
use watch::Watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let zone = Zone::from_env(RateGovernor::shared(&db)).await?;
    let probe = ProbeDomain { zone, watch: Watch::from_env(db)? };
    saga::function(cloudflare_probe_domain::NAME, async |subject, _| probe.run(subject).await).await
}
