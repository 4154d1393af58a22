"""Runs programs: by their arguments, never by a shell; without our environment; in a session that can be ended as a whole.

A secret goes to a program by its standard input or by a terminal where it asks, and is blotted out of what is kept of its output.
"""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from tenantry_bench_host.outcome import Failed

GRACE = 5
# Of what a program says, the end is looked at.
KEPT = 20_000
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
# One that asks the same again and again does not like the answer.
ANSWERS = 6


class Ended:
    def __init__(self, status: int, output: str):
        self.status, self.output = status, output

    def last_lines(self, count: int = 6) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return " | ".join(lines[-count:])


class Programs:
    """Programs of one job or of one look: they share a log, a lock and the secrets that are in neither."""

    def __init__(self, configuration, log: str | None = None, lock: int | None = None, secrets: list[str] = ()):
        self.configuration, self.log, self.lock = configuration, log, lock
        self.secrets = [secret for secret in secrets if secret]

    def run(
        self,
        command: list[str],
        within: float,
        *,
        as_user: bool = False,
        folder: str = "/",
        given: str | None = None,
        answers: list[tuple[str, str]] = (),
        environment: dict | None = None,
        descriptors: tuple[int, ...] = (),
        whole: bool = False,
    ) -> Ended:
        """Runs it to its end. With `answers` it has a terminal, on which just these questions are answered. Of what it says the
        end is given, and all of it noted; or all is given and nothing noted, if it is wanted `whole`."""
        configuration = self.configuration
        inherited = [*descriptors, *([self.lock] if self.lock is not None else [])]
        environment = self._environment(as_user) | (environment or {})
        # What bench makes, nginx is to read.
        options = {"cwd": folder, "env": environment, "pass_fds": inherited, "umask": 0o022}
        if as_user:
            options |= configuration.user["become"]
        self._note(f"$ {' '.join(command)}")
        try:
            if answers:
                ended = self._on_a_terminal(command, within, answers, options)
            else:
                ended = self._on_pipes(command, within, given, options, whole)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise Failed("failed", f"{command[0]} cannot be run: {error.strerror}") from None
        self._note(f"status {ended.status}")
        return ended

    def blot(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def _on_pipes(self, command, within, given, options, whole) -> Ended:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
        try:
            output, _ = process.communicate(given.encode() if given is not None else None, timeout=within)
        except subprocess.TimeoutExpired:
            _end(process)
            raise _timed_out(command, within) from None
        output = self.blot(COLOURS.sub("", output.decode(errors="replace")))
        if whole:
            return Ended(process.returncode, output)
        self._note(output)
        return Ended(process.returncode, output[-KEPT:])

    def _on_a_terminal(self, command, within, answers, options) -> Ended:
        ours, theirs = pty.openpty()
        _no_echo(theirs)
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # A password is asked for on the controlling terminal, not on standard input.
            preexec_fn=lambda: _control(0),
            **options,
        )
        os.close(theirs)
        try:
            output = self._converse(process, ours, time.monotonic() + within, answers)
            status = process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _end(process)
            raise _timed_out(command, within) from None
        finally:
            os.close(ours)
        return Ended(status, output[-KEPT:])

    def _converse(self, process, terminal: int, deadline: float, answers) -> str:
        output, line, answered = "", "", 0
        expected = [(re.compile(question), answer) for question, answer in answers]
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            readable, _, _ = select.select([terminal], [], [], min(remaining, 1))
            if not readable:
                # What it left behind may keep the terminal open.
                if process.poll() is not None:
                    break
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:
                data = b""
            if not data:
                break
            line += COLOURS.sub("", data.decode(errors="replace"))
            *whole, line = line.split("\n")
            for said in whole:
                output += self._note(said) + "\n"
            answer = next((answer for question, answer in expected if question.search(line)), None)
            if answer is not None:
                output += self._note(line) + "\n"
                line, answered = "", answered + 1
                if answered > ANSWERS:
                    _end(process)
                    return output + "asks the same again and again\n"
                os.write(terminal, answer.encode() + b"\n")
        return output + self._note(line)

    def _note(self, text: str) -> str:
        text = self.blot(text)
        if self.log and text.strip():
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(text.rstrip("\n") + "\n")
        return text

    def _environment(self, as_user: bool) -> dict:
        path = os.environ.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        home, name = "/", "root"
        if as_user:
            home, name = self.configuration.user["home"], self.configuration.user["name"]
            path = f"{home}/.local/bin:{path}"
        # A terminal without colours, and messages that we know.
        common = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        return common | {"PATH": f"{path}:/usr/sbin", "HOME": home, "USER": name, "LOGNAME": name}


def _timed_out(command: list[str], within: float) -> Failed:
    return Failed("timed-out", f"{os.path.basename(command[0])} did not end within {within:.0f} s")


def _end(process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            # The group may have members left.
            if number == signal.SIGKILL:
                return


def _no_echo(terminal: int) -> None:
    attributes = termios.tcgetattr(terminal)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _control(terminal: int) -> None:
    import fcntl

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
