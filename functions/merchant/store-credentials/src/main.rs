use merchant_store_credentials::StoreCredentials;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = StoreCredentials { vault: secrets::Vault::from_env().await };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
