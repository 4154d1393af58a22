//! A certificate for `localhost`, and the file of authorities that have clients believe it: all of the system's and this one, so
//! that reading them costs what it costs elsewhere.

#![allow(clippy::disallowed_methods)] // openssl makes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where Debian and Amazon Linux keep the system's.
const SYSTEM: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

#[derive(Debug)]
pub(crate) struct Certificate {
    /// This one.
    pub(crate) own: PathBuf,
    /// This one and the system's.
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
        let system = SYSTEM.iter().find(|path| Path::new(path).exists());
        let system = system.ok_or_else(|| io::Error::other("this system has no file of authorities"))?;
        fs::write(&authorities, [fs::read(system)?, fs::read(&own)?].concat())?;
        let certificate = CertificateDer::from_pem_file(&own).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
            .map_err(io::Error::other)?;
        Ok(Self { own, authorities, config: Arc::new(config) })
    }
}
