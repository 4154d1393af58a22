use kubernetes::Cluster;
use kubernetes_set_quota::SetQuota;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let setup = SetQuota { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? };
    saga::serve_setup(setup, ResourceLedger::new(db)).await
}
