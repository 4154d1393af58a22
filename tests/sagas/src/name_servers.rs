//! The name servers of our zones: what is asked of them goes over the same wire as all else, as a request that carries the name, and
//! an answer that carries theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use dns::{Answer, Answers, Asking, Told};
use fault::Fault;
use sandbox::clouds::Resolved;

use crate::chaos::Act;
use crate::clouds::Clouds;
use crate::service::{Reply, Request, Service, View};
use crate::wire::{Reset, Wire};

#[derive(Debug)]
pub struct NameServers(pub Arc<Clouds>);

/// The way to them.
#[derive(Clone, Debug)]
pub struct Line(pub Wire);

#[derive(Clone, Debug)]
struct Name(String);

impl Answers for Line {
    fn addresses<'a>(&'a self, name: &'a str) -> Asking<'a> {
        let mut request = Request::default();
        request.extensions_mut().insert(Name(name.to_owned()));
        let wire = self.0.clone();
        Box::pin(async move {
            let lost = |Reset| Fault::transient("the name servers are not found");
            let mut reply = wire.exchange(request).await.map_err(lost)?;
            Ok(reply.extensions_mut().remove::<Vec<Answer>>().expect("their answers"))
        })
    }
}

impl Service for NameServers {
    fn asked(&self, _: &Request) -> (String, Act) {
        ("dns:GetAddresses".to_owned(), Act::Read)
    }

    fn answer(&self, request: &Request, view: View) -> Reply {
        let Name(name) = request.extensions().get().expect("a name");
        let told = self.0.addresses(name, view).into_iter();
        reply(
            told.map(|(server, told)| Answer { server: server.to_owned(), told: self::told(told) }).collect(),
        )
    }

    fn refusal(&self, _: u16, code: &str) -> Reply {
        reply(vec![Answer { server: "one of them".to_owned(), told: Told::Nothing(code.to_owned()) }])
    }
}

fn reply(answers: Vec<Answer>) -> Reply {
    let mut reply = Reply::default();
    reply.extensions_mut().insert(answers);
    reply
}

fn told(of: Resolved) -> Told {
    match of {
        Resolved::Addresses(addresses) => Told::Addresses(BTreeSet::from_iter(addresses)),
        Resolved::NoSuchName => Told::NoSuchName,
        Resolved::Refused => Told::Nothing("it is refused".to_owned()),
    }
}
