use std::sync::Arc;

use google::{SecretManager, Tokens};
use google_store_connection::StoreConnection;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<StoreConnection, Error> {
    let db = Database::from_env().await;
    let governor = RateGovernor::shared(&db);
    Ok(StoreConnection {
        neon: neon::Neon::from_env(Arc::clone(&governor)).await?,
        secrets: SecretManager::from_env(Tokens::from_env().await?, governor)?,
        deployment: aws::variable("DEPLOYMENT")?,
        reader: aws::variable("STORE_ACCOUNT")?,
    })
}
