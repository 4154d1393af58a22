"""What there is of a name, asked of the things themselves: folders, the database, nginx' files, certificates."""

import json
import os
import re

from tenantry_bench_host import disk, marks
from tenantry_bench_host.outcome import Failed, Refused

# All of a look must fit into an answer's time.
WITHIN = 12


def look(configuration, kind: str, name: str) -> dict | None:
    mark = marks.read(configuration, kind, name)
    found = LOOKS[kind](configuration, name, mark is not None)
    if found is None:
        return None
    whose = {"owner": mark["owner"], "made_at": mark["made_at"]} if mark else {"owner": None, "made_at": None}
    return whose | found


def _site(configuration, name: str, marked: bool) -> dict | None:
    from tenantry_bench_host import database

    looker = _Looker(configuration, name)
    exists = os.path.lexists(f"{configuration.sites}/{name}")
    try:
        database_exists = database.exists(configuration, looker.programs, name)
    except Failed as failed:
        # Nobody could tell whether there is one. A server that does not answer may in a moment.
        code = "unavailable" if failed.code == "database-unreachable" else "misconfigured"
        raise Refused(code, failed.cause, "Is the database server of the bench running?") from None
    if not (marked or exists or database_exists):
        return None
    read = _configuration_of(f"{configuration.sites}/{name}/site_config.json")
    closed, reads = bool(read.get("maintenance_mode")), bool(read.get("allow_reads_during_maintenance"))
    return {
        "exists": exists,
        "database": database_exists,
        "apps": looker.apps() if exists and database_exists else [],
        "suspended": closed and not reads,
        "read_only": closed and reads,
    }


def _served(configuration, name: str, marked: bool) -> dict | None:
    from tenantry_bench_host import nginx

    path = nginx.path_of(configuration, name)
    exists = os.path.lexists(path)
    if not (marked or exists):
        return None
    text = disk.text(path) or ""
    hosts = list(dict.fromkeys(re.findall(r"^\s*server_name (\S+);$", text, flags=re.MULTILINE)))
    suspended = "error_page 503 @maintenance;" in text
    mode = None if not exists or not marked else "suspended" if suspended else "live"
    return {"exists": exists, "mode": mode, "tls": "ssl_certificate " in text, "hosts": hosts}


def _certificate(configuration, name: str, marked: bool) -> dict | None:
    from tenantry_bench_host import certificate

    exists = certificate.stands(configuration, name)
    if not (marked or exists):
        return None
    found = certificate.describe(configuration, _Looker(configuration, name).programs, name) or {}
    missing = {"hosts": [], "not_after": None, "issuer": None}
    return {"exists": exists} | missing | found


LOOKS = {"site": _site, "served": _served, "certificate": _certificate}


class _Looker:
    """As much of a job as a program needs: no log, no lock, no secrets."""

    def __init__(self, configuration, name: str):
        from tenantry_bench_host import program

        self.configuration, self.name = configuration, name
        self.programs = program.Programs(configuration)

    def apps(self) -> list[str]:
        from tenantry_bench_host import site

        try:
            return site.Site(self).apps(WITHIN)
        except Failed:
            # One that bench cannot open has none that anybody could use.
            return []


def _configuration_of(path: str) -> dict:
    try:
        # Written by bench's user: we follow no link of that user's.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, encoding="utf-8") as file:
            read = json.load(file)
        return read if isinstance(read, dict) else {}
    except (OSError, ValueError):
        return {}
