import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import processes
import pytest
from host import ROOT_PASSWORD, Host, wait_for

COUNTED = pytest.StashKey[dict]()


@pytest.fixture(scope="session")
def database():
    """A real server; its root has a password that a careless file of options would misread."""
    path = os.environ["PATH"] + ":/usr/sbin"
    program = {name: shutil.which(name, path=path) for name in ("mariadbd", "mariadb-install-db")}
    assert all(program.values()), "MariaDB is not here: `make setup` says what to install"
    with tempfile.TemporaryDirectory(prefix="bench-host-") as folder:
        common = ["--no-defaults", f"--datadir={folder}/data", f"--user={getpass.getuser()}"]
        install = [program["mariadb-install-db"], *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        quoted = ROOT_PASSWORD.replace("\\", "\\\\")
        Path(folder, "first.sql").write_text(f"ALTER USER root@localhost IDENTIFIED BY '{quoted}';\n")
        port = processes.free_port()
        server = subprocess.Popen(
            [program["mariadbd"], *common, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket",
             f"--init-file={folder}/first.sql", "--innodb-buffer-pool-size=16M", "--performance-schema=OFF", "--skip-log-bin"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for(lambda: _listens(port))
            yield port
        finally:
            server.kill()
            server.wait()


@pytest.fixture
def host(database):
    with tempfile.TemporaryDirectory(prefix="bench-host-") as folder:
        # bench's user passes through.
        os.chmod(folder, 0o755)
        host = Host(Path(folder).resolve(), database)
        try:
            yield host
        finally:
            host.close()
            for name in host.databases():
                host.sql(f"DROP DATABASE `{name}`; DROP USER IF EXISTS `{name}`@'localhost'")


@pytest.fixture
def served(host):
    host.start_nginx()
    return host


@pytest.fixture
def counted(request):
    """Numbers that are told at the end."""
    return request.config.stash.setdefault(COUNTED, {})


def pytest_terminal_summary(terminalreporter, config):
    for what, count in config.stash.get(COUNTED, {}).items():
        terminalreporter.write_line(f"bench-host: {count} {what}")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as server:
            return server.recv(1) != b""
    except OSError:
        return False
