use archive::ColdStorage;
use saga::Error;
use store::{Database, ResourceLedger, Tenants};
use tenancy::Calendar;
use tenant_archive::Seal;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let seal = Seal {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db),
        archive: ColdStorage::from_env().await?,
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, "")?,
        retention_days: aws::variable("ARCHIVE_RETENTION_DAYS")?.parse()?,
    };
    saga::function("tenant-archive", async |input, _| seal.run(input).await).await
}
