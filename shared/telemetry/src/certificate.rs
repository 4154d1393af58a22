use std::time::Duration;

use crate::emf::record;
use crate::metric::{Metric, Unit};

pub(crate) static WAIT: Metric = Metric {
    name: "CertificateWait",
    unit: Unit::Seconds,
    by: &[&["state"]],
    from: "`cloudflare-probe-domain`, `kubernetes-probe-domain`",
    tells: "How long a custom domain that leads here has been without a certificate: so far at each look (`waiting`), or in all (`issued`).",
};

/// What a look at a domain's certificate saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    Waiting,
    Issued,
}

/// Records how long a domain that leads here has waited for its certificate.
pub fn certificate_seen(certificate: Certificate, waited: Duration) {
    let state = match certificate {
        Certificate::Waiting => "waiting",
        Certificate::Issued => "issued",
    };
    record(&[("state", state)], &[(&WAIT, waited.as_secs())]);
}
