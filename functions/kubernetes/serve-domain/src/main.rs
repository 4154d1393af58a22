use kubernetes::Cluster;
use kubernetes_serve_domain::ServeDomain;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<ServeDomain, Error> {
    let db = Database::from_env().await;
    Ok(ServeDomain {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
    })
}
