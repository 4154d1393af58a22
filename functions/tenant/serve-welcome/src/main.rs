use lambda_http::Error;
use store::{Claims, Database, Tenants};
use tenant_serve_welcome::ServeWelcome;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let db = Database::from_env().await;
    let welcome = ServeWelcome {
        claims: Claims::new(db.clone()),
        tenants: Tenants::new(db),
        vault: secrets::Vault::from_env().await,
        deployment: aws::variable("DEPLOYMENT")?,
    };
    lambda_http::run(welcome.router()).await
}
