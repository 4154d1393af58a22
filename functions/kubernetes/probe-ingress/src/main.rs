use kubernetes_probe_ingress::ProbeIngress;
use saga::Error;
use store::ResourceLedger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let probe = ProbeIngress { http: http_client::Http::network(), shop_url: aws::variable("SHOP_URL")? };
    saga::serve_probe(probe, ResourceLedger::from_env().await).await
}
