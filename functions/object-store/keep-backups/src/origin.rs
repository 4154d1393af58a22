use fault::Fault;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use object_store::ObjectStore;

/// As Barman calls its base backups: by when they were begun, in UTC.
const BASE: &str = "%Y%m%dT%H%M%S";

/// The server whose database a tenant had at a moment, or has: that of the last base backup begun by then. Barman keeps
/// them in `<tenant>/<server>/base/<20261121T020000>/`.
pub(crate) async fn server(
    store: &ObjectStore,
    bucket: &str,
    tenant: &str,
    at: Option<Timestamp>,
) -> Result<Option<String>, Fault> {
    let servers = store.subfolders(bucket, tenant).await?;
    let bases = servers.iter().map(async |server| {
        let bases = store.subfolders(bucket, &format!("{tenant}/{server}/base")).await?;
        let begun = bases.iter().filter_map(|base| begun(base));
        Ok::<_, Fault>(begun.filter(|begun| at.is_none_or(|at| *begun <= at)).max())
    });
    let bases = try_join_all(bases).await?;
    let of_all = servers.into_iter().zip(bases).filter_map(|(server, last)| Some((last?, server)));
    Ok(of_all.max().map(|(_, server)| server))
}

fn begun(base: &str) -> Option<Timestamp> {
    let at = DateTime::strptime(BASE, base).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}
