use mysql::MySql;
use mysql_create_databases::CreateDatabases;
use saga::Error;
use secrets::Vault;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = store::ResourceLedger::from_env().await;
    saga::serve_backed_up(step, ledger, archive::ColdStorage::from_env().await?).await
}

async fn step() -> Result<CreateDatabases, Error> {
    Ok(CreateDatabases { mysql: MySql::from_env().await?, vault: Vault::from_env().await })
}
