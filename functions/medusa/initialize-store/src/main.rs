use google::{SecretManager, Tokens};
use medusa_initialize_store::InitializeStore;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, ResourceLedger::from_env().await).await
}

async fn setup() -> Result<InitializeStore, Error> {
    let db = Database::from_env().await;
    Ok(InitializeStore {
        http: http_client::Http::network(),
        secrets: SecretManager::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        vault: secrets::Vault::from_env().await,
        welcome_url: aws::variable("WELCOME_URL")?,
    })
}
