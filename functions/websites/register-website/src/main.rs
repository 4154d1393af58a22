use saga::Error;
use store::ResourceLedger;
use websites::Websites;
use websites_register_website::RegisterWebsite;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = RegisterWebsite { websites: Websites::from_env().await? };
    saga::serve(step, ResourceLedger::from_env().await).await
}
