"""By the hour: certificates that did not come are asked for again, old ones renewed, and nginx serves what has come. One tenant's
trouble is noted, and the next one is tended."""

import sys

from tenantry_bench_host import certificate, disk, jobs, marks, nginx, program, transfer
from tenantry_bench_host.outcome import Failed, Refused


def tend(configuration) -> int:
    """What it says goes to the journal. It fails if a tenant's certificate is late, or nginx does not take a file."""
    trouble = 0
    try:
        with disk.lock(f"{configuration.state}/guards/.tend", 0):
            for name in marks.names(configuration, "certificate"):
                trouble += _said(name, _certificate, configuration, name)
            for name in marks.names(configuration, "served"):
                trouble += _said(name, _served, configuration, name)
            transfer.forget_old(configuration)
            jobs.forget_gone(configuration)
    except TimeoutError:
        print("it is being tended already")
    return 1 if trouble else 0


def _certificate(configuration, name: str) -> None:
    if certificate.wished(configuration, name):
        found = certificate.obtain(configuration, program.Programs(configuration), name)
        print(f"{name}: a certificate until {found['not_after']}")


def _served(configuration, name: str) -> None:
    """Also when somebody else renewed it: nginx goes on with what it read."""
    nginx.renew(configuration, program.Programs(configuration), name)


def _said(name: str, act, *arguments) -> bool:
    try:
        act(*arguments)
        return False
    except (Failed, Refused) as no:
        later = f", again after {no.retry_at}" if getattr(no, "retry_at", None) else ""
        print(f"{name}: {no.code}: {no.cause}{later}", file=sys.stderr)
    except OSError as error:
        print(f"{name}: {error}", file=sys.stderr)
    return True
