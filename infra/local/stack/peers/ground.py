"""What every peer stands on: its directory, a scrubbed environment, its programs, the administrator's password."""

import os
import secrets
import shutil
from pathlib import Path

from record import Record

OPERATOR = "tenantry"


def directory(record: Record, name: str) -> Path:
    path = record.directory / "peers" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's but where programs are."""
    return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(home), "LANG": "C.UTF-8"}


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not found:
        raise SystemExit(f"{name} is not here: `make setup` says what to install")
    return found


def password(record: Record) -> str:
    """The administrator's, of each: made up once."""
    file = record.directory / "peers" / "password"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        write_private(file, secrets.token_hex(16))
    return file.read_text()


def secret(record: Record, name: str) -> str:
    return f"{record.deployment}/providers/{name}"


def ports(record: Record, name: str) -> dict[str, int]:
    return record.peers[name]["ports"]


def write_private(file: Path, text: str) -> None:
    file.touch(0o600)
    file.write_text(text)
