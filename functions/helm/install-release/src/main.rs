use helm_install_release::InstallRelease;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<InstallRelease, Error> {
    let db = Database::from_env().await;
    Ok(InstallRelease {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
        welcome_url: aws::variable("WELCOME_URL")?,
    })
}
