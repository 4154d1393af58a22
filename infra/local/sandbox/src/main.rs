//! `sandbox --emulator http://127.0.0.1:4566 --ready urls.json`: runs until it is terminated.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use sandbox::aws::Aws;
use sandbox::control::{self, Control};
use sandbox::fault::Faults;
use sandbox::front::Front;
use sandbox::proxy::Proxy;
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
}

#[derive(Debug, Serialize)]
struct Urls {
    front: String,
    aws: String,
    control: String,
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

    // Renamed into place: whoever waits for the file reads a whole one.
    let urls = serde_json::to_vec(&Urls { front: front_url, aws: aws_url, control: control_url })?;
    let partial = arguments.ready.with_extension("partial");
    std::fs::write(&partial, urls)?;
    std::fs::rename(&partial, &arguments.ready)?;

    axum::serve(control_port, control::router(Control { faults, front })).await?;
    Ok(())
}

async fn listen(port: u16) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
