//! Whom we let answer, and who lets us in.

mod sshd;

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use fault::{Fault, Kind};
use ssh::{Host, Login, Request};
use sshd::{Sshd, read};

/// The fault in a request that must not get through, and that says nothing of our key.
async fn refused(login: &Login) -> Fault {
    let host = Host::new(login).expect("a login");
    let request = Request {
        command: "touch reached",
        input: b"a request".to_vec(),
        within: Duration::from_secs(20),
        at_most: 100,
    };
    let fault = host.execute(request).await.expect_err("it is refused");
    assert!(!fault.unanswered, "nothing was asked: {fault}");
    assert!(!format!("{fault:?} {host:?} {login:?}").contains("PRIVATE KEY"));
    fault
}

async fn guarded() -> Sshd {
    Sshd::forced(|here| format!("touch {}/reached", here.display())).await
}

#[tokio::test]
async fn a_host_with_another_key_is_told_nothing() {
    let sshd = guarded().await;
    let login = Login { host_key: read(&sshd.path("theirs.pub")), ..sshd.login() };
    let fault = refused(&login).await;
    assert_eq!(fault.kind, Kind::Terminal, "{fault}");
    assert!(fault.cause.contains("is not the host") && fault.hint.is_some(), "{fault:?}");
    assert!(!sshd.path("reached").exists());
    // It did not come as far as our name.
    assert!(!read(&sshd.path("log")).contains("Accepted"), "{}", read(&sshd.path("log")));
}

#[tokio::test]
async fn a_host_with_a_key_of_another_kind_is_told_nothing() {
    let sshd = Sshd::start_with("ecdsa", "", |_| String::new()).await;
    let fault = refused(&Login { host_key: read(&sshd.path("ours.pub")), ..sshd.login() }).await;
    assert_eq!(fault.kind, Kind::Terminal, "{fault}");
    assert!(fault.cause.contains("is not the host") && fault.hint.is_some(), "{fault:?}");
}

#[tokio::test]
async fn a_key_that_a_host_does_not_know_is_refused_for_good() {
    let sshd = guarded().await;
    let fault = refused(&Login { private_key: read(&sshd.path("theirs")).into(), ..sshd.login() }).await;
    assert_eq!(fault.kind, Kind::Terminal, "{fault}");
    assert!(fault.cause.contains("does not let") && fault.hint.is_some(), "{fault:?}");
    let fault = refused(&Login { user: "nobody-of-that-name".to_owned(), ..sshd.login() }).await;
    assert_eq!(fault.kind, Kind::Terminal, "{fault}");
    assert!(!sshd.path("reached").exists());
}

#[tokio::test]
async fn a_host_that_opens_no_channel_is_told_as_such() {
    let sshd = Sshd::start_with("ed25519", "MaxSessions 0", |_| String::new()).await;
    let fault = refused(&sshd.login()).await;
    assert_eq!(fault.kind, Kind::Terminal, "{fault}");
    assert!(fault.cause.contains("no channel") && fault.hint.is_some(), "{fault:?}");
}

#[test]
fn what_a_program_is_handed_is_in_no_debug_text() {
    let input = b"hunter2".to_vec();
    let shown = format!("{input:?}");
    let request = Request { command: "cat", input, within: Duration::from_secs(1), at_most: 1 };
    assert!(!format!("{request:?}").contains(&shown), "{request:?}");
}

#[tokio::test]
async fn a_host_that_is_not_there_may_come_back() {
    let sshd = guarded().await;
    let login = sshd.login();
    drop(sshd);
    assert_eq!(refused(&login).await.kind, Kind::Transient);
    let unknown = Login { host: "bench.invalid".to_owned(), ..login };
    assert_eq!(refused(&unknown).await.kind, Kind::Transient);
}

#[tokio::test]
async fn a_host_that_says_nothing_is_not_waited_for_long() {
    let sshd = guarded().await;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let begun = Instant::now();
    let fault = refused(&Login { port, ..sshd.login() }).await;
    assert_eq!(fault.kind, Kind::Transient, "{fault}");
    assert!(fault.cause.contains("did not let us in"), "{fault}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_host_that_hangs_up_may_do_better() {
    let sshd = guarded().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let hangs_up = std::thread::spawn(move || {
        let (mut caller, _) = listener.accept().expect("a caller");
        let mut greeting = [0; 8];
        caller.read_exact(&mut greeting).expect("a greeting");
        greeting
    });
    let fault = refused(&Login { port, ..sshd.login() }).await;
    assert_eq!(fault.kind, Kind::Transient, "{fault}");
    assert_eq!(&hangs_up.join().expect("it ends"), b"SSH-2.0-");
}

#[tokio::test]
async fn a_login_that_cannot_be_used_is_told_before_anything_is_asked() {
    let sshd = guarded().await;
    let good = sshd.login();
    let ecdsa = Sshd::start_with("ecdsa", "", |_| String::new()).await;
    let host_keys = [String::new(), "ssh-ed25519 AAAA".to_owned(), read(&ecdsa.path("host.pub"))];
    for host_key in host_keys {
        let fault = Host::new(&Login { host_key, ..good.clone() }).expect_err("no login");
        assert!(fault.cause.contains("host's key") && fault.hint.is_some(), "{fault:?}");
    }
    let broken = read(&sshd.path("ours")).replace("b3BlbnNzaC1rZXk", "c3BlbnNzaC1rZXk");
    for private_key in [String::new(), broken, read(&ecdsa.path("host")), "hunter2".to_owned()] {
        let login = Login { private_key: private_key.clone().into(), ..good.clone() };
        let fault = Host::new(&login).expect_err("no login");
        assert!(fault.cause.contains("private key") && fault.hint.is_some(), "{fault:?}");
        assert!(private_key.is_empty() || !format!("{fault:?}").contains(&private_key));
    }
}
