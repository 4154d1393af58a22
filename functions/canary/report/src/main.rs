use canary_report::Report;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::function("canary-report", async |input, _| Ok(Report.run(input))).await
}
