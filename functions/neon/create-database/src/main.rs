use neon_create_database::{CreateDatabase, Place};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_backed_up(step, ResourceLedger::from_env().await, archive::ColdStorage::from_env().await?)
        .await
}

async fn step() -> Result<CreateDatabase, Error> {
    let db = Database::from_env().await;
    let neon = neon::Neon::from_env(RateGovernor::shared(&db)).await?;
    Ok(CreateDatabase { neon, place: Place::from_env()? })
}
