//! A certificate for `localhost`, and the file of authorities that has clients believe it: this one after Mozilla's, which Debian and
//! Amazon Linux have too, so that reading them costs what it costs elsewhere. The system's own would be others on each machine.

#![allow(clippy::disallowed_methods)] // openssl makes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

#[derive(Debug)]
pub(crate) struct Certificate {
    /// This one.
    pub(crate) own: PathBuf,
    /// Mozilla's and this one.
    pub(crate) authorities: PathBuf,
    pub(crate) config: Arc<ServerConfig>,
}

impl Certificate {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let [own, key, authorities] = ["own.pem", "key.pem", "authorities.pem"].map(|name| folder.join(name));
        let made = Command::new("openssl")
            .args(
                "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj /CN=localhost"
                    .split(' '),
            )
            .args(
                "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE".split(' '),
            )
            .arg("-out")
            .arg(&own)
            .arg("-keyout")
            .arg(&key)
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let mozilla: String = TLS_SERVER_ROOT_CERTS.iter().map(|authority| pem(authority)).collect();
        fs::write(&authorities, mozilla + &fs::read_to_string(&own)?)?;
        let certificate = CertificateDer::from_pem_file(&own).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
            .map_err(io::Error::other)?;
        Ok(Self { own, authorities, config: Arc::new(config) })
    }
}

/// A certificate as text (RFC 7468).
fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: String = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}
