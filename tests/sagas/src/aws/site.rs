use std::sync::Arc;

use store::{Memory, Table};

use super::{Reply, Request, S3, Service, View};
use crate::chaos::Act;

/// What answers to visitors: the pages of the tenant whose subdomain was asked for.
#[derive(Debug)]
pub struct Site {
    pub tables: Memory,
    pub sites: Arc<S3>,
}

impl Service for Site {
    fn asked(&self, _: &Request) -> (String, Act) {
        ("site:Visit".to_owned(), Act::Read)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        let subdomain = request.uri().path().split('/').nth(2).unwrap_or_default();
        let claim = format!("SUBDOMAIN#{subdomain}");
        let tenant = self
            .tables
            .table(Table::Claims)
            .into_iter()
            .find(|row| row.key.pk == claim)
            .map(|row| row.body["tenant"].clone());
        let key =
            format!("sites/{}/index.html", tenant.as_ref().and_then(|id| id.as_str()).unwrap_or_default());
        match self.sites.object(&key) {
            Some(page) => http::Response::new(page.to_vec()),
            None => super::refusal(404, "NotFound"),
        }
    }
}
