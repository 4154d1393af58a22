//! What the agent on a bench host answers: a line for each answer, the last again and again. Whatever it is, there is an end to it, and
//! no fault repeats the password that the agent was told.

#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_host::{
    Answering, Answers, BackUp, BenchHost, Done, File, InstalledApp, IssueCertificate, Kind, Mode, NewSite,
    NewUser, OAuth, SeedData, Serve, Settings, Subject, Task, Wire,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

const PASSWORD: &str = "correct-horse-battery";
const KEY: &str = "01JD0000000000000000000000";

fuzz_target!(|input: &[u8]| {
    fuzz::run(async {
        tasks(input).await;
        looks(input).await;
        files(input).await;
    });
});

async fn tasks(input: &[u8]) {
    let administrator = || SecretString::from(PASSWORD);
    done::<NewSite>(input, Task::NewSite { administrator: administrator() }).await;
    done::<InstalledApp>(input, Task::InstallApp { app: "erpnext".to_owned() }).await;
    let settings = Settings {
        host: "api.acme.example.com".to_owned(),
        country: None,
        time_zone: None,
        oauth: OAuth { name: "acme".to_owned(), base_url: "https://acme.example.com".to_owned() },
        suspended: false,
        read_only: false,
        max_file_mb: 10,
    };
    done::<Done>(input, Task::ConfigureSite(settings)).await;
    let (email, first_name) = ("o@example.com".to_owned(), "O".to_owned());
    done::<NewUser>(input, Task::CreateUser { email, first_name, roles: Vec::new() }).await;
    let [company, country, currency] = ["Acme", "Germany", "EUR"].map(str::to_owned);
    done::<SeedData>(input, Task::SeedData { company, country, currency }).await;
    done::<Done>(input, Task::DropSite {}).await;
    done::<BackUp>(input, Task::BackUp {}).await;
    done::<Done>(input, Task::Restore { files: Vec::new(), administrator: administrator() }).await;
    let [site, api] = ["acme.example.com", "api.acme.example.com"].map(str::to_owned);
    done::<Serve>(input, Task::Serve { site, api, mode: Mode::Live }).await;
    done::<Done>(input, Task::Withdraw {}).await;
    done::<IssueCertificate>(input, Task::IssueCertificate { hosts: Vec::new() }).await;
    done::<Done>(input, Task::DeleteCertificate {}).await;
}

async fn looks(input: &[u8]) {
    let _ = host(input).site(&subject()).await;
    let _ = host(input).served(&subject()).await;
    let _ = host(input).certificate(&subject()).await;
    for kind in [Kind::Site, Kind::Served, Kind::Certificate] {
        let _ = host(input).list(kind, None).await;
        let _ = host(input).look_for_others(kind, &subject()).await;
        let _ = host(input).undo(kind, &subject(), Timestamp::UNIX_EPOCH).await;
    }
}

/// What is read is what was backed up, or nothing is.
async fn files(input: &[u8]) {
    let file = File::of("database.sql.gz", b"-- a dump");
    if let Ok(read) = host(input).read(&subject(), KEY, &file).await {
        assert_eq!(read, b"-- a dump");
    }
    let _ = host(input).write(&subject(), KEY, "database.sql.gz", b"-- a dump").await;
}

/// The password is masked in what is said of a task that was told it.
async fn done<T: serde::de::DeserializeOwned>(input: &[u8], task: Task) {
    let told = matches!(task, Task::NewSite { .. } | Task::Restore { .. });
    if let Err(fault) = host(input).run::<T>(&subject(), KEY, &task).await {
        assert!(!told || !format!("{fault:?}").contains(PASSWORD), "{fault:?}");
    }
}

fn subject() -> Subject {
    Subject { name: "acme-7f3a9c".to_owned(), owner: "prod/acme-7f3a9c".to_owned() }
}

fn host(input: &[u8]) -> BenchHost {
    let answers = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    BenchHost::new(Wire::InProcess(Arc::new(Agent { answers, asked: AtomicUsize::new(0) })))
}

#[derive(Debug)]
struct Agent {
    answers: Vec<Vec<u8>>,
    asked: AtomicUsize,
}

impl Answers for Agent {
    fn answer(&self, _: Vec<u8>) -> Answering<'_> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[turn].clone()) })
    }
}
