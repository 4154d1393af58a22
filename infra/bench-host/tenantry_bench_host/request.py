"""What may be asked. Every field has a closed grammar; what is not named here is refused, and never repeated in the refusal."""

import base64
import binascii
import json
import re

from tenantry_bench_host.outcome import Refused

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = rf"({LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?"
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOMAIN_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
FILES = ("database.sql.gz", "files.tar.gz", "private-files.tar.gz")
PIECE = 3 * 1024 * 1024


def _text(form: str, longest: int, says: str):
    # fullmatch: a `$` would take a line's end as well.
    compiled = re.compile(form)

    def check(value):
        return isinstance(value, str) and len(value) <= longest and compiled.fullmatch(value) is not None

    return check, says


def _number(least: int, most: int):
    # A truth is a number to Python.
    return (lambda value: type(value) is int and least <= value <= most), f"a whole number from {least} to {most}"


def _words(check, most: int):
    each, says = check

    def all_of_them(value):
        return isinstance(value, list) and 0 < len(value) <= most and all(map(each, value)) and _differ(value)

    return all_of_them, f"1 to {most}, each {says}"


def _differ(values: list) -> bool:
    return len(set(values)) == len(values)


def _or_null(check):
    each, says = check
    return (lambda value: value is None or each(value)), f"{says}, or null"


def _one_of(*words: str):
    return (lambda value: isinstance(value, str) and value in words), f"one of {', '.join(words)}"


def _object(fields: dict):
    return (lambda value: isinstance(value, dict)), "an object", fields


def _printable(value, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() and value.strip() == value


NAME = _text(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", 40, "a tenant's id, [a-z0-9-], at most 40 characters")
OWNER = _text(r"[a-z0-9][a-z0-9-]{0,62}/[a-z0-9-]{1,40}", 104, "<deployment>/<name>")
KEY = _text(r"[0-9A-Za-z-]{1,64}", 64, "an operation's id, [0-9A-Za-z-], at most 64 characters")
A_HOST = _text(HOST, 253, "a host name in lower case")
APP = _text(r"[a-z][a-z0-9_]{0,62}", 63, "an app's name, [a-z0-9_]")
EMAIL = _text(rf"(?=.{{1,64}}@){ATOM}(\.{ATOM})*@({DOMAIN_LABEL}\.)+{DOMAIN_LABEL}", 254, "an address like owner@example.com")
# Letters of any alphabet, as in «Côte d'Ivoire» and «Virgin Islands, U.S.».
COUNTRY = _text(r"[^\W\d_]([^\W\d_]|[ ,.'’()&-])*", 64, "a country's name")
TIME_ZONE = _text(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", 64, "a time zone like Europe/Berlin")
CURRENCY = _text(r"[A-Z]{3}", 3, "three capital letters")
PROVIDER = _text(r"[a-z][a-z0-9_]{0,39}", 40, "a provider's name, [a-z0-9_]")
BASE_URL = _text(rf"https://{HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~-]+)*/?", 500, "an https address without a query")
ROLE = _text(r"[A-Za-z]([A-Za-z0-9 _-]{0,138}[A-Za-z0-9])?", 140, "a role's name")
PASSWORD = _text(r"[!-~]{8,128}", 128, "8 to 128 visible ASCII characters")
SHA256 = _text(r"[0-9a-f]{64}", 64, "64 hexadecimal digits")
PERSON = (lambda value: _printable(value, 140)), "a name of at most 140 printable characters"
# Frappe takes no < or > in what a document is called by.
COMPANY = (
    (lambda value: _printable(value, 140) and not set(value) & set("<>")),
    "a name of at most 140 printable characters, without < and >",
)
TRUTH = (lambda value: isinstance(value, bool)), "true or false"
A_FILE = _one_of(*FILES)
KINDS = ("site", "served", "certificate")
KIND = _one_of(*KINDS)
ANYTHING = (lambda value: True), ""
AFTER = (lambda value: value is None or NAME[0](value)), "null or a name"
FILE_OF_A_BACKUP = _object({"file": A_FILE, "bytes": _number(0, 2**50), "sha256": SHA256})

NOTHING: dict = {}
ADMINISTRATOR = {"administrator": PASSWORD}

# Each task: of which kind of thing it is, its input, its secrets.
TASKS = {
    "new-site": ("site", NOTHING, ADMINISTRATOR),
    "install-app": ("site", {"app": APP}, NOTHING),
    "configure-site": (
        "site",
        {
            "host": A_HOST,
            # Without one it is left as it is.
            "country": _or_null(COUNTRY),
            "time_zone": _or_null(TIME_ZONE),
            "oauth": _object({"name": PROVIDER, "base_url": BASE_URL}),
            "suspended": TRUTH,
            "read_only": TRUTH,
            "max_file_mb": _number(1, 1000),
        },
        NOTHING,
    ),
    "create-user": ("site", {"email": EMAIL, "first_name": PERSON, "roles": _words(ROLE, 20)}, NOTHING),
    "seed-data": ("site", {"company": COMPANY, "country": COUNTRY, "currency": CURRENCY}, NOTHING),
    "drop-site": ("site", NOTHING, NOTHING),
    "back-up": ("site", NOTHING, NOTHING),
    "restore": ("site", {"files": ANYTHING}, ADMINISTRATOR),
    "serve": ("served", {"site": A_HOST, "api": A_HOST, "mode": _one_of("live", "suspended")}, NOTHING),
    "withdraw": ("served", NOTHING, NOTHING),
    "issue-certificate": ("certificate", {"hosts": _words(A_HOST, 10)}, NOTHING),
    "delete-certificate": ("certificate", NOTHING, NOTHING),
}

SUBJECT = {"name": NAME, "owner": OWNER}
ASKS = {
    "run": SUBJECT
    | {"key": KEY, "task": _one_of(*TASKS), "input": _object({}), "secrets": _object({}), "wait": _number(0, 25)},
    "look": SUBJECT | {"at": KIND},
    "list": {"of": KIND, "after": AFTER},
    "read": SUBJECT | {"key": KEY, "file": A_FILE, "offset": _number(0, 2**50)},
    "write": SUBJECT | {"key": KEY, "file": A_FILE, "offset": _number(0, 2**50), "data": ANYTHING},
}


def parse(data: bytes, longest: int, deployment: str) -> dict:
    """The request, when all of it is as the protocol says; a `write` with its bytes."""
    if len(data) > longest:
        raise Refused("invalid", f"the request: is longer than {longest} bytes")
    try:
        asked = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("invalid", "the request: is no JSON") from None
    if not isinstance(asked, dict):
        raise Refused("invalid", "the request: is no object")
    version = asked.pop("version", None)
    if type(version) is not int or version < 1:
        raise Refused("invalid", "version: must be 1")
    if version > 1:
        raise Refused("too-old", "version: this agent knows version 1 only")
    ask = asked.pop("ask", None)
    if not isinstance(ask, str) or ask not in ASKS:
        raise Refused("invalid", f"ask: must be one of {', '.join(ASKS)}")
    if ask == "run":
        asked.setdefault("secrets", {})
        asked.setdefault("wait", 0)
    _fields(asked, ASKS[ask], "", inner=ask != "run")
    if "owner" in asked:
        _owner(asked, deployment)
    if ask == "run":
        _, given, secrets = TASKS[asked["task"]]
        _fields(asked["input"], given, "input.")
        _fields(asked["secrets"], secrets, "secrets.")
        if asked["task"] == "restore":
            _files(asked["input"]["files"])
        if asked["task"] == "serve" and asked["input"]["site"] == asked["input"]["api"]:
            raise Refused("invalid", "input.api: must be another host than the site's")
    if ask == "write":
        asked["data"] = _bytes(asked["data"])
    return {"ask": ask} | asked


def kind_of(task: str) -> str:
    return TASKS[task][0]


def _fields(given: dict, fields: dict, of: str, inner: bool = True) -> None:
    for field in given:
        if field not in fields:
            # Not its name: whoever sent it wrote that, too.
            raise Refused("invalid", f"{of or 'the request: '}has a field that is not known")
    for field, (check, says, *within) in fields.items():
        if field not in given:
            raise Refused("invalid", f"{of}{field}: is missing")
        if not check(given[field]):
            raise Refused("invalid", f"{of}{field}: must be {says}")
        if within and inner:
            _fields(given[field], within[0], f"{of}{field}.")


def _owner(asked: dict, deployment: str) -> None:
    whose, _, name = asked["owner"].partition("/")
    if whose != deployment:
        raise Refused("invalid", "owner: this agent answers to another deployment")
    if name != asked["name"]:
        raise Refused("invalid", "owner: is not the owner of that name")


def _files(files) -> None:
    if not isinstance(files, list) or not 0 < len(files) <= len(FILES):
        raise Refused("invalid", f"input.files: must be 1 to {len(FILES)} files")
    for file in files:
        _fields({"files": file}, {"files": FILE_OF_A_BACKUP}, "input.")
    names = [file["file"] for file in files]
    if not _differ(names) or FILES[0] not in names:
        raise Refused("invalid", f"input.files: must be {FILES[0]} and others, each once")


def _bytes(data) -> bytes:
    try:
        decoded = base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        decoded = None
    if decoded is None or len(decoded) > PIECE:
        raise Refused("invalid", f"data: must be base64 of at most {PIECE} bytes")
    return decoded


def _once(pairs: list) -> dict:
    if not _differ([key for key, _ in pairs]):
        raise ValueError
    return dict(pairs)


def _no_number(_: str):
    raise ValueError
