use saga::Error;
use ses::Mailer;
use store::{Database, Tenants};
use tenant_notify_domain::NotifyDomain;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let notify = NotifyDomain {
        mailer: Mailer::from_env().await?,
        tenants: Tenants::new(Database::from_env().await),
        target: aws::variable("DOMAIN_TARGET")?,
    };
    saga::function(tenant_notify_domain::NAME, async |subject, _| notify.run(subject).await).await
}
