use kubernetes::Cluster;
use kubernetes_monitor_tenant::MonitorTenant;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, ResourceLedger::from_env().await).await
}

async fn setup() -> Result<MonitorTenant, Error> {
    let db = Database::from_env().await;
    Ok(MonitorTenant { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? })
}
