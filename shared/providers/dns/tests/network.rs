//! What servers say, over UDP and TCP on the loopback interface.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns::{Answer, Authority, Network, Told, Wire};
use fault::{Fault, Kind};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, Metadata, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NS, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

const NAME: &str = "acme.frappe.example";

/// A server is a function: what it answers to a question, if anything.
type Answers = Arc<dyn Fn(&Message) -> Option<Message> + Send + Sync>;

fn server(answers: impl Fn(&Message) -> Option<Message> + Send + Sync + 'static) -> Answers {
    Arc::new(answers)
}

/// Until the test is over.
async fn serve(at: &str, answers: Answers) -> SocketAddr {
    let udp = UdpSocket::bind(at).await.unwrap();
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    let by_tcp = Arc::clone(&answers);
    tokio::spawn(async move {
        let mut packet = [0; 4096];
        loop {
            let (length, from) = udp.recv_from(&mut packet).await.unwrap();
            let query = Message::from_vec(&packet[..length]).unwrap();
            let Some(answer) = answers(&query) else { continue };
            let mut bytes = answer.to_vec().unwrap();
            if bytes.len() > usize::from(query.max_payload()) {
                bytes = answer.truncate().to_vec().unwrap();
            }
            udp.send_to(&bytes, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let answers = Arc::clone(&by_tcp);
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut packet = vec![0; length.into()];
                    stream.read_exact(&mut packet).await.unwrap();
                    let Some(answer) = answers(&Message::from_vec(&packet).unwrap()) else { return };
                    let bytes = answer.to_vec().unwrap();
                    stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
                    stream.write_all(&bytes).await.unwrap();
                }
            });
        }
    });
    address
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).unwrap()
}

/// The answer of a server that is responsible for the zone.
fn reply(query: &Message, code: ResponseCode, data: Vec<RData>) -> Message {
    let question = &query.queries[0];
    let mut answer = Message::response(query.id, query.op_code);
    answer.metadata = Metadata::response_from_request(&query.metadata);
    answer.metadata.authoritative = true;
    answer.metadata.response_code = code;
    answer.add_query(question.clone());
    if data.is_empty() {
        let soa = SOA::new(name("ns.example"), name("mail.example"), 1, 1, 1, 1, 1);
        answer.add_authority(Record::from_rdata(name("frappe.example"), 1, RData::SOA(soa)));
    }
    let mut owner = question.name().clone();
    for data in data {
        answer.add_answer(Record::from_rdata(owner.clone(), 60, data.clone()));
        if let RData::CNAME(target) = data {
            owner = target.0;
        }
    }
    answer
}

fn v4(text: &str) -> RData {
    RData::A(A(text.parse().unwrap()))
}

/// Answers with these addresses to questions for IPv4, and with none for IPv6.
fn leading_to(addresses: &'static [&'static str]) -> Answers {
    server(move |query| {
        let is_v4 = query.queries[0].query_type() == RecordType::A;
        let data = if is_v4 { addresses.iter().map(|it| v4(it)).collect() } else { Vec::new() };
        Some(reply(query, ResponseCode::NoError, data))
    })
}

fn addresses(of: &[&str]) -> Told {
    Told::Addresses(of.iter().map(|it| it.parse::<IpAddr>().unwrap()).collect())
}

async fn ask(servers: &[SocketAddr]) -> Vec<Answer> {
    let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
    let network = Network::told(&servers.join(",")).expect("servers");
    Authority::new(Wire::Network(network)).addresses(NAME).await.expect("answers")
}

/// What one server says that answers so.
async fn told(answers: Answers) -> Told {
    ask(&[serve("127.0.0.1:0", answers).await]).await.remove(0).told
}

#[tokio::test]
async fn each_server_is_asked_for_itself() {
    let ahead = serve("127.0.0.1:0", leading_to(&["203.0.113.7"])).await;
    let behind =
        serve("127.0.0.1:0", server(|query| Some(reply(query, ResponseCode::NXDomain, Vec::new())))).await;
    let answer = |at: SocketAddr, told| Answer { server: at.to_string(), told };
    assert_eq!(
        ask(&[ahead, behind]).await,
        [answer(ahead, addresses(&["203.0.113.7"])), answer(behind, Told::NoSuchName)]
    );
}

#[tokio::test]
async fn a_name_has_all_its_addresses() {
    let both = server(|query| {
        let data = match query.queries[0].query_type() {
            RecordType::A => vec![v4("203.0.113.7"), v4("203.0.113.8")],
            _ => vec![RData::AAAA(AAAA("2001:db8::7".parse().unwrap()))],
        };
        Some(reply(query, ResponseCode::NoError, data))
    });
    assert_eq!(told(both).await, addresses(&["203.0.113.7", "203.0.113.8", "2001:db8::7"]));
    assert_eq!(told(leading_to(&[])).await, addresses(&[]));
}

/// Nothing is appended to a name, and a server is to answer what it has itself.
#[tokio::test]
async fn a_question_is_for_the_name_as_it_is_and_wants_no_recursion() {
    let answers = server(|query| {
        let plain = query.queries[0].name().to_ascii() == "acme.frappe.example." && !query.recursion_desired;
        let address = if plain { "203.0.113.7" } else { "198.51.100.1" };
        let is_v4 = query.queries[0].query_type() == RecordType::A;
        let data = if is_v4 { vec![v4(address)] } else { Vec::new() };
        Some(reply(query, ResponseCode::NoError, data))
    });
    assert_eq!(told(answers).await, addresses(&["203.0.113.7"]));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_comes_by_tcp() {
    let many = server(|query| {
        let is_v4 = query.queries[0].query_type() == RecordType::A;
        let data = (0..200).map(|last| RData::A(A(Ipv4Addr::new(203, 0, 113, last))));
        Some(reply(query, ResponseCode::NoError, if is_v4 { data.collect() } else { Vec::new() }))
    });
    let Told::Addresses(found) = told(many).await else { panic!("no addresses") };
    assert_eq!(found.len(), 200);
}

#[rstest]
#[case::within_the_zone(true, addresses(&["203.0.113.7"]))]
#[case::out_of_it(false, Told::Nothing("Query Refused".to_owned()))]
#[tokio::test]
async fn an_alias_is_followed_as_far_as_its_server_knows(#[case] knows: bool, #[case] expected: Told) {
    let alias = server(move |query| {
        let (question, target) = (&query.queries[0], name("bench.example"));
        if *question.name() == target {
            let code = if knows { ResponseCode::NoError } else { ResponseCode::Refused };
            return Some(reply(query, code, Vec::new()));
        }
        let mut data = vec![RData::CNAME(CNAME(target))];
        data.extend((knows && question.query_type() == RecordType::A).then(|| v4("203.0.113.7")));
        Some(reply(query, ResponseCode::NoError, data))
    });
    assert_eq!(told(alias).await, expected);
}

#[rstest]
#[case::refused(ResponseCode::Refused)]
#[case::failed(ResponseCode::ServFail)]
#[tokio::test]
async fn a_refusal_is_no_answer(#[case] code: ResponseCode) {
    let refused = told(server(move |query| Some(reply(query, code, Vec::new())))).await;
    assert!(matches!(refused, Told::Nothing(_)), "{refused:?}");
}

/// Somebody's resolver, which may remember; or one who says where to ask.
#[rstest]
#[case::an_address(vec![v4("203.0.113.7")])]
#[case::nothing(Vec::new())]
#[tokio::test]
async fn whoever_is_not_responsible_does_not_count(#[case] data: Vec<RData>) {
    let other = server(move |query| {
        let mut answer = reply(query, ResponseCode::NoError, data.clone());
        answer.metadata.authoritative = false;
        answer.authorities.clear();
        Some(answer)
    });
    assert_eq!(told(other).await, Told::Nothing("it is not responsible for the zone".to_owned()));
}

#[tokio::test]
async fn a_server_that_does_not_answer_keeps_nobody_for_long() {
    let (silent, begun) = (serve("127.0.0.1:0", server(|_| None)).await, Instant::now());
    let answers = ask(&[silent, serve("127.0.0.1:0", leading_to(&["203.0.113.7"])).await]).await;
    assert!(matches!(answers[0].told, Told::Nothing(_)), "{answers:?}");
    assert_eq!(answers[1].told, addresses(&["203.0.113.7"]));
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[rstest]
#[case("")]
#[case("ns1.example.com")]
#[case("192.0.2.1;192.0.2.2")]
fn what_is_no_server_is_said(#[case] servers: &str) {
    let fault = Network::told(servers).expect_err("no server");
    assert_eq!((fault.kind, fault.hint.is_some()), (Kind::Terminal, true));
}

/// Those of the zone as this resolver knows them, which are at that port.
async fn found_by(at: SocketAddr, port: u16) -> Result<Vec<Answer>, Fault> {
    let mut config = NameServerConfig::udp_and_tcp(at.ip());
    for connection in &mut config.connections {
        connection.port = at.port();
    }
    let config = ResolverConfig::from_name_servers(vec![config]);
    let mut resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    resolver.options_mut().timeout = Duration::from_millis(300);
    resolver.options_mut().attempts = 0;
    let network = Network::found_by(resolver.build().unwrap(), "frappe.example", port).expect("a zone");
    Authority::new(Wire::Network(network)).addresses(NAME).await
}

#[tokio::test]
async fn the_servers_of_a_zone_are_found() {
    let ada = serve("127.0.0.2:0", leading_to(&["203.0.113.7"])).await;
    let bob = format!("127.0.0.3:{}", ada.port());
    serve(&bob, server(|query| Some(reply(query, ResponseCode::NXDomain, Vec::new())))).await;
    let resolver = server(|query| {
        let (asked, kind) = (query.queries[0].name().to_ascii(), query.queries[0].query_type());
        let ns = |server: &str| RData::NS(NS(name(server)));
        let data = match (asked.as_str(), kind) {
            ("frappe.example.", RecordType::NS) => {
                vec![ns("ada.ns.example.com"), ns("bob.ns.example.com"), ns("six.ns.example.com")]
            }
            ("ada.ns.example.com.", RecordType::A) => vec![v4("127.0.0.2")],
            ("bob.ns.example.com.", RecordType::A) => vec![v4("127.0.0.3")],
            _ => Vec::new(),
        };
        Some(reply(query, ResponseCode::NoError, data))
    });
    let answers = found_by(serve("127.0.0.1:0", resolver).await, ada.port()).await.expect("answers");
    let answer = |server: &str, told| Answer { server: server.to_owned(), told };
    assert_eq!(
        answers,
        [
            answer("ada.ns.example.com (127.0.0.2)", addresses(&["203.0.113.7"])),
            answer("bob.ns.example.com (127.0.0.3)", Told::NoSuchName),
            answer("six.ns.example.com", Told::Nothing("it has no IPv4 address itself".to_owned())),
        ]
    );
}

#[rstest]
#[case::no_zone(Some(ResponseCode::NXDomain), Kind::Terminal)]
#[case::broken(Some(ResponseCode::ServFail), Kind::Transient)]
#[case::silent(None, Kind::Transient)]
#[tokio::test]
async fn a_zone_without_servers_is_a_fault(#[case] code: Option<ResponseCode>, #[case] kind: Kind) {
    let resolver = server(move |query| code.map(|code| reply(query, code, Vec::new())));
    let fault = found_by(serve("127.0.0.1:0", resolver).await, 53).await.expect_err("no servers");
    assert_eq!((fault.kind, fault.hint.is_some()), (kind, kind == Kind::Terminal), "{fault:?}");
}
