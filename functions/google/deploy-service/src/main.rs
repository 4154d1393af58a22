use google::{CloudRun, Tokens};
use google_deploy_service::DeployService;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, ResourceLedger::from_env().await).await
}

async fn setup() -> Result<DeployService, Error> {
    let db = Database::from_env().await;
    Ok(DeployService {
        run: CloudRun::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        deployment: aws::variable("DEPLOYMENT")?,
        account: aws::variable("STORE_ACCOUNT")?,
        redis_url: aws::variable("REDIS_URL")?,
        page: aws::variable("PAGE_IMAGE")?,
        store_url: aws::variable("STORE_URL")?,
    })
}
