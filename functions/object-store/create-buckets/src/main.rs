use object_store::ObjectStore;
use object_store_create_buckets::CreateBuckets;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<CreateBuckets, Error> {
    Ok(CreateBuckets { store: ObjectStore::from_env().await?, vault: Vault::from_env().await })
}
