use kubernetes_probe_ingress::ProbeIngress;
use saga::Error;
use store::ResourceLedger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeIngress, Error> {
    Ok(ProbeIngress { http: http_client::Http::network(), tenant_url: aws::variable("TENANT_URL")? })
}
