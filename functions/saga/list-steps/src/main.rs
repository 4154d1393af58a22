use saga::Error;
use saga_list_steps::ListSteps;
use store::{Catalogue, Database};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let list = ListSteps { catalogue: Catalogue::new(Database::from_env().await) };
    saga::function("saga-list-steps", async |input, _| list.run(input).await).await
}
