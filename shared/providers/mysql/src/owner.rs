use std::fmt;

use fault::{Fault, Kind as FaultKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::quote::check;
use crate::{Answer, Failure, MySql, SERVICE, Statement};

/// As many as we ask for at once.
const PART: usize = 100;

/// The table of owners, or its database, is not there: nothing was ever claimed.
const UNPREPARED: [u16; 2] = [1049, 1146];
/// A name is claimed already.
const TWICE: u16 = 1062;

/// What has an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Database,
    User,
}

/// Who has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing is called so.
    Nobody,
    /// Whoever's mark this is. What it names may not be made yet.
    Owner(String),
    /// Somebody who made it without us.
    Stranger,
}

/// A name with an owner's mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub name: String,
    pub owner: String,
    pub made_at: Timestamp,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl MySql {
    /// Who has a name. What this says is nobody's is not there; what it says is somebody's may be half made.
    pub async fn holder(&self, kind: Kind, name: &str) -> Result<Holder, Fault> {
        if let Some(owner) = self.owner(kind, name).await? {
            return Ok(Holder::Owner(owner));
        }
        let look = match kind {
            Kind::Database => Statement::FindDatabase { name },
            Kind::User => Statement::FindUser { name },
        };
        match self.answer(look).await {
            Ok(Answer::There(false)) => Ok(Holder::Nobody),
            // It may have been claimed and made since we asked whose it is.
            Ok(Answer::There(true)) => {
                Ok(self.owner(kind, name).await?.map_or(Holder::Stranger, Holder::Owner))
            }
            answered => Err(other(answered)),
        }
    }

    async fn owner(&self, kind: Kind, name: &str) -> Result<Option<String>, Fault> {
        match self.answer(Statement::FindOwner { kind, name }).await {
            Ok(Answer::Owner(owner)) => Ok(owner),
            Err(failure) if unprepared(&failure) => Ok(None),
            answered => Err(other(answered)),
        }
    }

    /// All names that have an owner, whoever's, a hundred at a time.
    pub async fn owned(&self, kind: Kind, after: Option<&str>) -> Result<Part<Owned>, Fault> {
        let statement = Statement::ListOwners { kind, after: after.unwrap_or_default(), limit: PART };
        let items = match self.answer(statement).await {
            Ok(Answer::Owners(items)) => items,
            Err(failure) if unprepared(&failure) => Vec::new(),
            answered => return Err(other(answered)),
        };
        let next = items.get(PART - 1).map(|last| last.name.clone());
        Ok(Part { items, next })
    }

    /// Writes down whose a name is, before anything is called so.
    pub(crate) async fn claim(&self, kind: Kind, name: &str, owner: &str) -> Result<(), Fault> {
        check(kind, name)?;
        match self.holder(kind, name).await? {
            Holder::Owner(there) if there == owner => return Ok(()),
            Holder::Owner(_) | Holder::Stranger => return Err(foreign(kind, name)),
            Holder::Nobody => {}
        }
        let claim = Statement::Claim { kind, name, owner, at: clock::now() };
        let claimed = match self.answer(claim).await {
            Err(failure) if unprepared(&failure) => {
                self.tell(Statement::PrepareOwners).await?;
                self.answer(claim).await
            }
            claimed => claimed,
        };
        claimed.map(drop).map_err(|failure| match failure.code() {
            Some(TWICE) => {
                let mut fault = failure.into_fault();
                fault.kind = FaultKind::Transient;
                fault.cause = format!("the {kind} {name} appeared in mysql meanwhile; look again");
                fault
            }
            _ => failure.into_fault(),
        })
    }

    /// Whether a name is this owner's, for what is done to nobody else's.
    pub(crate) async fn is_held(&self, kind: Kind, name: &str, owner: &str) -> Result<bool, Fault> {
        Ok(self.holder(kind, name).await? == Holder::Owner(owner.to_owned()))
    }

    /// The fault in a name that is not this owner's.
    pub(crate) async fn hold(&self, kind: Kind, name: &str, owner: &str) -> Result<(), Fault> {
        if self.is_held(kind, name, owner).await? { Ok(()) } else { Err(foreign(kind, name)) }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "database",
            Self::User => "user",
        })
    }
}

fn unprepared(failure: &Failure) -> bool {
    failure.code().is_some_and(|code| UNPREPARED.contains(&code))
}

/// The fault in an answer that is not the wanted one.
pub(crate) fn other(answered: Result<Answer, Failure>) -> Fault {
    match answered {
        Ok(answer) => Fault::terminal(format!("something answers in mysql's place: {answer:?}"))
            .from_provider(SERVICE, None),
        Err(failure) => failure.into_fault(),
    }
}

fn foreign(kind: Kind, name: &str) -> Fault {
    Fault::terminal(format!("the {kind} {name} in mysql belongs to somebody else"))
        .from_provider(SERVICE, None)
        .hint("Find out whose it is, and drop it if it is nobody's; then retry.")
}
