//! `sandbox --emulator http://127.0.0.1:4566 --ready urls.json`: runs until it is terminated.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use sandbox::aws::Aws;
use sandbox::clouds::{Clouds, Cluster, Credentials, Pace, Settings};
use sandbox::contract::Contract;
use sandbox::control::{self, Control};
use sandbox::dns::Dns;
use sandbox::fault::Faults;
use sandbox::front::Front;
use sandbox::proxy::Proxy;
use sandbox::sky::Sky;
use sandbox::vault::Vault;
use serde::Serialize;
use tokio::net::TcpListener;

/// The provider sandbox of the local stack. It listens on the loopback interface only.
#[derive(Debug, Parser)]
struct Arguments {
    /// Base URL of the AWS emulator.
    #[arg(long)]
    emulator: String,
    /// Where to write the sandbox's URLs, as JSON, once it listens.
    #[arg(long)]
    ready: PathBuf,
    /// Port of the public URL; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    front_port: u16,
    /// Port of the AWS the functions see.
    #[arg(long, default_value_t = 0)]
    aws_port: u16,
    /// Port of the sandbox's own API.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Port of the clouds. They are there when there are credentials for them.
    #[arg(long, default_value_t = 0)]
    clouds_port: u16,
    /// Port of the name server of Cloudflare's zones.
    #[arg(long, default_value_t = 0)]
    dns_port: u16,
    /// JSON file of whom the clouds let in: `{neon_key, cloudflare_token, google: {client_email, public_key_pem}, minio?, grafana?,
    /// rabbitmq?, websites_token?, kubernetes_token?}`.
    #[arg(long)]
    credentials: Option<PathBuf>,
    /// Folder of the providers' API documents, to hold against them what passes.
    #[arg(long, requires = "credentials")]
    contract: Option<PathBuf>,
    /// How slow the clouds are: 1 as the real ones, 0 not at all.
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
    /// Neon projects that exist.
    #[arg(long, default_value = "tenants", value_delimiter = ',')]
    neon_projects: Vec<String>,
    /// Cloudflare zones that exist, as `<id>=<name>`.
    #[arg(long, value_delimiter = ',', value_parser = zone)]
    cloudflare_zones: Vec<(String, String)>,
    /// Container images that exist; all, when none is named.
    #[arg(long, value_delimiter = ',')]
    images: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Urls {
    front: String,
    aws: String,
    control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    clouds: Option<String>,
    /// Where the zones' name server answers, over UDP and TCP: no URL, but `127.0.0.1:5353`.
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (front_port, front_url) = listen(arguments.front_port).await?;
    let (aws_port, aws_url) = listen(arguments.aws_port).await?;
    let (control_port, control_url) = listen(arguments.control_port).await?;

    let faults = Arc::new(Faults::default());
    let front = Front::default();
    let aws = Aws { emulator: arguments.emulator.trim_end_matches('/').to_owned() };
    tokio::spawn(Proxy::new(front.clone(), Arc::clone(&faults)).serve(front_port));
    tokio::spawn(Proxy::new(aws, Arc::clone(&faults)).serve(aws_port));

    let (sky, clouds_url, dns_address) = match &arguments.credentials {
        None => (None, None, None),
        Some(path) => {
            let (clouds_port, url) = listen(arguments.clouds_port).await?;
            let credentials: Credentials = serde_json::from_slice(&std::fs::read(path)?)?;
            let vault = Arc::new(Vault::new(arguments.emulator.trim_end_matches('/')));
            let mut settings = Settings {
                base: format!("{url}/"),
                pace: Pace(arguments.pace),
                backups: Some("mechanicbuddy-backups".to_owned()),
                neon_projects: arguments.neon_projects,
                images: arguments.images,
                cluster: Cluster { remote: Arc::<Vault>::clone(&vault), ..Cluster::default() },
                ..Settings::default()
            };
            if !arguments.cloudflare_zones.is_empty() {
                settings.cloudflare_zones = arguments.cloudflare_zones.into_iter().collect();
            }
            let contract = arguments.contract.as_deref().map(Contract::load).transpose()?;
            let clouds = Clouds::new(&settings, &credentials)?;
            let sky = Arc::new(Sky::new(clouds, contract, Arc::clone(&faults)).reading(vault));
            tokio::spawn(Arc::clone(&sky).serve(clouds_port));
            let (dns, address) = Dns::listen(arguments.dns_port).await?;
            tokio::spawn(dns.serve(Arc::clone(&sky)));
            (Some(sky), Some(url), Some(address))
        }
    };

    // Renamed into place: whoever waits for the file reads a whole one.
    let urls = serde_json::to_vec(&Urls {
        front: front_url,
        aws: aws_url,
        control: control_url,
        clouds: clouds_url,
        dns: dns_address,
    })?;
    let partial = arguments.ready.with_extension("partial");
    std::fs::write(&partial, urls)?;
    std::fs::rename(&partial, &arguments.ready)?;

    axum::serve(control_port, control::router(Control { faults, front, sky })).await?;
    Ok(())
}

async fn listen(port: u16) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn zone(text: &str) -> Result<(String, String), String> {
    let (id, name) =
        text.split_once('=').ok_or_else(|| format!("'{text}' is no zone: expected <id>=<name>"))?;
    Ok((id.to_owned(), name.to_owned()))
}
