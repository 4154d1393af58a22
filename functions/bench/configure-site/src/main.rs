use bench_configure_site::ConfigureSite;
use bench_host::BenchHost;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let setup = ConfigureSite { bench: BenchHost::from_env().await? };
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}
