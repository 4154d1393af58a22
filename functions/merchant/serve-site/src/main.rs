use lambda_http::Error;
use merchant_serve_site::ServeSite;
use s3::Bucket;
use store::{Claims, Database};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let site = ServeSite {
        sites: Bucket::from_env("SITES_BUCKET").await?,
        claims: Claims::new(Database::from_env().await),
    };
    lambda_http::run(site.router()).await
}
