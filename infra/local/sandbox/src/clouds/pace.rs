//! How long things take in the clouds. Measured or documented for the real ones, and scaled together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// 1 is as slow as the real clouds; 0 has everything done at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(pub f64);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pace {
    /// A negative or impossible pace is no pace.
    pub fn scale(self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() * self.0).unwrap_or_default()
    }
}

/// When a call arrives, and how fast time goes for what it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) pace: Pace,
}

impl Moment {
    /// When something that takes so long, and begins now, is done.
    pub(crate) fn after(self, duration: Duration) -> Timestamp {
        self.of(self.now, duration)
    }

    /// The same for what begins later.
    pub(crate) fn of(self, begin: Timestamp, duration: Duration) -> Timestamp {
        let scaled = SignedDuration::try_from(self.pace.scale(duration)).unwrap_or_default();
        begin.checked_add(scaled).unwrap_or(begin)
    }
}

pub(crate) const NEON_CREATE_BRANCH: Duration = Duration::from_millis(1500);
pub(crate) const NEON_START_COMPUTE: Duration = Duration::from_millis(500);
/// A role, a database, a password, a limit: the compute takes a new configuration.
pub(crate) const NEON_APPLY_CONFIG: Duration = Duration::from_millis(500);
pub(crate) const NEON_DELETE_BRANCH: Duration = Duration::from_millis(800);
/// Google says "typically 2 minutes, potentially 7"; what one sees is seconds.
pub(crate) const IAM_PROPAGATION: Duration = Duration::from_secs(2);
/// From the order of a revision until Cloud Run looks at the secrets it names.
pub(crate) const CLOUD_RUN_LOOKS_AT_SECRETS: Duration = Duration::from_secs(1);
/// From the order of a revision until its container runs; its own start comes on top.
pub(crate) const CLOUD_RUN_DEPLOY: Duration = Duration::from_secs(7);
/// Until a revision that cannot run is given up.
pub(crate) const CLOUD_RUN_FAIL: Duration = Duration::from_secs(5);
/// A change that needs no new revision.
pub(crate) const CLOUD_RUN_CONFIGURE: Duration = Duration::from_secs(1);
pub(crate) const CLOUD_RUN_DELETE: Duration = Duration::from_secs(3);
/// An instance without requests is stopped after this.
pub(crate) const CLOUD_RUN_IDLE: Duration = Duration::from_secs(900);
/// `medusa db:migrate` on an empty database and `medusa start`.
pub(crate) const MEDUSA_FIRST_START: Duration = Duration::from_secs(8);
pub(crate) const MEDUSA_START: Duration = Duration::from_secs(2);
/// Until a custom hostname has been looked at for the first time.
pub(crate) const CLOUDFLARE_INITIALIZE: Duration = Duration::from_secs(1);
/// Each of Cloudflare's four stages between the right DNS and a certificate.
pub(crate) const CLOUDFLARE_CERTIFICATE_STAGE: Duration = Duration::from_secs(5);

/// Until the last name server has learnt of a record.
pub(crate) const CLOUDFLARE_DNS: Duration = Duration::from_secs(5);

/// What any call takes, 80 to 250 ms, told from a number that counts calls.
pub(crate) fn latency(call: u64) -> Duration {
    Duration::from_millis(80 + (call.wrapping_mul(2_654_435_761) >> 7) % 171)
}
/// From a pod to its place on a node, its image there, and its containers running.
pub(crate) const KUBERNETES_SCHEDULE: Duration = Duration::from_millis(100);
pub(crate) const KUBERNETES_PULL: Duration = Duration::from_secs(2);
pub(crate) const KUBERNETES_START: Duration = Duration::from_millis(500);
/// A container that was told to stop, and one that crashes.
pub(crate) const KUBERNETES_STOP: Duration = Duration::from_secs(1);
pub(crate) const KUBERNETES_CRASH: Duration = Duration::from_secs(2);
/// What a job does.
pub(crate) const KUBERNETES_JOB: Duration = Duration::from_secs(3);
/// What an init container does, as a migration of an API's tables.
pub(crate) const KUBERNETES_INIT: Duration = Duration::from_secs(2);
/// A job tries again after this, and after twice as long the next time.
pub(crate) const KUBERNETES_BACKOFF: Duration = Duration::from_secs(10);
/// From the last object of a namespace to its end; as long again at most, by its name.
pub(crate) const KUBERNETES_NAMESPACE: Duration = Duration::from_secs(5);
/// From an application to what it ought to be, and from there to what it is.
pub(crate) const ARGOCD_COMPARE: Duration = Duration::from_secs(1);
pub(crate) const ARGOCD_SYNC: Duration = Duration::from_secs(2);
/// Order, challenge, certificate.
pub(crate) const CERT_MANAGER_ISSUE: Duration = Duration::from_secs(8);
/// Two certificates that want one secret take it from each other as often.
pub(crate) const CERT_MANAGER_QUARREL: Duration = Duration::from_secs(2);
pub(crate) const EXTERNAL_SECRETS_SYNC: Duration = Duration::from_millis(500);
/// Until an operator's database takes connections.
pub(crate) const OPERATOR_DATABASE: Duration = Duration::from_secs(30);
/// From the container of a new Postgres until it takes connections, and the same of one that has run before or that follows
/// another. With its jobs a database is there after some forty seconds, and each of its replicas twenty later.
pub(crate) const POSTGRES_FIRST_START: Duration = Duration::from_secs(30);
pub(crate) const POSTGRES_START: Duration = Duration::from_secs(10);
/// A base backup of a database that holds little.
pub(crate) const POSTGRES_BACKUP: Duration = Duration::from_secs(10);
/// Until a chart is installed.
pub(crate) const OPERATOR_CHART: Duration = Duration::from_secs(5);
/// What bench's programs take: a new site, its apps, and what is done in one.
pub(crate) const BENCH_NEW_SITE: Duration = Duration::from_secs(45);
pub(crate) const BENCH_ERPNEXT: Duration = Duration::from_secs(180);
pub(crate) const BENCH_INSTALL_APP: Duration = Duration::from_secs(40);
pub(crate) const BENCH_CONFIGURE: Duration = Duration::from_secs(5);
pub(crate) const BENCH_USER: Duration = Duration::from_secs(3);
pub(crate) const BENCH_SEED: Duration = Duration::from_secs(10);
pub(crate) const BENCH_DROP_SITE: Duration = Duration::from_secs(15);
pub(crate) const BENCH_BACK_UP: Duration = Duration::from_secs(20);
pub(crate) const BENCH_RESTORE: Duration = Duration::from_secs(60);
/// certbot: order, challenge, certificate.
pub(crate) const BENCH_CERTIFICATE: Duration = Duration::from_secs(8);
/// What there is to be done and is done already, and a file of nginx' with its reload.
pub(crate) const BENCH_MOMENT: Duration = Duration::from_secs(1);
