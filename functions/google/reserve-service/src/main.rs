use google::{CloudRun, Tokens};
use google_reserve_service::ReserveService;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = ReserveService {
        run: CloudRun::from_env(Tokens::from_env().await?)?,
        deployment: aws::variable("DEPLOYMENT")?,
        page: aws::variable("PAGE_IMAGE")?,
        account: aws::variable("STORE_ACCOUNT")?,
    };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
