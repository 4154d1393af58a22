use aws_lambda_events::dynamodb::EventRecord;
use events::Change;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value};

/// A change of a record, as a stream delivers it: what it was and what it is, without what the store keeps beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub pk: String,
    pub sk: String,
    pub change: Change,
    pub before: Option<Map<String, Value>>,
    pub after: Option<Map<String, Value>>,
}

impl Record {
    /// Reads what a stream has delivered.
    ///
    /// # Errors
    /// When it is no item of the store's: the stream does not show both images, or it has no version.
    pub fn read(delivered: EventRecord) -> Result<Self, serde_json::Error> {
        let malformed = |what: &str| serde_json::Error::custom(format!("an item has no usable {what}"));
        let image = |item: serde_dynamo::Item| -> Result<Option<Map<String, Value>>, serde_json::Error> {
            if item.is_empty() {
                return Ok(None);
            }
            serde_dynamo::from_item(item).map(Some).map_err(serde_json::Error::custom)
        };
        let stream = delivered.change;
        let at = Timestamp::from_second(stream.approximate_creation_date_time.timestamp());
        let at = at.map_err(|_| malformed("time"))?;
        let (before, after) = (image(stream.old_image)?, image(stream.new_image)?);
        let either = after.as_ref().or(before.as_ref()).ok_or_else(|| malformed("image"))?;
        let text = |name: &str| either.get(name).and_then(Value::as_str).map(str::to_owned);
        let version = |item: &Map<String, Value>| item.get("row_version").and_then(Value::as_u64);
        let version = match (&after, &before) {
            (Some(after), _) => version(after),
            // It is taken away at a version, and is told as the next.
            (None, before) => before.as_ref().and_then(version).map(|version| version + 1),
        };
        let pk = text("pk").ok_or_else(|| malformed("pk"))?;
        let sk = text("sk").ok_or_else(|| malformed("sk"))?;
        let version = version.ok_or_else(|| malformed("row_version"))?;
        let change = Change { record: format!("{pk}\n{sk}"), version, at };
        Ok(Self { pk, sk, change, before, after })
    }

    /// What kind of record it is: the first word of its sort key.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.sk.split('#').next().unwrap_or_default()
    }

    /// What it was and what it is.
    pub(crate) fn images<T: DeserializeOwned>(&self) -> Result<(Option<T>, Option<T>), serde_json::Error> {
        let decode = |image: &Option<Map<String, Value>>| image.as_ref().map(T::deserialize).transpose();
        Ok((decode(&self.before)?, decode(&self.after)?))
    }
}
