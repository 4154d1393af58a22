use rabbitmq::RabbitMq;
use rabbitmq_create_vhost::CreateVhost;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<CreateVhost, Error> {
    Ok(CreateVhost { rabbitmq: RabbitMq::from_env().await?, vault: Vault::from_env().await })
}
