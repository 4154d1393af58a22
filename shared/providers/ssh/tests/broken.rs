//! Connections that break, at every moment of their life.

mod sshd;

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use fault::Kind;
use ssh::{Host, Login, Request};
use sshd::Sshd;

/// Passes so many bytes of ours on to a server, and all of what that says; then it hangs up.
fn relay(to: u16, bytes: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let (mut ours, _) = listener.accept().expect("a caller");
        let mut theirs = TcpStream::connect(("127.0.0.1", to)).expect("a server");
        let (mut said, mut heard) =
            (theirs.try_clone().expect("a socket"), ours.try_clone().expect("a socket"));
        let answers = std::thread::spawn(move || {
            let _ = copy(&mut said, &mut heard);
            let _ = heard.shutdown(Shutdown::Both);
        });
        let mut passed = 0;
        let mut piece = [0; 64];
        while let Ok(read @ 1..) = ours.read(&mut piece[..64.min(bytes - passed)]) {
            if theirs.write_all(&piece[..read]).is_err() {
                break;
            }
            passed += read;
        }
        let _ = ours.shutdown(Shutdown::Both);
        let _ = theirs.shutdown(Shutdown::Both);
        let _ = answers.join();
    });
    port
}

#[tokio::test]
async fn a_break_is_never_taken_for_a_refusal_and_a_program_that_ran_is_never_denied() {
    let sshd = Sshd::forced(|here| format!("touch {}/ran; cat", here.display())).await;
    let login = sshd.login();
    let (mut before, mut after) = (0, 0);
    for bytes in (0..).step_by(97) {
        let port = relay(login.port, bytes);
        let host = Host::new(&Login { port, ..login.clone() }).expect("a login");
        let request = Request {
            command: "cat",
            input: vec![b'x'; 500],
            within: Duration::from_secs(20),
            at_most: 1000,
        };
        let fault = match host.execute(request).await {
            Ok(answer) => {
                assert_eq!(answer.output.len(), 500);
                break;
            }
            Err(fault) => fault,
        };
        assert_eq!(fault.kind, Kind::Transient, "after {bytes} bytes: {fault:?}");
        assert!(!fault.cause.contains("did not"), "it is told at once, after {bytes} bytes: {fault}");
        let ran = sshd.path("ran").exists();
        assert!(fault.unanswered || !ran, "after {bytes} bytes: {fault:?}");
        *if fault.unanswered { &mut after } else { &mut before } += 1;
    }
    assert!(before > 5 && after > 1, "{before} before we asked, {after} after");
}
