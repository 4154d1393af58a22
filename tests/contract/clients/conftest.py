"""One sandbox for all tests, each of which must leave the providers' documents unharmed."""

import os
import secrets
import tempfile
from pathlib import Path

import pytest
from sandbox import running

CHECKED = pytest.StashKey[dict]()

# The clients heed the machine's proxy and Google's its certificates: they have no business outside.
os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "GOOGLE_API_USE_CLIENT_CERTIFICATE": "false"}


@pytest.fixture(scope="session")
def sandbox(request):
    with tempfile.TemporaryDirectory(prefix="contract-") as directory, running(Path(directory)) as sandbox:
        yield sandbox
        request.config.stash[CHECKED] = sandbox.contract()


@pytest.fixture(autouse=True)
def keeps_to_the_documents(sandbox):
    """Neither a client's requests nor the sandbox's answers depart from what the provider publishes."""
    before = sandbox.contract()["violations"]
    yield
    after = sandbox.contract()
    assert after["violations"] == before, after["first"][before:]


@pytest.fixture
def owner() -> str:
    """A tenant that no other test has."""
    return f"t-{secrets.token_hex(4)}"


def pytest_terminal_summary(terminalreporter, config):
    if checked := config.stash.get(CHECKED, None):
        counts = f"{checked['calls']} requests of official clients checked, {checked['violations']} violations"
        terminalreporter.write_line(f"contract: {counts}")
