use bench_host::BenchHost;
use nginx_serve_site::ServeSite;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, store::ResourceLedger::from_env().await).await
}

async fn step() -> Result<ServeSite, Error> {
    Ok(ServeSite { bench: BenchHost::from_env().await? })
}
