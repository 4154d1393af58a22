//! The agent of a bench host, asked as our client asks it, and its tenants as visitors see them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use jiff::Timestamp;
use sandbox::call::Act;
use sandbox::clouds::{Bench, Clouds, Pace, Settings, Takes, Thing};
use serde_json::{Value, json};

use crate::bed::{World, request};

const URL: &str = "https://bench.example/";
const ACME: &str = "acme-7f3a9c";
const SITE: &str = "acme.frappe.example";
const API: &str = "api.acme.frappe.example";
const ZONE: &str = "https://api.cloudflare.com/client/v4/zones/fedcba9876543210fedcba9876543210/dns_records";

impl World {
    fn agent(&mut self, asked: &Value) -> Value {
        let answer = self.post(URL, asked);
        assert_eq!(answer.status, StatusCode::OK, "{asked}: {answer:?}");
        answer.body
    }

    /// How a task of Acme's stands now.
    fn job(&mut self, key: &str, task: &str, input: &Value) -> Value {
        self.agent(&run(ACME, key, task, input))["job"].take()
    }

    /// The same once it has ended.
    fn ended(&mut self, key: &str, task: &str, input: &Value) -> Value {
        loop {
            let job = self.job(key, task, input);
            if job["state"] != "running" {
                return job;
            }
            self.later(1000);
        }
    }

    fn done(&mut self, key: &str, task: &str, input: &Value) -> Value {
        let mut job = self.ended(key, task, input);
        assert_eq!(job["state"], "done", "{job}");
        job["result"].take()
    }

    /// The code of its failure.
    fn failed(&mut self, key: &str, task: &str, input: &Value) -> String {
        let job = self.ended(key, task, input);
        assert_eq!((&job["state"], &job["result"]), (&json!("failed"), &Value::Null), "{job}");
        job["failure"]["code"].as_str().unwrap().to_owned()
    }

    fn looked_at(&mut self, at: &str) -> Value {
        self.agent(
            &json!({"version": 1, "ask": "look", "at": at, "name": ACME, "owner": format!("demo/{ACME}")}),
        )["look"]
            .take()
    }

    fn on_the_host(&self) -> Vec<(&'static str, String, Option<String>)> {
        let things = self.clouds.things(self.now).into_iter();
        let things = things.filter(|thing| thing.provider == "bench-host");
        things.map(|thing| (thing.kind, thing.name, thing.owner)).collect()
    }

    fn plant_on_bench(&mut self, kind: &'static str, name: &str, owner: Option<&str>, hosts: &str) {
        let (name, owner) = (name.to_owned(), owner.map(str::to_owned));
        let thing = Thing { provider: "bench-host", kind, name, owner, awake: None };
        assert!(self.clouds.plant(self.now, hosts, &thing));
        assert!(!self.clouds.plant(self.now, hosts, &thing), "there is one already");
    }

    /// Both names lead to the host, and every server knows.
    fn point_names(&mut self) {
        for name in [SITE, API] {
            let record = json!({"type": "A", "name": name, "content": "203.0.113.7", "ttl": 1});
            assert_eq!(self.post(ZONE, &record).status, StatusCode::OK);
        }
        self.later(5000);
    }

    fn visited(&mut self, method: Method, url: &str) -> (u16, Value) {
        let answer = self.send(&request(method, url, None, &Value::Null));
        (answer.status.as_u16(), answer.body)
    }

    fn seen(&mut self, url: &str) -> u16 {
        self.visited(Method::GET, url).0
    }
}

/// With the secrets that the task has.
fn run(name: &str, key: &str, task: &str, input: &Value) -> Value {
    let has_password = ["new-site", "restore"].contains(&task);
    let secrets = if has_password { json!({"administrator": "correct-horse"}) } else { json!({}) };
    json!({
        "version": 1, "ask": "run", "name": name, "owner": format!("demo/{name}"), "key": key, "task": task,
        "input": input, "secrets": secrets, "wait": 0,
    })
}

fn erpnext() -> Value {
    json!({"app": "erpnext"})
}

fn settings(suspended: bool, read_only: bool) -> Value {
    json!({
        "host": API, "country": "Germany", "time_zone": "Europe/Berlin",
        "oauth": {"name": "tenantry", "base_url": "https://auth.example.com"}, "suspended": suspended,
        "read_only": read_only, "max_file_mb": 25,
    })
}

fn serve(mode: &str) -> Value {
    json!({"site": SITE, "api": API, "mode": mode})
}

fn hosts() -> Value {
    json!({"hosts": [SITE, API]})
}

fn nothing() -> Value {
    json!({})
}

fn with_site() -> World {
    let mut world = World::new();
    world.done("1", "new-site", &nothing());
    world
}

fn seconds(job: &Value) -> i64 {
    let at = |field: &str| job[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    at("ended_at").duration_since(at("begun_at")).as_secs()
}

#[test]
fn a_task_is_done_once_under_a_key() {
    let mut world = World::new();
    let begun = world.job("1", "new-site", &nothing());
    let fresh = json!({
        "task": "new-site", "state": "running", "attempt": 1, "begun_at": "2026-11-21T12:00:00Z", "ended_at": null,
        "result": null, "failure": null, "busy_with": null,
    });
    assert_eq!(begun, fresh);
    world.later(44_000);
    assert_eq!(world.job("1", "new-site", &nothing()), fresh);
    world.later(1000);
    let done = world.job("1", "new-site", &nothing());
    assert_eq!(done["result"], json!({"site": ACME, "database": "_acme_7f3a9c"}));
    assert_eq!((&done["state"], seconds(&done)), (&json!("done"), 45));
    world.later(86_400_000);
    assert_eq!(world.job("1", "new-site", &nothing()), done, "also long after");
    let again = world.ended("2", "new-site", &nothing());
    assert_eq!((&again["result"], seconds(&again)), (&done["result"], 1), "it was there");
}

#[test]
fn a_task_takes_its_time() {
    let mut world = with_site();
    for (task, input, takes) in [
        ("install-app", erpnext(), 180),
        ("install-app", json!({"app": "tenant_oauth_auth"}), 40),
        ("configure-site", settings(false, false), 5),
        ("create-user", json!({"email": "jo@acme.com", "first_name": "Jo", "roles": ["System Manager"]}), 3),
        ("seed-data", json!({"company": "Acme", "country": "Germany", "currency": "EUR"}), 10),
        ("back-up", nothing(), 20),
        ("serve", serve("live"), 1),
        ("drop-site", nothing(), 15),
    ] {
        assert_eq!(seconds(&world.ended("1", task, &input)), takes, "{task}");
    }
    let mut world = World::with(&Settings { pace: Pace(0.0), ..Settings::default() });
    for (task, input) in [("new-site", nothing()), ("install-app", erpnext())] {
        assert_eq!(world.job("1", task, &input)["state"], "done", "{task}");
    }
}

#[test]
fn whoever_asks_may_wait_for_the_end() {
    let mut world = World::new();
    for (task, input, state, waited) in
        [("serve", serve("live"), "done", 1), ("new-site", nothing(), "running", 10)]
    {
        let mut asked = run(ACME, "1", task, &input);
        asked["wait"] = json!(10);
        let answer = world.post(URL, &asked);
        let Takes(takes) = answer.response.extensions().get().copied().unwrap();
        assert_eq!((&answer.body["job"]["state"], takes.as_secs()), (&json!(state), waited), "{task}");
        assert_eq!(world.job("1", task, &input)["state"], "running", "no time has passed for others");
    }
    let mut asked = run(ACME, "1", "install-app", &erpnext());
    asked["wait"] = json!(25);
    let answer = world.post(URL, &asked);
    let Takes(takes) = answer.response.extensions().get().copied().unwrap();
    assert_eq!((&answer.body["job"]["state"], takes.as_secs()), (&json!("waiting"), 25));
}

#[test]
fn another_input_waits_and_is_an_attempt_of_its_own() {
    let mut world = with_site();
    world.job("1", "configure-site", &settings(false, false));
    let other = world.job("1", "configure-site", &settings(true, false));
    assert_eq!(
        (&other["state"], &other["busy_with"], &other["begun_at"]),
        (&json!("waiting"), &json!("configure-site"), &Value::Null)
    );
    world.later(5000);
    let begun = world.job("1", "configure-site", &settings(true, false));
    assert_eq!((&begun["state"], &begun["attempt"]), (&json!("running"), &json!(2)));
    world.later(5000);
    assert_eq!(world.looked_at("site")["suspended"], true);
    let mut kept = settings(false, true);
    (kept["country"], kept["time_zone"]) = (Value::Null, Value::Null);
    world.done("2", "configure-site", &kept);
    assert_eq!(world.looked_at("site")["read_only"], true);
    assert!(world.clouds.says("Europe/Berlin"), "it is left as it is");
    // Two apps are two jobs, one after the other.
    world.job("1", "install-app", &erpnext());
    let other = world.job("1", "install-app", &json!({"app": "tenant_oauth_auth"}));
    assert_eq!((&other["state"], &other["attempt"]), (&json!("waiting"), &json!(0)));
    world.done("1", "install-app", &erpnext());
    let both = world.done("1", "install-app", &json!({"app": "tenant_oauth_auth"}));
    assert_eq!(both["installed"], json!(["frappe", "erpnext", "tenant_oauth_auth"]));
    assert_eq!(world.looked_at("site")["apps"], both["installed"]);
}

#[test]
fn what_may_pass_is_tried_three_times_and_nothing_else_is() {
    let mut world = with_site();
    assert!(world.clouds.fail("install-app", "timed-out", 4));
    assert!(!world.clouds.fail("no-such-task", "timed-out", 1));
    // Whoever asks for one that failed begins the next.
    for _ in 0..2 {
        let job = world.ended("1", "install-app", &erpnext());
        assert_eq!((&job["failure"]["code"], &job["failure"]["again"]), (&json!("timed-out"), &json!(true)));
        assert_eq!(job["attempt"], 3);
        assert_eq!(world.looked_at("site")["apps"], json!(["frappe"]));
    }
    let other = world.ended("2", "install-app", &erpnext());
    assert_eq!((&other["state"], &other["attempt"]), (&json!("done"), &json!(2)));
    assert!(world.clouds.fail("seed-data", "no-space", 1));
    let seed = json!({"company": "Acme", "country": "Germany", "currency": "EUR"});
    for _ in 0..2 {
        assert_eq!(world.failed("1", "seed-data", &seed), "no-space");
    }
    assert_eq!(world.done("2", "seed-data", &seed)["company"], "Acme");
}

#[test]
fn one_thing_at_a_time_is_done_to_one_thing() {
    let mut world = World::new();
    world.job("1", "new-site", &nothing());
    let waits = world.job("1", "install-app", &erpnext());
    let expected = json!({
        "task": "install-app", "state": "waiting", "attempt": 0, "begun_at": null, "ended_at": null, "result": null,
        "failure": null, "busy_with": "new-site",
    });
    assert_eq!(waits, expected);
    assert_eq!(world.job("2", "new-site", &nothing())["busy_with"], "new-site", "under another key as well");
    assert_eq!(world.job("1", "serve", &serve("live"))["state"], "running", "of another kind");
    let other = world.agent(&run("other-1", "1", "new-site", &nothing()));
    assert_eq!(other["job"]["state"], "running", "of another name");
    world.later(45_000);
    assert_eq!(world.job("1", "install-app", &erpnext())["attempt"], 1);
}

#[test]
fn an_end_is_put_to_what_runs() {
    let mut world = World::new();
    let owner = || Some(format!("demo/{ACME}"));
    world.job("1", "new-site", &nothing());
    world.later(20_000);
    assert_eq!(world.on_the_host(), [("site", ACME.to_owned(), owner())], "it is half made");
    let dropping = world.job("2", "drop-site", &nothing());
    assert_eq!(dropping["state"], "running");
    let waits = world.job("1", "new-site", &nothing());
    assert_eq!((&waits["state"], &waits["busy_with"]), (&json!("waiting"), &json!("drop-site")));
    world.later(14_000);
    assert!(!world.looked_at("site").is_null(), "its mark goes last");
    world.later(60_000);
    assert_eq!(world.on_the_host(), [], "what was ended does not end any more");
    assert_eq!((world.looked_at("site"), world.done("2", "drop-site", &nothing())), (Value::Null, json!({})));
    assert_eq!(world.done("3", "drop-site", &nothing()), json!({}), "nothing is there");
    // One that was ended may be tried again.
    assert_eq!(world.ended("1", "new-site", &nothing())["attempt"], 2);
}

#[test]
fn what_has_no_mark_of_ours_is_left_alone() {
    let mut world = World::new();
    world.plant_on_bench("site", ACME, None, "");
    world.plant_on_bench("nginx-file", ACME, None, SITE);
    world.plant_on_bench("certificate", ACME, None, "");
    let there = world.on_the_host();
    for (task, input) in [
        ("new-site", nothing()),
        ("install-app", erpnext()),
        ("configure-site", settings(false, false)),
        ("back-up", nothing()),
        ("drop-site", nothing()),
        ("serve", serve("live")),
        ("withdraw", nothing()),
        ("issue-certificate", hosts()),
        ("delete-certificate", nothing()),
    ] {
        assert_eq!(world.failed("1", task, &input), "foreign", "{task}");
    }
    assert_eq!(world.on_the_host(), there);
    for at in ["site", "served", "certificate"] {
        let look = world.looked_at(at);
        assert_eq!((&look["owner"], &look["exists"]), (&Value::Null, &json!(true)), "{at}");
    }
    for (kind, name) in [("site", ACME), ("nginx-file", ACME), ("certificate", ACME)] {
        assert!(world.clouds.remove("bench-host", kind, name), "{kind}");
    }
    assert_eq!(world.on_the_host(), []);
    world.plant_on_bench("database", "_acme_7f3a9c", None, "");
    assert_eq!(world.failed("2", "new-site", &nothing()), "database-exists");
    world.done("2", "drop-site", &nothing());
    assert_eq!(world.on_the_host(), [("database", "_acme_7f3a9c".to_owned(), None)]);
}

#[test]
fn what_is_another_owners_is_refused() {
    let mut world = World::new();
    let owner = format!("elsewhere/{ACME}");
    for kind in ["site", "nginx-file", "certificate"] {
        world.plant_on_bench(kind, ACME, Some(&owner), "");
    }
    let there = world.on_the_host();
    for (task, input) in [
        ("new-site", nothing()),
        ("drop-site", nothing()),
        ("serve", serve("live")),
        ("issue-certificate", hosts()),
    ] {
        let answer = world.agent(&run(ACME, "1", task, &input));
        assert_eq!(answer["refused"]["code"], "foreign", "{task}: {answer}");
    }
    let write = json!({
        "version": 1, "ask": "write", "name": ACME, "owner": format!("demo/{ACME}"), "key": "1",
        "file": "database.sql.gz", "offset": 0, "data": "",
    });
    assert_eq!(world.agent(&write)["refused"]["code"], "foreign");
    assert_eq!(world.looked_at("site")["owner"], owner);
    world.later(60_000);
    assert_eq!(world.on_the_host(), there);
}

#[test]
fn a_host_is_served_to_one_tenant() {
    let mut world = World::new();
    world.plant_on_bench("nginx-file", "other-1", Some("demo/other-1"), API);
    assert_eq!(world.failed("1", "serve", &serve("live")), "foreign");
    assert_eq!(world.looked_at("served"), Value::Null);
    world.agent(&run("other-1", "1", "withdraw", &nothing()));
    world.later(1000);
    assert_eq!(world.done("2", "serve", &serve("live")), json!({"tls": false}));
    let look = world.looked_at("served");
    assert_eq!((&look["mode"], &look["hosts"]), (&json!("live"), &json!([SITE, API])));
}

#[test]
fn what_is_half_made_is_made_again_and_what_is_half_gone_is_not() {
    let mut world = World::new();
    assert!(world.clouds.fail("new-site", "interrupted", 1));
    let asked = run(ACME, "1", "new-site", &nothing());
    world.agent(&asked);
    world.later(45_000);
    let look = world.looked_at("site");
    assert_eq!((&look["exists"], &look["database"]), (&json!(true), &json!(false)));
    let again = world.ended("1", "new-site", &nothing());
    assert_eq!((&again["state"], &again["attempt"]), (&json!("done"), &json!(2)));
    assert_eq!(world.looked_at("site")["made_at"], look["made_at"], "the mark was there");
    assert!(world.clouds.remove("bench-host", "database", "_acme_7f3a9c"));
    assert_eq!(world.failed("2", "new-site", &nothing()), "absent");
    assert_eq!(world.failed("2", "install-app", &erpnext()), "absent");
    world.done("2", "drop-site", &nothing());
    assert_eq!(world.on_the_host(), []);
}

#[test]
fn a_task_says_what_it_misses() {
    let mut world = World::with(&Settings {
        bench: Bench { oauth: false, apps: Vec::new(), ..Bench::default() },
        ..Settings::default()
    });
    let user = json!({"email": "jo@acme.com", "first_name": "Jo", "roles": ["System Manager"]});
    for (task, input) in [
        ("install-app", erpnext()),
        ("configure-site", settings(false, false)),
        ("create-user", user),
        ("back-up", nothing()),
    ] {
        assert_eq!(world.failed("1", task, &input), "absent", "{task}");
    }
    world.done("1", "new-site", &nothing());
    assert_eq!(world.failed("2", "install-app", &erpnext()), "app-missing");
    assert_eq!(world.failed("2", "configure-site", &settings(false, false)), "oauth-missing");
}

fn transfer(ask: &str, key: &str, file: &str, offset: u64) -> Value {
    json!({
        "version": 1, "ask": ask, "name": ACME, "owner": format!("demo/{ACME}"), "key": key, "file": file, "offset": offset,
    })
}

#[test]
fn a_backup_carries_what_people_wrote() {
    let mut world = with_site();
    world.done("1", "install-app", &erpnext());
    let user = json!({"email": "jo@acme.com", "first_name": "Jo", "roles": ["System Manager"]});
    world.done("1", "create-user", &user);
    world.clouds.write("an offer to a customer");
    let backup = transfer("read", "b", "database.sql.gz", 0);
    assert_eq!(world.agent(&backup)["refused"]["code"], "absent");
    let files = world.done("b", "back-up", &nothing())["files"].take();
    let names: Vec<&str> = files.as_array().unwrap().iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(names, ["database.sql.gz", "files.tar.gz", "private-files.tar.gz"]);
    let parts: Vec<Value> =
        names.iter().map(|name| world.agent(&transfer("read", "b", name, 0))["part"].take()).collect();
    assert!(parts.iter().all(|part| part["next"].is_null()));
    let size = files[0]["bytes"].as_u64().unwrap();
    let rest = world.agent(&transfer("read", "b", "database.sql.gz", size - 2));
    assert_eq!(STANDARD.decode(rest["part"]["data"].as_str().unwrap()).unwrap().len(), 2);

    world.done("2", "drop-site", &nothing());
    assert!(!world.clouds.says("an offer to a customer"));
    assert_eq!(world.agent(&backup)["refused"]["code"], "absent", "nothing of it is left");
    world.done("3", "new-site", &nothing());
    let restore = json!({ "files": files });
    assert_eq!(world.failed("r", "restore", &restore), "absent", "nothing was brought");
    for (name, part) in names.iter().zip(&parts) {
        let mut write = transfer("write", "r2", name, 0);
        write["data"] = part["data"].clone();
        let written = files.as_array().unwrap().iter().find(|it| it["file"] == *name).unwrap();
        for _ in 0..2 {
            assert_eq!(world.agent(&write), json!({"written": written["bytes"]}), "a repeat overwrites");
        }
    }
    assert_eq!(world.done("r2", "restore", &restore), json!({}));
    assert!(world.clouds.says("an offer to a customer") && world.clouds.says("jo@acme.com"));
    assert_eq!(world.looked_at("site")["apps"], json!(["frappe", "erpnext"]));
}

#[test]
fn what_is_brought_is_cut_off_behind_the_piece_and_compared() {
    let mut world = with_site();
    let mut write = |offset: u64, data: &str| {
        let mut asked = transfer("write", "r", "database.sql.gz", offset);
        asked["data"] = json!(STANDARD.encode(data));
        world.agent(&asked)
    };
    assert_eq!(write(1, "")["refused"]["code"], "invalid");
    assert_eq!(write(0, "abcdef"), json!({"written": 6}));
    assert_eq!(write(3, "x"), json!({"written": 4}));
    assert_eq!(write(5, "x")["refused"]["code"], "invalid");
    let file = json!({"file": "database.sql.gz", "bytes": 4, "sha256": "0".repeat(64)});
    let asked = run(ACME, "r", "restore", &json!({"files": [file]}));
    world.agent(&asked);
    world.later(60_000);
    assert_eq!(world.failed("r", "restore", &json!({"files": [file]})), "failed");
    assert_eq!(world.looked_at("site")["apps"], json!(["frappe"]));
}

#[test]
fn a_certificate_is_for_names_that_lead_here_and_are_served() {
    let mut world = World::new();
    assert_eq!(world.failed("1", "issue-certificate", &hosts()), "challenge-failed");
    world.done("1", "serve", &serve("live"));
    let look = world.looked_at("certificate");
    assert_eq!((&look["exists"], &look["hosts"]), (&json!(false), &json!([])), "the wish stands");
    world.point_names();
    let issued = world.done("2", "issue-certificate", &hosts());
    assert_eq!(issued["issuer"], world.looked_at("certificate")["issuer"]);
    assert_eq!(issued["not_after"], world.looked_at("certificate")["not_after"]);
    assert_eq!(world.looked_at("served")["tls"], true);
    assert_eq!(seconds(&world.ended("3", "issue-certificate", &hosts())), 1, "there is one");
    assert_eq!(world.done("2", "serve", &serve("suspended")), json!({"tls": true}));
    assert_eq!(world.seen(&format!("https://{API}/api/method/ping")), 503);
    world.done("4", "delete-certificate", &nothing());
    assert_eq!(
        (world.looked_at("certificate"), world.looked_at("served")["tls"].take()),
        (Value::Null, json!(false))
    );
    world.done("4", "withdraw", &nothing());
    assert_eq!(world.on_the_host(), []);
}

#[test]
fn the_authoritys_limits_are_kept_without_asking_it() {
    let mut world = World::new();
    // Three attempts under the first key, and two under the second.
    assert_eq!(world.failed("1", "issue-certificate", &hosts()), "challenge-failed");
    let limited = world.ended("2", "issue-certificate", &hosts());
    assert_eq!(limited["attempt"], 3);
    let failure = &limited["failure"];
    assert_eq!((&failure["code"], &failure["again"]), (&json!("rate-limited"), &json!(false)));
    let retry_at: Timestamp = failure["retry_at"].as_str().unwrap().parse().unwrap();
    let wait = retry_at.duration_since(world.now).as_secs();
    assert!((1..3600).contains(&wait), "{limited}");
    world.done("1", "serve", &serve("live"));
    world.point_names();
    assert_eq!(world.ended("3", "issue-certificate", &hosts())["failure"]["code"], "rate-limited");
    world.now = retry_at;
    assert_eq!(world.ended("4", "issue-certificate", &hosts())["state"], "done");

    let bench = Bench { certificates_per_week: 1, ..Bench::default() };
    let mut world = World::with(&Settings { bench, ..Settings::default() });
    world.done("1", "serve", &serve("live"));
    world.point_names();
    world.done("1", "issue-certificate", &hosts());
    let issued = world.now;
    world.done("2", "delete-certificate", &nothing());
    let other = run("other-1", "1", "issue-certificate", &json!({"hosts": ["other.frappe.example"]}));
    world.agent(&other);
    world.later(1000);
    let limited = world.agent(&other)["job"].take();
    assert_eq!(limited["failure"]["code"], "rate-limited");
    let retry_at: Timestamp = limited["failure"]["retry_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(retry_at.duration_since(issued).as_hours(), 7 * 24);
    for key in ["3", "4", "5", "6"] {
        world.done(key, "issue-certificate", &hosts());
        world.done(key, "delete-certificate", &nothing());
    }
    assert_eq!(world.failed("7", "issue-certificate", &hosts()), "rate-limited", "five of the same");
}

#[test]
fn the_host_goes_on_asking_for_what_was_refused() {
    let mut world = World::new();
    world.done("1", "serve", &serve("live"));
    assert_eq!(world.failed("1", "issue-certificate", &hosts()), "challenge-failed");
    world.point_names();
    world.later(3_600_000);
    let look = world.looked_at("certificate");
    assert_eq!((&look["exists"], world.looked_at("served")["tls"].take()), (&json!(true), json!(true)));
    let until: Timestamp = look["not_after"].as_str().unwrap().parse().unwrap();
    world.later(61 * 86_400_000);
    let renewed: Timestamp = world.looked_at("certificate")["not_after"].as_str().unwrap().parse().unwrap();
    assert!(until < renewed, "it is renewed a month before its end");
}

#[test]
fn a_visitor_sees_what_there_is() {
    let mut world = with_site();
    let (front_end, ping) = (format!("http://{SITE}/"), format!("http://{API}/api/method/ping"));
    assert_eq!((world.seen(&front_end), world.seen(&ping)), (404, 404), "nginx knows nothing of it");
    world.done("1", "serve", &serve("live"));
    assert_eq!(world.seen(&front_end), 200);
    assert_eq!(world.visited(Method::GET, &ping), (200, json!({"message": "pong"})));
    for (page, status) in [
        ("login", 403),
        ("api/method/login", 403),
        ("api/v1/method/login", 403),
        ("api/v2/method/login", 403),
        ("api/method/frappe.core.doctype.user.user.reset_password", 403),
        ("api/method/ping?cmd=login", 403),
        ("site_config.json", 404),
        ("acme-7f3a9c/site_config.json", 404),
        ("api/resource/User", 404),
    ] {
        assert_eq!(world.seen(&format!("http://{API}/{page}")), status, "{page}");
        let posted = world.visited(Method::POST, &format!("http://{API}/{page}")).0;
        assert_eq!(posted, status, "{page}");
    }
    assert_eq!(world.seen("http://other.frappe.example/"), 404);
    let secure = format!("https://{API}/api/v2/method/ping");
    assert_eq!(world.seen(&secure), 502, "there is no certificate");
    world.point_names();
    world.done("1", "issue-certificate", &hosts());
    assert_eq!(world.visited(Method::GET, &secure), (200, json!({"data": "pong"})));
    assert_eq!(world.seen(&front_end), 301, "there is one");

    world.done("1", "configure-site", &settings(false, true));
    assert_eq!(world.seen(&secure), 200);
    assert_eq!(world.visited(Method::POST, &secure).0, 503, "it is read-only");
    world.done("2", "configure-site", &settings(true, false));
    assert_eq!(world.seen(&secure), 503, "it is suspended");
    assert_eq!(world.seen(&format!("https://{SITE}/")), 200, "the front end knows nothing of it");
    world.done("2", "serve", &serve("suspended"));
    assert_eq!(world.seen(&format!("https://{SITE}/")), 503);
    world.done("3", "serve", &serve("live"));
    world.done("3", "drop-site", &nothing());
    assert_eq!(world.seen(&secure), 404, "Frappe knows no such site");
}

#[test]
fn what_is_not_as_the_protocol_says_is_refused_and_begins_nothing() {
    let mut world = World::new();
    let good = |task: &str, input: Value| run(ACME, "1", task, &input);
    let with = |mut asked: Value, field: &str, value: Value| {
        *asked.pointer_mut(field).unwrap() = value;
        asked
    };
    let mut longer = good("new-site", nothing());
    longer["shell"] = json!("true");
    let mut shorter = good("new-site", nothing());
    shorter.as_object_mut().unwrap().remove("key");
    let user = json!({"email": "jo@acme.com", "first_name": "Jo", "roles": ["System Manager"]});
    for asked in [
        json!([]),
        longer,
        shorter,
        with(good("new-site", nothing()), "/version", json!("1")),
        with(good("new-site", nothing()), "/ask", json!("shell")),
        with(good("new-site", nothing()), "/name", json!("../etc")),
        with(good("new-site", nothing()), "/owner", json!("prod/acme-7f3a9c")),
        with(good("new-site", nothing()), "/owner", json!("demo/other-1")),
        with(good("new-site", nothing()), "/key", json!("a/b")),
        with(good("new-site", nothing()), "/task", json!("console")),
        with(good("new-site", nothing()), "/wait", json!(26)),
        with(good("new-site", nothing()), "/secrets", json!({})),
        with(good("serve", serve("live")), "/secrets", json!({"administrator": "correct-horse"})),
        good("new-site", json!({"app": "erpnext"})),
        good("install-app", json!({"app": "erpnext; reboot"})),
        good("install-app", nothing()),
        good("configure-site", with(settings(false, false), "/max_file_mb", json!(0))),
        good("configure-site", with(settings(false, false), "/oauth", json!({"name": "tenantry"}))),
        good("create-user", with(user.clone(), "/email", json!("jo@acme.com\nbcc:x@y.z"))),
        good("create-user", with(user, "/roles", json!([]))),
        good("seed-data", json!({"company": "Acme", "country": "Germany", "currency": "euro"})),
        good("serve", json!({"site": SITE, "api": SITE, "mode": "live"})),
        good("serve", json!({"site": "acme.example; deny all", "api": API, "mode": "live"})),
        good("serve", serve("open")),
        good("issue-certificate", json!({"hosts": []})),
        good("restore", json!({"files": [{"file": "../../x", "bytes": 0, "sha256": ""}]})),
        json!({"version": 1, "ask": "list", "of": "database", "after": null}),
    ] {
        let answer = world.agent(&asked);
        assert_eq!(answer["refused"]["code"], "invalid", "{asked}: {answer}");
        assert!(answer["refused"]["cause"].as_str().unwrap().contains(": "), "{answer}");
    }
    let newer = with(good("new-site", nothing()), "/version", json!(2));
    assert_eq!(world.agent(&newer)["refused"]["code"], "too-old");
    assert_eq!(world.get(URL).status, StatusCode::NOT_FOUND);
    world.later(60_000);
    assert_eq!(world.on_the_host(), []);
}

#[test]
fn a_listing_is_of_what_is_marked_in_the_order_of_names() {
    let mut world = World::with(&Settings { pace: Pace(0.0), ..Settings::default() });
    for number in 0..102 {
        world.agent(&run(&format!("t-{number:03}"), "1", "new-site", &nothing()));
    }
    world.plant_on_bench("site", "s-elsewhere", Some("elsewhere/s"), "");
    world.plant_on_bench("site", "s-nobodys", None, "");
    let list = |after: &Value| json!({"version": 1, "ask": "list", "of": "site", "after": after});
    let first = world.agent(&list(&Value::Null))["list"].take();
    let names = |part: &Value| -> Vec<String> {
        let items = part["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&first).len(), names(&first)[0].as_str()), (100, "s-elsewhere"));
    assert_eq!(first["items"][1]["owner"], "demo/t-000");
    assert_eq!(first["next"], "t-098");
    let last = world.agent(&list(&first["next"]))["list"].take();
    assert_eq!(
        (names(&last), &last["next"]),
        (vec!["t-099".into(), "t-100".into(), "t-101".into()], &Value::Null)
    );
}

#[test]
fn everything_on_the_host_is_told_by_its_owner() {
    let mut world = with_site();
    world.done("1", "serve", &serve("live"));
    world.ended("1", "issue-certificate", &hosts());
    let owner = || Some(format!("demo/{ACME}"));
    let ours = |kind, name: &str| (kind, name.to_owned(), owner());
    let there = [
        ours("certificate", ACME),
        ours("database", "_acme_7f3a9c"),
        ours("nginx-file", ACME),
        ours("site", ACME),
    ];
    assert_eq!(world.on_the_host(), there);
    // What ends while nobody asks is told all the same.
    world.job("1", "drop-site", &nothing());
    world.later(15_000);
    assert_eq!(world.on_the_host().len(), 2);
}

#[test]
fn a_fault_knows_what_is_asked_for() {
    for (asked, operation, act) in [
        (run(ACME, "1", "new-site", &nothing()), "new-site", Act::Create),
        (run(ACME, "1", "back-up", &nothing()), "back-up", Act::Create),
        (run(ACME, "1", "drop-site", &nothing()), "drop-site", Act::Destroy),
        (run(ACME, "1", "withdraw", &nothing()), "withdraw", Act::Destroy),
        (run(ACME, "1", "delete-certificate", &nothing()), "delete-certificate", Act::Destroy),
        (json!({"version": 1, "ask": "look"}), "look", Act::Read),
        (json!({"version": 1, "ask": "list"}), "list", Act::Read),
        (transfer("read", "1", "database.sql.gz", 0), "read", Act::Read),
        (transfer("write", "1", "database.sql.gz", 0), "write", Act::Create),
    ] {
        let call = Clouds::call(&request(Method::POST, URL, None, &asked)).unwrap();
        assert_eq!(
            (call.service.as_str(), call.operation.as_str(), call.act()),
            ("bench-host", operation, act)
        );
    }
    let visit = request(Method::GET, &format!("https://{SITE}/"), None, &Value::Null);
    assert_eq!(Clouds::call(&visit).unwrap().service, "tenant");
}
