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
        let folder = format!("sites/{}", tenant.as_ref().and_then(|id| id.as_str()).unwrap_or_default());
        let closed = || Some((503, self.sites.object(&format!("{folder}/503.html"))?));
        let open = self.sites.object(&format!("{folder}/index.html")).map(|page| (200, page));
        match open.or_else(closed) {
            Some((status, page)) => {
                let answer = http::Response::builder().status(status).body(page.to_vec());
                answer.expect("a status and a page")
            }
            None => super::refusal(404, "NotFound"),
        }
    }
}
