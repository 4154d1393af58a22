use std::collections::BTreeSet;

use serde_json::json;
use tenancy::{DomainName, Email, Subdomain, Tenant, TenantId};

use crate::claims::Claims;
use crate::database::{Condition, Error, Key, Page, Table, Write};
use crate::listing::{Filter, READ, Read, listed_as, tenant_at};
use crate::tenants::{Tenants, tenant_key};

/// So much of a name counts: other scripts are spelled out in ours, some signs at length, and a sort key has an end.
const FOLDED: usize = 200;

/// So many words of a name are kept: a transaction takes a hundred writes, and a new name changes them all.
const WORDS: usize = 16;

/// Begins the place of a tenant that is called by the text as a whole. No word does.
const CALLED: char = '=';

/// The words by which a tenant is found: a row for each word of its name, and one for its owner's address. A row is
/// all key; its tenant and that tenant's name are in it. The rows are written with the tenant, and changed with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Email(Email),
    Words { whole: String, words: Vec<String> },
}

/// A name to compare by: in our script, in lower case, without accents, words joined by hyphens.
pub(crate) fn folded(name: &str) -> String {
    let mut slug = slug::slugify(name);
    slug.truncate(FOLDED);
    slug
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        match Email::parse(text) {
            Ok(email) => Self::Email(email),
            Err(_) => Self::Words {
                whole: text.to_owned(),
                words: words(&folded(text)).into_iter().map(str::to_owned).collect(),
            },
        }
    }

    /// Where its rows are: those whose sort key begins so.
    fn rows(&self) -> Option<(String, &str)> {
        match self {
            Self::Email(email) => Some((email_partition(email), "")),
            Self::Words { words, .. } => {
                let longest = words.iter().max_by_key(|word| word.len())?;
                Some((word_partition(longest), longest))
            }
        }
    }

    /// Whether the tenant of a row is meant, and by this row: where several words of its name begin alike, the first
    /// speaks for all.
    fn means(&self, sk: &str) -> bool {
        let Self::Words { words: wanted, .. } = self else { return true };
        let Some((row, name)) = sk.split_once('#') else { return false };
        let name = words(name.split('#').next().unwrap_or_default());
        let Some((_, searched)) = self.rows() else { return false };
        let all = wanted.iter().all(|wanted| name.iter().any(|word| word.starts_with(wanted)));
        all && !name.iter().any(|word| word.starts_with(searched) && *word < row)
    }
}

impl Tenants {
    /// What a text finds: who is called by the whole of it first, and then by word.
    pub(crate) async fn found(
        &self,
        text: &Text,
        filter: &Filter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Read, Error> {
        let called = self.called(text).await?;
        let (calls, after) = match after {
            Some(after) if !after.starts_with(CALLED) => (None, Some(Page(after.to_owned()))),
            after => (Some(after.unwrap_or_default()), None),
        };
        let mut places: Vec<(String, TenantId)> = Vec::new();
        if let Some(after) = calls {
            let places_called = called.iter().map(|id| (format!("{CALLED}{id}"), id.clone()));
            places.extend(places_called.filter(|(place, _)| place.as_str() > after));
        }
        let mut goes_on_after = None;
        if let Some((partition, prefix)) = text.rows() {
            let several = matches!(text, Text::Words { words, .. } if words.len() > 1);
            let read = if several || filter.conditions() > 1 { READ } else { limit };
            let (rows, next) =
                self.db.query(Table::Tenants, &partition, prefix, read, after.as_ref()).await?;
            goes_on_after = next.map(|Page(last)| last);
            for row in rows.iter().filter(|row| text.means(&row.key.sk)) {
                let id = tenant_at(&row.key.sk)?;
                if !called.contains(&id) {
                    places.push((row.key.sk.clone(), id));
                }
            }
        }
        if filter.conditions() == 1 && places.len() > limit {
            places.truncate(limit);
            goes_on_after = places.last().map(|(place, _)| place.clone());
        }
        let keys: Vec<Key> = places.iter().map(|(_, id)| tenant_key(id)).collect();
        let rows = self.db.get_all(&keys).await?;
        let mut tenants = Vec::with_capacity(rows.len());
        for ((place, _), row) in places.into_iter().zip(rows) {
            tenants.push((place, row.map(|row| row.decode()).transpose()?));
        }
        Ok(Read { tenants, goes_on_after })
    }

    /// Whose id, subdomain or own domain the text is: two at most, in the order of their ids.
    async fn called(&self, text: &Text) -> Result<BTreeSet<TenantId>, Error> {
        let Text::Words { whole, .. } = text else { return Ok(BTreeSet::new()) };
        let claims = Claims::new(self.db.clone());
        let mut called = BTreeSet::new();
        if let Ok(id) = whole.to_ascii_lowercase().parse::<TenantId>()
            && self.get(&id).await?.is_some()
        {
            called.insert(id);
        }
        if let Ok(subdomain) = Subdomain::parse(whole) {
            called.extend(claims.tenant_of(&subdomain).await?);
        }
        if let Ok(domain) = DomainName::parse("text", whole) {
            called.extend(claims.tenant_at(&domain).await?);
        }
        Ok(called)
    }
}

/// The writes by which a new tenant is found.
pub(crate) fn put(tenant: &Tenant) -> Result<Vec<Write>, Error> {
    keys(tenant).into_iter().map(write).collect()
}

/// The writes by which a tenant is found as it is now, and no more as it was. What stays is not touched: a row never
/// changes, so one that is there is at its first version.
pub(crate) fn change(before: &Tenant, after: &Tenant) -> Result<Vec<Write>, Error> {
    let (old, new) = (keys(before), keys(after));
    let gone = old.difference(&new).cloned();
    let gone = gone.map(|key| Ok(Write::Delete { key, condition: Condition::Version(1) }));
    gone.chain(new.difference(&old).cloned().map(write)).collect()
}

fn write(key: Key) -> Result<Write, Error> {
    Write::put(key, &json!({}), Condition::Absent)
}

fn keys(tenant: &Tenant) -> BTreeSet<Key> {
    if tenant.subdomain.is_synthetic() {
        return BTreeSet::new();
    }
    let listed_as = listed_as(tenant);
    let name = folded(&tenant.name);
    let words = words(&name)
        .into_iter()
        .map(|word| Key::new(Table::Tenants, word_partition(word), format_args!("{word}#{listed_as}")));
    let email = Key::new(Table::Tenants, email_partition(&tenant.email), &listed_as);
    words.chain([email]).collect()
}

/// The words of a folded name, each once.
fn words(folded: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in folded.split('-').filter(|word| !word.is_empty()) {
        if words.len() < WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// A partition for each letter that a word can begin with.
fn word_partition(word: &str) -> String {
    format!("WORD#{}", word.get(..1).unwrap_or_default())
}

/// Mail servers may tell capitals apart before the `@`; none that anybody uses does.
fn email_partition(email: &Email) -> String {
    format!("EMAIL#{}", email.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::database::Database;
    use crate::listing::Filter;
    use crate::tenants::put_tenant;

    fn tenant(name: &str, email: &str) -> Tenant {
        serde_json::from_value(json!({
            "id": "acme-000000", "name": name, "subdomain": "acme", "email": email, "plan": "starter",
            "blueprint": { "name": "shop", "version": 3 }, "status": "failed", "created_at": "2026-01-01T00:00:00Z",
        }))
        .expect("a tenant")
    }

    #[test]
    fn a_name_is_compared_by_its_words_in_our_script() {
        assert_eq!(folded("  Café & Zürich’s  TEA "), "cafe-zurich-s-tea");
        assert_eq!(words("a-b--a-c"), ["a", "b", "c"]);
        assert_eq!(folded("!!!"), "");
        assert!(words("").is_empty());
    }

    #[test]
    fn however_long_a_name_is_a_new_one_fits_into_a_transaction() {
        let (before, after) = ("日本".repeat(40), "語文".repeat(40));
        let letters: String = ('a'..='z').flat_map(|letter| [letter, ' ']).collect();
        let names =
            [before, letters, after].map(|name| tenant(&name, &format!("{}@example.com", name.len())));
        for names in names.windows(2) {
            assert!(change(&names[0], &names[1]).expect("writes").len() <= 2 * (WORDS + 1));
        }
    }

    #[test]
    fn what_stays_is_not_written() {
        let (before, after) = (tenant("Acme Tea", "o@example.com"), tenant("Acme Tea", "P@example.com"));
        let writes = change(&before, &after).expect("writes");
        let keys: Vec<&str> = writes.iter().map(|write| write.key().pk.as_str()).collect();
        assert_eq!(keys, ["EMAIL#o@example.com", "EMAIL#p@example.com"]);
        assert!(change(&before, &before).expect("writes").is_empty());
    }

    #[tokio::test]
    async fn a_tenant_is_found_by_its_new_name_and_no_more_by_its_old_one() {
        let tenants = Tenants::new(Database::memory());
        let (before, after) = (tenant("Acme Tea", "o@example.com"), tenant("Best Tea", "p@example.com"));
        let mut writes = put(&before).expect("writes");
        writes.push(put_tenant(&before, Condition::Absent).expect("a write"));
        tenants.db.transact(writes).await.expect("written");
        let mut writes = change(&before, &after).expect("writes");
        writes.push(put_tenant(&after, Condition::Version(1)).expect("a write"));
        tenants.db.transact(writes).await.expect("written");
        for (text, found) in
            [("acme", 0), ("o@example.com", 0), ("best", 1), ("tea", 1), ("p@example.com", 1)]
        {
            let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
            let (listed, _) = tenants.list(&filter, 10, None).await.expect("listed");
            assert_eq!(listed.len(), found, "{text}");
        }
        let (listed, _) = tenants.list(&Filter::default(), 10, None).await.expect("listed");
        assert_eq!(listed, [after], "once, as it is now");
    }
}
