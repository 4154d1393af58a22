#![doc = include_str!("../README.md")]

mod answer;
mod failure;
mod holder;
mod refusal;
mod request;
mod task;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use answer::{
    Answer, Certificate, Code, Failure, Job, Marked, Part, Piece, Refusal, Refused, Served, Site, State,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use fault::Fault;
pub use holder::Holder;
use refusal::{crashed, odd};
pub use request::{Ask, Kind, Request, Run, Secrets, Subject, VERSION};
use secrets::{ExposeSecret, SecretRef, Vault};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
pub use task::{
    BackUp, Done, File, InstalledApp, IssueCertificate, Mode, NewSite, NewUser, OAuth, SeedData, Serve,
    Settings, Task,
};
use telemetry::Answered;

const SERVICE: &str = "bench-host";

/// How long an answer may take, with the longest wait and the largest piece of a file.
const ANSWER: Duration = Duration::from_secs(20);

/// How long an answer may be: the largest piece of a file in base64, and some words around it.
const LONGEST: usize = 6 * 1024 * 1024;

/// The most bytes of a file that are sent or given at once.
pub const PIECE: usize = 3 * 1024 * 1024;

/// A bench host, by way of the agent on it.
#[derive(Clone, Debug)]
pub struct BenchHost {
    wire: Wire,
}

/// Where requests are answered: by an agent, or by something in this process in its place.
#[derive(Clone, Debug)]
pub enum Wire {
    Ssh(ssh::Host),
    InProcess(Arc<dyn Answers>),
}

/// The answer to a request, to come.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send + 'a>>;

/// Answers in an agent's place: a [`Request`] with an [`Answer`], both as JSON.
pub trait Answers: fmt::Debug + Send + Sync {
    fn answer(&self, request: Vec<u8>) -> Answering<'_>;
}

impl BenchHost {
    /// Reads from the vault how we sign in: `BENCH_HOST_SECRET` names it there. Connects when something is asked.
    pub async fn from_env() -> Result<Self, Fault> {
        let reference = aws::variable("BENCH_HOST_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let secret = Vault::from_env().await.read(&SecretRef(reference.clone())).await?;
        let login: ssh::Login = serde_json::from_str(secret.expose_secret()).map_err(|_| {
            Fault::terminal(format!("the secret {reference} is no login for a bench host")).hint(
                r#"It is to be {"host": "...", "port": 22, "user": "...", "private_key": "...", "host_key": "ssh-ed25519 ..."}."#,
            )
        })?;
        Ok(Self::new(Wire::Ssh(ssh::Host::new(&login)?)))
    }

    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire }
    }

    /// Has a task done once under a key, or finds how it stands: `NotReady` as long as it runs or waits for another. What it gives
    /// is what [`Task`] says of it.
    pub async fn run<T: DeserializeOwned>(
        &self,
        subject: &Subject,
        key: &str,
        task: &Task,
    ) -> Result<T, Fault> {
        let secrets = task.secrets();
        let run = Run {
            subject: subject.clone(),
            key: key.to_owned(),
            task: task.clone(),
            secrets: secrets.clone(),
            wait: task.wait(),
        };
        match self.ask(Ask::Run(run)).await? {
            Answer::Job(job) if job.task == task.name() => {
                job.stands(&format!("{task} for {}", subject.name), &secrets)
            }
            _ => Err(odd("another question")),
        }
    }

    /// What there is of a site: `None` is neither a site nor a mark of ours.
    pub async fn site(&self, subject: &Subject) -> Result<Option<Site>, Fault> {
        self.look(Kind::Site, subject).await
    }

    /// What nginx has of a name.
    pub async fn served(&self, subject: &Subject) -> Result<Option<Served>, Fault> {
        self.look(Kind::Served, subject).await
    }

    pub async fn certificate(&self, subject: &Subject) -> Result<Option<Certificate>, Fault> {
        self.look(Kind::Certificate, subject).await
    }

    /// All that has a mark, whoever's, a hundred at a time, in the order of names.
    pub async fn list(&self, of: Kind, after: Option<&str>) -> Result<Part<Marked>, Fault> {
        match self.ask(Ask::List { of, after: after.map(str::to_owned) }).await? {
            Answer::List(part) => Ok(part),
            _ => Err(odd("another question")),
        }
    }

    /// Reads a file of a backup that was made under a key.
    pub async fn read(&self, subject: &Subject, key: &str, file: &File) -> Result<Vec<u8>, Fault> {
        let mut read = Vec::new();
        loop {
            let ask = Ask::Read {
                subject: subject.clone(),
                key: key.to_owned(),
                file: file.file.clone(),
                offset: read.len() as u64,
            };
            let Answer::Part(piece) = self.ask(ask).await? else { return Err(odd("another question")) };
            read.extend(BASE64.decode(&piece.data).map_err(|_| odd("with no base64"))?);
            match piece.next {
                // Whoever says that there is more says where, and it is not where we were.
                Some(next) if next == read.len() as u64 && !piece.data.is_empty() && next < file.bytes => {}
                Some(_) => return Err(odd("with pieces that do not follow each other")),
                None => break,
            }
        }
        if File::of(&file.file, &read) == *file {
            return Ok(read);
        }
        Err(Fault::transient(format!("{} of {} is not what was backed up", file.file, subject.name))
            .from_provider(SERVICE, None))
    }

    /// Writes a file that [`Task::Restore`] reads under the same key, and gives what that is to be told of it. One that is there
    /// already is left alone: what reads it may have begun.
    pub async fn write(
        &self,
        subject: &Subject,
        key: &str,
        file: &str,
        content: &[u8],
    ) -> Result<File, Fault> {
        let told = File::of(file, content);
        match self.put(subject, key, &told, told.bytes, &[]).await {
            Ok(()) => return Ok(told),
            // There is not as much of it yet.
            Err(Fault { kind: fault::Kind::Terminal, unanswered: false, .. }) => {}
            Err(fault) => return Err(fault),
        }
        let mut written = 0;
        for piece in content.chunks(PIECE) {
            self.put(subject, key, &told, written, piece).await?;
            written += piece.len() as u64;
        }
        Ok(told)
    }

    async fn put(
        &self,
        subject: &Subject,
        key: &str,
        file: &File,
        offset: u64,
        piece: &[u8],
    ) -> Result<(), Fault> {
        let ask = Ask::Write {
            subject: subject.clone(),
            key: key.to_owned(),
            file: file.file.clone(),
            offset,
            data: BASE64.encode(piece),
        };
        match self.ask(ask).await? {
            Answer::Written(so_far) if so_far == offset + piece.len() as u64 => Ok(()),
            _ => Err(odd("another question")),
        }
    }

    async fn look<T: DeserializeOwned>(&self, at: Kind, subject: &Subject) -> Result<Option<T>, Fault> {
        match self.ask(Ask::Look { at, subject: subject.clone() }).await? {
            Answer::Look(look) => serde_json::from_value(look.unwrap_or_default())
                .map_err(|_| odd("with what is no look at it")),
            _ => Err(odd("another question")),
        }
    }

    /// The answer to a request that was not refused.
    async fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        let secrets = if let Ask::Run(run) = &ask { run.secrets.clone() } else { Secrets::default() };
        let request = serde_json::to_vec(&Request { version: VERSION, ask });
        let request = request.map_err(|e| Fault::terminal(format!("the request is no JSON: {e}")))?;
        let clock = Instant::now();
        let answer = match &self.wire {
            Wire::Ssh(host) => over_ssh(host, request, &secrets).await,
            Wire::InProcess(answers) => answers.answer(request).await,
        };
        // Without the words of the answer: nobody knows what they are.
        let answer = answer.and_then(|answer| {
            serde_json::from_slice(&answer).map_err(|e| match e.classify() {
                Category::Data => odd("with JSON of another form"),
                _ => odd("with no JSON"),
            })
        });
        let answered = match &answer {
            Ok(Answer::Refused(_)) => Answered::Refused,
            Ok(_) => Answered::Ok,
            Err(_) => Answered::Unanswered,
        };
        telemetry::provider_answered(SERVICE, answered, clock.elapsed());
        match answer.map_err(|fault| fault.from_provider(SERVICE, None))? {
            Answer::Refused(refusal) => Err(refusal.into_fault(&secrets)),
            answer => Ok(answer),
        }
    }
}

async fn over_ssh(host: &ssh::Host, input: Vec<u8>, secrets: &Secrets) -> Result<Vec<u8>, Fault> {
    // The host does not look at the command: it runs the one that it allows.
    let request = ssh::Request { command: "bench-host", input, within: ANSWER, at_most: LONGEST };
    let answer = host.execute(request).await?;
    if answer.status == 0 { Ok(answer.output) } else { Err(crashed(&answer, secrets)) }
}

#[cfg(test)]
mod tests;
