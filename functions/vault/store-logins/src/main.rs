use saga::Error;
use vault_store_logins::StoreLogins;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, store::ResourceLedger::from_env().await).await
}

async fn step() -> Result<StoreLogins, Error> {
    Ok(StoreLogins { vault: secrets::Vault::from_env().await })
}
