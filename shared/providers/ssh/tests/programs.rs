//! Programs that a real sshd runs for us.

mod sshd;

use std::time::Duration;

use fault::Kind;
use ssh::{Answer, Host, Request};
use sshd::{Sshd, kill};

/// As soon as the connection is gone, so is what never ends.
const NEVER_ENDS: &str = "tail --pid=$PPID -f /dev/null";

fn request(command: &'static str, input: &[u8]) -> Request {
    Request { command, input: input.to_vec(), within: Duration::from_secs(60), at_most: 8 << 20 }
}

async fn output(host: &Host, command: &'static str, input: &[u8]) -> Vec<u8> {
    let answer = host.execute(request(command, input)).await.expect("an answer");
    assert_eq!((answer.status, answer.complaint.as_str()), (0, ""));
    answer.output
}

#[tokio::test]
async fn a_program_is_given_its_input_and_the_end_of_it() {
    let sshd = Sshd::start().await;
    let hostile = b"'; touch /tmp/x; $(id) `id`\n\0\xff";
    assert_eq!(output(&sshd.host(), "cat", hostile).await, hostile);
    assert_eq!(output(&sshd.host(), "cat", b"").await, b"");
    assert_eq!(output(&sshd.host(), "echo done", b"nobody reads this").await, b"done\n");
}

#[tokio::test]
async fn much_is_sent_and_answered_at_once() {
    let sshd = Sshd::start().await;
    let much: Vec<u8> = (0..6_u32 << 20).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    assert!(output(&sshd.host(), "cat", &much).await == much);
    // One that does not read what it is sent ends all the same.
    assert_eq!(output(&sshd.host(), "echo done", &much).await, b"done\n");
}

#[tokio::test]
async fn how_a_program_ended_is_told() {
    let sshd = Sshd::start().await;
    let ended = sshd.host().execute(request("echo half; echo no such thing >&2; exit 3", b"")).await;
    let answer = Answer { status: 3, output: b"half\n".to_vec(), complaint: "no such thing".to_owned() };
    assert_eq!(ended.expect("an answer"), answer);
    let talks = sshd.host().execute(request("yes | head -c 99999 >&2; echo last >&2; exit 1", b"")).await;
    let complaint = talks.expect("an answer").complaint;
    assert!(complaint.len() <= 4096 && complaint.ends_with("last"));
    let killed = sshd.host().execute(request("kill -KILL $$", b"")).await.expect_err("no answer");
    assert_eq!((killed.kind, killed.unanswered), (Kind::Transient, true), "{killed}");
}

#[tokio::test]
async fn an_answer_has_an_end() {
    let sshd = Sshd::start().await;
    let most = Request { at_most: 100_000, ..request("head -c 100000 /dev/zero", b"") };
    assert_eq!(sshd.host().execute(most).await.expect("an answer").output.len(), 100_000);
    let more = Request { at_most: 100_000, ..request("head -c 100001 /dev/zero", b"") };
    let fault = sshd.host().execute(more).await.expect_err("too much");
    assert_eq!((fault.kind, fault.provider.as_deref()), (Kind::Terminal, Some("ssh")), "{fault}");
    let endless = Request { at_most: 100_000, ..request("yes", b"") };
    assert_eq!(sshd.host().execute(endless).await.expect_err("too much").kind, Kind::Terminal);
}

#[tokio::test]
async fn what_a_host_forces_is_what_runs() {
    let sshd = Sshd::forced(|_| "cat; echo $SSH_ORIGINAL_COMMAND".to_owned()).await;
    assert_eq!(output(&sshd.host(), "rm -rf everything", b"ours ").await, b"ours rm -rf everything\n");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_not_waited_for() {
    let sshd = Sshd::forced(|_| NEVER_ENDS.to_owned()).await;
    let hasty = Request { within: Duration::from_millis(500), ..request("never", b"") };
    let fault = sshd.host().execute(hasty).await.expect_err("no answer");
    assert_eq!((fault.kind, fault.unanswered), (Kind::Transient, true), "{fault}");
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_it_open_what_happened() {
    let sshd = Sshd::forced(|here| {
        format!("echo $PPID > {0}/new; mv {0}/new {0}/session; echo half; {NEVER_ENDS}", here.display())
    })
    .await;
    let host = sshd.host();
    let asked = tokio::spawn(async move { host.execute(request("never", b"a request")).await });
    kill(sshd.written("session").await.trim().parse().expect("a process"));
    let fault = asked.await.expect("it ends").expect_err("no answer");
    assert_eq!((fault.kind, fault.unanswered), (Kind::Transient, true), "{fault}");
    assert!(fault.cause.contains("broke off"), "{fault}");
}
