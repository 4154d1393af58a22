use saga::Error;
use vault_store_logins::StoreLogins;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = StoreLogins { vault: secrets::Vault::from_env().await };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
