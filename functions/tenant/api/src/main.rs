use lambda_http::Error;
use store::Database;
use tenant_api::Api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    lambda_http::run(Api::new(Database::from_env().await).router()).await
}
