use cloudnativepg_probe_database::ProbeDatabase;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let probe = ProbeDatabase { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? };
    saga::serve_probe(probe, ResourceLedger::new(db)).await
}
