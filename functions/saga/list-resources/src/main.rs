use saga::Error;
use saga_list_resources::ListResources;
use store::{Database, ResourceLedger, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let list = ListResources { tenants: Tenants::new(db.clone()), ledger: ResourceLedger::new(db) };
    saga::function("saga-list-resources", async |subject, _| list.run(subject).await).await
}
