use bench_configure_site::ConfigureSite;
use bench_host::BenchHost;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}

async fn setup() -> Result<ConfigureSite, Error> {
    Ok(ConfigureSite { bench: BenchHost::from_env().await? })
}
