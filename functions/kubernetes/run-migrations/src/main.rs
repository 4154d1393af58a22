use kubernetes::Cluster;
use kubernetes_run_migrations::RunMigrations;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, ResourceLedger::from_env().await).await
}

async fn setup() -> Result<RunMigrations, Error> {
    let db = Database::from_env().await;
    Ok(RunMigrations {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        welcome_url: aws::variable("WELCOME_URL")?,
    })
}
