use saga::Error;
use saga_settle::Settle;
use store::{Database, ResourceLedger, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let settle = Settle { tenants: Tenants::new(db.clone()), ledger: ResourceLedger::new(db) };
    saga::function("saga-settle", async |subject, _| settle.run(subject).await).await
}
