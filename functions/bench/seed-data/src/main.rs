use bench_host::BenchHost;
use bench_seed_data::SeedData;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let setup = SeedData { bench: BenchHost::from_env().await? };
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}
