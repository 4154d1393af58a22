use kubernetes::Cluster;
use kubernetes_create_namespace::{CreateNamespace, Neighbours};
use saga::Error;
use store::{Database, RateGovernor, ResourceLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let db = Database::from_env().await;
    let step = CreateNamespace {
        cluster: Cluster::from_env(RateGovernor::shared(&db)).await?,
        deployment: aws::variable("DEPLOYMENT")?,
        prefix: aws::variable("NAMESPACE_PREFIX")?,
        neighbours: Neighbours {
            ingress: aws::variable("INGRESS_NAMESPACE")?,
            shared: aws::variable("SHARED_NAMESPACE")?,
            monitoring: aws::variable("MONITORING_NAMESPACE")?,
            operators: aws::variable("OPERATORS_NAMESPACE")?,
        },
    };
    saga::serve(step, ResourceLedger::new(db)).await
}
