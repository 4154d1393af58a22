//! How long the API takes for a tenant, for a page of the list from anywhere in it, and for a search: the function in this
//! process, on the store in memory.

use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use store::{Database, Filter, Page, Tenants};
use tenancy::TenantId;
use tower::ServiceExt as _;

use crate::PAGE;
use crate::api;
use crate::population::sign_up;
use crate::report::Report;

/// Rounds go over all sizes in turn, so that what slows the machine for a while slows them all; the median decides.
const ROUNDS: usize = 11;

/// The first rounds only warm up.
const WARM_UP: usize = 2;

/// So many calls are measured in a round.
const SAMPLES: usize = 2_000;

/// A page from there takes so much longer at most.
const TARGET: f64 = 1.3;

/// A store with so many tenants in it.
struct Population {
    size: u32,
    api: Router,
    ids: Vec<TenantId>,
    /// Where pages begin that have one before them and one behind, for the first and the last are less to do.
    pages: Vec<Page>,
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Get,
    List,
    Search,
}

/// The 50th and the 99th of a hundred, in microseconds.
type Quantiles = (f64, f64);

pub(crate) async fn measure(sizes: &[u32], report: &mut Report) {
    let mut populations = Vec::new();
    for &size in sizes {
        let begun = Instant::now();
        populations.push(Population::of(size).await);
        println!("{size} tenants signed up in {:.1} s", begun.elapsed().as_secs_f64());
    }
    for call in [Call::Get, Call::List, Call::Search] {
        let mut rounds: Vec<Vec<Quantiles>> = vec![Vec::new(); populations.len()];
        for round in 0..ROUNDS {
            for (population, measured) in populations.iter().zip(&mut rounds) {
                let quantiles = population.round(call).await;
                if round >= WARM_UP {
                    measured.push(quantiles);
                }
            }
        }
        let medians: Vec<Quantiles> = rounds.iter().map(|rounds| medians(rounds)).collect();
        let few = sizes[0];
        for (size, (p50, p99)) in sizes.iter().zip(&medians).skip(1) {
            let call = format!("{call:?}").to_lowercase();
            for (quantile, value, peer) in [("p50", p50, medians[0].0), ("p99", p99, medians[0].1)] {
                let name = format!("{call} {quantile} of {size} tenants");
                report.compare(
                    name,
                    *value,
                    "µs",
                    (format!("{call} {quantile} of {few} tenants"), peer),
                    TARGET,
                );
            }
        }
    }
}

impl Population {
    async fn of(size: u32) -> Self {
        let db = Database::memory();
        let ids = sign_up(&db, size).await;
        let (tenants, api) = (Tenants::new(db.clone()), api::over(db));
        let page = async |after: Option<&Page>| {
            tenants.list(&Filter::default(), PAGE, after).await.expect("listed").1
        };
        let (mut pages, mut next) = (Vec::new(), page(None).await);
        while let Some(after) = next {
            next = page(Some(&after)).await;
            pages.extend(next.is_some().then_some(after));
        }
        Self { size, api, ids, pages }
    }

    async fn round(&self, call: Call) -> Quantiles {
        let mut random = fastrand::Rng::with_seed(u64::from(self.size));
        let mut samples = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let n = random.u32(..self.size);
            let id = &self.ids[usize::try_from(n).unwrap_or_default()];
            let Page(after) = &self.pages[random.usize(..self.pages.len())];
            let path = match call {
                Call::Get => format!("/v1/tenants/{id}"),
                Call::List => format!("/v1/tenants?limit={PAGE}&after={after}"),
                // For the one word of its name that nobody else has.
                Call::Search => format!("/v1/tenants?limit={PAGE}&text={n:06}"),
            };
            let request = Request::get(path).extension(api::admin()).body(Body::empty()).expect("a request");
            let begun = Instant::now();
            let answer = self.api.clone().oneshot(request).await.expect("an answer");
            let status = answer.status();
            let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
            samples.push(begun.elapsed().as_secs_f64() * 1e6);
            assert!(status.is_success() && body.len() > 200, "{status}");
        }
        samples.sort_by(f64::total_cmp);
        (samples[SAMPLES / 2], samples[SAMPLES * 99 / 100])
    }
}

fn medians(rounds: &[Quantiles]) -> Quantiles {
    let median = |of: fn(&Quantiles) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (median(|round| round.0), median(|round| round.1))
}
