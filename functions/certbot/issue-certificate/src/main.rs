use bench_host::BenchHost;
use certbot_issue_certificate::IssueCertificate;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, store::ResourceLedger::from_env().await).await
}

async fn step() -> Result<IssueCertificate, Error> {
    Ok(IssueCertificate { bench: BenchHost::from_env().await? })
}
