use merchant_create_group::CreateGroup;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, store::ResourceLedger::from_env().await).await
}

async fn step() -> Result<CreateGroup, Error> {
    Ok(CreateGroup { pool: cognito::UserPool::from_env().await? })
}
