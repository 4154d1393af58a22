use console::{Configuration, Console, Issuer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init(env!("CARGO_PKG_NAME"));
    let (issuer, region) = (aws::variable("ISSUER_URL")?, aws::variable("AWS_REGION")?);
    let configuration = Configuration {
        issuer: match aws::variable("PEOPLE_POOL_URL") {
            Ok(domain) => Issuer::pool(issuer, &domain),
            Err(_) => Issuer::described(issuer, aws::variable("SIGN_IN_URL").ok()),
        },
        client_id: aws::variable("CLIENT_ID").ok(),
        api: "../v1",
        deployment: aws::variable("DEPLOYMENT")?,
        states_console: aws::variable("STATES_CONSOLE_URL").ok().map(|url| url.replace("{region}", &region)),
        region,
    };
    // The package has it there.
    let web = std::env::current_exe()?.with_file_name("web");
    lambda_http::run(Console { web, configuration }.router()?).await
}
