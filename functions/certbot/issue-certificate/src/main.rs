use bench_host::BenchHost;
use certbot_issue_certificate::IssueCertificate;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = IssueCertificate { bench: BenchHost::from_env().await? };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
