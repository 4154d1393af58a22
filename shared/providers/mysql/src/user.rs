use fault::Fault;
use secrets::SecretString;

use crate::quote::pattern;
use crate::{Kind, MySql, Statement};

/// A database it may not use, a wrong password or no such user, no such database.
const KEPT_OUT: [u16; 3] = [1044, 1045, 1049];

impl MySql {
    /// Makes a user of this owner's who signs in from anywhere with this password, or has one that is there do so. Somebody
    /// else's is terminal. It may do nothing yet.
    pub async fn put_user(&self, name: &str, owner: &str, password: &SecretString) -> Result<(), Fault> {
        self.claim(Kind::User, name, owner).await?;
        self.tell(Statement::CreateUser { name, password }).await?;
        self.tell(Statement::SetPassword { name, password }).await
    }

    /// Lets a user do what a service and its migrations do, in one database and no other: `SELECT`, `INSERT`, `UPDATE`,
    /// `DELETE`, `CREATE`, `ALTER`, `DROP`, `INDEX`, `REFERENCES`. Both must be this owner's.
    pub async fn grant(&self, user: &str, database: &str, owner: &str) -> Result<(), Fault> {
        self.hold(Kind::User, user, owner).await?;
        self.hold(Kind::Database, database, owner).await?;
        self.tell(Statement::Grant { user, pattern: &pattern(database) }).await
    }

    /// Drops a user of this owner's; its connections stay until they are closed. Already gone is success, and so is one
    /// that is somebody else's: it is not touched.
    pub async fn drop_user(&self, name: &str, owner: &str) -> Result<(), Fault> {
        let kind = Kind::User;
        if self.is_held(kind, name, owner).await? {
            self.tell(Statement::DropUser { name }).await?;
            self.tell(Statement::Release { kind, name, owner }).await?;
        }
        Ok(())
    }

    /// Whether a user gets into a database with this password, seen by doing so.
    pub async fn can_use(&self, database: &str, user: &str, password: &SecretString) -> Result<bool, Fault> {
        match self.answer(Statement::SignIn { user, password, database }).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.code().is_some_and(|code| KEPT_OUT.contains(&code)) => Ok(false),
            Err(failure) => Err(failure.into_fault()),
        }
    }
}
