use std::fmt;
use std::pin::Pin;

use jiff::Timestamp;
use secrets::SecretString;

use crate::{Failure, Kind, Owned};

/// All that is ever asked of a server. Names are as they are called, not yet as SQL quotes them.
#[derive(Clone, Copy, Debug)]
pub enum Statement<'a> {
    /// Makes the table of owners, if there is none.
    PrepareOwners,
    /// [`Answer::Owner`]; 1049 or 1146 before the table is made.
    FindOwner {
        kind: Kind,
        name: &'a str,
    },
    /// Writes down whose a name is; 1062 when that is written already.
    Claim {
        kind: Kind,
        name: &'a str,
        owner: &'a str,
        at: Timestamp,
    },
    /// Forgets whose a name is, if it is this owner's.
    Release {
        kind: Kind,
        name: &'a str,
        owner: &'a str,
    },
    /// [`Answer::Owners`]: the first `limit` behind `after`, in the order of their names.
    ListOwners {
        kind: Kind,
        after: &'a str,
        limit: usize,
    },
    /// [`Answer::There`].
    FindDatabase {
        name: &'a str,
    },
    /// There already is success.
    CreateDatabase {
        name: &'a str,
    },
    /// Gone already is success.
    DropDatabase {
        name: &'a str,
    },
    /// [`Answer::There`].
    FindUser {
        name: &'a str,
    },
    /// There already is success, whatever its password.
    CreateUser {
        name: &'a str,
        password: &'a SecretString,
    },
    SetPassword {
        name: &'a str,
        password: &'a SecretString,
    },
    /// Gone already is success.
    DropUser {
        name: &'a str,
    },
    /// Lets a user use every database whose name fits the pattern, in which `_` and `%` are wildcards unless escaped.
    Grant {
        user: &'a str,
        pattern: &'a str,
    },
    /// Connects as a user: 1045 for a wrong password, 1044 for a database it may not use, 1049 for none.
    SignIn {
        user: &'a str,
        password: &'a SecretString,
        database: &'a str,
    },
    /// [`Answer::Dump`].
    Dump {
        database: &'a str,
    },
    /// Has a database hold what a dump holds, and nothing else.
    Restore {
        database: &'a str,
        dump: &'a [u8],
    },
}

/// What a statement gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    There(bool),
    Owner(Option<String>),
    Owners(Vec<Owned>),
    Dump(Vec<u8>),
}

/// The answer to a statement, to come.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// Answers in a server's place.
pub trait Answers: fmt::Debug + Send + Sync {
    fn answer<'a>(&'a self, statement: Statement<'a>) -> Asking<'a>;
}
