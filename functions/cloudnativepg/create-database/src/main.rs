use cloudnativepg_create_database::CreateDatabase;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, ResourceLedger::from_env().await).await
}

async fn setup() -> Result<CreateDatabase, Error> {
    let db = Database::from_env().await;
    Ok(CreateDatabase { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? })
}
