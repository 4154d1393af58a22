"""What must outlive a crash is written whole or not at all, and is on the disk before anything follows from it."""

import contextlib
import fcntl
import json
import os
import time


def make(path: str, value) -> bool:
    """Writes a file that must not be there yet; says whether it was this call that made it."""
    beside = _beside(path)
    _write(beside, value)
    try:
        # A link is made or refused: there is no moment with an empty file.
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(beside)
    _sync(os.path.dirname(path))
    return True


def replace(path: str, value) -> None:
    beside = _beside(path)
    try:
        _write(beside, value)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    _sync(os.path.dirname(path))


def read(path: str):
    """None when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def text(path: str) -> str | None:
    """As it is written; None when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
        _sync(os.path.dirname(path))


@contextlib.contextmanager
def lock(path: str, patience: float | None = None):
    """One at a time. Released with the process, whatever ends it; not inherited by programs."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if patience is None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            _try_for(descriptor, patience)
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            # Not only closed: a process that was forked meanwhile has it, too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def held(path: str) -> bool:
    """Whether somebody has the lock of this file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def holders(path: str) -> list[int]:
    """The processes that have this file open, ourselves excepted."""
    found = []
    wanted = os.path.realpath(path)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            folder = f"/proc/{pid}/fd"
            if int(pid) != os.getpid() and any(os.readlink(f"{folder}/{fd}") == wanted for fd in os.listdir(folder)):
                found.append(int(pid))
    return found


def _try_for(descriptor: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
        time.sleep(0.1)


def _beside(path: str) -> str:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return f"{path}.{os.getpid()}~"


def _write(path: str, value) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
