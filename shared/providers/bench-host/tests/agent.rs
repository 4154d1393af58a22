//! The agent that an operator installs, behind a real sshd.

#[path = "../../ssh/tests/sshd/mod.rs"]
mod sshd;

use std::path::{Path, PathBuf};

use bench_host::{Answer, Ask, BenchHost, Kind, Mode, OAuth, Refused, Request, Run, Secrets, Settings};
use bench_host::{Subject, Task, VERSION, Wire};
use fault::Kind as FaultKind;
use sshd::Sshd;

const AGENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../infra/bench-host/bench-host");

/// What a shell, SQL, Python, nginx, a header and a path would make something of. `EXECUTED` is a file that nobody may make.
const HOSTILE: [&str; 8] = [
    "acme; touch EXECUTED",
    "acme$(touch EXECUTED)",
    "acme`touch EXECUTED`",
    "acme'; DROP TABLE tabUser; --",
    "acme\"\"\"\n__import__('os').system('touch EXECUTED')",
    "acme; } server { listen 80; root /;",
    "acme\r\nX-Frappe-Site-Name: other",
    "../../../etc/nginx",
];

/// A host with an agent on it, whose programs would leave a trace if they were started.
async fn start() -> Sshd {
    Sshd::forced(|here| {
        install(here);
        format!("python3 -IB {AGENT} --deployment prod --config {}", here.join("agent.ini").display())
    })
    .await
}

fn install(here: &Path) {
    for folder in ["bench/sites", "state", "tenants", "webroot"] {
        std::fs::create_dir_all(here.join(folder)).expect("a directory");
    }
    let here = here.display();
    let config = format!(
        "[agent]\nstate = {here}/state\n\
         [bench]\npath = {here}/bench\nuser = nobody\ndatabase_root_password_file = {here}/password\n\
         [nginx]\nprogram = /usr/bin/touch\narguments = {here}/EXECUTED\ntenants = {here}/tenants\n\
         acme_webroot = {here}/webroot\n\
         [certbot]\nprogram = /usr/bin/touch\nemail = operators@example.com\nconfig_dir = {here}/certificates\n"
    );
    std::fs::write(format!("{here}/agent.ini"), config).expect("a file");
}

/// The files in a folder and below it.
fn files(folder: PathBuf) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(path) } else { vec![path] }).collect()
}

fn acme() -> Subject {
    Subject { name: "acme-7f3a9c".to_owned(), owner: "prod/acme-7f3a9c".to_owned() }
}

fn run(subject: Subject, key: &str, task: Task) -> Ask {
    Ask::Run(Run { subject, key: key.to_owned(), task, secrets: Secrets::default(), wait: 0 })
}

fn settings() -> Settings {
    Settings {
        host: "api.acme.example.com".to_owned(),
        country: Some("United States".to_owned()),
        time_zone: Some("America/New_York".to_owned()),
        oauth: OAuth { name: "tenantry".to_owned(), base_url: "https://auth.example.com".to_owned() },
        suspended: false,
        read_only: false,
        max_file_mb: 25,
    }
}

/// Requests that have something hostile in one place, each in another, and where.
fn requests(hostile: &str) -> Vec<(&'static str, Ask)> {
    let bad = || hostile.to_owned();
    let ours = |task| run(acme(), "01KX", task);
    let read = |key: &str, file: &str| Ask::Read {
        subject: acme(),
        key: key.to_owned(),
        file: file.to_owned(),
        offset: 0,
    };
    let write = Ask::Write { subject: acme(), key: "01KX".to_owned(), file: bad(), offset: 0, data: bad() };
    let jo = |email: &str, role: &str| {
        ours(Task::CreateUser {
            email: email.to_owned(),
            first_name: "Jo".to_owned(),
            roles: vec![role.to_owned()],
        })
    };
    let oauth = |oauth| ours(Task::ConfigureSite(Settings { oauth, ..settings() }));
    let serve = |site: &str, api: &str| {
        ours(Task::Serve { site: site.to_owned(), api: api.to_owned(), mode: Mode::Live })
    };
    vec![
        ("name", run(Subject { name: bad(), owner: format!("prod/{hostile}") }, "01KX", Task::DropSite {})),
        ("owner", run(Subject { owner: bad(), ..acme() }, "01KX", Task::DropSite {})),
        ("key", run(acme(), hostile, Task::DropSite {})),
        ("input.app", ours(Task::InstallApp { app: bad() })),
        ("input.host", ours(Task::ConfigureSite(Settings { host: bad(), ..settings() }))),
        ("input.country", ours(Task::ConfigureSite(Settings { country: Some(bad()), ..settings() }))),
        ("input.time_zone", ours(Task::ConfigureSite(Settings { time_zone: Some(bad()), ..settings() }))),
        ("input.oauth.name", oauth(OAuth { name: bad(), ..settings().oauth })),
        ("input.oauth.base_url", oauth(OAuth { base_url: bad(), ..settings().oauth })),
        ("input.email", jo(hostile, "System Manager")),
        ("input.roles", jo("jo@acme.com", hostile)),
        (
            "input.currency",
            ours(Task::SeedData {
                company: "Acme".to_owned(),
                country: "Germany".to_owned(),
                currency: bad(),
            }),
        ),
        ("input.site", serve(hostile, "api.acme.example.com")),
        ("input.api", serve("acme.example.com", hostile)),
        ("input.hosts", ours(Task::IssueCertificate { hosts: vec![bad()] })),
        ("key", read(hostile, "database.sql.gz")),
        ("file", read("01KX", hostile)),
        ("file", write),
        ("name", Ask::Look { at: Kind::Site, subject: Subject { name: bad(), ..acme() } }),
        ("after", Ask::List { of: Kind::Site, after: Some(bad()) }),
    ]
}

/// What the agent says to a request, as it is.
async fn answer(host: &ssh::Host, input: Vec<u8>) -> Answer {
    let within = std::time::Duration::from_secs(30);
    let request = ssh::Request { command: "touch EXECUTED", input, within, at_most: 1 << 20 };
    let answer = host.execute(request).await.expect("an answer");
    assert_eq!(answer.status, 0, "{}", answer.complaint);
    serde_json::from_slice(&answer.output).expect("an answer of the protocol")
}

#[tokio::test]
async fn what_is_hostile_is_refused_wherever_it_stands_and_nothing_is_done() {
    let sshd = start().await;
    let host = sshd.host();
    // Each place once, with each kind of hostility in turn.
    for number in 0..requests("").len() {
        let kind = HOSTILE[number % HOSTILE.len()];
        let hostile = kind.replace("EXECUTED", &sshd.path("EXECUTED").display().to_string());
        let (place, ask) = requests(&hostile).swap_remove(number);
        let request = serde_json::to_vec(&Request { version: VERSION, ask }).expect("JSON");
        let refused = answer(&host, request).await;
        let Answer::Refused(refusal) = refused else { panic!("{place} {hostile:?}: {refused:?}") };
        assert_eq!(refusal.code, Refused::Invalid, "{place} {hostile:?}: {}", refusal.cause);
        assert!(refusal.cause.starts_with(&format!("{place}: ")), "{place} {hostile:?}: {}", refusal.cause);
        assert!(!refusal.cause.contains(&hostile), "it is not repeated: {}", refusal.cause);
    }
    assert!(!sshd.path("EXECUTED").exists());
    for folder in ["state", "tenants", "bench", "certificates"] {
        let made = files(sshd.path(folder));
        let made = made.iter().filter(|path| !path.ends_with("lock"));
        assert_eq!(made.count(), 0, "{:?}", files(sshd.path(folder)));
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_as_well() {
    let sshd = start().await;
    let host = sshd.host();
    let look =
        r#"{"version": 1, "ask": "look", "at": "site", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c"}"#;
    let more = look.replace("}", r#", "shell": "touch EXECUTED"}"#);
    for request in ["", "touch EXECUTED", "[]", "{}", &look[..30], &more, &look.replace("look", "shell")] {
        let refused = answer(&host, request.as_bytes().to_vec()).await;
        let Answer::Refused(refusal) = refused else { panic!("{request}: {refused:?}") };
        assert_eq!(refusal.code, Refused::Invalid, "{request}: {}", refusal.cause);
    }
    let Answer::Refused(refusal) = answer(&host, look.replace(": 1,", ": 2,").into_bytes()).await else {
        panic!("it is of another version")
    };
    assert_eq!(refusal.code, Refused::TooOld, "{}", refusal.cause);
}

#[tokio::test]
async fn what_an_agent_says_is_what_we_read() {
    let sshd = start().await;
    let host = BenchHost::new(Wire::Ssh(sshd.host()));
    assert_eq!(host.served(&acme()).await.expect("a look"), None);
    assert_eq!(host.certificate(&acme()).await.expect("a look"), None);
    for kind in [Kind::Site, Kind::Served, Kind::Certificate] {
        let part = host.list(kind, None).await.expect("a listing");
        assert!(part.items.is_empty() && part.next.is_none());
    }
    // There is no database server to ask, nor a password for one.
    let fault = host.site(&acme()).await.expect_err("it is refused");
    assert!(fault.kind == FaultKind::Terminal && fault.cause.starts_with("the agent refused"), "{fault}");
    assert!(fault.hint.is_some_and(|hint| hint.contains(".ini")));
    // Another deployment's agent is not ours to ask.
    let other = Subject { owner: "demo/acme-7f3a9c".to_owned(), ..acme() };
    let fault = host.site(&other).await.expect_err("it is refused");
    assert!(fault.kind == FaultKind::Terminal && fault.cause.starts_with("the agent refused"), "{fault}");
}

#[tokio::test]
async fn a_host_without_an_agent_says_so() {
    let sshd = Sshd::forced(|here| format!("sudo -n {}/bench-host", here.display())).await;
    let fault = BenchHost::new(Wire::Ssh(sshd.host())).list(Kind::Site, None).await.expect_err("no agent");
    assert_eq!((fault.kind, fault.provider.as_deref()), (FaultKind::Terminal, Some("bench-host")));
    assert!(fault.cause.starts_with("the agent ended with status"), "{fault}");
}
