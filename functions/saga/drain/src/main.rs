use saga::Error;
use saga_drain::Drain;
use store::ResourceLedger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let drain = Drain { ledger: ResourceLedger::from_env().await };
    saga::function("saga-drain", async |subject, _| drain.run(subject).await).await
}
