use bench_create_site::CreateSite;
use bench_host::BenchHost;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = CreateSite { bench: BenchHost::from_env().await?, vault: Vault::from_env().await };
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}
