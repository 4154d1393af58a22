use kms::SigningKey;
use saga::Error;
use store::{Database, ResourceLedger, Tenants};
use tenant_certify::Certify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let certify = Certify {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db.clone()),
        db,
        key: SigningKey::from_env("CERTIFICATE_KEY").await?,
        deployment: aws::variable("DEPLOYMENT")?,
    };
    saga::function("tenant-certify", async |subject, _| certify.run(subject).await).await
}
