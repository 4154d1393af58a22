"""A tenant's certificate: certbot's, kept under the tenant's id, proved by files that nginx serves on port 80.

Whoever wants one says so once. What does not come at once stays wished for, and `bench-host tend` goes on asking within the
authority's limits, renews, and has nginx serve what has come."""

import contextlib
import os
import re
from datetime import datetime, timedelta, timezone

from tenantry_bench_host import disk, failure, limits, marks, moment, nginx
from tenantry_bench_host.outcome import Failed

WITHIN = 300
# Let's Encrypt's last for 90 days.
RENEWED_BEFORE = timedelta(days=30)
GIVEN_BACK = re.compile(r"[Rr]etry.{0,10} after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


def issue(work) -> dict:
    configuration, name, hosts = work.configuration, work.name, work.input["hosts"]
    mark = marks.hold(configuration, "certificate", name, work.owner)
    if mark is None and stands(configuration, name):
        raise Failed("foreign", f"certbot has a certificate {name}, without a mark of ours")
    if not configuration.certbot["email"]:
        raise Failed("failed", "certbot.email is not set in the agent's configuration")
    marks.make(configuration, "certificate", name, work.owner)
    disk.replace(_wish(configuration, name), {"hosts": hosts})
    found = obtain(configuration, work.programs, name)
    nginx.renew(configuration, work.programs, name)
    return {"not_after": found["not_after"], "issuer": found["issuer"]}


def delete(work) -> dict:
    configuration, name = work.configuration, work.name
    mark = marks.hold(configuration, "certificate", name, work.owner)
    if mark is None:
        if stands(configuration, name):
            raise Failed("foreign", f"certbot has a certificate {name}, without a mark of ours")
        return {}
    # Nobody asks for another one meanwhile.
    disk.remove(_wish(configuration, name))
    # Without TLS before there is nothing to serve it with.
    nginx.renew(configuration, work.programs, name)
    with locked(configuration):
        if stands(configuration, name):
            # What was revoked once makes certbot crash the next time; what counts then is that it is gone.
            server = ["--server", configuration.certbot["server"]]
            _certbot(work, ["revoke", "--delete-after-revoke", "--reason", "cessationofoperation", *server], name)
        if stands(configuration, name):
            _certbot(work, ["delete"], name)
        if stands(configuration, name):
            raise Failed("failed", f"certbot's files of {name} are still there")
    marks.remove(configuration, "certificate", name)
    return {}


def obtain(configuration, programs, name: str) -> dict:
    """The certificate that is wished: as it is, renewed when it is time, or asked for. Only what is asked for counts."""
    with locked(configuration):
        wish = wished(configuration, name)
        if wish is None:
            raise Failed("absent", f"no certificate is wished for {name}")
        hosts = wish["hosts"]
        found = describe(configuration, programs, name)
        if found and set(found["hosts"]) == set(hosts) and not _is_old(found):
            return found
        _make_webroot(configuration)
        limits.take(configuration, hosts)
        ended = programs.run(_request(configuration, name, hosts), WITHIN, environment=_environment(configuration))
        found = describe(configuration, programs, name)
        came = not ended.status and found is not None and set(found["hosts"]) == set(hosts)
        limits.settle(configuration, came)
        if not came:
            raise _failed(ended)
        return found


def describe(configuration, programs, name: str) -> dict | None:
    """What the file says that nginx would serve."""
    path = f"{live(configuration, name)}/fullchain.pem"
    if not os.path.exists(path) or not os.path.exists(f"{live(configuration, name)}/privkey.pem"):
        return None
    asked = ["-noout", "-enddate", "-issuer", "-nameopt", "RFC2253", "-ext", "subjectAltName"]
    ended = programs.run(["openssl", "x509", "-in", path, *asked], 30)
    end = re.search(r"^notAfter=(.+)$", ended.output, flags=re.MULTILINE)
    if ended.status or not end:
        return None
    issuer = re.search(r"^issuer=\s*(.+)$", ended.output, flags=re.MULTILINE)
    until = datetime.strptime(" ".join(end[1].split()), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=timezone.utc)
    hosts = re.findall(r"DNS:([^,\s]+)", ended.output)
    return {"hosts": hosts, "not_after": moment.text(until), "issuer": issuer[1].strip() if issuer else ""}


def covers(configuration, programs, name: str, hosts: list[str]) -> bool:
    """Whether there is one for all these hosts that is ours and still wished for."""
    if not (marks.read(configuration, "certificate", name) and wished(configuration, name)):
        return False
    found = describe(configuration, programs, name)
    return found is not None and set(hosts) <= set(found["hosts"])


def stands(configuration, name: str) -> bool:
    """Whether certbot has anything of that name."""
    folder = configuration.certbot["config_dir"]
    places = (f"live/{name}", f"archive/{name}", f"renewal/{name}.conf")
    return any(os.path.lexists(f"{folder}/{place}") for place in places)


def live(configuration, name: str) -> str:
    return f"{configuration.certbot['config_dir']}/live/{name}"


def wished(configuration, name: str) -> dict | None:
    return disk.read(_wish(configuration, name))


@contextlib.contextmanager
def locked(configuration):
    """certbot refuses to run twice at once."""
    try:
        with disk.lock(f"{configuration.state}/guards/.certbot", 2 * WITHIN):
            yield
    except TimeoutError:
        raise Failed("timed-out", "another run of certbot does not end") from None


def _request(configuration, name: str, hosts: list[str]) -> list[str]:
    certbot = configuration.certbot
    names = [word for host in hosts for word in ("-d", host)]
    how = ["--webroot", "--webroot-path", configuration.nginx["acme_webroot"], "--preferred-challenges", "http"]
    # A certificate for other names takes the place of the one that has this name.
    return [
        certbot["program"], "certonly", *how, "--cert-name", name, *names, "--renew-with-new-domains",
        "--non-interactive", "--agree-tos", "--email", certbot["email"], "--server", certbot["server"], *_folders(configuration),
    ]  # fmt: skip


def _certbot(work, words: list[str], name: str):
    command = [work.configuration.certbot["program"], *words, "--cert-name", name, "--non-interactive"]
    environment = _environment(work.configuration)
    return work.programs.run([*command, *_folders(work.configuration)], WITHIN, environment=environment)


def _folders(configuration) -> list[str]:
    certbot = configuration.certbot
    folders = (("--config-dir", "config_dir"), ("--work-dir", "work_dir"), ("--logs-dir", "logs_dir"))
    return [word for option, key in folders for word in (option, certbot[key])]


def _environment(configuration) -> dict[str, str]:
    bundle = configuration.certbot["ca_bundle"]
    return {"REQUESTS_CA_BUNDLE": bundle} if bundle else {}


def _failed(ended) -> Failed:
    failed = failure.of_certbot(ended, "certbot")
    if failed.code == "rate-limited":
        told = GIVEN_BACK.search(ended.output)
        failed.retry_at = f"{told[1]}T{told[2]}Z" if told else moment.text(datetime.now(timezone.utc) + timedelta(hours=1))
    return failed


def _make_webroot(configuration) -> None:
    """nginx' workers read there."""
    webroot = configuration.nginx["acme_webroot"]
    if not os.path.isdir(webroot):
        os.makedirs(webroot)
        os.chmod(webroot, 0o755)


def _is_old(found: dict) -> bool:
    return moment.read(found["not_after"]) - datetime.now(timezone.utc) < RENEWED_BEFORE


def _wish(configuration, name: str) -> str:
    return f"{configuration.state}/wishes/certificate/{name}.json"
