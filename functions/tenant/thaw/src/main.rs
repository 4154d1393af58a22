use archive::ColdStorage;
use saga::Error;
use store::{Database, ResourceLedger, Tenants};
use tenancy::Calendar;
use tenant_thaw::Thaw;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let thaw = Thaw {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db),
        archive: ColdStorage::from_env().await?,
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, "")?,
    };
    saga::function("tenant-thaw", async |input, _| thaw.run(input).await).await
}
