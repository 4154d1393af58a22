#![doc = include_str!("../README.md")]

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use fault::{Actor, Fault};

const SERVICE: &str = "ses";

/// A sender of mail.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
}

/// A mail, as text and as HTML with the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mailer {
    /// Sends as `MAIL_FROM`, an identity that is verified with SES.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        Ok(Self::new(Client::new(&aws::config().await), aws::variable("MAIL_FROM")?))
    }

    #[must_use]
    pub fn new(client: Client, from: String) -> Self {
        Self { client, from }
    }

    /// Hands a mail over, and gives the message id.
    pub async fn send(&self, mail: &Mail) -> Result<String, Fault> {
        let content = |data: &str| {
            let content = Content::builder().data(data).charset("UTF-8").build();
            content.map_err(|e| Fault::terminal(format!("the mail cannot be built: {e}")))
        };
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
        let request = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build());
        match request.send().await {
            Ok(sent) => Ok(sent.message_id.unwrap_or_default()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_message_rejected()) => {
                Err(aws::fault(SERVICE, &e)
                    .for_actor(Actor::Us)
                    .hint("Is MAIL_FROM verified with SES in this region?"))
            }
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }
}
