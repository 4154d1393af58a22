use saga::Error;
use ses::Mailer;
use store::{Claims, Database, ResourceLedger};
use tenant_notify::Notify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let notify = Notify {
        mailer: Mailer::from_env().await?,
        claims: Claims::new(db.clone()),
        ledger: ResourceLedger::new(db),
    };
    saga::function(tenant_notify::NAME, async |input, _| notify.run(input).await).await
}
