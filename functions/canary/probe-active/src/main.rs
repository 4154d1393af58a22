use canary::Platform;
use canary_probe_active::ProbeActive;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let probe = ProbeActive { platform: Platform::from_env().await? };
    saga::function("canary-probe-active", async |input, _| probe.run(input).await).await
}
