use std::collections::BTreeMap;

use crate::database::Key;

/// The lists there are of tenants beside their keys: a secondary index each, of the Tenants table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    Everyone,
    Status,
    Plan,
    Blueprint,
    Theme,
}

impl Index {
    pub const ALL: [Self; 5] = [Self::Everyone, Self::Status, Self::Plan, Self::Blueprint, Self::Theme];

    /// The attribute that gives an item its order in every list.
    pub const ORDER: &str = "listed_as";

    /// The index, and the attribute that says in which of its lists an item is.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "listed",
            Self::Status => "listed_status",
            Self::Plan => "listed_plan",
            Self::Blueprint => "listed_blueprint",
            Self::Theme => "listed_theme",
        }
    }
}

/// The lists that an item is in, one of an index at most, and its place in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub(crate) listed_as: String,
    pub(crate) lists: BTreeMap<Index, String>,
}

impl Listed {
    /// In how many lists it is: each is written with it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lists.len()
    }
}

/// Where in a list an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) listed_as: String,
    pub(crate) key: Key,
}
