use kubernetes::Cluster;
use kubernetes_check_plan::CheckPlan;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}

async fn probe() -> Result<CheckPlan, Error> {
    let db = Database::from_env().await;
    Ok(CheckPlan {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
    })
}
