"""The process that does a task: without a terminal, without a connection, in a session of its own."""

import os
import signal
import sys
import traceback

from tenantry_bench_host import disk, moment
from tenantry_bench_host.outcome import Failed, Refused


class Work:
    """What a task is given."""

    def __init__(self, configuration, asked: dict, folder: str, lock: int):
        from tenantry_bench_host import program

        self.configuration, self.folder = configuration, folder
        self.name, self.owner, self.key = asked["name"], asked["owner"], asked["key"]
        self.task, self.input, self.secrets = asked["task"], asked["input"], asked["secrets"]
        self.programs = program.Programs(configuration, f"{folder}/log", lock, list(self.secrets.values()))


def detach(configuration, asked: dict, folder: str, lock: int, guard: int) -> None:
    """Leaves a runner behind. Forked twice: nobody is its parent, so nobody's end is its end."""
    sys.stdout.flush()
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        # The lock is shared with whoever forked us, so it would stay taken.
        os.close(guard)
        _redirect(f"{folder}/log")
        _run(configuration, asked, folder, lock)
    finally:
        # Never back into the code of the process that we were forked from.
        os._exit(1)


def _run(configuration, asked: dict, folder: str, lock: int) -> None:
    # Forked from a process that may have been told to ignore them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    work = None
    try:
        from tenantry_bench_host import tasks

        work = Work(configuration, asked, folder, lock)
        end = {"result": tasks.TASKS[asked["task"]](work)}
    except Failed as failed:
        end = {"failure": failed.record()}
    except Refused as refused:
        code = refused.code if refused.code in ("foreign", "absent") else "failed"
        end = {"failure": Failed(code, refused.cause).record()}
    except OSError as error:
        traceback.print_exc()
        end = {"failure": _of_the_system(error).record()}
    except Exception as error:
        traceback.print_exc()
        end = {"failure": Failed("failed", f"{type(error).__name__}: {error}").record()}
    if work and "failure" in end:
        end["failure"]["cause"] = work.programs.blot(end["failure"]["cause"])
    name = "result" if "result" in end else "failure"
    disk.replace(f"{folder}/{name}.json", end | {"ended_at": moment.now()})
    os._exit(0)


def _of_the_system(error: OSError) -> Failed:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failed("no-space", str(error))
    return Failed("failed", str(error))


def _redirect(log: str) -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
