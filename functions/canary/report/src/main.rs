use canary_report::Report;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let report = Report { deployment: aws::variable("DEPLOYMENT")? };
    saga::function("canary-report", async |input, _| Ok(report.run(input))).await
}
