//! A server of MySQL's, in this process: what is asked of it goes over the same wire as all else, as a request that carries
//! the statement, and an answer that carries the server's.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use mysql::{
    Answer, Answers, Asking, Failure, Kind, Memory as Server, Owned, Statement, database_name, user_name,
};
use mysql_create_databases::SERVICES;
use secrets::SecretString;

use crate::chaos::{Act, Chaos};
use crate::service::{Reply, Request, Service, Thing, View};
use crate::wire::{Reset, Wire};

/// What handles call a tenant's databases by.
const FIELD: &str = "databases_of";
/// Those with which everything goes wrong: what goes wrong with one between them goes wrong in the same way.
const SPOILT: [&str; 2] = ["auth", "websites"];

#[derive(Debug, Default)]
pub struct MySql(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    now: Server,
    before: Server,
}

/// The way to it.
#[derive(Clone, Debug)]
pub struct Line(pub Wire);

/// A statement that outlives whoever makes it.
#[derive(Clone, Debug)]
struct Asked {
    what: What,
    kind: Kind,
    name: String,
    /// The owner, the pattern or the user, of what has one.
    beside: String,
    password: SecretString,
    at: Timestamp,
    limit: usize,
    dump: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    PrepareOwners,
    FindOwner,
    Claim,
    Release,
    ListOwners,
    FindDatabase,
    CreateDatabase,
    DropDatabase,
    FindUser,
    CreateUser,
    SetPassword,
    DropUser,
    Grant,
    SignIn,
    Dump,
    Restore,
}

impl Asked {
    fn of(statement: Statement<'_>) -> Self {
        let mut asked = Self {
            what: What::PrepareOwners,
            kind: Kind::Database,
            name: String::new(),
            beside: String::new(),
            password: String::new().into(),
            at: Timestamp::UNIX_EPOCH,
            limit: 0,
            dump: Vec::new(),
        };
        let (what, name) = match statement {
            Statement::PrepareOwners => (What::PrepareOwners, ""),
            Statement::FindOwner { kind, name } => {
                asked.kind = kind;
                (What::FindOwner, name)
            }
            Statement::Claim { kind, name, owner, at } => {
                (asked.kind, asked.beside, asked.at) = (kind, owner.to_owned(), at);
                (What::Claim, name)
            }
            Statement::Release { kind, name, owner } => {
                (asked.kind, asked.beside) = (kind, owner.to_owned());
                (What::Release, name)
            }
            Statement::ListOwners { kind, after, limit } => {
                (asked.kind, asked.limit) = (kind, limit);
                (What::ListOwners, after)
            }
            Statement::FindDatabase { name } => (What::FindDatabase, name),
            Statement::CreateDatabase { name } => (What::CreateDatabase, name),
            Statement::DropDatabase { name } => (What::DropDatabase, name),
            Statement::FindUser { name } => (What::FindUser, name),
            Statement::CreateUser { name, password } => {
                asked.password = password.clone();
                (What::CreateUser, name)
            }
            Statement::SetPassword { name, password } => {
                asked.password = password.clone();
                (What::SetPassword, name)
            }
            Statement::DropUser { name } => (What::DropUser, name),
            Statement::Grant { user, pattern } => {
                asked.beside = pattern.to_owned();
                (What::Grant, user)
            }
            Statement::SignIn { user, password, database } => {
                (asked.beside, asked.password) = (user.to_owned(), password.clone());
                (What::SignIn, database)
            }
            Statement::Dump { database } => (What::Dump, database),
            Statement::Restore { database, dump } => {
                asked.dump = dump.to_vec();
                (What::Restore, database)
            }
        };
        Self { what, name: name.to_owned(), ..asked }
    }

    fn statement(&self) -> Statement<'_> {
        let Self { what, kind, name, beside, password, at, limit, dump } = self;
        let (kind, at, limit) = (*kind, *at, *limit);
        match what {
            What::PrepareOwners => Statement::PrepareOwners,
            What::FindOwner => Statement::FindOwner { kind, name },
            What::Claim => Statement::Claim { kind, name, owner: beside, at },
            What::Release => Statement::Release { kind, name, owner: beside },
            What::ListOwners => Statement::ListOwners { kind, after: name, limit },
            What::FindDatabase => Statement::FindDatabase { name },
            What::CreateDatabase => Statement::CreateDatabase { name },
            What::DropDatabase => Statement::DropDatabase { name },
            What::FindUser => Statement::FindUser { name },
            What::CreateUser => Statement::CreateUser { name, password },
            What::SetPassword => Statement::SetPassword { name, password },
            What::DropUser => Statement::DropUser { name },
            What::Grant => Statement::Grant { user: name, pattern: beside },
            What::SignIn => Statement::SignIn { user: beside, password, database: name },
            What::Dump => Statement::Dump { database: name },
            What::Restore => Statement::Restore { database: name, dump },
        }
    }

    fn act(&self) -> Act {
        match self.what {
            What::FindOwner
            | What::ListOwners
            | What::FindDatabase
            | What::FindUser
            | What::SignIn
            | What::Dump => Act::Read,
            What::Release | What::DropDatabase | What::DropUser => Act::Delete,
            What::PrepareOwners
            | What::Claim
            | What::CreateDatabase
            | What::CreateUser
            | What::SetPassword
            | What::Grant
            | What::Restore => Act::Write,
        }
    }

    /// Whether it is about one of the services between those that are spoilt.
    fn is_between(&self) -> bool {
        let name = self.name.trim_end_matches("_db");
        let is_of = |service: &str| name.ends_with(&format!("_{service}"));
        SERVICES.iter().any(|service| is_of(service) && !SPOILT.contains(service))
    }
}

impl Answers for Line {
    fn answer<'a>(&'a self, statement: Statement<'a>) -> Asking<'a> {
        let (asked, mut wire) = (Asked::of(statement), self.0.clone());
        if asked.is_between() {
            wire.chaos = Chaos::default();
        }
        let mut request = Request::default();
        request.extensions_mut().insert(asked);
        Box::pin(async move {
            let none = || Failure::Unanswered("the connection was reset".to_owned());
            // A driver gives up before its function does.
            let answered = tokio::time::timeout(Duration::from_secs(10), wire.exchange(request)).await;
            let mut reply = answered.map_err(|_| none())?.map_err(|Reset| none())?;
            reply.extensions_mut().remove::<Result<Answer, Failure>>().expect("a server's answer")
        })
    }
}

impl Service for MySql {
    fn asked(&self, request: &Request) -> (String, Act) {
        let asked = asked(request);
        (format!("mysql:{:?}", asked.what), asked.act())
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let asked = asked(request);
        let mut state = self.0.lock().expect("no panic while it is held");
        let server = match view {
            View::Stale => state.before.copy(),
            View::Dry => state.now.copy(),
            View::Once => state.now.clone(),
            View::Now => {
                if asked.act() != Act::Read {
                    state.before = state.now.copy();
                }
                state.now.clone()
            }
        };
        reply(server.ask(asked.statement()))
    }

    fn refusal(&self, status: u16, _: &str) -> Reply {
        let refused = |code, message: &str| Failure::Refused { code, message: message.to_owned() };
        reply(Err(match status {
            429 => refused(1040, "Too many connections"),
            503 => Failure::Unanswered("the connection was refused".to_owned()),
            _ => {
                refused(1227, "Access denied; you need (at least one of) the privilege(s) for this operation")
            }
        }))
    }

    fn things(&self) -> Vec<Thing> {
        let server = self.server();
        let owners = server.owners();
        let is_owned =
            |kind: Kind, name: &String| owners.iter().any(|(of, owned)| *of == kind && owned.name == *name);
        let owned = owners.iter().filter_map(|(kind, Owned { name, owner, .. })| thing(*kind, name, owner));
        // What nobody has a name for was left behind.
        let named = |kind, names: Vec<String>| {
            let stray = names.into_iter().filter(move |name| !is_owned(kind, name));
            stray.filter_map(move |name| stray_of(kind, &name)).collect::<Vec<_>>()
        };
        let databases = named(Kind::Database, server.databases());
        let mut things: Vec<Thing> =
            owned.chain(databases).chain(named(Kind::User, server.users())).collect();
        things.sort();
        things.dedup();
        things
    }

    fn plant(&self, thing: &Thing) {
        if thing.field != FIELD {
            return;
        }
        let (server, kind, at) = (self.server(), Kind::Database, clock::now());
        let (name, owner) = (database_name(&thing.name, SPOILT[0]), thing.owner.as_str());
        for statement in [
            Statement::PrepareOwners,
            Statement::Claim { kind, name: &name, owner, at },
            Statement::CreateDatabase { name: &name },
        ] {
            // A name that is taken stays who it is.
            let _ = server.ask(statement);
        }
    }

    /// Their services keep it in the first of their databases.
    fn edit(&self, _: &str, that: &str) {
        let server = self.server();
        for database in server.databases().iter().filter(|name| name.ends_with("_auth_db")) {
            server.fill(database, that.as_bytes());
        }
    }

    fn says(&self, text: &str) -> bool {
        let server = self.server();
        let contents = server.databases().into_iter().filter_map(|database| server.contents(&database));
        contents.into_iter().any(|contents| String::from_utf8_lossy(&contents).contains(text))
    }

    fn remove(&self, thing: &Thing) {
        if thing.field != FIELD {
            return;
        }
        let (server, owner) = (self.server(), thing.owner.as_str());
        for service in SERVICES {
            let (database, user) = (database_name(&thing.name, service), user_name(&thing.name, service));
            for statement in [
                Statement::DropUser { name: &user },
                Statement::Release { kind: Kind::User, name: &user, owner },
                Statement::DropDatabase { name: &database },
                Statement::Release { kind: Kind::Database, name: &database, owner },
            ] {
                // Nothing was ever claimed, or all of it is gone now.
                let _ = server.ask(statement);
            }
        }
    }
}

impl MySql {
    fn server(&self) -> Server {
        self.0.lock().expect("no panic while it is held").now.clone()
    }
}

fn asked(request: &Request) -> &Asked {
    request.extensions().get().expect("a statement")
}

fn reply(answer: Result<Answer, Failure>) -> Reply {
    let mut reply = Reply::default();
    reply.extensions_mut().insert(answer);
    reply
}

/// What a name is of: its owner's, or those of another version, which calls them otherwise.
fn thing(kind: Kind, name: &str, owner: &str) -> Option<Thing> {
    let (_, tenant) = owner.split_once('/')?;
    let called = |whose: &String| SERVICES.iter().any(|service| name == called(kind, whose, service));
    let whose = [tenant.to_owned(), format!("{tenant}-2")].into_iter().find(called);
    // Somebody else's says whose it would be.
    let whose = whose.or_else(|| stray_of(kind, name).map(|stray| stray.name))?;
    Some(Thing { field: FIELD, name: whose, owner: owner.to_owned() })
}

/// By its name alone, which may be cut: then it is not told.
fn stray_of(kind: Kind, name: &str) -> Option<Thing> {
    let end = if kind == Kind::Database { "_db" } else { "" };
    let whose = SERVICES.iter().find_map(|service| name.strip_suffix(&format!("_{service}{end}")))?;
    Some(Thing { field: FIELD, name: whose.replace('_', "-"), owner: String::new() })
}

fn called(kind: Kind, whose: &str, service: &str) -> String {
    match kind {
        Kind::Database => database_name(whose, service),
        Kind::User => user_name(whose, service),
    }
}
