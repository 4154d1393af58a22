use argocd_create_application::CreateApplication;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = CreateApplication {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        argocd: aws::variable("ARGOCD_NAMESPACE")?,
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
