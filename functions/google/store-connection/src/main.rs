use google::{SecretManager, Tokens};
use google_store_connection::StoreConnection;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = StoreConnection {
        neon: neon::Neon::from_env().await?,
        secrets: SecretManager::from_env(Tokens::from_env().await?)?,
        deployment: aws::variable("DEPLOYMENT")?,
        reader: aws::variable("STORE_ACCOUNT")?,
    };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
