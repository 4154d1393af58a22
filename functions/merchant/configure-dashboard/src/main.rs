use merchant_configure_dashboard::ConfigureDashboard;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<ConfigureDashboard, Error> {
    Ok(ConfigureDashboard {
        workspaces: s3::Bucket::from_env("WORKSPACES_BUCKET").await?,
        site_url: aws::variable("SITE_URL")?,
        dashboard_url: aws::variable("DASHBOARD_URL")?,
    })
}
