use bench_create_site::CreateSite;
use bench_host::BenchHost;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<CreateSite, Error> {
    Ok(CreateSite { bench: BenchHost::from_env().await?, vault: Vault::from_env().await })
}
