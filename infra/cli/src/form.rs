use serde_json::Value;

use crate::api::Said;

/// How answers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// To people: in words and tables.
    Words,
    /// To programs: what the API answered, a line each.
    Json,
}

impl Form {
    pub(crate) fn tell<T>(self, said: &Said<T>, words: impl FnOnce(&T) -> String) {
        self.tell_json(&said.json, || words(&said.read));
    }

    /// The same of what the API did not say in one answer.
    pub(crate) fn tell_json(self, json: &Value, words: impl FnOnce() -> String) {
        match self {
            Self::Words => print!("{}", words()),
            // An answer without a body.
            Self::Json if json.is_null() => {}
            Self::Json => println!("{json}"),
        }
    }
}
