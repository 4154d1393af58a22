use helm_install_release::InstallRelease;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = InstallRelease {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
        welcome_url: aws::variable("WELCOME_URL")?,
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
