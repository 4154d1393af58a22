use merchant_publish_website::PublishWebsite;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<PublishWebsite, Error> {
    Ok(PublishWebsite {
        sites: s3::Bucket::from_env("SITES_BUCKET").await?,
        site_url: aws::variable("SITE_URL")?,
    })
}
