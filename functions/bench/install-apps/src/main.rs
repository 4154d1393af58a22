use bench_host::BenchHost;
use bench_install_apps::InstallApps;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let setup = InstallApps { bench: BenchHost::from_env().await? };
    saga::serve_setup(setup, store::ResourceLedger::from_env().await).await
}
