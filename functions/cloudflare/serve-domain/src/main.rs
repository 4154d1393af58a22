use cloudflare::Zone;
use cloudflare_serve_domain::ServeDomain;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let step = ServeDomain {
        zone: Zone::from_env().await?,
        zone_name: aws::variable("CLOUDFLARE_ZONE_NAME")?,
        deployment: aws::variable("DEPLOYMENT")?,
    };
    saga::serve(step, store::ResourceLedger::from_env().await).await
}
