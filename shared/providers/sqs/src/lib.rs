#![doc = include_str!("../README.md")]

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use fault::Fault;

const SERVICE: &str = "sqs";

/// The longest that a letter can be held back (SQS, "Amazon SQS delay queues").
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A letter as it was taken: it comes again unless it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub id: String,
    pub body: String,
    /// By which it is deleted.
    receipt: String,
}

impl Queue {
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// The queue whose URL is in a variable of the function's environment.
    pub async fn from_env(variable: &'static str) -> Result<Self, aws::MissingVariable> {
        Ok(Self::new(Client::new(&aws::config().await), aws::variable(variable)?))
    }

    /// Puts a letter in.
    pub async fn send(&self, body: &str) -> Result<(), Fault> {
        self.send_with(body, Duration::ZERO).await
    }

    /// Puts a letter in that nobody gets before so long: [`LONGEST_DELAY`] at most.
    pub async fn send_with(&self, body: &str, delay: Duration) -> Result<(), Fault> {
        let seconds = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(i32::MAX);
        let request =
            self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(seconds);
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// Up to ten letters, nobody else's for the queue's visibility timeout.
    pub async fn take(&self) -> Result<Vec<Letter>, Fault> {
        self.receive(None).await
    }

    /// Up to ten letters, which anybody may still take.
    pub async fn peek(&self) -> Result<Vec<Letter>, Fault> {
        self.receive(Some(0)).await
    }

    async fn receive(&self, hidden_for: Option<i32>) -> Result<Vec<Letter>, Fault> {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let request = request.set_visibility_timeout(hidden_for);
        let taken = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
        let letter = |message: aws_sdk_sqs::types::Message| {
            Some(Letter { id: message.message_id?, body: message.body?, receipt: message.receipt_handle? })
        };
        Ok(taken.messages.unwrap_or_default().into_iter().filter_map(letter).collect())
    }

    /// Takes a letter out for good.
    pub async fn delete(&self, letter: &Letter) -> Result<(), Fault> {
        let request = self.client.delete_message().queue_url(&self.url).receipt_handle(&letter.receipt);
        request.send().await.map(|_| ()).map_err(|e| aws::fault(SERVICE, &e))
    }

    /// How many letters wait, roughly.
    pub async fn waiting(&self) -> Result<u64, Fault> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let known = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
        let count = known.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
        count.ok_or_else(|| Fault::terminal("sqs did not say how many letters wait"))
    }
}
