use google::{CloudRun, Tokens};
use google_deploy_service::DeployService;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let setup = DeployService {
        run: CloudRun::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        deployment: aws::variable("DEPLOYMENT")?,
        account: aws::variable("STORE_ACCOUNT")?,
        redis_url: aws::variable("REDIS_URL")?,
        page: aws::variable("PAGE_IMAGE")?,
        store_url: aws::variable("STORE_URL")?,
    };
    saga::serve_setup(setup, ResourceLedger::new(db)).await
}
