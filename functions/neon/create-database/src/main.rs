use neon_create_database::{CreateDatabase, Place};
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = CreateDatabase { neon: neon::Neon::from_env().await?, place: Place::from_env()? };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
