use saga::Error;
use store::{Catalogue, Database, ResourceLedger, Tenants};
use tenant_activate::Activate;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let activate = Activate {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db.clone()),
        catalogue: Catalogue::new(db),
    };
    saga::function("tenant-activate", async |input, _| activate.run(input).await).await
}
