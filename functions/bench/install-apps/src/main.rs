use bench_host::BenchHost;
use bench_install_apps::InstallApps;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}

async fn setup() -> Result<InstallApps, Error> {
    Ok(InstallApps { bench: BenchHost::from_env().await? })
}
