use canary::Platform;
use canary_sign_up::SignUp;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let sign_up = SignUp { platform: Platform::from_env().await? };
    saga::function("canary-sign-up", async |input, _| sign_up.run(input).await).await
}
