use rabbitmq::RabbitMq;
use rabbitmq_probe_vhost::ProbeVhost;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}

async fn probe() -> Result<ProbeVhost, Error> {
    Ok(ProbeVhost { rabbitmq: RabbitMq::from_env().await? })
}
