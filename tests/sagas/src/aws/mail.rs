use std::sync::Mutex;

use serde_json::json;

use super::{Reply, Request, Service, View, body, reply};
use crate::chaos::Act;

/// SES.
#[derive(Debug, Default)]
pub struct Mail(Mutex<Vec<String>>);

impl Mail {
    /// To whom mails went, in order.
    pub fn sent(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is held").clone()
    }
}

impl Service for Mail {
    fn asked(&self, _: &Request) -> (String, Act) {
        ("ses:SendEmail".to_owned(), Act::Write)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        let to = body(request)["Destination"]["ToAddresses"][0].as_str().unwrap_or_default().to_owned();
        self.0.lock().expect("no panic while it is held").push(to);
        reply(200, &json!({ "MessageId": "a-mail" }))
    }
}
