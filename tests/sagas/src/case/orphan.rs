//! What comes to life after its tenant is gone, with nobody's ledger to hold it.

use std::time::Duration;

use serde_json::json;

use super::{Finding, Life};
use crate::chaos::pass;
use crate::client::Ask;
use crate::service::Thing;
use crate::world::DEPLOYMENT;

impl Life<'_> {
    /// Something of a deleted tenant is there again, and beside it something of another deployment's. Once what goes
    /// wrong has passed, a sweep finds the one and leaves the other.
    pub(super) async fn orphaned(&mut self, thing: &Thing) {
        let Some(tenant) = self.tenant() else { return };
        let orphan = Thing { owner: format!("{DEPLOYMENT}/{}", tenant.id), ..thing.of(tenant.id.as_str()) };
        let neighbour = Thing { owner: format!("{DEPLOYMENT}-2/{}", tenant.id), ..thing.of("acme-010203") };
        self.world.plant(&orphan);
        self.world.plant(&neighbour);
        self.sweep("a sweep").await;
        self.world.chaos().mend();
        self.sweep("another").await;
        self.rest().await;
        if !self.world.law().things().contains(&neighbour) {
            self.found(Finding::Leaked(format!("{} {} was another's", neighbour.field, neighbour.name)));
        }
    }

    /// A sweep leaves a tenant that lives what it has.
    pub(super) async fn swept_alive(&mut self) {
        let before = self.world.law().things();
        self.sweep("while it lives").await;
        if self.world.law().things() != before {
            self.found(Finding::Leaked("a sweep took what a tenant lives on".to_owned()));
        }
    }

    async fn sweep(&mut self, key: &str) {
        let asked = Ask {
            action: "sweep".to_owned(),
            method: "POST".to_owned(),
            path: "/v1/orphan-sweeps".to_owned(),
            key: key.to_owned(),
            body: json!({ "reason": "the simulation", "dry_run": false }),
        };
        if self.world.ask(asked).await.is_none_or(|answer| answer.status != 202) {
            self.found(Finding::Undecided("a sweep was not accepted".to_owned()));
        }
        // A minute until the janitor starts it, one until it repairs what was found, and time for both.
        pass(Duration::from_secs(600)).await;
        self.world.rest().await;
    }
}
