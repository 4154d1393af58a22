use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fault::Fault;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use jiff::Timestamp;
use tenancy::{Kind, OperationId, State, StepFault, StepProgress, StepState, TenantId, Workflow};

use crate::Outcome;
use crate::api::{Api, Changed, Error, Operation, Said};
use crate::failure::acts;
use crate::form::Form;
use crate::session::Session;

/// How often the time on the screen goes on.
const TICK: Duration = Duration::from_millis(150);

/// How long to wait after an answer that says nothing, before the next is asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the API may be out of reach before watching it is given up. The operation goes on either way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Follows an operation to its end, showing every change of it.
#[allow(clippy::disallowed_methods, reason = "this is no step: a person is waiting")]
pub(crate) async fn follow(
    api: &Api,
    tenant: &TenantId,
    operation: OperationId,
    mut show: impl FnMut(&Said<Operation>),
) -> Result<Operation, Error> {
    let mut answered = Instant::now();
    let mut last = None;
    loop {
        match api.operation_since(tenant, operation, last.as_deref()).await {
            Ok(Some(Changed { tag, said })) => {
                answered = Instant::now();
                last = Some(tag);
                show(&said);
                if said.read.state.is_final() {
                    return Ok(said.read);
                }
                continue;
            }
            Ok(None) => answered = Instant::now(),
            Err(error) if error.may_pass() && answered.elapsed() < PATIENCE => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Follows an operation on the screen, and says with the exit code whether it did what was asked. Of a tenant that was
/// provisioned it says where that answers.
pub(crate) async fn watch(session: &Session, tenant: &TenantId, operation: OperationId) -> Outcome {
    let Session { api, form, .. } = session;
    let mut screen = Screen::open(*form);
    let ended = follow(api, tenant, operation, |said| screen.show(said)).await?;
    drop(screen);
    if ended.state != State::Succeeded {
        return Ok(ExitCode::FAILURE);
    }
    if ended.kind == Kind::Provision && *form == Form::Words {
        for (purpose, address) in &api.tenant(tenant).await?.read.endpoints {
            println!("{purpose:<10}{address}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where an operation is shown: drawn anew at every change on a terminal, told line by line in a log.
pub(crate) enum Screen {
    Terminal(ProgressBar),
    Log(Log),
    /// As the API has it, at every change.
    Json,
}

impl Screen {
    pub(crate) fn open(form: Form) -> Self {
        if form == Form::Json {
            return Self::Json;
        }
        if !stdout().is_terminal() {
            return Self::Log(Log::default());
        }
        let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {prefix}  {elapsed}\n{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        // However the watching ends, what was seen last stays on the screen.
        let bar = ProgressBar::new(100).with_style(style).with_finish(ProgressFinish::Abandon);
        bar.enable_steady_tick(TICK);
        Self::Terminal(bar)
    }

    pub(crate) fn show(&mut self, Said { json, read: operation }: &Said<Operation>) {
        match self {
            Self::Log(log) => log.news(operation).iter().for_each(|line| println!("{line}")),
            Self::Terminal(bar) => {
                bar.set_prefix(format!("{} {}", operation.kind.name(), operation.state.name()));
                bar.set_position(operation.percent.into());
                bar.set_message(drawing(operation));
            }
            Self::Json => println!("{json}"),
        }
    }
}

/// What was told already, so that only news is.
#[derive(Debug, Default)]
pub(crate) struct Log {
    operation: Option<State>,
    steps: BTreeMap<String, StepState>,
}

impl Log {
    /// A line for every change since the last look, in the order in which they happened.
    fn news(&mut self, operation: &Operation) -> Vec<String> {
        let mut news = Vec::new();
        let opening = matches!(operation.state, State::Accepted | State::Running);
        if self.operation.replace(operation.state) != Some(operation.state) {
            news.push((changed(operation), !opening, operation.kind.name(), ending(operation)));
        }
        for step in &operation.steps {
            let known = self.steps.insert(step.name.clone(), step.state).unwrap_or(StepState::Waiting);
            if step.state != known {
                let at = step.changed_at.unwrap_or(operation.accepted_at);
                news.push((at, opening, step.name.as_str(), told(step)));
            }
        }
        news.sort_by_key(|(at, after, ..)| (*at, *after));
        let line = |(at, _, what, told): (Timestamp, bool, &str, String)| {
            let since = at.duration_since(operation.accepted_at).as_secs_f64();
            format!("{since:6.1}s {:>3}%  {what:<28} {told}", operation.percent)
        };
        news.into_iter().map(line).collect()
    }
}

/// When an operation came to be in its state.
fn changed(operation: &Operation) -> Timestamp {
    let at = match operation.state {
        State::Accepted => None,
        State::Running => operation.started_at,
        State::Compensating => operation.fault.as_ref().and_then(|fault| {
            operation.steps.iter().find(|step| step.name == fault.step).and_then(|step| step.changed_at)
        }),
        State::Succeeded | State::Failed | State::Stuck => operation.ended_at,
    };
    at.unwrap_or(operation.accepted_at)
}

/// What became of an operation.
fn ending(operation: &Operation) -> String {
    let mut told = operation.state.name().to_owned();
    if let Some(StepFault { step, fault }) = &operation.fault {
        match operation.state {
            State::Compensating => told += &format!(" because of {step}"),
            State::Failed | State::Stuck => told += &format!(" because of {step}: {}", reason(fault)),
            State::Accepted | State::Running | State::Succeeded => {}
        }
    }
    told
}

/// What became of a step.
fn told(step: &StepProgress) -> String {
    let mut told = word(step.state).to_owned();
    if step.state == StepState::Done {
        told += &format!(", {} ms of work", step.busy_ms);
    }
    if step.attempts > 1 && matches!(step.state, StepState::Done | StepState::Failed) {
        told += &format!(", attempt {}", step.attempts);
    }
    if let (StepState::Failed | StepState::Stuck, Some(fault)) = (step.state, &step.fault) {
        told += &format!(": {}", reason(fault));
    }
    told
}

/// A fault with everything a person needs to act on it.
pub(crate) fn reason(fault: &Fault) -> String {
    let request = match (&fault.provider, &fault.request_id) {
        (Some(provider), Some(id)) => Some(format!("{provider} request {id}")),
        (Some(provider), None) => Some(provider.clone()),
        (None, id) => id.as_ref().map(|id| format!("request {id}")),
    };
    let retry = fault.retry_at.map(|at| format!("again at {at}"));
    let known: Vec<String> = [Some(acts(fault.actor).to_owned()), request, retry, fault.hint.clone()]
        .into_iter()
        .flatten()
        .collect();
    format!("{} ({})", fault.cause, known.join("; "))
}

/// An operation as it stands.
pub(crate) fn picture(operation: &Operation) -> String {
    format!(
        "{} {}, {}%\n{}",
        operation.kind.name(),
        operation.state.name(),
        operation.percent,
        drawing(operation)
    )
}

/// The workflow with a mark for every step; branches that run beside each other hang on one gutter.
fn drawing(operation: &Operation) -> String {
    let mut rows = Vec::new();
    place(&operation.workflow, "", "", &mut rows);
    // A deletion undoes what there is: steps that left nothing are not part of it.
    let row = |(gutter, name): (String, &str)| {
        let step = operation.steps.iter().find(|step| step.name == name)?;
        let width = 32_usize.saturating_sub(gutter.chars().count());
        Some(format!("{gutter}{} {name:width$} {}", mark(step.state), told(step)).trim_end().to_owned())
    };
    let cause = |stopped: &StepFault| format!("because of {}: {}", stopped.step, reason(&stopped.fault));
    let rows = rows.into_iter().filter_map(row).chain(operation.fault.as_ref().map(cause));
    rows.collect::<Vec<_>>().join("\n")
}

/// Puts the steps of a part below each other; `first` hangs the part on its gutter, `rest` keeps it there.
fn place<'a>(part: &'a Workflow, first: &str, rest: &str, rows: &mut Vec<(String, &'a str)>) {
    match part {
        Workflow::Step(name) => rows.push((first.to_owned(), name)),
        Workflow::Sequence(parts) => {
            for (i, part) in parts.iter().enumerate() {
                place(part, if i == 0 { first } else { rest }, rest, rows);
            }
        }
        Workflow::Parallel(branches) => {
            for branch in branches {
                place(branch, &format!("{rest}├ "), &format!("{rest}│ "), rows);
            }
        }
    }
}

fn mark(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "·",
        StepState::Running => "▸",
        StepState::Done => "✓",
        StepState::Failed => "✗",
        StepState::Undoing => "◂",
        StepState::Undone => "↺",
        StepState::Stuck => "!",
        StepState::Skipped => "»",
    }
}

fn word(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "",
        StepState::Running => "running",
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Undoing => "undoing",
        StepState::Undone => "undone",
        StepState::Stuck => "stuck",
        StepState::Skipped => "skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str) -> Workflow {
        Workflow::Step(name.to_owned())
    }

    #[test]
    fn branches_hang_on_gutters_as_deep_as_they_are_nested() {
        let inner = Workflow::Parallel(vec![step("c"), Workflow::Sequence(vec![step("d"), step("e")])]);
        let branch = Workflow::Sequence(vec![step("b"), inner, step("f")]);
        let workflow =
            Workflow::Sequence(vec![step("a"), Workflow::Parallel(vec![branch, step("g")]), step("h")]);
        let mut rows = Vec::new();
        place(&workflow, "", "", &mut rows);
        let drawn: Vec<String> = rows.into_iter().map(|(gutter, name)| gutter + name).collect();
        assert_eq!(drawn, ["a", "├ b", "│ ├ c", "│ ├ d", "│ │ e", "│ f", "├ g", "h"]);
    }

    #[test]
    fn a_fault_is_told_with_everything_needed_to_act_on_it() {
        let bare = Fault::transient("neon is busy");
        assert_eq!(reason(&bare), "neon is busy (for the provider to act on)");
        let mut full =
            Fault::terminal("neon answered 403").from_provider("neon", Some("4F2A")).hint("renew the key");
        full.retry_at = "2026-01-01T00:00:00Z".parse().ok();
        assert_eq!(
            reason(&full),
            "neon answered 403 (for us to act on; neon request 4F2A; again at 2026-01-01T00:00:00Z; renew the key)"
        );
    }
}
