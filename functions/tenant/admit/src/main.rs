use saga::Error;
use store::{Database, Tenants};
use tenant_admit::Admit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let admit = Admit { tenants: Tenants::new(Database::from_env().await) };
    saga::function("tenant-admit", async |input, _| admit.run(input).await).await
}
