use rabbitmq::RabbitMq;
use rabbitmq_probe_vhost::ProbeVhost;
use saga::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let probe = ProbeVhost { rabbitmq: RabbitMq::from_env().await? };
    saga::serve_probe(probe, store::ResourceLedger::from_env().await).await
}
