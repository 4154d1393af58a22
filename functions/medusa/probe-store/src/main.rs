use google::{SecretManager, Tokens};
use medusa_probe_store::ProbeStore;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeStore, Error> {
    let db = Database::from_env().await;
    Ok(ProbeStore {
        http: http_client::Http::network(),
        secrets: SecretManager::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        store_url: aws::variable("STORE_URL")?,
    })
}
