use google::{SecretManager, Tokens};
use google_store_signing_key::StoreSigningKey;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = StoreSigningKey {
        secrets: SecretManager::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        deployment: aws::variable("DEPLOYMENT")?,
        reader: aws::variable("STORE_ACCOUNT")?,
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
