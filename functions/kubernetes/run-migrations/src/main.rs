use kubernetes::Cluster;
use kubernetes_run_migrations::RunMigrations;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let setup = RunMigrations {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        welcome_url: aws::variable("WELCOME_URL")?,
    };
    saga::serve_setup(setup, ResourceLedger::new(db)).await
}
