use cognito::UserPool;
use lambda_http::Error;
use merchant_serve_dashboard::Dashboard;
use s3::Bucket;
use store::{Claims, Database};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let dashboard = Dashboard {
        workspaces: Bucket::from_env("WORKSPACES_BUCKET").await?,
        claims: Claims::new(Database::from_env().await),
        pool: UserPool::from_env().await?,
        deployment: aws::variable("DEPLOYMENT")?,
        secure: aws::variable("DASHBOARD_URL")?.starts_with("https:"),
    };
    lambda_http::run(dashboard.router()).await
}
