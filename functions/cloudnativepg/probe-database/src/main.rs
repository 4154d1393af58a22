use cloudnativepg_probe_database::ProbeDatabase;
use kubernetes::Cluster;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeDatabase, Error> {
    let db = Database::from_env().await;
    Ok(ProbeDatabase { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? })
}
