use saga::Error;
use saga_mark_stuck::MarkStuck;
use store::ResourceLedger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mark = MarkStuck { ledger: ResourceLedger::from_env().await };
    saga::function("saga-mark-stuck", async |input, _| mark.run(input).await).await
}
