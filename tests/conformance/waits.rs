//! How long something may take is a setting: `database_deadline_seconds`. Whoever waits for it waits for longer than that, so
//! that who is late is told by name; and all of it together is shorter than what a machine is given.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tenancy::{Blueprint, Plan};

use crate::repo::{Machine, Scope, State, assert_none, machines, text};

/// What Helm is given beyond the deadlines of what it installs.
const SLACK: u64 = 60;

/// The longest that each plan of a blueprint gives.
type Deadlines = BTreeMap<String, u64>;

#[test]
fn what_has_a_deadline_is_asked_for_until_that_is_over() {
    let mut problems = Vec::new();
    let mut found = 0;
    for machine in machines().iter().filter(|machine| machine.is_blueprint) {
        let deadlines = deadlines(&machine.name);
        for state in machine.states() {
            let (deadline, asked) = (deadline(&state, &deadlines), asked_for(&state));
            found += u64::from(deadline > 0);
            if deadline > 0 && asked < deadline + SLACK {
                problems.push(format!(
                    "{}: gives up after {asked} s on what has a deadline of {deadline} s",
                    state.place()
                ));
            }
        }
    }
    assert!(found > 0, "nothing has a deadline");
    assert_none(problems);
}

#[test]
fn all_deadlines_together_are_shorter_than_a_machine_has_time() {
    let machines = machines();
    let provision = machines.iter().find(|machine| machine.name == "provision-tenant").expect("one");
    let given = provision.state("Provision").json["TimeoutSeconds"].as_u64().expect("seconds");
    for machine in machines.iter().filter(|machine| machine.is_blueprint) {
        let longest = longest(&machine.scope(), &deadlines(&machine.name));
        assert!(longest + SLACK < given, "{} may wait for {longest} s of {given} s", machine.name);
    }
}

/// `PodReadyTimeoutSeconds` of 300 for database, API and web in turn, `MigrationTimeoutSeconds` of 300, and
/// `ProvisioningTimeoutSeconds` of 600 for all of it.
#[test]
fn the_guides_waits_are_longer_than_what_it_gives_itself() {
    let wait = |setting: &str, next: Option<&str>| {
        let seconds = format!("{{% $tenant.settings.{setting}_deadline_seconds %}}");
        let mut state =
            json!({"Type": "Task", "Arguments": {"Payload": {"params": {"deadline_seconds": seconds}}}});
        match next {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        state
    };
    let definition = json!({"StartAt": "Migrate", "States": {
        "Migrate": wait("migration", Some("WaitForDatabase")),
        "WaitForDatabase": wait("database", Some("WaitForApi")),
        "WaitForApi": wait("api", Some("WaitForWeb")),
        "WaitForWeb": wait("web", None),
    }});
    let guide = Machine { name: "guide".to_owned(), is_blueprint: true, definition };
    let settings = ["migration", "database", "api", "web"];
    let deadlines = settings.map(|of| (format!("{of}_deadline_seconds"), 300)).into();
    assert_eq!(longest(&guide.scope(), &deadlines), 1200, "of 600");
}

/// How many seconds a state that is not ready is asked again for; its own time comes on top.
fn asked_for(state: &State<'_>) -> u64 {
    let Some(rule) = state.all("Retry").find(|rule| rule["ErrorEquals"] == json!(["NotReady"])) else {
        return 0;
    };
    let number = |name: &str| rule[name].as_f64().unwrap_or_else(|| panic!("{}: {name}", state.place()));
    let (attempts, longest) = (rule["MaxAttempts"].as_u64().unwrap_or_default(), number("MaxDelaySeconds"));
    let mut delay = number("IntervalSeconds");
    let mut asked_for = Duration::ZERO;
    for _ in 0..attempts {
        asked_for += Duration::from_secs_f64(delay);
        delay = (delay * number("BackoffRate")).min(longest);
    }
    asked_for.as_secs()
}

/// The longest deadline that a state is told; 0, if none.
fn deadline(state: &State<'_>, deadlines: &Deadlines) -> u64 {
    let told = Value::from(state.own()).to_string();
    let told = deadlines.iter().filter(|(name, _)| told.contains(&format!("settings.{name} ")));
    told.map(|(_, seconds)| *seconds).max().unwrap_or_default()
}

/// What the deadlines of states add up to that follow one another; of those side by side, the longest.
fn longest(scope: &Scope<'_>, deadlines: &Deadlines) -> u64 {
    fn from(scope: &Scope<'_>, name: &str, deadlines: &Deadlines) -> u64 {
        let state = scope.state(name).expect("a state");
        let inner = state.inner().iter().map(|scope| longest(scope, deadlines)).max();
        let own = inner.unwrap_or_else(|| deadline(&state, deadlines));
        let after = state.edges().into_iter().map(|edge| from(scope, edge.next, deadlines)).max();
        own + after.unwrap_or_default()
    }
    from(scope, scope.start, deadlines)
}

fn deadlines(blueprint: &str) -> Deadlines {
    fn read<T: serde::de::DeserializeOwned>(folder: &str, name: &str) -> T {
        let file = format!("infra/catalogue/{folder}/{name}.toml");
        toml::from_str(&text(&file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }
    let Blueprint { settings, plans, .. } = read("blueprints", blueprint);
    let plans = plans.iter().map(|plan| read::<Plan>("plans", plan).settings);
    let mut deadlines = Deadlines::new();
    for (name, value) in
        plans.flatten().chain(settings).filter(|(name, _)| name.ends_with("_deadline_seconds"))
    {
        let seconds: u64 = value.parse().unwrap_or_else(|e| panic!("{blueprint}: {name}: {e}"));
        let longest = deadlines.entry(name).or_default();
        *longest = seconds.max(*longest);
    }
    deadlines
}
