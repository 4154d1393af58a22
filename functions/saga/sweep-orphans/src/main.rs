use saga::Error;
use saga_sweep_orphans::SweepOrphans;
use store::Database;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let limit = aws::variable("ORPHAN_LIMIT")?.parse()?;
    let sweep = SweepOrphans::new(Database::from_env().await, limit);
    saga::function("saga-sweep-orphans", async |input, _| sweep.run(input).await).await
}
