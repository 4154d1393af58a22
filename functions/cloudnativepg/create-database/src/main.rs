use cloudnativepg_create_database::CreateDatabase;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let setup = CreateDatabase { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? };
    saga::serve_setup(setup, ResourceLedger::new(db)).await
}
