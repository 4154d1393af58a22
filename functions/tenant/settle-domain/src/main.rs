use saga::Error;
use store::{Database, ResourceLedger, Tenants};
use tenant_settle_domain::SettleDomain;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let settle = SettleDomain { tenants: Tenants::new(db.clone()), ledger: ResourceLedger::new(db) };
    saga::function("tenant-settle-domain", async |input, _| settle.run(input).await).await
}
