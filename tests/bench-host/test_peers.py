"""The agent on a bench host of real peers: over sshd, with nginx, certbot, an authority, MariaDB, and Frappe's stand-in. What counts
is what is on the host afterwards."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import peers
import pytest
from record import Record

OAUTH = {"name": "tenantry", "base_url": "https://auth.frappe.example"}
PART = 3 << 20
# Bench's commands take a tenth of their time, but for those that are told otherwise.
PACE = 0.1


class Host:
    """The bench host, as one who has its client's key sees it, and one who sits on it."""

    def __init__(self, record: Record, directory: Path):
        self.deployment, self.told = record.deployment, peers.environment(record)
        login = json.loads(peers.keys(record)[self.told["BENCH_HOST_SECRET"]])
        known, key = directory / "known_hosts", directory / "key"
        known.write_text(f"[127.0.0.1]:{login['port']} {login['host_key']}\n")
        key.touch(0o600)
        key.write_text(login["private_key"])
        options = {"UserKnownHostsFile": known, "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "LogLevel": "ERROR"}
        self.ssh = ["ssh", "-F", "none", "-T", "-i", str(key), "-p", str(login["port"])]
        self.ssh += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        self.ssh.append(f"{login['user']}@127.0.0.1")
        self.bench, self.state = Path(self.told["BENCH_DIRECTORY"]), Path(self.told["BENCH_STATE"])

    def ask(self, request: dict, command: str = "") -> dict:
        asked = subprocess.run([*self.ssh, command], input=json.dumps({"version": 1} | request).encode(), capture_output=True)
        assert asked.returncode == 0, asked
        return json.loads(asked.stdout)

    def databases(self) -> set[str]:
        return set(self.sql("SHOW DATABASES"))

    def sql(self, statement: str) -> list[str]:
        client = ["mariadb", "--socket", self.told["MARIADB_SOCKET"], "-N", "-e", statement]
        return subprocess.run(client, capture_output=True, text=True, check=True).stdout.splitlines()

    def fails(self, command: str, how: str, **more) -> None:
        (self.bench / "fail.json").write_text(json.dumps({"command": command, "how": how} | more))

    def commands(self, site: str) -> list[str]:
        """What bench was told to do with it, by its own log."""
        lines = (self.bench / "logs/bench.log").read_text().splitlines()
        return [line.partition("/bin/bench ")[2] for line in lines if f" {site}" in line]

    def get(self, host: str, path: str, tls: bool = False, method: str = "GET", body: str | None = None):
        """What a visitor gets, for whom the name leads here: the status and the text."""
        address, _, port = self.told["BENCH_HTTPS" if tls else "BENCH_HTTP"].partition(":")
        link = socket.create_connection((address, int(port)), timeout=20)
        if tls:
            link = ssl.create_default_context(cadata=self.told["TENANT_CA"]).wrap_socket(link, server_hostname=host)
        connection = http.client.HTTPConnection(host)
        connection.sock = link
        form = {"content-type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, form | {"connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


class Tenant:
    """One on the host; what it asks for bears its name."""

    def __init__(self, host: Host):
        self.host, self.name = host, f"acme-{secrets.token_hex(3)}"
        self.owner, self.key = f"{host.deployment}/{self.name}", f"op-{secrets.token_hex(4)}"
        self.site, self.api = f"{self.name}.frappe.example", f"api.{self.name}.frappe.example"
        self.database = "_" + self.name.replace("-", "_")
        self.password = secrets.token_urlsafe(16)

    def ask(self, ask: str, **more) -> dict:
        return self.host.ask({"ask": ask, "name": self.name, "owner": self.owner} | more)

    def begin(self, task: str, wait: int = 0, key: str | None = None, **given) -> dict:
        hidden = {"administrator": self.password} if task in ("new-site", "restore") else {}
        asked = self.ask("run", key=key or self.key, task=task, input=given, secrets=hidden, wait=wait)
        assert "job" in asked, asked
        return asked["job"]

    def ended(self, task: str, key: str | None = None, within: float = 120, **given) -> dict:
        deadline = time.monotonic() + within
        while (job := self.begin(task, 20, key, **given))["state"] in ("running", "waiting"):
            assert time.monotonic() < deadline, job
        return job

    def done(self, task: str, key: str | None = None, **given) -> dict:
        job = self.ended(task, key, **given)
        assert job["state"] == "done", job
        return job["result"]

    def configured(self, suspended: bool = False, key: str | None = None) -> None:
        given = {"host": self.api, "country": "Germany", "time_zone": "Europe/Berlin", "oauth": OAUTH}
        self.done("configure-site", key, **given, suspended=suspended, read_only=False, max_file_mb=25)

    def left(self) -> list[str]:
        """What of it is still on the host, wherever that is."""
        host, found = self.host, []
        home = host.bench.parent
        for root, folders, files in os.walk(home):
            # Logs tell what was, a job's directory that it ended; a lock's file is nobody's when nobody holds it.
            below = Path(root).relative_to(home).parts
            if "logs" in below or below[:1] == ("state",) and below[1:2] not in (("marks",), ("transfer",)):
                continue
            found += [f"{root}/{name}" for name in folders + files if self.name in name]
        found += [name for name in host.databases() if name == self.database]
        found += host.sql(f"SELECT User FROM mysql.user WHERE User = '{self.database}'")
        return found


def running(word: str) -> list[str]:
    processes = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in processes.splitlines() if word in line]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    os.environ["BENCH_PACE"] = str(PACE)
    record = Record.load(tmp_path_factory.mktemp("stack"), f"t-{secrets.token_hex(2)}")
    try:
        peers.ensure(record, ["bench"], throw_away=True)
        yield record
    finally:
        home = Path(peers.environment(record)["BENCH_DIRECTORY"]).parent
        peers.stop(record)
        left = running(str(home)) + running(str(record.directory))
        peers.remove(record)
        assert not left, left


@pytest.fixture(scope="module")
def host(record, tmp_path_factory) -> Host:
    return Host(record, tmp_path_factory.mktemp("client"))


@pytest.fixture
def tenant(host) -> Tenant:
    return Tenant(host)


@pytest.fixture
def installed(tenant) -> Tenant:
    """One with a site of all its apps."""
    assert tenant.done("new-site") == {"site": tenant.name, "database": tenant.database}
    for app in ("erpnext", "tenant_oauth_auth"):
        tenant.done("install-app", app=app)
    tenant.configured()
    return tenant


def test_a_tenant_lives_on_the_host_and_leaves_nothing(host, installed):
    tenant = installed
    assert tenant.ask("look", at="site")["look"]["apps"] == ["frappe", "erpnext", "tenant_oauth_auth"]
    # The first of each is put right before the site is anybody's.
    for email, company in (("an@acme.example", "Amce"), ("ann@acme.example", "Acme")):
        tenant.done("create-user", email=email, first_name="Ann", roles=["System Manager"])
        tenant.done("seed-data", company=company, country="Germany", currency="EUR")
    owners = f"SELECT parent FROM {tenant.database}.`tabHas Role` WHERE role = 'System Manager' AND parent <> 'Administrator'"
    assert host.sql(owners) == ["ann@acme.example"]
    assert host.sql(f"SELECT email FROM {tenant.database}.tabUser WHERE email LIKE '%@acme.example'") == ["ann@acme.example"]
    assert host.sql(f"SELECT company_name FROM {tenant.database}.tabCompany") == ["Acme"]
    assert host.sql(f"SELECT default_currency FROM {tenant.database}.tabCompany WHERE name = 'Acme'") == ["EUR"]
    assert host.sql(f"SELECT COUNT(*) FROM {tenant.database}.`tabEmail Queue`") == ["0"], "nobody is written to"

    served = {"site": tenant.site, "api": tenant.api}
    assert tenant.done("serve", **served, mode="live") == {"tls": False}
    assert settled(host, tenant.api, 200, tls=False)
    assert host.get(tenant.api, "/api/method/ping") == (200, '{"message": "pong"}')
    tenant.done("issue-certificate", hosts=[tenant.site, tenant.api])
    assert settled(host, tenant.api, 200)
    for name, path, expected in ((tenant.site, "/", tenant.name), (tenant.api, "/api/method/ping", "pong")):
        status, text = host.get(name, path, tls=True)
        assert status == 200 and expected in text, (name, status, text)

    login = f"usr=Administrator&pwd={tenant.password}"
    for path in ("/login", "/signup", "/api/method/login", "/api/v1/method/login", "/api/v2/method/login"):
        assert host.get(tenant.api, path, tls=True, method="POST", body=login)[0] == 403, path
    for path in ("/api/method/ping?cmd=login", "/?cmd=login", "/api/method/%6cogin"):
        status, text = host.get(tenant.api, path, tls=True, method="POST", body=login)
        assert status in (401, 403, 404) and "Logged In" not in text, (path, status, text)
    for path in ("/site_config.json", f"/{tenant.name}/site_config.json", "/files/../site_config.json", "/private/files/x"):
        status, text = host.get(tenant.api, path, tls=True)
        assert status in (400, 403, 404) and "db_password" not in text, (path, status)

    tenant.configured(suspended=True, key="suspend")
    tenant.done("serve", key="suspend", **served, mode="suspended")
    for name in (tenant.site, tenant.api):
        assert settled(host, name, 503)
    tenant.configured(key="resume")
    tenant.done("serve", key="resume", **served, mode="live")
    assert settled(host, tenant.api, 200)

    (host.bench / "sites" / tenant.name / "public/files/logo.txt").write_text("a logo")
    files = tenant.done("back-up")["files"]
    assert {file["file"] for file in files} == {"database.sql.gz", "files.tar.gz", "private-files.tar.gz"}
    kept = {file["file"]: downloaded(tenant, file) for file in files}
    host.sql(f"DELETE FROM {tenant.database}.tabCompany")
    (host.bench / "sites" / tenant.name / "public/files/logo.txt").unlink()
    for name, content in kept.items():
        upload(tenant, "restore", name, content)
    tenant.done("restore", key="restore", files=files)
    assert host.sql(f"SELECT name FROM {tenant.database}.tabCompany") == ["Acme"]
    assert (host.bench / "sites" / tenant.name / "public/files/logo.txt").read_text() == "a logo"

    for task in ("delete-certificate", "withdraw", "drop-site"):
        assert tenant.done(task, key="delete") == {}
    assert [tenant.ask("look", at=kind) for kind in ("site", "served", "certificate")] == [{"look": None}] * 3
    assert settled(host, tenant.api, 404, tls=False)
    assert tenant.left() == []
    said = (host.bench / "logs/bench.log").read_text()
    assert tenant.password not in said


def settled(host: Host, name: str, status: int, tls: bool = True) -> bool:
    """nginx has its workers of before answer beside the new ones, for a moment. Then it is this, and stays."""
    in_a_row = 0
    for _ in range(100):
        try:
            right = host.get(name, "/api/method/ping", tls)[0] == status
        except OSError:
            right = False  # One that knows no certificate for the name.
        in_a_row = in_a_row + 1 if right else 0
        if in_a_row == 10:
            return True
        time.sleep(0.03)
    return False


def downloaded(tenant: Tenant, file: dict) -> bytes:
    content, offset = b"", 0
    while offset is not None:
        part = tenant.ask("read", key=tenant.key, file=file["file"], offset=offset)["part"]
        content, offset = content + base64.b64decode(part["data"]), part["next"]
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    return content


def upload(tenant: Tenant, key: str, file: str, content: bytes) -> None:
    for offset in range(0, max(len(content), 1), PART):
        data = base64.b64encode(content[offset : offset + PART]).decode()
        tenant.ask("write", key=key, file=file, offset=offset, data=data)


def test_an_installation_outlives_sshd_and_is_begun_once(host, tenant):
    tenant.done("new-site")
    slow(host, "install-app erpnext", 4)
    assert tenant.begin("install-app", app="erpnext")["state"] == "running"
    waiting = waits(tenant, "install-app", app="erpnext")
    before = Path(host.told["BENCH_SSHD_PID"]).read_text()
    subprocess.run([host.told["BENCH_RESTART_SSHD"]], check=True, timeout=20)
    assert waiting.wait(10) == 255, "the connection is gone"
    assert Path(host.told["BENCH_SSHD_PID"]).read_text() != before
    found = tenant.begin("install-app", app="erpnext")
    assert (found["state"], found["attempt"]) == ("running", 1)
    assert tenant.done("install-app", app="erpnext")["installed"] == ["frappe", "erpnext"]
    assert [line for line in host.commands(tenant.name) if "install-app" in line] == [f"--site {tenant.name} install-app erpnext"]
    tenant.done("drop-site", key="delete")
    assert tenant.left() == []


def test_an_installation_outlives_the_connection_it_was_asked_through(host, tenant):
    tenant.done("new-site")
    slow(host, "install-app erpnext", 3)
    waiting = waits(tenant, "install-app", app="erpnext")
    while not any("install-app" in line for line in host.commands(tenant.name)):
        assert waiting.poll() is None
        time.sleep(0.05)
    waiting.kill()
    waiting.wait()
    # Several ask at once, as repeats of a call that nobody heard the end of.
    asking = [threading.Thread(target=tenant.begin, args=("install-app",), kwargs={"app": "erpnext"}) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    job = tenant.ended("install-app", app="erpnext")
    assert (job["state"], job["attempt"]) == ("done", 1)
    assert sum("install-app" in line for line in host.commands(tenant.name)) == 1
    tenant.done("drop-site", key="delete")


def slow(host: Host, command: str, seconds: float) -> None:
    pace = host.bench / "pace.ini"
    lines = [line for line in pace.read_text().splitlines() if not line.startswith(f"{command} =")]
    pace.write_text("\n".join([*lines, f"{command} = {seconds / PACE}"]) + "\n")


def waits(tenant: Tenant, task: str, **given) -> subprocess.Popen:
    """One who asks, and holds the line until there is an answer."""
    request = {"version": 1, "ask": "run", "name": tenant.name, "owner": tenant.owner, "key": tenant.key, "task": task}
    asking = subprocess.Popen(tenant.host.ssh, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    asking.stdin.write(json.dumps(request | {"input": given, "secrets": {}, "wait": 25}).encode())
    asking.stdin.close()
    # It is let in and waits.
    time.sleep(1)
    return asking


@pytest.mark.parametrize(
    ("command", "how", "code", "again"),
    [
        ("new-site", "no-space", "no-space", False),
        ("new-site", "access-denied", "database-refused", False),
        ("new-site", "exists", "database-exists", False),
        ("install-app", "no-space", "no-space", False),
        ("install-app", "crash", "failed", True),
    ],
)
def test_what_bench_says_of_a_failure_is_told_by_its_name(host, tenant, command, how, code, again):
    given = {"app": "tenant_oauth_auth"} if command == "install-app" else {}
    if command == "install-app":
        tenant.done("new-site")
    host.fails(command, how, times=3)
    job = tenant.begin(command, 20, **given)
    assert job["state"] == "failed", job
    assert (job["failure"]["code"], job["failure"]["again"]) == (code, again), job
    (host.bench / "fail.json").unlink()
    # What is half made is no hindrance to the next operation, and to being rid of it neither.
    assert tenant.ended(command, key="next", **given)["state"] == "done"
    tenant.done("drop-site", key="delete")
    assert tenant.left() == []


def test_a_site_goes_while_an_installation_of_it_hangs(host, tenant):
    tenant.done("new-site")
    host.fails("install-app", "hang")
    assert tenant.begin("install-app", app="erpnext")["state"] == "running"
    tenant.done("drop-site", key="delete")
    assert tenant.left() == []
    assert running(tenant.name) == []


def test_what_a_client_asks_to_execute_is_not_looked_at(host, tmp_path):
    mark = tmp_path / "made"
    request = {"ask": "list", "of": "site", "after": None}
    assert "list" in host.ask(request, f"touch {mark}; sh")
    assert not mark.exists()


def test_bench_refuses_root(host):
    if os.getuid() != 0:
        pytest.skip("not root")
    said = subprocess.run([host.bench / "bin/bench", "--site", "x", "list-apps"], cwd=host.bench, capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (1, "WARN: You should not run this command as root\n")


def test_a_host_that_went_down_in_the_middle_goes_on_when_it_is_up(record, host, tenant, tmp_path):
    tenant.done("new-site")
    slow(host, "install-app erpnext", 20)
    assert tenant.begin("install-app", app="erpnext")["state"] == "running"
    peers.stop(record)
    assert running(str(host.bench)) == []
    peers.ensure(record, ["bench"], throw_away=True)
    tenant.host = Host(record, tmp_path)
    job = tenant.ended("install-app", app="erpnext")
    assert (job["state"], job["attempt"], job["result"]["installed"]) == ("done", 2, ["frappe", "erpnext"])
    tenant.done("drop-site", key="delete")
    assert tenant.left() == []
