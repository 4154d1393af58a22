use kubernetes::Cluster;
use kubernetes_create_namespace::{CreateNamespace, Neighbours};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<CreateNamespace, Error> {
    let db = Database::from_env().await;
    Ok(CreateNamespace {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
        neighbours: Neighbours {
            ingress: aws::variable("INGRESS_NAMESPACE")?,
            shared: aws::variable("SHARED_NAMESPACE")?,
            monitoring: aws::variable("MONITORING_NAMESPACE")?,
            operators: aws::variable("OPERATORS_NAMESPACE")?,
        },
    })
}
