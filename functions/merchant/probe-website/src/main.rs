use merchant_probe_website::ProbeWebsite;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeWebsite, Error> {
    Ok(ProbeWebsite { http: http_client::Http::network() })
}
