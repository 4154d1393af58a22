use saga::Error;
use store::{Database, ResourceLedger, Tenants};
use tenancy::Calendar;
use tenant_offboard::Offboard;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    // No notices but the one when it begins.
    let notices = aws::variable("OFFBOARDING_NOTICES").unwrap_or_default();
    let offboard = Offboard {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db),
        calendar: Calendar::parse(&aws::variable("GRACE_DAY_SECONDS")?, &notices)?,
    };
    saga::function("tenant-offboard", async |input, _| offboard.run(input).await).await
}
