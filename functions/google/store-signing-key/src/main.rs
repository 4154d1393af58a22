use google::{SecretManager, Tokens};
use google_store_signing_key::StoreSigningKey;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<StoreSigningKey, Error> {
    let db = Database::from_env().await;
    Ok(StoreSigningKey {
        secrets: SecretManager::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        deployment: aws::variable("DEPLOYMENT")?,
        reader: aws::variable("STORE_ACCOUNT")?,
    })
}
