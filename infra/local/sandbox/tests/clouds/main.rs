//! The clouds, each driven in this process on a clock that only goes when it is told to. Everything that is asked
//! and answered is held against the providers' own documents.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

mod bed;
mod bench_host;
mod cloud_run;
mod cloudflare;
mod contract;
mod dns;
mod google_token;
mod grafana;
mod helm;
mod helm_seed;
mod kubernetes;
mod kubernetes_seed;
mod medusa;
mod minio;
mod neon;
mod postgres;
mod published;
mod rabbitmq;
mod secret_manager;
mod visit;
mod websites;
mod world;
