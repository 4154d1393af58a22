use kubernetes::Cluster;
use kubernetes_check_plan::CheckPlan;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let probe = CheckPlan {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
    };
    saga::serve_probe(probe, ResourceLedger::new(db)).await
}
