use saga::Error;
use saga_fence::Fence;
use store::{Database, ResourceLedger, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let fence = Fence { tenants: Tenants::new(db.clone()), ledger: ResourceLedger::new(db) };
    saga::function("saga-fence", async |input, _| fence.run(input).await).await
}
