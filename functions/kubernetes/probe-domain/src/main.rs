use kubernetes::Cluster;
use kubernetes_probe_domain::ProbeDomain;
use saga::Error;
use store::{Database, RateGovernor};
use watch::Watch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let probe = ProbeDomain {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
        watch: Watch::from_env(db)?,
    };
    saga::function(kubernetes_probe_domain::NAME, async |subject, _| probe.run(subject).await).await
}
