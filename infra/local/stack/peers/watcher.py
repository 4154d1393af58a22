"""Does for a server what the system's own first process does: starts it again when it ends, and takes in what its connections
leave behind, so that nothing outlives the stack.

    python watcher.py PID_FILE COMMAND...

SIGHUP kills the server with its connections; what they started goes on. SIGTERM ends everything.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PAUSE = 0.3
PATIENCE = 5


def main() -> None:
    pid_file, command = Path(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        # Whose parent ends is ours then, and found again below.
        become_subreaper = 36
        ctypes.CDLL(None).prctl(become_subreaper, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = subprocess.Popen(command)
    signal.signal(signal.SIGHUP, lambda *_: kill(server.pid, os.path.basename(command[0])))
    pid_file.write_text(str(os.getpid()))
    try:
        while True:
            pid, _ = os.wait()
            if pid == server.pid:
                time.sleep(PAUSE)
                server = subprocess.Popen(command)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end()


def kill(pid: int, name: str) -> None:
    """It and those below that are of the same program: its connections."""
    for child, (parent, program) in table().items():
        if parent == pid and program == name:
            kill(child, name)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end() -> None:
    """All below us: asked first, and then not asked."""
    deadline = time.monotonic() + PATIENCE
    asked = set()
    while below := descendants(os.getpid()):
        late = time.monotonic() > deadline
        for pid in below - (set() if late else asked):
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                pass
        asked |= below
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(0.05)


def descendants(ancestor: int) -> set[int]:
    processes, found, fresh = table(), set(), {ancestor}
    while fresh:
        fresh = {pid for pid, (parent, _) in processes.items() if parent in fresh}
        found |= fresh
    return found


def table() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its program, but for what has ended and `ps` itself."""
    asking = subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], stdout=subprocess.PIPE, text=True)
    rows = [line.split(None, 3) for line in asking.communicate()[0].splitlines()]
    return {
        int(pid): (int(parent), os.path.basename(program))
        for pid, parent, state, program in rows
        if int(pid) != asking.pid and not state.startswith("Z")
    }


if __name__ == "__main__":
    main()
