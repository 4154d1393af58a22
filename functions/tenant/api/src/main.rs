use lambda_http::Error;
use store::Database;
use tenant_api::{Api, Platform};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let api = Api::new(Database::from_env().await).with_domains(Platform::from_env());
    lambda_http::run(api.router()).await
}
