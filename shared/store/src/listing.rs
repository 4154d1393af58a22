use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tenancy::{Status, Tenant, TenantId};

use crate::database::{Error, Page};
use crate::index::{Index, Listed, Place};
use crate::tenants::{Tenants, tenant_key};
use crate::words::{self, Text};

/// So many items one call reads at most, however few of them a filter lets through.
pub(crate) const READ: usize = 100;

/// What all tenants of an index are listed under, where nothing divides them.
const EVERYONE: &str = "TENANT";

/// DynamoDB takes no empty key, and none of ours is longer.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 1..=255;

/// Which tenants are listed: those of whom all that is named is so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<Status>,
    pub plan: Option<String>,
    /// A blueprint's name, in any version.
    pub blueprint: Option<String>,
    pub theme: Option<String>,
    /// The beginnings of words of the name; or, as a whole, the id, the subdomain, the owner's address or the
    /// tenant's own domain.
    pub text: Option<String>,
}

/// The list of tenants. It has all there ever were: those that are deleted stay, as such. Synthetic ones are in no list: they are
/// found by their whole id, or their subdomain while they have it.
impl Tenants {
    /// The tenants that a filter lets through, by folded name and id; those that a text finds, by the word it found.
    ///
    /// A call reads [`READ`] items at most, so a page may be shorter than `limit`, even empty, and more may follow: that
    /// the next page says. Whoever follows it to the end sees each tenant once that is there all the while, and keeps
    /// its name. The indexes are eventually consistent: what was written in the last second may not show yet.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Tenant>, Option<Page>), Error> {
        let limit = limit.clamp(1, READ);
        let after = after.map(|page| filter.place(page)).transpose()?;
        let read = match filter.text() {
            Some(text) => self.found(&Text::new(text), filter, limit, after.as_deref()).await?,
            None => self.listed(filter, limit, after.as_deref()).await?,
        };
        let (mut tenants, mut last) = (Vec::new(), None);
        for (place, tenant) in read.tenants {
            if tenants.len() == limit {
                return Ok((tenants, last.map(|last: String| filter.page(&last))));
            }
            tenants.extend(tenant.filter(|tenant| filter.admits(tenant)));
            last = Some(place);
        }
        Ok((tenants, read.goes_on_after.map(|last| filter.page(&last))))
    }

    /// Whether there is or was such a tenant: a deleted one counts, for what is left of it may still be repaired. Of a
    /// filter that names one thing this is one read.
    ///
    /// Eventually consistent: whoever takes something away because nobody has it first sees to it that nobody gets it.
    pub async fn any(&self, filter: &Filter) -> Result<bool, Error> {
        let mut after = None;
        loop {
            let (tenants, next) = self.list(filter, 1, after.as_ref()).await?;
            match next {
                _ if !tenants.is_empty() => return Ok(true),
                None => return Ok(false),
                next => after = next,
            }
        }
    }

    async fn listed(&self, filter: &Filter, limit: usize, after: Option<&str>) -> Result<Read, Error> {
        let (index, list) = filter.list();
        if !KEY_LENGTHS.contains(&list.len()) {
            return Ok(Read::default());
        }
        let after = after.map(place).transpose()?;
        let limit = if filter.conditions() > 1 { READ } else { limit };
        let (rows, more) = self.db.list(index, list, limit, after.as_ref()).await?;
        let mut read = Read::default();
        for row in rows {
            let tenant = row.decode()?;
            read.tenants.push((row.listed_as.unwrap_or_default(), Some(tenant)));
        }
        read.goes_on_after = read.tenants.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok(read)
    }
}

/// What one call has read, in order, and where.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// None where a tenant was meanwhile renamed, or is not there at all.
    pub(crate) tenants: Vec<(String, Option<Tenant>)>,
    pub(crate) goes_on_after: Option<String>,
}

impl Filter {
    /// Blank text asks for nothing.
    fn text(&self) -> Option<&str> {
        self.text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// How much it asks of a tenant, all in all.
    pub(crate) fn conditions(&self) -> usize {
        let named = [self.plan.is_some(), self.blueprint.is_some(), self.theme.is_some()];
        let others = [self.status.is_some(), self.text().is_some()];
        named.into_iter().chain(others).filter(|named| *named).count()
    }

    /// The list to read, of those it names the one that is likely to be the shortest: most tenants are active.
    fn list(&self) -> (Index, &str) {
        let uncommon = self.status.filter(|status| *status != Status::Active);
        let lists = [
            (Index::Status, uncommon.map(Status::name)),
            (Index::Plan, self.plan.as_deref()),
            (Index::Theme, self.theme.as_deref()),
            (Index::Blueprint, self.blueprint.as_deref()),
            (Index::Status, self.status.map(Status::name)),
        ];
        let named = lists.into_iter().find_map(|(index, list)| Some((index, list?)));
        named.unwrap_or((Index::Everyone, EVERYONE))
    }

    /// All but the text, which is found and not asked for.
    fn admits(&self, tenant: &Tenant) -> bool {
        self.status.is_none_or(|status| tenant.status == status)
            && self.plan.as_ref().is_none_or(|plan| tenant.plan == *plan)
            && self.blueprint.as_ref().is_none_or(|name| tenant.blueprint.name == *name)
            && self.theme.as_ref().is_none_or(|theme| tenant.theme.as_ref() == Some(theme))
    }

    /// Names a place for whoever asks by this very filter. It is no secret and no permission: a query never leaves the
    /// list that the filter names, wherever in it somebody begins.
    fn page(&self, place: &str) -> Page {
        Page(URL_SAFE_NO_PAD.encode([&self.seal(place)[..], place.as_bytes()].concat()))
    }

    fn place(&self, Page(token): &Page) -> Result<String, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::NoSuchPage)?;
        let (seal, place) = bytes.split_first_chunk::<SEAL>().ok_or(Error::NoSuchPage)?;
        let place = str::from_utf8(place).map_err(|_| Error::NoSuchPage)?;
        if *seal == self.seal(place) { Ok(place.to_owned()) } else { Err(Error::NoSuchPage) }
    }

    fn seal(&self, place: &str) -> [u8; SEAL] {
        let digest = Sha256::new().chain_update(format!("{self:?}")).chain_update([0]).chain_update(place);
        let digest: [u8; 32] = digest.finalize().into();
        std::array::from_fn(|n| digest[n])
    }
}

const SEAL: usize = 8;

/// Where a tenant is listed.
pub(crate) fn of(tenant: &Tenant) -> Listed {
    if tenant.subdomain.is_synthetic() {
        return Listed { listed_as: listed_as(tenant), lists: BTreeMap::new() };
    }
    let lists = [
        (Index::Everyone, Some(EVERYONE)),
        (Index::Status, Some(tenant.status.name())),
        (Index::Plan, Some(tenant.plan.as_str())),
        (Index::Blueprint, Some(tenant.blueprint.name.as_str())),
        (Index::Theme, tenant.theme.as_deref()),
    ];
    let lists = lists.into_iter().filter_map(|(index, list)| Some((index, list?.to_owned())));
    Listed { listed_as: listed_as(tenant), lists: lists.collect() }
}

/// `cafe-zurich#cafe-zurich-7f3a9c`: the folded name, and the id that tells two of a name apart.
pub(crate) fn listed_as(tenant: &Tenant) -> String {
    format!("{}#{}", words::folded(&tenant.name), tenant.id)
}

/// The tenant that is listed there.
pub(crate) fn tenant_at(place: &str) -> Result<TenantId, Error> {
    place.rsplit_once('#').and_then(|(_, id)| id.parse().ok()).ok_or(Error::NoSuchPage)
}

fn place(listed_as: &str) -> Result<Place, Error> {
    Ok(Place { listed_as: listed_as.to_owned(), key: tenant_key(&tenant_at(listed_as)?) })
}
