use canary::Platform;
use canary_cancel::Cancel;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let cancel = Cancel { platform: Platform::from_env().await? };
    saga::function("canary-cancel", async |input, _| cancel.run(input).await).await
}
