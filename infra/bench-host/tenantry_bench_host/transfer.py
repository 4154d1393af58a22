"""Backups: made and read by bench, taken and brought in pieces by whoever asks.

    transfer/<name>/<key>/back-up   what a backup made: bench's user writes it, then it is taken away from that user
    transfer/<name>/<key>/restore   what was brought: bench's user may read it

The configuration of a site is in neither: it holds the password of its database."""

import base64
import contextlib
import hashlib
import os
import shutil
import stat
import time

from tenantry_bench_host import disk, jobs, marks
from tenantry_bench_host.outcome import Failed, Refused
from tenantry_bench_host.request import FILES, PIECE
from tenantry_bench_host.site import MINUTE, standing

# As bench calls them: it tells how a file is packed by its name.
NAMES = dict(zip(FILES, ("database.sql.gz", "files.tgz", "private-files.tgz")))
CONFIGURATION = "site_config.json"
# Of files, for seconds: whoever wanted them has had them by then.
KEPT = 3 * 24 * 3600
# Of a backup, in bytes, as much as is fetched over this door in a call's time. A larger one is only here.
CARRIED = 96 << 20


def back_up(work) -> dict:
    site, configuration = standing(work), work.configuration
    folder = _folder(configuration, work.name, work.key, "back-up")
    # One at a time of a name: what others made there was fetched, or never will be.
    forget(configuration, work.name, "back-up")
    _make(folder, 0o700, configuration.user["uid"], configuration.user["gid"])
    paths = zip(("db", "files", "private-files", "conf"), (*NAMES.values(), CONFIGURATION))
    where = [word for what, name in paths for word in (f"--backup-path-{what}", f"{folder}/{name}")]
    site.bench("back-up", ["--site", work.name, "backup", "--with-files", "--compress", *where], 60 * MINUTE)
    _take(folder)
    disk.remove(f"{folder}/{CONFIGURATION}")
    return {"files": [_describe(folder, file) for file in FILES if os.path.exists(f"{folder}/{NAMES[file]}")]}


def restore(work) -> dict:
    site, configuration = standing(work), work.configuration
    folder = _folder(configuration, work.name, work.key, "restore")
    for file in work.input["files"]:
        if not os.path.exists(f"{folder}/{NAMES[file['file']]}"):
            raise Failed("absent", f"{file['file']} was not written under this key")
        if _describe(folder, file["file"]) != file:
            raise Failed("failed", f"{file['file']} is not what it was when it was backed up")
    brought = [file["file"] for file in work.input["files"]]
    flags = {"files.tar.gz": "--with-public-files", "private-files.tar.gz": "--with-private-files"}
    with_files = [word for file in brought if file in flags for word in (flags[file], f"{folder}/{NAMES[file]}")]
    root, answers = site.with_root()
    bench = ["--site", work.name]
    command = [*bench, "restore", f"{folder}/{NAMES[FILES[0]]}", "--force", *with_files, *root]
    site.bench("restore", command, 60 * MINUTE, answers + site.administrator())
    site.bench("set-admin-password", [*bench, "set-admin-password"], 5 * MINUTE, site.administrator())
    # What was backed up may be of an earlier release of an app.
    site.bench("migrate", [*bench, "migrate"], 60 * MINUTE)
    shutil.rmtree(folder)
    return {}


def read(configuration, asked: dict) -> dict:
    attempts = jobs.find(configuration, asked["name"], "back-up", asked["key"])
    done = next((attempt for attempt in reversed(attempts) if attempt.describe()["state"] == "done"), None)
    if done is None:
        raise Refused("absent", "key: no backup was made under it")
    if done.asked["owner"] != asked["owner"]:
        raise Refused("foreign", "name: the backup is another owner's")
    path = f"{_folder(configuration, asked['name'], asked['key'], 'back-up')}/{NAMES[asked['file']]}"
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(asked["offset"])
            data = file.read(PIECE)
    except FileNotFoundError:
        raise Refused("absent", "file: is not kept any more, or was none of the backup's") from None
    end = asked["offset"] + len(data)
    return {"data": base64.b64encode(data).decode(), "next": end if data and end < size else None}


def write(configuration, asked: dict) -> int:
    marks.hold(configuration, "site", asked["name"], asked["owner"])
    folder = _folder(configuration, asked["name"], asked["key"], "restore")
    if not os.path.isdir(folder):
        # bench's user reads there, and writes nothing.
        _make(folder, 0o750, os.geteuid(), configuration.user["gid"])
    descriptor = os.open(f"{folder}/{NAMES[asked['file']]}", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        if os.fstat(descriptor).st_size < asked["offset"]:
            raise Refused("invalid", "offset: is behind what was written so far")
        os.fchmod(descriptor, 0o640)
        os.fchown(descriptor, os.geteuid(), configuration.user["gid"])
        os.ftruncate(descriptor, asked["offset"])
        _write_all(descriptor, asked["data"], asked["offset"])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return asked["offset"] + len(asked["data"])


def forget(configuration, name: str, what: str | None = None, older_than: float = 0) -> None:
    """Removes what is kept for a name: all of it, or its backups, or what is old."""
    kept = f"{configuration.state}/transfer/{name}"
    for key in _entries(kept):
        for kind in [what] if what else ("back-up", "restore"):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(f"{kept}/{key}/{kind}").st_mtime <= time.time() - older_than:
                    shutil.rmtree(f"{kept}/{key}/{kind}")
        with contextlib.suppress(OSError):
            os.rmdir(f"{kept}/{key}")
    with contextlib.suppress(OSError):
        os.rmdir(kept)


def forget_carried(configuration, name: str) -> None:
    """As a site goes: a backup that is nowhere else is kept for its days."""
    forget(configuration, name, "restore")
    for key in _entries(f"{configuration.state}/transfer/{name}"):
        folder = _folder(configuration, name, key, "back-up")
        if sum(os.path.getsize(f"{folder}/{file}") for file in _entries(folder)) < CARRIED:
            shutil.rmtree(folder)
    forget(configuration, name, older_than=KEPT)


def forget_old(configuration) -> None:
    for name in _entries(f"{configuration.state}/transfer"):
        forget(configuration, name, older_than=KEPT)


def _take(folder: str) -> None:
    """From bench's user, who could still put other files in place of these. What is no plain file of that user's goes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        whose = os.fstat(descriptor).st_uid
        os.fchown(descriptor, os.geteuid(), os.getegid())
        for name in os.listdir(descriptor):
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != whose:
                raise Failed("failed", "back-up: bench made something else than files")
            os.chown(name, os.geteuid(), os.getegid(), dir_fd=descriptor, follow_symlinks=False)
    finally:
        os.close(descriptor)


def _describe(folder: str, file: str) -> dict:
    digest, size = hashlib.sha256(), 0
    with open(f"{folder}/{NAMES[file]}", "rb") as content:
        while piece := content.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return {"file": file, "bytes": size, "sha256": digest.hexdigest()}


def _make(folder: str, mode: int, uid: int, gid: int) -> None:
    """The folders above can be passed through, and not looked into."""
    above = os.path.dirname(folder)
    os.makedirs(above, exist_ok=True)
    # Up to the agent's own folder.
    for _ in range(4):
        os.chmod(above, 0o711)
        above = os.path.dirname(above)
    os.mkdir(folder, mode)
    os.chown(folder, uid, gid)
    os.chmod(folder, mode)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _folder(configuration, name: str, key: str, what: str) -> str:
    return f"{configuration.state}/transfer/{name}/{key}/{what}"
