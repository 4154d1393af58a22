use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use tokio::net::TcpListener;

use super::*;

/// A reach whose resolver says so, and how often it was asked.
fn resolving(answers: &'static [&'static str]) -> (Reach, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let reach = Reach::by(move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        let said = answers[turn.min(answers.len() - 1)];
        let found = said.split(' ').map(|ip| SocketAddr::new(ip.parse::<IpAddr>().expect("an address"), 0));
        let found = found.collect();
        async move { Ok(found) }
    });
    (reach, asked)
}

#[rstest]
#[case("127.0.0.1")]
#[case("169.254.169.254")]
#[case("10.0.0.1")]
#[case("::1")]
#[case("::ffff:10.0.0.1")]
#[case::among_good_ones("93.184.215.14 127.0.0.1")]
#[tokio::test]
async fn a_name_that_leads_inside_is_not_visited(#[case] answer: &'static str) {
    let answer: &'static [&'static str] = Box::leak(Box::new([answer]));
    let (reach, asked) = resolving(answer);
    reach.visit("https://shop.example.com/").await.expect_err("refused");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// Whoever answers with a public address first and with a private one afterwards gets no connection to the second: it
/// is looked at, too.
#[tokio::test]
async fn nobody_inside_is_connected_to_whatever_the_resolver_says_the_second_time() {
    let inside = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    // The first is nobody's to answer at: it must not be asked after, only looked at.
    let (reach, _) = resolving(&["240.0.0.1", "127.0.0.1"]);
    for _ in 0..3 {
        reach.visit("https://shop.example.com/").await.expect_err("refused");
    }
    let waited = tokio::time::timeout(std::time::Duration::from_millis(50), inside.accept()).await;
    waited.expect_err("nobody came");
}

#[rstest]
#[case("https://127.0.0.1/")]
#[case("https://[::1]/")]
#[case("https://2130706433/")]
#[case("https://0x7f.1/")]
#[case("https://93.184.215.14/")]
#[case("http://shop.example.com/")]
#[case("https://shop.example.com:8443/")]
#[case("file:///etc/passwd")]
#[case("shop.example.com")]
#[tokio::test]
async fn what_is_no_name_over_tls_is_not_even_resolved(#[case] url: &str) {
    let (reach, asked) = resolving(&["93.184.215.14"]);
    let fault = reach.visit(url).await.expect_err("refused");
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Customer));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}
