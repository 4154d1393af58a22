"""MariaDB: the databases of tenants of kubernetes-argocd, and of the sites on the bench."""

import getpass
import json
import shutil
import socket
import subprocess

import processes
from record import Record

from peers import ground
from peers.ground import OPERATOR

PORTS, NEEDS = ("sql",), ()
PARAMETERS = {"MysqlSecret": "MYSQL_SECRET"}
# What the README of shared/providers/mysql says that an administrator needs.
RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE USER, TRIGGER, EVENT"
# Who makes the databases of sites: Frappe hands on all rights in them.
BENCH = "bench"


def start(record: Record, known: dict, throw_away: bool) -> None:
    directory = ground.directory(record, "mariadb")
    # Of its own: a server that starts removes the temporary files of others in its directory.
    (directory / "tmp").mkdir(exist_ok=True)
    env = ground.environment(directory) | {"TMPDIR": str(directory / "tmp")}
    log, data = directory / "server.log", directory / "data"
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
    if not (data / "mysql").exists():
        shutil.rmtree(data, ignore_errors=True)
        # Its superuser signs in by the socket, and by nothing else.
        install = [ground.program("mariadb-install-db"), *common, "--auth-root-authentication-method=socket", "--skip-test-db"]
        with open(log, "ab") as output:
            if subprocess.run(install, env=env, stdout=output, stderr=subprocess.STDOUT).returncode:
                raise SystemExit(f"MariaDB has no data to begin with: see {log}")
    operator, password = directory / "operator.sql", ground.password(record)
    ground.write_private(
        operator,
        f"CREATE USER IF NOT EXISTS {OPERATOR}@'%' IDENTIFIED BY '{password}';\n"
        f"GRANT {RIGHTS} ON *.* TO {OPERATOR}@'%' WITH GRANT OPTION;\n"
        f"CREATE USER IF NOT EXISTS {BENCH}@'%' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO {BENCH}@'%' WITH GRANT OPTION;\n",
    )
    command = [ground.program("mariadbd"), *common, "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]
    command += [f"--port={known['ports']['sql']}", f"--socket={directory / 'socket'}", f"--init-file={operator}"]
    command += ["--innodb-buffer-pool-size=16M", "--performance-schema=OFF"]
    known["processes"]["server"] = processes.start(command, env, log, throw_away)
    record.save()
    processes.wait(lambda: _greets(known["ports"]["sql"]), known["processes"]["server"], log, "MariaDB")


def remove(record: Record) -> None:
    """All that it has is in the stack's directory."""


def keys(record: Record) -> dict[str, str]:
    port = ground.ports(record, "mariadb")["sql"]
    login = {"host": "127.0.0.1", "port": port, "username": OPERATOR, "password": ground.password(record), "tls": False}
    return {ground.secret(record, "mysql"): json.dumps(login)}


def environment(record: Record) -> dict[str, str]:
    """Whoever may use the socket is let in by it as the superuser."""
    socket_file = ground.directory(record, "mariadb") / "socket"
    return {"MYSQL_SECRET": ground.secret(record, "mysql"), "MARIADB_SOCKET": str(socket_file)}


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as server:
            return server.recv(1) != b""
    except OSError:
        return False
