"""A provider sandbox for the tests, on ports and with credentials of its own, and gone with them."""

import json
import os
import secrets
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import accounts
import processes
import pytest

SPECS = Path(__file__).resolve().parents[1] / "specs"
ZONE = "0123456789abcdef0123456789abcdef"
PACE = 0.1
CHECKED = pytest.StashKey[dict]()

# The clients heed a proxy, and Google's look for a project and a certificate: there is nothing outside for them.
os.environ |= {"NO_PROXY": "127.0.0.1", "GOOGLE_API_USE_CLIENT_CERTIFICATE": "false", "NO_GCE_CHECK": "true"}


@dataclass
class Sandbox:
    """Where it listens, and what it lets in."""

    clouds: str
    control: str
    neon_key: str
    cloudflare_token: str
    google_key: dict = field(repr=False)

    def ask(self, method: str, path: str, body=None):
        """Its own API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.control + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    @contextmanager
    def pace(self, pace: float):
        """As slow as the real clouds, or in between, for a while."""
        self.ask("PUT", "/_pace", {"pace": pace})
        try:
            yield
        finally:
            self.ask("PUT", "/_pace", {"pace": PACE})

    def of(self, owner: str) -> list[str]:
        """What exists that carries a name or a mark."""
        return [thing["kind"] for thing in self.ask("GET", f"/_inventory?tenant={owner}")]


@pytest.fixture(scope="session")
def sandbox(request):
    with tempfile.TemporaryDirectory(prefix="contract-") as directory:
        process, started = start(Path(directory))
        try:
            yield started
            request.config.stash[CHECKED] = started.ask("GET", "/_contract")
        finally:
            processes.stop(process, patience=5)


def start(directory: Path) -> tuple[dict, Sandbox]:
    lets_in, ready, log = accounts.credentials(directory), directory / "ready.json", directory / "log"
    # No test has an AWS: nothing listens there.
    command = [binary(), "--emulator", "http://127.0.0.1:9", "--ready", str(ready), "--pace", str(PACE)]
    command += ["--credentials", str(lets_in), "--contract", str(SPECS)]
    process = processes.start(command, {}, log, dies_with_us=True)
    deadline = time.monotonic() + 30
    while not ready.exists():
        if not processes.alive(process) or time.monotonic() > deadline:
            processes.stop(process, patience=5)
            raise RuntimeError(f"the sandbox did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
    urls, held = json.loads(ready.read_text()), json.loads(lets_in.read_text())
    google = json.loads(accounts.keys(directory, "contract", urls["clouds"])["contract/providers/google"])
    return process, Sandbox(urls["clouds"], urls["control"], held["neon_key"], held["cloudflare_token"], google)


def binary() -> str:
    target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[3] / "target"
    return str(Path(target) / "debug" / "sandbox")


@pytest.fixture(autouse=True)
def keeps_to_the_documents(sandbox):
    """Whatever a test does: neither the client nor the sandbox departs from the provider's own document."""
    before = len(sandbox.ask("GET", "/_contract")["first"])
    yield
    found = sandbox.ask("GET", "/_contract")["first"][before:]
    assert found == []


@pytest.fixture
def owner() -> str:
    """A tenant that no other test has."""
    return f"t-{secrets.token_hex(4)}"


def pytest_terminal_summary(terminalreporter, config):
    checked = config.stash.get(CHECKED, None)
    if checked is None:
        return
    count = f"{checked['calls']} requests of official clients checked, {checked['violations']} violations"
    terminalreporter.write_line(f"contract: {count}")
