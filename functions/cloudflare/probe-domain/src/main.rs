use cloudflare::Zone;
use cloudflare_probe_domain::ProbeDomain;
use reach::Reach;
use resolver::Resolver;
use saga::Error;
use store::{Database, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let visits = aws::variable("DOMAIN_VISITS")? == "true";
    let probe = ProbeDomain {
        zone: Zone::from_env().await?,
        resolver: Resolver::from_env()?,
        reach: visits.then(Reach::network),
        target: aws::variable("DOMAIN_TARGET")?,
        tenants: Tenants::new(Database::from_env().await),
    };
    saga::function(cloudflare_probe_domain::NAME, async |subject, _| probe.run(subject).await).await
}
