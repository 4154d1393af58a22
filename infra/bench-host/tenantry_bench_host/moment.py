"""Moments as the protocol writes them: UTC, to the second."""

from datetime import datetime, timezone

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    return text(datetime.now(timezone.utc))


def text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime(FORM)


def read(written: str) -> datetime:
    return datetime.strptime(written, FORM).replace(tzinfo=timezone.utc)
