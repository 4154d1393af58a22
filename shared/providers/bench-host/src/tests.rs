use std::collections::VecDeque;
use std::sync::Mutex;

use fault::{Actor, Kind as FaultKind};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const PASSWORD: &str = "Aa0-correct-horse";

/// Gives what it was told to, and keeps what it was asked.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Vec<u8>>>,
    asked: Mutex<Vec<Vec<u8>>>,
}

impl Answers for Script {
    fn answer(&self, request: Vec<u8>) -> Answering<'_> {
        self.asked.lock().expect("one at a time").push(request);
        let answer = self.answers.lock().expect("one at a time").pop_front();
        Box::pin(async move { answer.ok_or_else(|| Fault::transient("nobody answers").unanswered()) })
    }
}

fn host<B: Into<Vec<u8>>>(answers: impl IntoIterator<Item = B>) -> (BenchHost, Arc<Script>) {
    let answers = Mutex::new(answers.into_iter().map(Into::into).collect());
    let script = Arc::new(Script { answers, ..Script::default() });
    (BenchHost::new(Wire::InProcess(Arc::clone(&script) as Arc<dyn Answers>)), script)
}

fn asked(script: &Script) -> Vec<Value> {
    let asked = script.asked.lock().expect("one at a time");
    asked.iter().map(|request| serde_json::from_slice(request).expect("JSON")).collect()
}

fn acme() -> Subject {
    Subject { name: "acme-7f3a9c".to_owned(), owner: "prod/acme-7f3a9c".to_owned() }
}

fn erpnext() -> Task {
    Task::InstallApp { app: "erpnext".to_owned() }
}

fn new_site() -> Task {
    Task::NewSite { administrator: PASSWORD.into() }
}

/// How a task stands, with what is said of it in place of nothing.
fn job(task: &str, said: &Value) -> String {
    let mut job = json!({
        "task": task, "state": "running", "attempt": 1, "begun_at": "2026-11-22T10:00:00Z", "ended_at": null, "result": null,
        "failure": null, "busy_with": null,
    });
    for (field, value) in said.as_object().expect("an object") {
        job[field] = value.clone();
    }
    json!({ "job": job }).to_string()
}

fn failed(code: &str, again: bool, attempt: u32) -> String {
    let failure = json!({ "code": code, "cause": "it says so", "again": again, "retry_at": null });
    job("install-app", &json!({ "state": "failed", "attempt": attempt, "failure": failure }))
}

async fn install(answer: impl Into<Vec<u8>>) -> Result<InstalledApp, Fault> {
    host([answer]).0.run(&acme(), "01KX", &erpnext()).await
}

#[rstest]
#[case(new_site(), json!({}), json!({ "administrator": PASSWORD }))]
#[case(erpnext(), json!({ "app": "erpnext" }), json!({}))]
#[case(
    Task::ConfigureSite(Settings {
        host: "api.acme.example.com".to_owned(),
        country: Some("United States".to_owned()),
        time_zone: None,
        oauth: OAuth { name: "tenantry".to_owned(), base_url: "https://auth.example.com".to_owned() },
        suspended: false,
        read_only: true,
        max_file_mb: 25,
    }),
    json!({
        "host": "api.acme.example.com", "country": "United States", "time_zone": null,
        "oauth": { "name": "tenantry", "base_url": "https://auth.example.com" }, "suspended": false, "read_only": true,
        "max_file_mb": 25,
    }),
    json!({})
)]
#[case(
    Task::CreateUser {
        email: "jo@acme.com".to_owned(),
        first_name: "Jo".to_owned(),
        roles: vec!["System Manager".to_owned()],
    },
    json!({ "email": "jo@acme.com", "first_name": "Jo", "roles": ["System Manager"] }),
    json!({})
)]
#[case(
    Task::SeedData { company: "Acme".to_owned(), country: "Germany".to_owned(), currency: "EUR".to_owned() },
    json!({ "company": "Acme", "country": "Germany", "currency": "EUR" }),
    json!({})
)]
#[case(Task::DropSite {}, json!({}), json!({}))]
#[case(Task::BackUp {}, json!({}), json!({}))]
#[case(
    Task::Restore { files: vec![File::of("database.sql.gz", b"")], administrator: PASSWORD.into() },
    json!({ "files": [{
        "file": "database.sql.gz", "bytes": 0,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }] }),
    json!({ "administrator": PASSWORD })
)]
#[case(
    Task::Serve {
        site: "acme.example.com".to_owned(),
        api: "api.acme.example.com".to_owned(),
        mode: Mode::Suspended,
    },
    json!({ "site": "acme.example.com", "api": "api.acme.example.com", "mode": "suspended" }),
    json!({})
)]
#[case(Task::Withdraw {}, json!({}), json!({}))]
#[case(
    Task::IssueCertificate { hosts: vec!["acme.example.com".to_owned()] },
    json!({ "hosts": ["acme.example.com"] }),
    json!({})
)]
#[case(Task::DeleteCertificate {}, json!({}), json!({}))]
#[tokio::test]
async fn a_task_is_asked_as_the_protocol_says(
    #[case] task: Task,
    #[case] input: Value,
    #[case] secrets: Value,
) {
    let (host, script) = host([job(task.name(), &json!({}))]);
    let fault = host.run::<Value>(&acme(), "01KX", &task).await.expect_err("it runs");
    assert_eq!(fault.kind, FaultKind::NotReady, "{fault}");
    let dear = ["new-site", "drop-site", "back-up", "restore"].contains(&task.name());
    let request = json!({
        "version": 1, "ask": "run", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "key": "01KX",
        "task": task.name(), "input": input, "secrets": secrets, "wait": if dear { 0 } else { 12 },
    });
    assert_eq!(asked(&script), std::slice::from_ref(&request));
    // And whoever answers in the agent's place reads the same.
    let read = Request::read(request.to_string().as_bytes()).expect("a request");
    let Ask::Run(run) = &read.ask else { panic!("{read:?}") };
    assert_eq!(run.task.secrets().administrator.is_some(), secrets["administrator"].is_string());
    assert_eq!(serde_json::to_value(&read).expect("JSON"), request);
}

#[tokio::test]
async fn what_runs_and_what_waits_is_looked_at_again() {
    let fault = install(job("install-app", &json!({}))).await.expect_err("it runs");
    assert_eq!((fault.kind, fault.provider.as_deref()), (FaultKind::NotReady, Some("bench-host")));
    assert_eq!(fault.cause, "install-app erpnext for acme-7f3a9c is under way, since 2026-11-22T10:00:00Z");
    let waits = json!({ "state": "waiting", "begun_at": null, "busy_with": "back-up" });
    let fault = install(job("install-app", &waits)).await.expect_err("it waits");
    assert_eq!(fault.kind, FaultKind::NotReady);
    assert_eq!(fault.cause, "install-app erpnext for acme-7f3a9c waits for back-up");
    let other_input = json!({ "state": "waiting", "begun_at": null });
    assert_eq!(
        install(job("install-app", &other_input)).await.expect_err("it waits").kind,
        FaultKind::NotReady
    );
}

#[tokio::test]
async fn what_is_done_gives_its_result() {
    let installed = json!({ "app": "erpnext", "installed": ["frappe", "erpnext"] });
    let done = install(job("install-app", &json!({ "state": "done", "result": installed }))).await;
    assert_eq!(done.expect("it is done").installed, ["frappe", "erpnext"]);
    let (host, _) = host([job("withdraw", &json!({ "state": "done", "result": {} }))]);
    host.run::<Done>(&acme(), "01KX", &Task::Withdraw {}).await.expect("it is done");
}

#[rstest]
#[case("foreign", Actor::Us, Some("whose it is"))]
#[case("app-missing", Actor::Us, Some("bench get-app"))]
#[case("database-exists", Actor::Us, Some("whose it is"))]
#[case("database-refused", Actor::Us, Some("database_root_user"))]
#[case("database-unreachable", Actor::Us, Some("running"))]
#[case("no-space", Actor::Us, Some("room"))]
#[case("address-in-use", Actor::Us, Some("address"))]
#[case("nginx-invalid", Actor::Us, Some("nginx -t"))]
#[case("nginx-down", Actor::Us, Some("Start nginx"))]
#[case("oauth-missing", Actor::Us, Some("tenantry_oauth_client_id"))]
#[case("challenge-failed", Actor::Us, Some("port 80"))]
#[case("rate-limited", Actor::Provider, Some("limits"))]
#[case("certificate-refused", Actor::Us, Some("CAA"))]
#[case("timed-out", Actor::Provider, None)]
#[case("interrupted", Actor::Provider, None)]
#[case("absent", Actor::Us, Some("apply"))]
#[case("failed", Actor::Us, None)]
#[case("one-of-a-later-release", Actor::Us, None)]
#[tokio::test]
async fn a_failure_says_what_to_do(#[case] code: &str, #[case] actor: Actor, #[case] hint: Option<&str>) {
    let fault = install(failed(code, false, 1)).await.expect_err("it failed");
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, actor));
    assert_eq!(fault.cause, "install-app erpnext for acme-7f3a9c failed: it says so");
    assert_eq!(fault.hint.is_some(), hint.is_some(), "{:?}", fault.hint);
    assert!(fault.hint.unwrap_or_default().contains(hint.unwrap_or_default()));
    // What may pass is tried again, and not for ever.
    assert_eq!(install(failed(code, true, 2)).await.expect_err("it failed").kind, FaultKind::Transient);
    let last = install(failed(code, true, 3)).await.expect_err("it failed");
    assert!(last.kind == FaultKind::Terminal && last.hint.is_some(), "{last:?}");
}

#[tokio::test]
async fn a_limit_says_until_when() {
    let failure = json!({
        "code": "rate-limited", "cause": "five failed", "again": false, "retry_at": "2026-11-22T11:00:00Z",
    });
    let fault = install(job("install-app", &json!({ "state": "failed", "failure": failure }))).await;
    let fault = fault.expect_err("it failed");
    assert_eq!(fault.retry_at, Some("2026-11-22T11:00:00Z".parse().expect("a moment")));
    assert_eq!(fault.kind, FaultKind::Terminal);
}

#[rstest]
#[case("invalid", FaultKind::Terminal, "release")]
#[case("foreign", FaultKind::Terminal, "whose it is")]
#[case("absent", FaultKind::Terminal, "apply")]
#[case("too-old", FaultKind::Terminal, "Install")]
#[case("misconfigured", FaultKind::Terminal, "tenantry-bench-host.ini")]
#[case("unavailable", FaultKind::Transient, "running")]
#[tokio::test]
async fn a_refusal_says_what_to_do(#[case] code: &str, #[case] kind: FaultKind, #[case] hint: &str) {
    let refusal = |hint| json!({ "refused": { "code": code, "cause": "name: too long", "hint": hint } });
    let fault = install(refusal(Value::Null).to_string()).await.expect_err("it is refused");
    assert_eq!((fault.kind, fault.unanswered), (kind, false));
    assert_eq!(fault.cause, "the agent refused: name: too long");
    assert!(fault.hint.as_deref().unwrap_or_default().contains(hint), "{:?}", fault.hint);
    // The agent knows its host better.
    let fault = install(refusal(json!("Do this.")).to_string()).await.expect_err("it is refused");
    assert_eq!(fault.hint.as_deref(), Some("Do this."));
}

#[rstest]
#[case::nothing("")]
#[case::words("This account is currently not available.")]
#[case::half(&job("install-app", &json!({}))[..40])]
#[case::two(&job("install-app", &json!({})).repeat(2))]
#[case::no_object("[]")]
#[case::another_version(r#"{"version": 2, "job": {}}"#)]
#[case::another_field(r#"{"jobs": []}"#)]
#[case::another_question(r#"{"written": 3}"#)]
#[case::another_task(&job("drop-site", &json!({})))]
#[case::another_state(&job("install-app", &json!({ "state": "paused" })))]
#[case::more_than_we_know(&job("install-app", &json!({ "progress": 3 })))]
#[case::another_result(&job("install-app", &json!({ "state": "done", "result": { "site": "acme" } })))]
#[case::no_result(&job("install-app", &json!({ "state": "done" })))]
#[case::no_failure(&job("install-app", &json!({ "state": "failed" })))]
#[case::another_refusal(r#"{"refused": {"code": "busy", "cause": ""}}"#)]
#[tokio::test]
async fn an_answer_that_is_none_is_told_as_such(#[case] answer: &str) {
    let fault = install(answer).await.expect_err("no answer");
    assert_eq!((fault.kind, fault.unanswered), (FaultKind::Terminal, true), "{fault}");
    assert_eq!(fault.provider.as_deref(), Some("bench-host"));
    assert!(fault.cause.starts_with("the agent answers"), "{fault}");
    assert!(fault.hint.expect("what to do").contains("Install the agent"));
}

#[tokio::test]
async fn a_lost_answer_stays_one() {
    let (host, _) = host::<Vec<u8>>([]);
    let fault = host.run::<Done>(&acme(), "01KX", &Task::Withdraw {}).await.expect_err("no answer");
    assert_eq!((fault.kind, fault.unanswered), (FaultKind::Transient, true));
    assert_eq!(fault.provider.as_deref(), Some("bench-host"));
}

#[rstest]
#[case::in_a_failure(job("new-site", &json!({
    "state": "failed",
    "failure": { "code": "failed", "cause": format!("bench: {PASSWORD} is too short"), "again": false, "retry_at": null },
})))]
#[case::in_a_refusal(json!({
    "refused": { "code": "invalid", "cause": format!("administrator: {PASSWORD}"), "hint": format!("not {PASSWORD}") },
}).to_string())]
#[case::while_it_waits(job("new-site", &json!({ "state": "waiting", "busy_with": PASSWORD })))]
#[case::in_no_json(PASSWORD.to_owned())]
#[case::as_a_field(json!({ PASSWORD: PASSWORD }).to_string())]
#[case::as_a_result(job("new-site", &json!({ "state": "done", "result": PASSWORD })))]
#[tokio::test]
async fn what_an_agent_repeats_of_a_secret_is_not_repeated(#[case] answer: String) {
    let (host, _) = host([answer]);
    let fault = host.run::<NewSite>(&acme(), "01KX", &new_site()).await.expect_err("no site");
    assert!(!format!("{fault:?}").contains(PASSWORD), "{fault:?}");
}

#[test]
fn a_secret_is_in_no_debug_text() {
    let read = json!({
        "version": 1, "ask": "run", "name": "acme", "owner": "prod/acme", "key": "1", "task": "new-site", "input": {},
        "secrets": { "administrator": PASSWORD }, "wait": 0,
    });
    let read = Request::read(read.to_string().as_bytes()).expect("a request");
    assert!(!format!("{read:?} {:?}", new_site()).contains(PASSWORD));
}

#[test]
fn an_agent_that_ends_otherwise_is_told_with_its_last_words() {
    let complaint = "Traceback:\n  File \"bench-host\"\nPermissionError: /var/lib".to_owned();
    let fault = crashed(&ssh::Answer { status: 1, output: Vec::new(), complaint }, &Secrets::default());
    assert_eq!(fault.cause, "the agent ended with status 1: PermissionError: /var/lib");
    assert_eq!((fault.kind, fault.unanswered), (FaultKind::Terminal, true));
    assert!(fault.hint.expect("what to do").contains("authorized_keys"));
    let silent = crashed(
        &ssh::Answer { status: 127, output: Vec::new(), complaint: String::new() },
        &Secrets::default(),
    );
    assert_eq!(silent.cause, "the agent ended with status 127: it does not say why");
}

#[test]
fn of_many_words_the_last_are_repeated_and_of_a_secret_none() {
    let secrets = new_site().secrets();
    let many = "é".repeat(5000) + "\u{7}No space left";
    let said = secrets.said(&many);
    assert_eq!(said.chars().count(), 1000);
    assert!(said.ends_with("é No space left"));
    assert_eq!(secrets.said("  short \n"), "short");
    // Nor the half of one that stands where the words are cut.
    for behind in 980..1000 {
        let said = secrets.said(&(PASSWORD.to_owned() + &"x".repeat(behind)));
        assert!(!said.contains("horse"), "{said}");
    }
}

#[tokio::test]
async fn what_is_there_is_looked_at() {
    let mark = json!({ "owner": "prod/acme-7f3a9c", "made_at": "2026-11-22T10:00:00Z", "exists": true });
    let with = |fields: Value| {
        let mut look = mark.clone();
        look.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        json!({ "look": look }).to_string()
    };
    let (host, script) = host([
        with(json!({ "database": true, "apps": ["frappe"], "suspended": false, "read_only": false })),
        with(json!({ "mode": "live", "tls": false, "hosts": ["acme.example.com"] })),
        with(json!({ "hosts": [], "not_after": "2027-02-20T10:00:00Z", "issuer": "Pebble" })),
    ]);
    let site = host.site(&acme()).await.expect("a look").expect("a site");
    assert_eq!((site.owner.as_deref(), site.database), (Some("prod/acme-7f3a9c"), true));
    let served = host.served(&acme()).await.expect("a look").expect("a file");
    assert_eq!((served.mode, served.tls), (Some(Mode::Live), false));
    let certificate = host.certificate(&acme()).await.expect("a look").expect("a certificate");
    assert_eq!(certificate.issuer.as_deref(), Some("Pebble"));
    let look = |at| json!({ "version": 1, "ask": "look", "at": at, "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c" });
    assert_eq!(asked(&script), [look("site"), look("served"), look("certificate")]);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_nobody_s_are_two_things() {
    let nobodys = json!({ "look": {
        "owner": null, "made_at": null, "exists": true, "mode": null, "tls": false, "hosts": [],
    } });
    let (host, _) = host([r#"{"look": null}"#.to_owned(), nobodys.to_string(), r#"{"look": {}}"#.to_owned()]);
    assert_eq!(host.served(&acme()).await.expect("a look"), None);
    let served = host.served(&acme()).await.expect("a look").expect("a file");
    assert!(served.exists && served.owner.is_none());
    assert_eq!(host.served(&acme()).await.expect_err("no look").kind, FaultKind::Terminal);
}

#[tokio::test]
async fn a_listing_comes_in_parts() {
    let marked = json!({ "name": "acme", "owner": "demo/acme", "made_at": "2026-11-22T10:00:00Z" });
    let (host, script) = host([
        json!({ "list": { "items": [marked], "next": "acme" } }).to_string(),
        json!({ "list": { "items": [], "next": null } }).to_string(),
    ]);
    let first = host.list(Kind::Certificate, None).await.expect("a part");
    assert_eq!((first.items[0].owner.as_str(), first.next.as_deref()), ("demo/acme", Some("acme")));
    let last = host.list(Kind::Certificate, first.next.as_deref()).await.expect("a part");
    assert_eq!((last.items.len(), last.next), (0, None));
    let list = |after| json!({ "version": 1, "ask": "list", "of": "certificate", "after": after });
    assert_eq!(asked(&script), [list(Value::Null), list(json!("acme"))]);
}

fn piece(data: &[u8], next: Option<u64>) -> String {
    json!({ "part": { "data": BASE64.encode(data), "next": next } }).to_string()
}

#[tokio::test]
async fn a_file_is_read_piece_by_piece() {
    let (host, script) = host([piece(b"SELECT", Some(6)), piece(b" 1", None)]);
    let dump = File::of("database.sql.gz", b"SELECT 1");
    assert_eq!(host.read(&acme(), "01KX", &dump).await.expect("a file"), b"SELECT 1");
    let read = |offset| {
        json!({
            "version": 1, "ask": "read", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c", "key": "01KX",
            "file": "database.sql.gz", "offset": offset,
        })
    };
    assert_eq!(asked(&script), [read(0), read(6)]);
}

#[rstest]
#[case::backwards(vec![piece(b"SELECT", Some(3))])]
#[case::in_place(vec![piece(b"", Some(0))])]
#[case::for_ever(vec![piece(b"SELECT 1", Some(8))])]
#[case::in_no_base64(vec![r#"{"part": {"data": "?", "next": null}}"#.to_owned()])]
#[case::cut_short(vec![piece(b"SELECT", None)])]
#[case::changed(vec![piece(b"SELECT 2", None)])]
#[tokio::test]
async fn a_file_that_is_not_what_was_backed_up_is_none(#[case] pieces: Vec<String>) {
    let (host, _) = host(pieces);
    let fault =
        host.read(&acme(), "01KX", &File::of("database.sql.gz", b"SELECT 1")).await.expect_err("no file");
    assert!(!fault.cause.contains("nobody answers"), "{fault}");
}

#[tokio::test]
async fn a_file_is_written_piece_by_piece() {
    let content = vec![b'x'; PIECE + 5];
    let written = |so_far: usize| json!({ "written": so_far }).to_string();
    let none =
        || json!({ "refused": { "code": "invalid", "cause": "offset: behind", "hint": null } }).to_string();
    let answers = [none(), written(PIECE), written(PIECE + 5), written(0), none(), written(3), written(4)];
    let (host, script) = host(answers);
    let told = host.write(&acme(), "01KX", "files.tar.gz", &content).await.expect("it is written");
    assert_eq!((told.file.as_str(), told.bytes), ("files.tar.gz", PIECE as u64 + 5));
    host.write(&acme(), "01KX", "private-files.tar.gz", b"").await.expect("it is written");
    host.write(&acme(), "01KX", "database.sql.gz", b"abcd").await.expect_err("a byte is missing");
    host.write(&acme(), "01KX", "database.sql.gz", b"efgh").await.expect("it is there");
    let asked = asked(&script);
    let sent: Vec<(u64, &str, usize)> = asked
        .iter()
        .map(|asked| {
            let data = BASE64.decode(asked["data"].as_str().expect("text")).expect("base64");
            (asked["offset"].as_u64().expect("a number"), asked["file"].as_str().expect("text"), data.len())
        })
        .collect();
    let expected = [
        (PIECE as u64 + 5, "files.tar.gz", 0),
        (0, "files.tar.gz", PIECE),
        (PIECE as u64, "files.tar.gz", 5),
        (0, "private-files.tar.gz", 0),
        (4, "database.sql.gz", 0),
        (0, "database.sql.gz", 4),
        (4, "database.sql.gz", 0),
    ];
    assert_eq!(sent, expected);
}

#[rstest]
#[case::nothing(json!(null), false)]
#[case::ours(json!({ "owner": "prod/acme-7f3a9c", "made_at": "2026-11-22T10:00:00Z" }), false)]
#[case::anothers(json!({ "owner": "test/acme-7f3a9c", "made_at": "2026-11-22T10:00:00Z" }), true)]
#[case::nobodys(json!({ "owner": null, "made_at": null }), true)]
#[tokio::test]
async fn what_is_not_the_subject_s_is_neither_made_nor_undone(#[case] look: Value, #[case] other: bool) {
    let look = json!({ "look": look }).to_string();
    let (found, _) = host([look.clone()]);
    let refused = found.look_for_others(Kind::Site, &acme()).await;
    assert_eq!(refused.is_err(), other, "{refused:?}");
    if let Err(fault) = refused {
        assert_eq!(fault.kind, FaultKind::Terminal);
        assert_eq!(fault.cause, "the site acme-7f3a9c belongs to somebody else");
    }
    let ours = look.contains("prod/");
    let gone = job("drop-site", &json!({ "state": "done", "result": {} }));
    let (found, script) = host([look, gone]);
    found.undo(Kind::Site, &acme(), Timestamp::UNIX_EPOCH).await.expect("nothing of ours is left");
    assert_eq!(asked(&script).len(), if ours { 2 } else { 1 });
}

/// A repeat finds the job; what failed for good is tried again in a while; what was made anew is another thing.
#[tokio::test]
async fn an_undo_is_named_by_what_it_undoes_and_when() {
    let (made, again) = ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    let times = [(made, 0), (made, 899), (made, 900), (again, 900)];
    let look =
        |made_at: &str| json!({ "look": { "owner": "prod/acme-7f3a9c", "made_at": made_at } }).to_string();
    let answers = times.iter().flat_map(|(made, _)| [look(made), job("withdraw", &json!({}))]);
    let (host, script) = host(answers);
    for (_, now) in times {
        let now = Timestamp::from_second(now).expect("a moment");
        let fault = host.undo(Kind::Served, &acme(), now).await.expect_err("it runs");
        assert_eq!(fault.kind, FaultKind::NotReady);
    }
    let asked = asked(&script);
    let keys: Vec<&str> = asked.iter().filter_map(|asked| asked["key"].as_str()).collect();
    assert_eq!(keys, ["undo-1795341600-0", "undo-1795341600-0", "undo-1795341600-1", "undo-1795345200-1"]);
}
