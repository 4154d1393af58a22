use grafana::Grafana;
use grafana_create_organisation::CreateOrganisation;
use saga::Error;
use secrets::Vault;
use store::ResourceLedger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve(step, ResourceLedger::from_env().await).await
}

async fn step() -> Result<CreateOrganisation, Error> {
    Ok(CreateOrganisation {
        grafana: Grafana::from_env().await?,
        vault: Vault::from_env().await,
        prometheus_url: aws::variable("PROMETHEUS_URL")?,
        dashboards_url: aws::variable("DASHBOARDS_URL")?,
    })
}
