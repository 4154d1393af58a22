use google::{SecretManager, Tokens};
use medusa_initialize_store::InitializeStore;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let setup = InitializeStore {
        http: http_client::Http::network(),
        secrets: SecretManager::from_env(Tokens::from_env().await?)?,
        vault: secrets::Vault::from_env().await,
        welcome_url: aws::variable("WELCOME_URL")?,
    };
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}
