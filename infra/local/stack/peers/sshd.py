"""The bench host's sshd: one key of a client, which may have one command run and nothing else."""

import getpass
import os
import shlex
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from peers import ground

WATCHER = Path(__file__).with_name("watcher.py")


def prepare(directory: Path, port: int, forced: list[str]) -> list[str]:
    """The command that runs it, and starts it again when it ends."""
    directory.mkdir(exist_ok=True)
    for key in ("host", "client"):
        if not (directory / key).exists():
            _make_key(directory / key)
    command = shlex.join(forced).replace('"', '\\"')
    ground.write_private(directory / "authorized_keys", f'command="{command}",restrict {public_key(directory, "client")}\n')
    if os.getuid() == 0:
        # Debian's makes it where it runs as a service.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    configuration = directory / "sshd_config"
    configuration.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\n"
        f"HostKey {directory / 'host'}\nPidFile {directory / 'pid'}\nAuthorizedKeysFile {directory / 'authorized_keys'}\n"
        f"AllowUsers {getpass.getuser()}\nPermitRootLogin prohibit-password\n"
        # The directory may be below one that others can write to.
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitTTY no\nDisableForwarding yes\nPermitUserRC no\nPrintMotd no\nMaxStartups 200\nLogLevel VERBOSE\n"
    )
    _write_restart(directory)
    sshd = [ground.program("sshd"), "-D", "-e", "-f", str(configuration)]
    return [sys.executable, str(WATCHER), str(directory / "watcher.pid"), *sshd]


def public_key(directory: Path, name: str) -> str:
    """As in `authorized_keys`, without a comment."""
    return (directory / f"{name}.pub").read_text().strip()


def restart(directory: Path) -> Path:
    """A program that kills it with all its connections, and ends when it is there again."""
    return directory / "restart"


def _make_key(file: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private, public = serialization.PrivateFormat.OpenSSH, serialization.PublicFormat.OpenSSH
    pem = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    ground.write_private(file, pem.decode())
    file.with_suffix(".pub").write_text(key.public_key().public_bytes(serialization.Encoding.OpenSSH, public).decode() + "\n")


def _write_restart(directory: Path) -> None:
    pid, watcher = shlex.quote(str(directory / "pid")), shlex.quote(str(directory / "watcher.pid"))
    script = restart(directory)
    script.write_text(
        "#!/bin/sh\n"
        f"before=$(cat {pid})\n"
        f"kill -HUP $(cat {watcher}) || exit 1\n"
        f'while [ "$(cat {pid})" = "$before" ]; do sleep 0.05; done\n'
    )
    script.chmod(0o755)
