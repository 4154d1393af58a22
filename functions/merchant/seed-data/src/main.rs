use merchant_seed_data::SeedData;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<SeedData, Error> {
    Ok(SeedData { workspaces: s3::Bucket::from_env("WORKSPACES_BUCKET").await? })
}
