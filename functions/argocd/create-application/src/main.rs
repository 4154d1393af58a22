use argocd_create_application::CreateApplication;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<CreateApplication, Error> {
    let db = Database::from_env().await;
    Ok(CreateApplication {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        argocd: aws::variable("ARGOCD_NAMESPACE")?,
    })
}
