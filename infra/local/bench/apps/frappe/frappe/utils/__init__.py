"""Small things that scripts import from here."""

import datetime


def now() -> str:
    return datetime.datetime.now().isoformat(" ")


def cint(value) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return 0
