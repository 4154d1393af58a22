use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConsumedCapacity, Delete, KeysAndAttributes, Put,
    ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::database::{Condition, Conflict, Error, Key, Page, Row, Table, Write};
use crate::index::{Index, Listed, Place};

/// How often a transaction that met another one on the same item is tried again. Each meeting has a winner, so
/// n rivals are through after n rounds.
const TRANSACTION_TRIES: u32 = 8;

/// So many items DynamoDB gives out at once.
const BATCH: usize = 100;

/// How often what it left out of a batch is asked for.
const BATCH_TRIES: u32 = 5;

type Item = HashMap<String, AttributeValue>;

/// The tables on DynamoDB (API 2012-08-10): partition key `pk`, sort key `sk`, `row_version`, TTL `expires_at`, the
/// keys of the indexes ([`Index`]); beside them an item's own fields.
#[derive(Clone, Debug)]
pub struct Dynamo {
    client: Client,
    names: HashMap<Table, String>,
}

impl Dynamo {
    pub(crate) async fn from_env() -> Self {
        Self::with(|table| aws::variable(variable_of(table)).ok()).await
    }

    pub(crate) async fn with(name: impl Fn(Table) -> Option<String>) -> Self {
        let names = Table::ALL.into_iter().filter_map(|table| Some((table, name(table)?))).collect();
        Self { client: Client::new(&aws::config().await), names }
    }

    pub(crate) fn at(self, region: Option<String>) -> Self {
        let Some(region) = region else { return self };
        let config = self.client.config().to_builder().region(Region::new(region));
        Self { client: Client::from_conf(config.build()), ..self }
    }

    /// A function is told only of the tables it may use.
    fn name(&self, table: Table) -> Result<&str, Error> {
        self.names.get(&table).map(String::as_str).ok_or_else(|| {
            let variable = variable_of(table);
            Error::Unusable(format!("the {table:?} table is not named: set {variable}"))
        })
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Row>, Error> {
        let request = self.client.get_item().table_name(self.name(key.table)?).consistent_read(true);
        let answer = request
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| Error::Unavailable(aws::fault("dynamodb", &e)))?;
        read(1, answer.consumed_capacity.as_slice());
        answer.item.map(|item| row(key.table, item)).transpose()
    }

    pub(crate) async fn query(
        &self,
        table: Table,
        pk: &str,
        prefix: &str,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Row>, Option<Page>), Error> {
        let mut request = self
            .client
            .query()
            .table_name(self.name(table)?)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        request = if prefix.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        if let Some(Page(last)) = after {
            request = request
                .exclusive_start_key("pk", AttributeValue::S(pk.to_owned()))
                .exclusive_start_key("sk", AttributeValue::S(last.clone()));
        }
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = request.send().await.map_err(|e| Error::Unavailable(aws::fault("dynamodb", &e)))?;
        read(answer.scanned_count, answer.consumed_capacity.as_slice());
        let next = match answer.last_evaluated_key.as_ref().and_then(|key| key.get("sk")) {
            Some(AttributeValue::S(last)) => Some(Page(last.clone())),
            _ => None,
        };
        let rows = answer.items.unwrap_or_default().into_iter().map(|item| row(table, item));
        Ok((rows.collect::<Result<_, _>>()?, next))
    }

    pub(crate) async fn list(
        &self,
        index: Index,
        list: &str,
        limit: usize,
        after: Option<&Place>,
    ) -> Result<(Vec<Row>, bool), Error> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let from = after.map(|Place { listed_as, key }| {
            let place = [(index.name(), list), (Index::ORDER, listed_as), ("pk", &key.pk), ("sk", &key.sk)];
            place.map(|(name, value)| (name.to_owned(), text(value))).into()
        });
        let answer = self
            .client
            .query()
            .table_name(self.name(Table::Tenants)?)
            .index_name(index.name())
            .key_condition_expression("#list = :list")
            .expression_attribute_names("#list", index.name())
            .expression_attribute_values(":list", text(list))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| Error::Unavailable(aws::fault("dynamodb", &e)))?;
        read(answer.scanned_count, answer.consumed_capacity.as_slice());
        let more = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default().into_iter().map(|item| row(Table::Tenants, item));
        Ok((rows.collect::<Result<_, _>>()?, more))
    }

    pub(crate) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, Error> {
        let mut found = HashMap::new();
        for keys in keys.chunks(BATCH) {
            self.get_batch(keys, &mut found).await?;
        }
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }

    async fn get_batch(&self, keys: &[Key], found: &mut HashMap<Key, Row>) -> Result<(), Error> {
        let Some(Key { table, .. }) = keys.first() else { return Ok(()) };
        let unusable = |e: aws_sdk_dynamodb::error::BuildError| Error::Unusable(e.to_string());
        let wanted = keys.iter().map(|key| key_of(key.clone())).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
        let mut wanted = HashMap::from([(self.name(*table)?.to_owned(), wanted.map_err(unusable)?)]);
        let mut pause = Duration::from_millis(10);
        for _ in 0..BATCH_TRIES {
            let request = self.client.batch_get_item().set_request_items(Some(wanted));
            let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = request.send().await.map_err(|e| Error::Unavailable(aws::fault("dynamodb", &e)))?;
            let consumed = answer.consumed_capacity.unwrap_or_default();
            let items: Vec<Item> = answer.responses.unwrap_or_default().into_values().flatten().collect();
            read(i32::try_from(items.len()).unwrap_or(i32::MAX), &consumed);
            for item in items {
                let row = row(*table, item)?;
                found.insert(row.key.clone(), row);
            }
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            #[allow(clippy::disallowed_methods)]
            // Milliseconds, for a table that is short of capacity; not a poll.
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Error::Unavailable(fault::Fault::transient("the table gives out less than is asked of it")))
    }

    pub(crate) async fn write(&self, write: Write) -> Result<u64, Error> {
        let table = write.key().table;
        let name = self.name(table)?;
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match write {
            Write::Put { key, body, expires_at, listed, condition } => {
                let version = condition.next_version();
                let request = self
                    .client
                    .put_item()
                    .table_name(name)
                    .set_item(Some(item(key, body, expires_at, listed, version)?));
                let (expression, values) = expression(condition);
                let request =
                    request.condition_expression(expression).set_expression_attribute_values(values);
                let sent = request.return_values_on_condition_check_failure(all_old).send().await;
                sent.map(|_| version).map_err(|e| match e.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                        conflict(0, table, failed.item().cloned())
                    }
                    Some(PutItemError::TransactionConflictException(_)) => Error::Rivals,
                    _ => Error::Unavailable(aws::fault("dynamodb", &e)),
                })
            }
            Write::Delete { key, condition } => {
                let (expression, values) = expression(condition);
                let sent = self
                    .client
                    .delete_item()
                    .table_name(name)
                    .set_key(Some(key_of(key)))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old)
                    .send()
                    .await;
                sent.map(|_| 0).map_err(|e| match e.as_service_error() {
                    Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                        conflict(0, table, failed.item().cloned())
                    }
                    Some(DeleteItemError::TransactionConflictException(_)) => Error::Rivals,
                    _ => Error::Unavailable(aws::fault("dynamodb", &e)),
                })
            }
        }
    }

    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<(), Error> {
        let tables: Vec<Table> = writes.iter().map(|write| write.key().table).collect();
        let items =
            writes.into_iter().map(|write| self.transact_item(write)).collect::<Result<Vec<_>, _>>()?;
        // The token makes a repeat after a lost answer the same transaction (valid for ten minutes).
        let token = hex::encode(crate::tenants::random::<16>());
        let mut pause = Duration::from_millis(10);
        for _ in 0..TRANSACTION_TRIES {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = request.client_request_token(&token).send().await else {
                return Ok(());
            };
            let reasons = cancellation_reasons(&error);
            match verdict(&reasons) {
                Verdict::Failed(index) => {
                    return Err(conflict(index, tables[index], reasons[index].item.clone()));
                }
                Verdict::Refused => return Err(Error::Unavailable(aws::fault("dynamodb", &error))),
                Verdict::Again => {}
            }
            #[allow(clippy::disallowed_methods)] // Milliseconds, between rivals for one item; not a poll.
            tokio::time::sleep(pause).await;
            pause = pause.mul_f32(1.7);
        }
        Err(Error::Rivals)
    }

    fn transact_item(&self, write: Write) -> Result<TransactWriteItem, Error> {
        let name = self.name(write.key().table)?;
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let unusable = |e: aws_sdk_dynamodb::error::BuildError| Error::Unusable(e.to_string());
        Ok(match write {
            Write::Put { key, body, expires_at, listed, condition } => {
                let (expression, values) = expression(condition);
                let put = Put::builder()
                    .table_name(name)
                    .set_item(Some(item(key, body, expires_at, listed, condition.next_version())?))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old);
                TransactWriteItem::builder().put(put.build().map_err(unusable)?).build()
            }
            Write::Delete { key, condition } => {
                let (expression, values) = expression(condition);
                let delete = Delete::builder()
                    .table_name(name)
                    .set_key(Some(key_of(key)))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(all_old);
                TransactWriteItem::builder().delete(delete.build().map_err(unusable)?).build()
            }
        })
    }
}

/// What a cancelled transaction asks of us.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The condition of this write did not hold.
    Failed(usize),
    /// Others were in the way.
    Again,
    /// It will never be accepted, or never was a transaction.
    Refused,
}

/// The first reason decides. One that passes hides what its write would have met, so a failed condition after it
/// is not yet the first: a repeated request must not hear that its own subdomain is taken.
fn verdict(reasons: &[CancellationReason]) -> Verdict {
    let codes = reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    match codes.enumerate().find(|(_, code)| *code != "None") {
        Some((index, "ConditionalCheckFailed")) => Verdict::Failed(index),
        Some((_, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")) => {
            Verdict::Again
        }
        _ => Verdict::Refused,
    }
}

/// Says what a read has cost.
fn read(items: i32, consumed: &[ConsumedCapacity]) {
    let read_units: f64 = consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum();
    tracing::debug!(items, read_units, "read");
}

/// The variable of the environment that names a table.
fn variable_of(table: Table) -> &'static str {
    match table {
        Table::Tenants => "TENANTS_TABLE",
        Table::Ledger => "LEDGER_TABLE",
        Table::Claims => "CLAIMS_TABLE",
        Table::Catalogue => "CATALOGUE_TABLE",
        Table::Webhooks => "WEBHOOKS_TABLE",
    }
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> Vec<CancellationReason> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().to_vec()
        }
        _ => Vec::new(),
    }
}

fn expression(condition: Condition) -> (&'static str, Option<Item>) {
    let value = |number: String| Some(HashMap::from([(":v".to_owned(), AttributeValue::N(number))]));
    match condition {
        Condition::Absent => ("attribute_not_exists(pk)", None),
        Condition::Free(now) => {
            ("attribute_not_exists(pk) OR expires_at <= :v", value(now.as_second().to_string()))
        }
        Condition::Version(version) => ("row_version = :v", value(version.to_string())),
    }
}

fn key_of(key: Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk)),
        ("sk".to_owned(), AttributeValue::S(key.sk)),
    ])
}

fn item(
    key: Key,
    body: Map<String, Value>,
    expires_at: Option<Timestamp>,
    listed: Option<Listed>,
    version: u64,
) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(body).map_err(|e| Error::Unusable(e.to_string()))?;
    item.extend(key_of(key));
    item.insert("row_version".to_owned(), AttributeValue::N(version.to_string()));
    if let Some(at) = expires_at {
        item.insert("expires_at".to_owned(), AttributeValue::N(at.as_second().to_string()));
    }
    if let Some(Listed { listed_as, lists }) = listed {
        item.insert(Index::ORDER.to_owned(), AttributeValue::S(listed_as));
        let lists = lists.into_iter().map(|(index, list)| (index.name().to_owned(), AttributeValue::S(list)));
        item.extend(lists);
    }
    Ok(item)
}

fn row(table: Table, mut item: Item) -> Result<Row, Error> {
    let malformed =
        |what: &str| Error::Unusable(format!("an item of the {table:?} table has no usable {what}"));
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(s)) => Ok(s),
        _ => Err(malformed(name)),
    };
    let key = Key { table, pk: text("pk")?, sk: text("sk")? };
    let mut number = |name: &str| match item.remove(name) {
        Some(AttributeValue::N(n)) => n.parse::<i64>().ok(),
        _ => None,
    };
    let version =
        number("row_version").and_then(|n| u64::try_from(n).ok()).ok_or_else(|| malformed("row_version"))?;
    let expires_at = number("expires_at").and_then(|n| Timestamp::from_second(n).ok());
    let listed_as = match item.remove(Index::ORDER) {
        Some(AttributeValue::S(place)) => Some(place),
        _ => None,
    };
    for index in Index::ALL {
        item.remove(index.name());
    }
    let body = serde_dynamo::from_item(item).map_err(|e| Error::Unusable(e.to_string()))?;
    Ok(Row { key, version, expires_at, listed_as, body })
}

fn conflict(index: usize, table: Table, existing: Option<Item>) -> Error {
    match existing.map(|item| row(table, item)).transpose() {
        Ok(existing) => Error::Conflict(Box::new(Conflict { index, existing })),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn the_first_reason_decides_what_a_cancelled_transaction_meant() {
        for (codes, expected) in [
            (&["None", "ConditionalCheckFailed", "ConditionalCheckFailed"][..], Verdict::Failed(1)),
            (&["ConditionalCheckFailed", "TransactionConflict"], Verdict::Failed(0)),
            (&["TransactionConflict", "ConditionalCheckFailed"], Verdict::Again),
            (&["None", "ThrottlingError"], Verdict::Again),
            (&["ProvisionedThroughputExceeded", "None"], Verdict::Again),
            (&["None", "ValidationError"], Verdict::Refused),
            (&[], Verdict::Refused),
        ] {
            assert_eq!(verdict(&reasons(codes)), expected, "{codes:?}");
        }
    }
}
