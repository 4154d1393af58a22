"""A bench host: our agent behind sshd, with a real nginx, certbot and an authority that it asks, and a stand-in for Frappe whose
sites are real folders and real databases."""

import configparser
import getpass
import hashlib
import json
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path

import processes
from record import Record

from peers import ground, mariadb, nginx, pebble, sshd

REPOSITORY = Path(__file__).resolve().parents[4]
AGENT = REPOSITORY / "infra/bench-host"
sys.path.insert(0, str(REPOSITORY / "infra/local/bench"))
import making  # noqa: E402 - Makes the stand-in's directory, and is not ours.

PORTS = ("ssh", "http", "https", "front_end", "backend", "acme", "acme_management", "dns", "dns_management")
NEEDS = ("mariadb",)
PARAMETERS = {
    "BenchHostSecret": "BENCH_HOST_SECRET",
    "TenantHttpPort": "TENANT_HTTP_PORT",
    "TenantHttpsPort": "TENANT_HTTPS_PORT",
    "TenantCa": "TENANT_CA",
    "DnsServers": "DNS_SERVERS",
}
# What the front end's own sign-in goes through.
OAUTH = {"tenantry_oauth_client_id": "tenantry", "tenantry_oauth_client_secret": "local"}


def start(record: Record, known: dict, throw_away: bool) -> None:
    home, ports = _home(record), known["ports"]
    home.mkdir(mode=0o711, exist_ok=True)
    known["user"] = user = "nobody" if os.getuid() == 0 else getpass.getuser()
    database = {"db_host": "127.0.0.1", "db_port": ground.ports(record, "mariadb")["sql"]}
    pace = float(os.environ.get("BENCH_PACE", "0.5" if throw_away else "1"))
    making.make(home / "bench", user, database | OAUTH, pace)
    # What bench's user runs of it has to be where that user gets.
    shutil.rmtree(home / "agent", ignore_errors=True)
    shutil.copytree(AGENT, home / "agent", ignore=shutil.ignore_patterns("__pycache__"))

    def run(name: str, command: list[str], up, env: dict | None = None, **more) -> None:
        log = home / f"{name}.log"
        known["processes"][name] = processes.start(command, ground.environment(home) | (env or {}), log, throw_away, **more)
        record.save()
        processes.wait(up, known["processes"][name], log, name)

    python, sites = str(home / "bench/env/bin/python"), home / "bench/sites"
    for name, program in (("backend", ["-m", "frappe.app"]), ("front_end", [str(home / "bench/bin/front_end.py")])):
        command, up = [python, *program, "--port", str(ports[name])], lambda name=name: _listens(ports[name])
        run(name, command, up, cwd=sites, **making.run_as(user))
    run("nginx", nginx.prepare(home / "nginx", ports["http"], ports["https"]), lambda: _listens(ports["http"]))
    known["names"] = record.urls.get("dns")
    if not known["names"]:
        known["names"] = f"127.0.0.1:{ports['dns']}"
        run("names", pebble.names(ports), lambda: _listens(ports["dns"]))
    certbot = home / "certbot"
    # The authority is another each time, and knows nobody.
    shutil.rmtree(certbot / "config/accounts", ignore_errors=True)
    command = pebble.prepare(home / "pebble", ports, known["names"])
    run("pebble", command, lambda: pebble.root(home / "pebble", ports["acme_management"]), pebble.ENVIRONMENT)
    known["root"] = pebble.root(home / "pebble", ports["acme_management"])
    configuration = _configure(record, home, user, ports)
    forced = [str(home / "agent/bench-host"), "--config", str(configuration), "--deployment", record.deployment]
    run("sshd", sshd.prepare(home / "sshd", ports["ssh"], forced), lambda: _listens(ports["ssh"]))
    record.save()


def remove(record: Record) -> None:
    shutil.rmtree(_home(record), ignore_errors=True)


def keys(record: Record) -> dict[str, str]:
    directory = _home(record) / "sshd"
    login = {
        "host": "127.0.0.1",
        "port": ground.ports(record, "bench")["ssh"],
        "user": getpass.getuser(),
        "private_key": (directory / "client").read_text(),
        "host_key": sshd.public_key(directory, "host"),
    }
    return {ground.secret(record, "bench-host"): json.dumps(login)}


def environment(record: Record) -> dict[str, str]:
    """`BENCH_RESTART_SSHD` is a program: it kills sshd with all its connections, and ends when it is there again."""
    home, known, ports = _home(record), record.peers["bench"], ground.ports(record, "bench")
    return {
        "BENCH_HOST_SECRET": ground.secret(record, "bench-host"),
        "BENCH_DIRECTORY": str(home / "bench"),
        "BENCH_STATE": str(home / "state"),
        "BENCH_CONFIG": str(home / "bench-host.ini"),
        "BENCH_HTTP": f"127.0.0.1:{ports['http']}",
        "BENCH_HTTPS": f"127.0.0.1:{ports['https']}",
        "BENCH_SSHD_PID": str(home / "sshd/pid"),
        "BENCH_RESTART_SSHD": str(sshd.restart(home / "sshd")),
        "TENANT_ADDRESS": "127.0.0.1",
        "TENANT_HTTP_PORT": str(ports["http"]),
        "TENANT_HTTPS_PORT": str(ports["https"]),
        "TENANT_CA": known["root"],
        "DNS_SERVERS": known["names"],
    }


def _home(record: Record) -> Path:
    """In the stack's directory, or where another user can get as well: bench refuses root, so root runs it as nobody."""
    if os.getuid() != 0:
        return ground.directory(record, "bench")
    return Path("/var/tmp") / f"tenantry-bench-{hashlib.sha256(str(record.directory).encode()).hexdigest()[:12]}"


def _configure(record: Record, home: Path, user: str, ports: dict[str, int]) -> Path:
    """The agent's own file, as an operator writes it."""
    ground.write_private(home / "database.password", ground.password(record))
    settings = configparser.ConfigParser(interpolation=None)
    settings["agent"] = {"state": home / "state"}
    settings["bench"] = {
        "path": home / "bench",
        "user": user,
        "program": home / "bench/bin/bench",
        "database_program": ground.program("mariadb"),
        "database_root_user": mariadb.BENCH,
        "database_root_password_file": home / "database.password",
    }
    settings["nginx"] = {
        "program": ground.program("nginx"),
        "arguments": shlex.join(nginx.arguments(home / "nginx")),
        "tenants": home / "nginx/tenants",
        "http_port": ports["http"],
        "https_port": ports["https"],
        "listen": "127.0.0.1",
        "front_end": f"127.0.0.1:{ports['front_end']}",
        "backend": f"127.0.0.1:{ports['backend']}",
        "acme_webroot": home / "nginx/acme",
    }
    settings["certbot"] = {
        "program": ground.program("certbot"),
        "server": f"https://127.0.0.1:{ports['acme']}/dir",
        "email": "operator@frappe.example",
        "config_dir": home / "certbot/config",
        "work_dir": home / "certbot/work",
        "logs_dir": home / "certbot/logs",
        "ca_bundle": pebble.certificate(home / "pebble"),
        # Tests make more in a week.
        "certificates_per_week": 100000,
    }
    file = home / "bench-host.ini"
    with open(file, "w") as opened:
        settings.write(opened)
    return file


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False
