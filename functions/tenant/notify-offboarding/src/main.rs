use saga::Error;
use ses::Mailer;
use store::{Database, Tenants};
use tenant_notify_offboarding::NotifyOffboarding;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let notify = NotifyOffboarding {
        mailer: Mailer::from_env().await?,
        tenants: Tenants::new(Database::from_env().await),
    };
    saga::function(tenant_notify_offboarding::NAME, async |subject, _| notify.run(subject).await).await
}
