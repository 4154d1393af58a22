use fault::Fault;

use crate::owner::other;
use crate::{Answer, Kind, MySql, Statement};

const UNKNOWN_DATABASE: u16 = 1049;

impl MySql {
    /// Makes a database of this owner's (`utf8mb4`, `utf8mb4_unicode_ci`), and leaves one that is there as it is. Somebody
    /// else's is terminal.
    pub async fn create_database(&self, name: &str, owner: &str) -> Result<(), Fault> {
        self.claim(Kind::Database, name, owner).await?;
        self.tell(Statement::CreateDatabase { name }).await
    }

    /// Drops a database of this owner's. Already gone is success, and so is one that is somebody else's: it is not touched.
    pub async fn drop_database(&self, name: &str, owner: &str) -> Result<(), Fault> {
        let kind = Kind::Database;
        if self.is_held(kind, name, owner).await? {
            self.tell(Statement::DropDatabase { name }).await?;
            // Only now: a name without an owner is somebody else's.
            self.tell(Statement::Release { kind, name, owner }).await?;
        }
        Ok(())
    }

    /// All that a database of this owner's holds, as SQL. What that is: this crate's documentation. `None` of one that was
    /// claimed and is not there, or not any more.
    pub async fn dump(&self, database: &str, owner: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.hold(Kind::Database, database, owner).await?;
        match self.answer(Statement::Dump { database }).await {
            Ok(Answer::Dump(dump)) => Ok(Some(dump)),
            Err(failure) if failure.code() == Some(UNKNOWN_DATABASE) => Ok(None),
            answered => Err(other(answered)),
        }
    }

    /// Has a database of this owner's hold what a dump holds, and nothing else. One that broke off is done again.
    pub async fn restore(&self, database: &str, owner: &str, dump: &[u8]) -> Result<(), Fault> {
        self.hold(Kind::Database, database, owner).await?;
        self.tell(Statement::Restore { database, dump }).await
    }
}
