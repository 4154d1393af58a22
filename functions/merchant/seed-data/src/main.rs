use merchant_seed_data::SeedData;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = SeedData { workspaces: s3::Bucket::from_env("WORKSPACES_BUCKET").await? };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
