use canary::Platform;
use canary_probe_absence::ProbeAbsence;
use http_client::Http;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let probe = ProbeAbsence { platform: Platform::from_env().await?, http: Http::network() };
    saga::function("canary-probe-absence", async |input, _| probe.run(input).await).await
}
