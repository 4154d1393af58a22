use google::{CloudRun, Tokens};
use google_reserve_service::ReserveService;
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<ReserveService, Error> {
    let db = Database::from_env().await;
    Ok(ReserveService {
        run: CloudRun::from_env(Tokens::from_env().await?, RateGovernor::shared(&db))?,
        deployment: aws::variable("DEPLOYMENT")?,
        page: aws::variable("PAGE_IMAGE")?,
        account: aws::variable("STORE_ACCOUNT")?,
    })
}
