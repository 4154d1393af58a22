use kubernetes::Cluster;
use kubernetes_probe_workloads::ProbeWorkloads;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeWorkloads, Error> {
    let db = Database::from_env().await;
    Ok(ProbeWorkloads { cluster: Cluster::from_env(RateGovernor::shared(&db)).await? })
}
