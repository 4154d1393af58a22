use cloudflare::Zone;
use cloudflare_probe_domain::ProbeDomain;
use reach::Reach;
use resolver::Resolver;
use saga::Error;
use store::{Database, RateGovernor, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let visits = aws::variable("DOMAIN_VISITS")? == "true";
    let db = Database::from_env().await;
    let probe = ProbeDomain {
        zone: Zone::from_env(RateGovernor::shared(&db)).await?,
        resolver: Resolver::from_env()?,
        reach: visits.then(Reach::network),
        target: aws::variable("DOMAIN_TARGET")?,
        tenants: Tenants::new(db),
    };
    saga::function(cloudflare_probe_domain::NAME, async |subject, _| probe.run(subject).await).await
}
