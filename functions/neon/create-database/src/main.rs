use neon_create_database::{CreateDatabase, Place};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let neon = neon::Neon::from_env(RateGovernor::shared(&db)).await?;
    let step = CreateDatabase { neon, place: Place::from_env()? };
    saga::serve_backed_up(step, ResourceLedger::new(db), archive::ColdStorage::from_env().await?).await
}
