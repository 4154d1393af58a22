"""The limits of Let's Encrypt, kept here: who is refused there is refused for longer, with all tenants of the host.

An attempt is written down before it is made, as one that failed and as one that gave a certificate. If we die in between, it
counts as both."""

from datetime import datetime, timedelta, timezone

from tenantry_bench_host import disk, moment
from tenantry_bench_host.outcome import Failed

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
# For one host name within an hour, and for one set of names within a week.
FAILURES, DUPLICATES = 5, 5


def take(configuration, hosts: list[str]) -> None:
    """Notes an attempt; refuses one too many, with the moment when there may be another."""
    path = _path(configuration)
    now = datetime.now(timezone.utc)
    known = [attempt for attempt in disk.read(path) or [] if now - moment.read(attempt["at"]) < WEEK]
    for host in hosts:
        failed = [one for one in known if host in one["hosts"] and one["failed"] is not False]
        _refuse(failed, FAILURES, HOUR, now, f"{host} failed {FAILURES} times within an hour")
    came = [attempt for attempt in known if attempt["came"] is not False]
    same = [attempt for attempt in came if attempt["hosts"] == sorted(hosts)]
    _refuse(same, DUPLICATES, WEEK, now, f"{DUPLICATES} certificates for the same names within a week")
    # A renewal is none of the week's.
    if not same and not _had_before(configuration, hosts):
        most = int(configuration.certbot["certificates_per_week"])
        for domain in sorted({_registered(host) for host in hosts}):
            of_domain = [one for one in came if domain in map(_registered, one["hosts"])]
            _refuse(of_domain, most, WEEK, now, f"{most} certificates below {domain} within a week")
    attempt = {"at": moment.text(now), "hosts": sorted(hosts), "failed": None, "came": None}
    disk.replace(path, [*known, attempt])


def settle(configuration, came: bool) -> None:
    """What came of the last attempt. Certbot's lock is ours as long as it is open."""
    known = disk.read(_path(configuration))
    known[-1] |= {"failed": not came, "came": came}
    disk.replace(_path(configuration), known)
    if came:
        sets = disk.read(_had(configuration)) or []
        if known[-1]["hosts"] not in sets:
            disk.replace(_had(configuration), [*sets, known[-1]["hosts"]])


def _refuse(attempts: list, most: int, span: timedelta, now: datetime, why: str) -> None:
    within = sorted(moment.read(attempt["at"]) for attempt in attempts)
    within = [at for at in within if now - at < span]
    if len(within) >= most:
        # A second later than to the second: moments are cut.
        again = within[len(within) - most] + span + timedelta(seconds=1)
        raise Failed("rate-limited", f"the limit of the certificate authority: {why}", moment.text(again))


def _registered(host: str) -> str:
    """What is registered, without a list of the public suffixes: with a suffix of two labels, more is counted than need be."""
    return ".".join(host.split(".")[-2:])


def _had_before(configuration, hosts: list[str]) -> bool:
    return sorted(hosts) in (disk.read(_had(configuration)) or [])


def _path(configuration) -> str:
    return f"{configuration.state}/certificates/attempts.json"


def _had(configuration) -> str:
    return f"{configuration.state}/certificates/issued.json"
