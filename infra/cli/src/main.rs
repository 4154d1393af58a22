//! `tenantry`, the operator's command: writes the catalogue, signs up tenants, and shows what becomes of them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its terminal")]

mod api;
mod catalogue;
mod change_requests;
mod demo;
mod domain;
mod events;
mod failure;
mod form;
mod manual;
mod orphans;
mod plan;
mod preview;
mod profile;
mod repair_tasks;
mod report;
mod session;
mod sign_in;
mod subscription;
mod table;
mod tenant;
mod watch;
mod webhook;
mod workflow;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tenancy::SubscriptionId;

use crate::failure::{EXIT_CODES, Failure};
use crate::form::Form;
use crate::session::Target;

/// Provisions tenants, and shows what becomes of them.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Tenant(Box<tenant::Command>),
    /// Says what a command would come to, and does nothing: give the command itself, without --watch.
    #[command(subcommand)]
    Plan(plan::Command),
    /// Adds, shows and removes the domains of a tenant's own.
    #[command(subcommand)]
    Domain(domain::Command),
    /// Lists, approves and rejects what one admin wants and another has to approve.
    #[command(subcommand)]
    ChangeRequests(change_requests::Command),
    /// Lists, retries and resolves what would not go.
    #[command(subcommand)]
    RepairTasks(repair_tasks::Command),
    /// Looks for what providers hold and no ledger does, and has it destroyed.
    #[command(subcommand)]
    Orphans(orphans::Command),
    /// Shows what billers said that nothing is done about, and has it tried again.
    #[command(subcommand)]
    Events(events::Command),
    /// Shows a subscription: what its biller said of it, and what was done about it.
    Subscription { id: SubscriptionId },
    /// Lists, adds, changes and tries endpoints that are told what happens, and sends again what they missed.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Writes, compares and lists plans, themes and blueprints, and puts them on offer.
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// Signs up a tenant from nothing to a site that answers, or makes a step fail and shows that nothing is left.
    Demo(Box<demo::Demo>),
    #[command(flatten)]
    Manual(manual::Command),
}

/// What a command says to the shell, or why it could not do its work.
type Outcome = Result<ExitCode, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // `tenantry list | head` ends quietly, as other commands do; Rust has a closed pipe panic.
    sigpipe::reset();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mistake) if mistake.use_stderr() && std::env::args().any(|argument| argument == "--json") => {
            let told = mistake.to_string();
            return Failure::usage(told.trim_start_matches("error: ").trim_end()).tell(Form::Json);
        }
        Err(mistake) => mistake.exit(),
    };
    let form = cli.target.form();
    Box::pin(run(cli)).await.unwrap_or_else(|error| Failure::from(error).tell(form))
}

async fn run(Cli { target, command }: Cli) -> Outcome {
    match command {
        Command::Tenant(command) => command.run(&target.open().await?).await,
        Command::Plan(command) => command.run(&target.open().await?).await,
        Command::Domain(command) => command.run(&target.open().await?).await,
        Command::ChangeRequests(command) => command.run(&target.open().await?).await,
        Command::RepairTasks(command) => command.run(&target.open().await?).await,
        Command::Orphans(command) => command.run(&target.open().await?).await,
        Command::Events(command) => command.run(&target.open().await?).await,
        Command::Subscription { id } => subscription::show(&target.open().await?, &id).await,
        Command::Webhook(command) => command.run(&target.open().await?).await,
        Command::Catalogue(command) => command.run(target).await,
        Command::Demo(demo) => demo.run(&target.open().await?).await,
        Command::Manual(command) => command.run(),
    }
}
