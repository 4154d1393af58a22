"""Real servers that a stack has beside the emulator: MariaDB and RabbitMQ. Each takes seconds and a hundred megabytes, so it
is started only when it is asked for."""

import base64
import getpass
import json
import os
import secrets
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import processes
from record import Record

OPERATOR = "tenantry"
# What the README of shared/providers/mysql says that an administrator needs.
RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE USER, TRIGGER, EVENT"
# Not Debian's wrapper in the path, which runs as a user of its own.
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def ensure(record: Record, names: list[str], throw_away: bool) -> None:
    """These run afterwards, with the data and the password they had in this directory before."""
    for name in names:
        known = record.peers.setdefault(name, {"ports": {}, "processes": {}})
        if known["processes"] and all(map(processes.alive, known["processes"].values())):
            continue
        _stop(known)
        known["ports"] = {use: processes.free_port(known["ports"].get(use)) for use in PORTS[name]}
        START[name](record, known, throw_away)


def stop(record: Record) -> None:
    for known in record.peers.values():
        _stop(known)


def keys(record: Record) -> dict[str, str]:
    """What the functions read from the vault, by name: it is kept there as on AWS."""
    logins = {}
    if ports := _ports(record, "mariadb"):
        login = {"host": "127.0.0.1", "port": ports["sql"], "username": OPERATOR, "password": _password(record)}
        logins[_secret(record, "mysql")] = json.dumps(login | {"tls": False})
    if _ports(record, "rabbitmq"):
        login = {"username": OPERATOR, "password": _password(record)}
        logins[_secret(record, "rabbitmq")] = json.dumps(login)
    return logins


def parameters(record: Record) -> dict[str, str]:
    """What the root template asks to know of them, in place of what the sandbox has."""
    told = environment(record)
    names = {"MysqlSecret": "MYSQL_SECRET", "RabbitmqUrl": "RABBITMQ_URL", "RabbitmqSecret": "RABBITMQ_SECRET"}
    return {parameter: told[name] for parameter, name in names.items() if name in told}


def missing(record: Record) -> str | None:
    """What cannot be done without one that was not started. RabbitMQ is also in the sandbox, and MySQL is not."""
    if _ports(record, "mariadb"):
        return None
    return "there is no MySQL, so no tenant of kubernetes-argocd comes to be: `--peer mariadb` starts one"


def environment(record: Record) -> dict[str, str]:
    """Where they are, as the providers' own clients read it. `RABBITMQ_AMQP` is where tenants connect."""
    told = {}
    if _ports(record, "mariadb"):
        told["MYSQL_SECRET"] = _secret(record, "mysql")
    if ports := _ports(record, "rabbitmq"):
        told["RABBITMQ_SECRET"] = _secret(record, "rabbitmq")
        told["RABBITMQ_URL"] = f"http://127.0.0.1:{ports['management']}/api"
        told["RABBITMQ_AMQP"] = f"127.0.0.1:{ports['amqp']}"
    return told


def _start_mariadb(record: Record, known: dict, throw_away: bool) -> None:
    directory = _directory(record, "mariadb")
    # Of its own: a server that starts removes the temporary files of others in its directory.
    (directory / "tmp").mkdir(exist_ok=True)
    env = _environment(directory) | {"TMPDIR": str(directory / "tmp")}
    log, data = directory / "server.log", directory / "data"
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
    if not (data / "mysql").exists():
        shutil.rmtree(data, ignore_errors=True)
        # Its superuser signs in by the socket, and by nothing else.
        install = [_program("mariadb-install-db"), *common, "--auth-root-authentication-method=socket", "--skip-test-db"]
        with open(log, "ab") as output:
            if subprocess.run(install, env=env, stdout=output, stderr=subprocess.STDOUT).returncode:
                raise SystemExit(f"MariaDB has no data to begin with: see {log}")
    operator = directory / "operator.sql"
    operator.touch(0o600)
    password = _password(record)
    operator.write_text(
        f"CREATE USER IF NOT EXISTS {OPERATOR}@'%' IDENTIFIED BY '{password}';\n"
        f"GRANT {RIGHTS} ON *.* TO {OPERATOR}@'%' WITH GRANT OPTION;\n"
    )
    command = [_program("mariadbd"), *common, "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]
    command += [f"--port={known['ports']['sql']}", f"--socket={directory / 'socket'}", f"--init-file={operator}"]
    command += ["--innodb-buffer-pool-size=16M", "--performance-schema=OFF"]
    known["processes"]["server"] = processes.start(command, env, log, throw_away)
    record.save()
    processes.wait(lambda: _greets(known["ports"]["sql"]), known["processes"]["server"], log, "MariaDB")


def _start_rabbitmq(record: Record, known: dict, throw_away: bool) -> None:
    directory, ports, password = _directory(record, "rabbitmq"), known["ports"], _password(record)
    configuration = directory / "rabbit.conf"
    configuration.touch(0o600)
    configuration.write_text(
        f"listeners.tcp.1 = 127.0.0.1:{ports['amqp']}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {ports['management']}\n"
        f"default_user = {OPERATOR}\ndefault_pass = {password}\n"
    )
    (directory / "plugins").write_text("[rabbitmq_management].")
    # The mapper of names would start by itself, as whoever's it is, and stay.
    mapper = [_program("epmd"), "-address", "127.0.0.1", "-port", str(ports["mapping"])]
    known["processes"]["mapper"] = processes.start(mapper, _environment(directory), directory / "mapper.log", throw_away)
    record.save()
    env = _environment(directory) | {
        "RABBITMQ_NODENAME": "tenantry@localhost",
        "RABBITMQ_DIST_PORT": str(ports["distribution"]),
        "ERL_EPMD_PORT": str(ports["mapping"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(directory),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbit"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        # The script becomes the broker, instead of watching over it: the pid is the broker's.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +sbwt none",
    }
    log = directory / "server.log"
    known["processes"]["server"] = processes.start([_program(RABBITMQ)], env, log, throw_away)
    record.save()
    address = f"http://127.0.0.1:{ports['management']}/api/whoami"
    processes.wait(lambda: _lets_in(address, password), known["processes"]["server"], log, "RabbitMQ")


PORTS = {"mariadb": ("sql",), "rabbitmq": ("amqp", "management", "mapping", "distribution")}
START = {"mariadb": _start_mariadb, "rabbitmq": _start_rabbitmq}


def _stop(known: dict) -> None:
    # The mapper last: the broker takes leave of it.
    for name in ("server", "mapper"):
        processes.stop(known["processes"].pop(name, None))


def _ports(record: Record, name: str) -> dict[str, int]:
    """None of one that was not started."""
    known = record.peers.get(name, {"processes": {}})
    return known["ports"] if known["processes"] else {}


def _secret(record: Record, name: str) -> str:
    return f"{record.deployment}/providers/{name}"


def _password(record: Record) -> str:
    """The administrator's, of either: made up once."""
    file = record.directory / "peers" / "password"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.touch(0o600)
        file.write_text(secrets.token_hex(16))
    return file.read_text()


def _directory(record: Record, name: str) -> Path:
    path = record.directory / "peers" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def _environment(directory: Path) -> dict[str, str]:
    """Nothing of the caller's but where programs are."""
    return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(directory), "LANG": "C.UTF-8"}


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not found:
        raise SystemExit(f"{name} is not here: `make setup` says what to install")
    return found


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as server:
            return server.recv(1) != b""
    except OSError:
        return False


def _lets_in(address: str, password: str) -> bool:
    login = base64.b64encode(f"{OPERATOR}:{password}".encode()).decode()
    try:
        request = urllib.request.Request(address, headers={"authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
