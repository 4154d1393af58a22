use saga::Error;
use store::ResourceLedger;
use websites::Websites;
use websites_register_website::RegisterWebsite;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<RegisterWebsite, Error> {
    Ok(RegisterWebsite { websites: Websites::from_env().await? })
}
