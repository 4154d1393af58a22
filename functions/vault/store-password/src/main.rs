use saga::Error;
use vault_store_password::StorePassword;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, store::ResourceLedger::from_env().await).await
}

async fn step() -> Result<StorePassword, Error> {
    Ok(StorePassword { vault: secrets::Vault::from_env().await })
}
