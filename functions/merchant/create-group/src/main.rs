use merchant_create_group::CreateGroup;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = CreateGroup { pool: cognito::UserPool::from_env().await? };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
