use saga::Error;
use ses::Mailer;
use store::{Claims, Database};
use tenant_notify::Notify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let notify = Notify { mailer: Mailer::from_env().await?, claims: Claims::new(Database::from_env().await) };
    saga::function("tenant-notify", async |input, _| notify.run(input).await).await
}
