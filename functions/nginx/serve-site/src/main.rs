use bench_host::BenchHost;
use nginx_serve_site::ServeSite;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = ServeSite { bench: BenchHost::from_env().await? };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
