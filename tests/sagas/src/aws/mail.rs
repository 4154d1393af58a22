use std::sync::Mutex;

use serde_json::json;

use super::{Reply, Request, Service, View, body, reply};
use crate::chaos::Act;

/// SES: to whom mails went, and what about.
#[derive(Debug, Default)]
pub struct Mail(Mutex<Vec<(String, String)>>);

impl Mail {
    /// To whom mails went, in order.
    pub fn sent(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is held").iter().map(|(to, _)| to.clone()).collect()
    }

    /// What they were about.
    pub fn subjects(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is held").iter().map(|(_, about)| about.clone()).collect()
    }
}

impl Service for Mail {
    fn asked(&self, _: &Request) -> (String, Act) {
        ("ses:SendEmail".to_owned(), Act::Write)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        let mail = body(request);
        let text =
            |part: &str| mail.pointer(part).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        let mail = (text("/Destination/ToAddresses/0"), text("/Content/Simple/Subject/Data"));
        self.0.lock().expect("no panic while it is held").push(mail);
        reply(200, &json!({ "MessageId": "a-mail" }))
    }
}
