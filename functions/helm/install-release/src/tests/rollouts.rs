//! How a new version comes to serve, by what stands in the cluster meanwhile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubernetes::api::core::v1::Service;

use super::*;

const OLD: &str = "1.4.2";
const NEW: &str = "1.5.0";
const BY: [&str; 2] = ["flux", "k3s"];

/// What there is at a moment.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The versions that visitors are sent to.
    visited: Vec<String>,
    /// Deployments, with their versions.
    deployed: BTreeMap<String, String>,
}

/// By what, how, and to which version.
fn to(by: &str, rollout: &str, version: &str) -> Params {
    let mut params =
        params(&json!({ "by": by, "rollout": rollout, "version": version, "soak_seconds": "10" }));
    for size in [&mut params.api, &mut params.web] {
        size.deadline_seconds = "20".to_owned();
    }
    params
}

fn deployed(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, tag)| ((*name).to_owned(), (*tag).to_owned())).collect()
}

/// How a rollout to the new version goes on.
#[derive(Debug)]
struct Way {
    rollout: &'static str,
    /// What there is while it is tried, and for how long.
    tried: BTreeMap<String, String>,
    /// What visitors are sent to meanwhile.
    visited: &'static str,
    ended: BTreeMap<String, String>,
}

fn ways() -> [Way; 2] {
    [
        Way {
            rollout: "canary",
            tried: deployed(&[("api", OLD), ("api-canary", NEW), ("web", OLD), ("web-canary", NEW)]),
            visited: OLD,
            ended: deployed(&[("api", NEW), ("web", NEW)]),
        },
        Way {
            rollout: "blue-green",
            tried: deployed(&[("api", OLD), ("api-green", NEW), ("web", OLD), ("web-green", NEW)]),
            visited: NEW,
            ended: deployed(&[("api-green", NEW), ("web-green", NEW)]),
        },
    ]
}

impl World {
    async fn with(by: &str, cluster: clouds::Cluster) -> Arc<Self> {
        let world = Self::new(cluster).await;
        world.install(&first(), &to(by, "canary", OLD)).await.expect("installed");
        world
    }

    async fn seen(self: &Arc<Self>) -> Seen {
        let selector = "tenant=acme-7f3a9c";
        let deployments =
            self.cluster().list::<Deployment>(Some(NAMESPACE), selector, None).await.expect("deployments");
        let version = |deployment: Deployment| {
            let labels = deployment.metadata.labels.expect("labels");
            (deployment.metadata.name.expect("a name"), labels["app.kubernetes.io/version"].clone())
        };
        let mut visited = Vec::new();
        for name in ["api", "web"] {
            let service: Service =
                self.cluster().find(Some(NAMESPACE), name).await.expect("an answer").expect("a service");
            let selector = service.spec.expect("a spec").selector.expect("a selector");
            let selector: Vec<String> =
                selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let pods = self.cluster().list::<Pod>(Some(NAMESPACE), &selector.join(","), None).await;
            visited.extend(pods.expect("pods").items.iter().filter(|pod| is_ready(pod)).map(|pod| {
                let image = pod.spec.as_ref().expect("a spec").containers[0].image.as_deref();
                let (_, tag) = image.expect("an image").rsplit_once(':').expect("a tag");
                tag.to_owned()
            }));
        }
        visited.sort();
        visited.dedup();
        Seen { visited, deployed: deployments.items.into_iter().map(version).collect() }
    }

    /// What was seen after each call, and when, until it is there or lost.
    async fn watched(
        self: &Arc<Self>,
        cx: &Context,
        params: &Params,
    ) -> (Vec<(Timestamp, Seen)>, Result<Output, Fault>) {
        let mut all = Vec::new();
        for _ in 0..300 {
            let answer = self.once(cx, params).await;
            let seen = self.seen().await;
            if all.last().is_none_or(|(_, last)| *last != seen) {
                all.push((clock::now(), seen));
            }
            match answer {
                Err(fault) if fault.kind == Kind::NotReady => {}
                other => return (all, other),
            }
            later(3).await;
        }
        panic!("it has no end: {all:?}");
    }

    async fn stays(self: &Arc<Self>) -> Vec<Option<String>> {
        let selector = "tenant=acme-7f3a9c,track=stable";
        let pods = self.cluster().list::<Pod>(Some(NAMESPACE), selector, None).await;
        let pods = pods.expect("pods").items.into_iter().filter(is_ready);
        let mut names: Vec<_> = pods.map(|pod| pod.metadata.name).collect();
        names.sort();
        names
    }
}

/// One that goes is not sent anybody any more.
fn is_ready(pod: &Pod) -> bool {
    if pod.metadata.deletion_timestamp.is_some() {
        return false;
    }
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|it| it.type_ == "Ready" && it.status == "True"))
}

fn second() -> Context {
    context(2, &json!({}))
}

fn back() -> Context {
    context(3, &json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_new_version_is_tried_before_the_old_one_goes() {
    for by in BY {
        for Way { rollout, tried, visited, ended } in ways() {
            let world = World::with(by, clouds::Cluster::default()).await;
            let (seen, answer) = world.watched(&second(), &to(by, rollout, NEW)).await;
            let output = answer.expect(rollout);
            assert_eq!(output.deployments.to_vec(), ended.keys().cloned().collect::<Vec<_>>(), "{by}");
            for (_, moment) in &seen {
                assert!(!moment.visited.is_empty(), "{by} {rollout}: nobody is there: {seen:#?}");
            }
            // Nobody is sent to what is not up; whoever is sent to another slot is sent there with all others.
            let both = seen.iter().filter(|(_, it)| it.visited.len() > 1).count();
            assert!(rollout == "canary" || both == 0, "{by} {rollout}: {seen:#?}");
            let last = &seen.last().expect("some").1;
            assert_eq!((last.visited.join(" "), &last.deployed), (NEW.to_owned(), &ended), "{by}");
            let on_trial = |(_, it): &&(Timestamp, Seen)| it.deployed == tried && it.visited == [visited];
            let began = seen.iter().find(on_trial).unwrap_or_else(|| panic!("{by} {rollout}: {seen:#?}")).0;
            let over = seen.iter().find(|(at, it)| *at > began && it.deployed != tried).expect("an end").0;
            assert!(over.duration_since(began) >= SignedDuration::from_secs(8), "{by} {rollout}: {seen:#?}");
            // There is nothing more to be done, also for another operation.
            let pods = world.stays().await;
            world.once(&second(), &to(by, rollout, NEW)).await.expect("as it is");
            world.install(&back(), &to(by, rollout, NEW)).await.expect("as it is");
            assert_eq!(world.stays().await, pods, "{by} {rollout}");
            assert_eq!(world.seen().await.deployed, ended, "{by} {rollout}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slots_are_changed_back_by_the_next_version() {
    for by in BY {
        let world = World::with(by, clouds::Cluster::default()).await;
        world.install(&second(), &to(by, "blue-green", NEW)).await.expect("green");
        // A canary stands beside the slot that serves.
        world.install(&back(), &to(by, "canary", "1.6.0")).await.expect("a canary");
        assert_eq!(world.seen().await.deployed, deployed(&[("api-green", "1.6.0"), ("web-green", "1.6.0")]));
        let output = world.install(&context(4, &json!({})), &to(by, "blue-green", "1.7.0")).await;
        assert_eq!(output.expect("blue").deployments, ["api", "web"]);
        assert_eq!(world.seen().await.deployed, deployed(&[("api", "1.7.0"), ("web", "1.7.0")]), "{by}");
    }
}

/// A call that ends anywhere leaves what the next one goes on from.
#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_is_gone_on_from() {
    for by in BY {
        for Way { rollout, ended, .. } in ways() {
            let world = World::with(by, clouds::Cluster::default()).await;
            let (cx, params) = (second(), to(by, rollout, NEW));
            let mut answer = None;
            for call in 0..400 {
                world.cut_after(Some(call % 29));
                let cut = world.once(&cx, &params).await;
                world.cut_after(None);
                assert!(!world.seen().await.visited.is_empty(), "{by} {rollout}: nobody is there");
                answer = cut.ok();
                if answer.is_some() {
                    break;
                }
                later(2).await;
            }
            assert!(answer.is_some(), "{by} {rollout}: no end");
            let seen = world.seen().await;
            assert_eq!((seen.visited.join(" "), seen.deployed), (NEW.to_owned(), ended), "{by} {rollout}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_it_serves_is_named_and_never_touches_what_does() {
    for by in BY {
        for (Way { rollout, .. }, name) in ways().into_iter().zip(["web-canary", "web-green"]) {
            let broken = vec![format!("web:{NEW}")];
            let world = World::with(by, clouds::Cluster { broken, ..clouds::Cluster::default() }).await;
            let pods = world.stays().await;
            let (seen, answer) = world.watched(&second(), &to(by, rollout, NEW)).await;
            let fault = answer.expect_err("it crashes");
            assert_eq!(fault.kind, Kind::Terminal, "{by} {rollout}: {fault:?}");
            let told = format!("the {name} failed: CrashLoopBackOff: pod {name}-");
            assert!(fault.cause.starts_with(&told), "{by} {rollout}: {fault:?}");
            assert!(seen.iter().all(|(_, it)| it.visited == [OLD]), "{by} {rollout}: {seen:#?}");
            let (seen, answer) = world.watched(&back(), &to(by, rollout, OLD)).await;
            assert_eq!(answer.expect("led back").deployments, ["api", "web"]);
            assert!(seen.iter().all(|(_, it)| it.visited == [OLD]), "{by} {rollout}: {seen:#?}");
            assert_eq!(world.seen().await.deployed, deployed(&[("api", OLD), ("web", OLD)]));
            assert_eq!(world.stays().await, pods, "{by} {rollout}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_started_again_while_it_is_tried_has_failed() {
    for by in BY {
        for (Way { rollout, .. }, name) in ways().into_iter().zip(["web-canary", "web-green"]) {
            let leaking = vec![(format!("web:{NEW}"), Duration::from_secs(14))];
            let world = World::with(by, clouds::Cluster { leaking, ..clouds::Cluster::default() }).await;
            let pods = world.stays().await;
            let soak = Params { soak_seconds: "30".to_owned(), ..to(by, rollout, NEW) };
            let fault = world.install(&second(), &soak).await.expect_err("it leaks");
            assert_eq!(fault.kind, Kind::Terminal, "{by} {rollout}: {fault:?}");
            let told = format!("the {name} failed: OOMKilled: pod {name}-");
            assert!(fault.cause.starts_with(&told), "{by} {rollout}: {fault:?}");
            world.install(&back(), &to(by, rollout, OLD)).await.expect("led back");
            let seen = world.seen().await;
            assert_eq!(seen.visited, [OLD], "{by} {rollout}");
            assert_eq!(seen.deployed, deployed(&[("api", OLD), ("web", OLD)]), "{by} {rollout}");
            assert_eq!(world.stays().await, pods, "{by} {rollout}: what served is kept");
        }
    }
}

/// Whatever was seen last of it.
#[tokio::test(start_paused = true)]
async fn it_is_led_back_from_every_stage() {
    for by in BY {
        for Way { rollout, ended, .. } in ways() {
            let mut calls = 0;
            loop {
                let world = World::with(by, clouds::Cluster::default()).await;
                let pods = world.stays().await;
                let mut is_over = false;
                for _ in 0..calls {
                    is_over = world.once(&second(), &to(by, rollout, NEW)).await.is_ok();
                    later(6).await;
                }
                let replaced = world.seen().await.deployed == ended;
                let (seen, answer) = world.watched(&back(), &to(by, rollout, OLD)).await;
                answer.unwrap_or_else(|fault| panic!("{by} {rollout} after {calls}: {fault:?}"));
                assert!(seen.iter().all(|(_, it)| !it.visited.is_empty()), "{by} {rollout} after {calls}");
                let last = &seen.last().expect("some").1;
                assert_eq!(last.visited, [OLD], "{by} {rollout} after {calls}");
                assert_eq!(last.deployed, deployed(&[("api", OLD), ("web", OLD)]), "{by} {rollout}");
                if !replaced {
                    assert_eq!(
                        world.stays().await,
                        pods,
                        "{by} {rollout} after {calls}: what served is kept"
                    );
                }
                if is_over {
                    break;
                }
                calls += 1;
            }
            assert!(calls > 3, "{by} {rollout}: only {calls} calls");
        }
    }
}

/// Another version is wanted before one is out, or that one is wanted by another operation.
#[tokio::test(start_paused = true)]
async fn what_is_half_out_gives_way_to_what_is_wanted_now() {
    for by in BY {
        for (Way { rollout, .. }, other) in ways().into_iter().zip(["blue-green", "canary"]) {
            for (version, how) in [(NEW, rollout), (NEW, other), (NEW, "rolling"), ("1.6.0", rollout)] {
                let world = World::with(by, clouds::Cluster::default()).await;
                for _ in 0..2 {
                    world.once(&second(), &to(by, rollout, NEW)).await.expect_err("half out");
                    later(5).await;
                }
                let (seen, answer) = world.watched(&back(), &to(by, how, version)).await;
                let serving = answer.expect("out").deployments;
                let of_it: BTreeMap<_, _> =
                    serving.into_iter().map(|name| (name, version.to_owned())).collect();
                let last = &seen.last().expect("some").1;
                assert_eq!(
                    (&last.visited, &last.deployed),
                    (&vec![version.to_owned()], &of_it),
                    "{by} {how}"
                );
                assert!(seen.iter().all(|(_, it)| !it.visited.is_empty()), "{by} {rollout} {how}: {seen:#?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn beside_what_does_not_serve_nothing_is_tried() {
    let alone = |seen: &[(Timestamp, Seen)]| seen.iter().all(|(_, it)| it.deployed.keys().eq(["api", "web"]));
    for by in BY {
        for Way { rollout, .. } in ways() {
            let world = World::new(clouds::Cluster::default()).await;
            let mut last = None;
            for (operation, special, version) in [
                (1, json!({}), OLD),
                (2, json!({ "suspended": true }), NEW),
                (3, json!({ "hibernating": true }), "1.6.0"),
                // It wakes, and did not serve before.
                (4, json!({}), "1.7.0"),
            ] {
                for call in 0..60 {
                    let answer = world.once(&context(operation, &special), &to(by, rollout, version)).await;
                    // Before the first call there is no service to look at.
                    if call > 5 || operation > 1 {
                        assert!(alone(&[(clock::now(), world.seen().await)]), "{by} {rollout} {special}");
                    }
                    last = answer.ok();
                    if last.is_some() {
                        break;
                    }
                    later(3).await;
                }
                assert!(last.is_some(), "{by} {rollout} {special}");
            }
            assert_eq!(world.seen().await.visited, ["1.7.0"], "{by} {rollout}");
        }
    }
}

/// A version that came out and does not serve would keep a release from ever being ready with something beside it.
#[tokio::test(start_paused = true)]
async fn a_version_that_failed_is_replaced_at_once() {
    for by in BY {
        for Way { rollout, .. } in ways() {
            let broken = vec![format!("api:{NEW}")];
            let world = World::with(by, clouds::Cluster { broken, ..clouds::Cluster::default() }).await;
            let fault = world.install(&second(), &to(by, "rolling", NEW)).await.expect_err("it crashes");
            assert_eq!(fault.kind, Kind::Terminal, "{by}: {fault:?}");
            let (seen, answer) = world.watched(&back(), &to(by, rollout, OLD)).await;
            answer.unwrap_or_else(|fault| panic!("{by} {rollout}: {fault:?}"));
            assert!(seen.iter().all(|(_, it)| it.deployed.len() == 2), "{by} {rollout}: {seen:#?}");
            assert_eq!(world.seen().await.visited, [OLD]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_would_wait_for_and_what_cannot_be_read_is_refused_before_anything_is_changed() {
    let world = World::new(clouds::Cluster::default()).await;
    for soak in ["a while", "301"] {
        let wrong = params(&json!({ "soak_seconds": soak }));
        let fault = world.once(&first(), &wrong).await.expect_err("a wrong setting");
        assert!(fault.kind == Kind::Terminal && fault.cause.contains("soak_seconds"), "{fault:?}");
        assert!(fault.hint.is_some());
    }
    assert!(world.found("api").await.is_none());
    world.install(&first(), &by("k3s")).await.expect("installed");
    let mut chart: HelmChart =
        world.cluster().find(Some(NAMESPACE), RELEASE).await.expect("an answer").expect("a chart");
    let spec = HelmChartSpec { values_content: "image: {tag: 1.4.2}".to_owned(), ..chart.spec };
    chart = HelmChart::new(NAMESPACE, RELEASE, spec);
    world.cluster().apply(&chart, OWNER).await.expect("changed by hand");
    let fault = world.once(&second(), &by("k3s")).await.expect_err("no JSON");
    assert!(fault.kind == Kind::Terminal && fault.hint.is_some(), "{fault:?}");
}
