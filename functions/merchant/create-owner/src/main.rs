use merchant_create_owner::CreateOwner;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<CreateOwner, Error> {
    Ok(CreateOwner { pool: cognito::UserPool::from_env().await?, vault: secrets::Vault::from_env().await })
}
