use bench_host::BenchHost;
use bench_seed_data::SeedData;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}

async fn setup() -> Result<SeedData, Error> {
    Ok(SeedData { bench: BenchHost::from_env().await? })
}
