use bench_host::BenchHost;
use bench_probe_site::{Ports, ProbeSite, Visitors};
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeSite, Error> {
    Ok(ProbeSite {
        bench: BenchHost::from_env().await?,
        // In production nobody but the public authorities is believed, and it is empty.
        visitors: Visitors::trusting(&aws::variable("TENANT_CA").unwrap_or_default()),
        ports: Ports::of(&aws::variable("TENANT_HTTP_PORT")?, &aws::variable("TENANT_HTTPS_PORT")?)?,
    })
}
