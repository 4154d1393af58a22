//! `tenantry`, the operator's command: writes the catalogue, signs up tenants, and shows what becomes of them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its terminal")]

mod api;
mod billing;
mod catalogue;
mod changes;
mod demo;
mod domain;
mod entry;
mod orphans;
mod plan;
mod preview;
mod provision;
mod repair;
mod report;
mod sign_in;
mod table;
mod tenant;
mod theme;
mod watch;
mod webhook;
mod workflow;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use reqwest::Url;

use crate::api::Api;
use crate::sign_in::SignIn;

/// Provisions tenants, and shows what becomes of them.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version)]
struct Cli {
    /// Where the API answers, for example https://api.example.com.
    #[arg(long, env = "TENANTRY_API", global = true)]
    api: Option<Url>,
    #[command(flatten)]
    sign_in: SignIn,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes plans, themes and blueprints.
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// Lists, retries and resolves what would not go.
    #[command(subcommand)]
    Repair(repair::Command),
    /// Looks for what providers hold and no ledger does, and has it destroyed.
    #[command(subcommand)]
    Orphans(orphans::Command),
    /// Lists, signs up, shows, approves, changes, suspends, retries and deletes tenants.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Lists, approves and rejects what one admin wants and another has to approve.
    #[command(subcommand)]
    Changes(changes::Command),
    /// Adds, shows and removes the domains of a tenant's own.
    #[command(subcommand)]
    Domain(domain::Command),
    /// Lists, adds, changes and tries endpoints that are told what happens, and sends again what they missed.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Shows what is paid for, and what billers say.
    #[command(subcommand)]
    Billing(billing::Command),
    /// Lists the plans.
    Plans,
    /// Puts a plan on offer, takes it off or deletes it.
    #[command(subcommand)]
    Plan(entry::Command),
    /// Lists the themes.
    Themes,
    /// Puts a theme on offer, takes it off or deletes it.
    #[command(subcommand)]
    Theme(entry::Command),
    /// Puts a blueprint on offer, takes it off or deletes it.
    #[command(subcommand)]
    Blueprint(entry::Command),
    /// Signs up a tenant and shows its steps until it answers.
    Provision(provision::Provision),
    /// Signs up a tenant from nothing to a site that answers, or makes a step fail and shows that nothing is left.
    Demo(demo::Demo),
}

/// What a command says to the shell, or why it could not do its work.
type Outcome = Result<ExitCode, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Cli::parse()).await.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> Outcome {
    let api = async || -> Result<Api, Box<dyn Error>> {
        let base = cli.api.ok_or("say where the API answers: --api or TENANTRY_API")?;
        Ok(Api::new(base, cli.sign_in.token().await?))
    };
    match cli.command {
        Command::Catalogue(command) => command.run(api).await,
        Command::Tenant(command) => command.run(&api().await?).await,
        Command::Repair(command) => command.run(&api().await?).await,
        Command::Orphans(command) => command.run(&api().await?).await,
        Command::Domain(command) => command.run(&api().await?).await,
        Command::Changes(command) => command.run(&api().await?).await,
        Command::Webhook(command) => command.run(&api().await?).await,
        Command::Billing(command) => command.run(&api().await?).await,
        Command::Plans => plan::list(&api().await?).await,
        Command::Plan(command) => command.run(&api().await?, "plan").await,
        Command::Themes => theme::list(&api().await?).await,
        Command::Theme(command) => command.run(&api().await?, "theme").await,
        Command::Blueprint(command) => command.run(&api().await?, "blueprint").await,
        Command::Provision(provision) => provision.run(&api().await?).await,
        Command::Demo(demo) => demo.run(&api().await?).await,
    }
}
