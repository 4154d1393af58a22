use saga::Error;
use saga_drain::Drain;
use store::{Database, ResourceLedger, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let drain = Drain { tenants: Tenants::new(db.clone()), ledger: ResourceLedger::new(db) };
    saga::function("saga-drain", async |subject, _| drain.run(subject).await).await
}
