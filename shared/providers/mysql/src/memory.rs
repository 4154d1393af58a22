use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use secrets::{ExposeSecret, SecretString};

use crate::{ADMINISTRATION, Answer, Answers, Asking, Failure, Kind, Owned, Statement};

/// A server in memory: it remembers, and refuses with the codes of a real one. What is in a database is bytes.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    /// In a database of its own, which is made when it is needed.
    owners: BTreeMap<(Kind, String), (String, Timestamp)>,
    databases: BTreeMap<String, Vec<u8>>,
    users: BTreeMap<String, User>,
}

#[derive(Clone, Debug)]
struct User {
    password: SecretString,
    patterns: BTreeSet<String>,
}

impl Memory {
    /// The names of the databases that are there, besides that of the owners.
    #[must_use]
    pub fn databases(&self) -> Vec<String> {
        self.lock().databases.keys().filter(|name| *name != ADMINISTRATION).cloned().collect()
    }

    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.lock().users.keys().cloned().collect()
    }

    /// What is in a database.
    #[must_use]
    pub fn contents(&self, database: &str) -> Option<Vec<u8>> {
        self.lock().databases.get(database).cloned()
    }

    /// Makes a database like a stranger would, or has one hold these bytes.
    pub fn fill(&self, database: &str, contents: &[u8]) {
        self.lock().databases.insert(database.to_owned(), contents.to_vec());
    }

    /// Whose the names are, by kind.
    #[must_use]
    pub fn owners(&self) -> Vec<(Kind, Owned)> {
        let owned = |((kind, name), (owner, at)): (&(Kind, String), &(String, Timestamp))| {
            (*kind, Owned { name: name.clone(), owner: owner.clone(), made_at: *at })
        };
        self.lock().owners.iter().map(owned).collect()
    }

    /// Another server, which is now as this one is.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// The answer at once.
    pub fn ask(&self, statement: Statement<'_>) -> Result<Answer, Failure> {
        self.lock().answer(statement)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers for Memory {
    fn answer<'a>(&'a self, statement: Statement<'a>) -> Asking<'a> {
        let answer = self.ask(statement);
        Box::pin(async move { answer })
    }
}

impl State {
    fn answer(&mut self, statement: Statement<'_>) -> Result<Answer, Failure> {
        match statement {
            Statement::PrepareOwners => {
                self.databases.entry(ADMINISTRATION.to_owned()).or_default();
            }
            Statement::FindOwner { kind, name } => {
                self.prepared()?;
                let found = self.owners.get(&(kind, name.to_owned()));
                return Ok(Answer::Owner(found.map(|(owner, _)| owner.clone())));
            }
            Statement::Claim { kind, name, owner, at } => {
                self.prepared()?;
                if self.owners.contains_key(&(kind, name.to_owned())) {
                    return Err(refused(1062, &format!("Duplicate entry '{kind}-{name}' for key 'PRIMARY'")));
                }
                self.owners.insert((kind, name.to_owned()), (owner.to_owned(), at));
            }
            Statement::Release { kind, name, owner } => {
                self.prepared()?;
                self.owners.retain(|(of, called), (whose, _)| {
                    (*of, called.as_str(), whose.as_str()) != (kind, name, owner)
                });
            }
            Statement::ListOwners { kind, after, limit } => {
                self.prepared()?;
                let behind = self.owners.range((kind, after.to_owned())..);
                let behind =
                    behind.take_while(|((of, _), _)| *of == kind).filter(|((_, name), _)| name != after);
                let owned = |((_, name), (owner, at)): (&(Kind, String), &(String, Timestamp))| Owned {
                    name: name.clone(),
                    owner: owner.clone(),
                    made_at: *at,
                };
                return Ok(Answer::Owners(behind.take(limit).map(owned).collect()));
            }
            Statement::FindDatabase { name } => return Ok(Answer::There(self.databases.contains_key(name))),
            Statement::CreateDatabase { name } => {
                self.databases.entry(name.to_owned()).or_default();
            }
            Statement::DropDatabase { name } => {
                self.databases.remove(name);
            }
            Statement::FindUser { name } => return Ok(Answer::There(self.users.contains_key(name))),
            Statement::CreateUser { name, password } => {
                let new = || User { password: password.clone(), patterns: BTreeSet::new() };
                self.users.entry(name.to_owned()).or_insert_with(new);
            }
            Statement::SetPassword { name, password } => {
                self.user(name, "ALTER USER")?.password = password.clone();
            }
            Statement::DropUser { name } => {
                self.users.remove(name);
            }
            Statement::Grant { user, pattern } => {
                self.user(user, "GRANT")?.patterns.insert(pattern.to_owned());
            }
            Statement::SignIn { user, password, database } => self.sign_in(user, password, database)?,
            Statement::Dump { database } => return Ok(Answer::Dump(self.contents(database)?.clone())),
            Statement::Restore { database, dump } => *self.contents(database)? = dump.to_vec(),
        }
        Ok(Answer::Done)
    }

    fn prepared(&self) -> Result<(), Failure> {
        let there = self.databases.contains_key(ADMINISTRATION);
        if there { Ok(()) } else { Err(unknown(ADMINISTRATION)) }
    }

    fn user(&mut self, name: &str, act: &str) -> Result<&mut User, Failure> {
        self.users
            .get_mut(name)
            .ok_or_else(|| refused(1396, &format!("Operation {act} failed for '{name}'@'%'")))
    }

    fn contents(&mut self, database: &str) -> Result<&mut Vec<u8>, Failure> {
        self.databases.get_mut(database).ok_or_else(|| unknown(database))
    }

    fn sign_in(&self, user: &str, password: &SecretString, database: &str) -> Result<(), Failure> {
        let known = self.users.get(user);
        let known = known.filter(|known| known.password.expose_secret() == password.expose_secret());
        let Some(User { patterns, .. }) = known else {
            return Err(refused(1045, &format!("Access denied for user '{user}'@'localhost'")));
        };
        if !patterns.iter().any(|pattern| fits(pattern, database)) {
            return Err(refused(
                1044,
                &format!("Access denied for user '{user}'@'%' to database '{database}'"),
            ));
        }
        if self.databases.contains_key(database) { Ok(()) } else { Err(unknown(database)) }
    }
}

/// Whether a name fits a pattern of a grant.
fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('%') => {
            let begins = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            begins.into_iter().any(|at| fits(rest.as_str(), &name[at..]))
        }
        Some('_') => {
            let mut name = name.chars();
            name.next().is_some() && fits(rest.as_str(), name.as_str())
        }
        Some('\\') => match rest.next() {
            Some(escaped) => name.strip_prefix(escaped).is_some_and(|name| fits(rest.as_str(), name)),
            None => name == "\\",
        },
        Some(c) => name.strip_prefix(c).is_some_and(|name| fits(rest.as_str(), name)),
    }
}

fn unknown(database: &str) -> Failure {
    refused(1049, &format!("Unknown database '{database}'"))
}

fn refused(code: u16, message: &str) -> Failure {
    Failure::Refused { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("abc_corp_db", "abc_corp_db", true)]
    #[case("abc_corp_db", "abcXcorpXdb", true)]
    #[case(r"abc\_corp\_db", "abc_corp_db", true)]
    #[case(r"abc\_corp\_db", "abcXcorpXdb", false)]
    #[case("abc%", "abc", true)]
    #[case("abc%db", "abc_corp_db", true)]
    #[case(r"100\%", "100%", true)]
    #[case(r"100\%", "1000", false)]
    #[case("", "a", false)]
    fn a_pattern_fits_as_mysql_has_it(#[case] pattern: &str, #[case] name: &str, #[case] fit: bool) {
        assert_eq!(fits(pattern, name), fit);
    }
}
