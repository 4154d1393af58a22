"""What is meant to be executed, through every field of the protocol: nothing executes, nothing escapes.

A field has a closed grammar, and refuses; or it takes any text, and then that is data to the last: the name of a person or of a
company comes back from Frappe's documents as it was sent."""

import copy
import json
import os

import pytest
from host import API, PASSWORD, SITE

CANARY = "/tmp/bench-host-canary"
ATTACKS = [
    # A shell.
    "; touch {c}", "$(touch {c})", "`touch {c}`", "| touch {c}", "&& touch {c}", "|| touch {c} #", "\ntouch {c}\n", "'; touch {c}; '",
    '"; touch {c}; "', "${{IFS}}touch${{IFS}}{c}", "a & touch {c}", "> {c}", "<(touch {c})", "--help", "-rf", "--config={c}", "-oProxyCommand=touch {c}",
    "\r\ntouch {c}", "EOF\ntouch {c}\nEOF", "!touch {c}", "~/x", "*", "{{a,b}}",
    # SQL.
    "'; DROP DATABASE mysql; -- ", '" OR 1=1 -- ', "`; DROP DATABASE _acme_7f3a9c; -- ", "x' UNION SELECT 'canary' INTO OUTFILE '{c}' -- ",
    "\\'; SELECT SLEEP(9); #", "_%", "/*!50000 DROP DATABASE mysql */", "\\! touch {c}", "system touch {c}", "\\. {c}",
    # Python, and its templates.
    "__import__('os').system('touch {c}')", "'+__import__('os').system('touch {c}')+'", '""" + open("{c}", "w") + """', "{{{{ 7*7 }}}}",
    "{{% import os %}}{{{{ os.system('touch {c}') }}}}", "%(owner)s", "{{owner}}", "{{name.__class__}}", "cos\nsystem\n(S'touch {c}'\ntR.", "\\x27; import os",
    "[1, 2]", '{{"$ne": null}}', "null", "!!python/object/apply:os.system ['touch {c}']",
    # nginx.
    "x; return 200 canary;",
    "x; }} server {{ listen 81; root /; }} #", "$host", "a.example.com; include /etc/passwd;", "~^.*$", "a.example.com b.example.com", "_",
    "load_module {c};", "*.example.com", "x\n}}\nuser root;", "{{{{site}}}}", "#if live", "lua_content_by {{ os.execute('touch {c}') }}",
    # A header, a log, a terminal.
    "a\r\nX-Injected: 1", "a%0d%0aX-Injected:%201", "\x1b]0;canary\x07", "a\x00b", "\u202etxt.exe", "\x03", "\x04", "\x1a",
    # A path.
    "../../../../etc/passwd", "..", ".", "/etc/passwd", "a/../../b", "..%2f..%2fetc", "....//....//etc", "C:\\windows", "\\\\host\\share", "a/b", "\u2024\u2024/",
    "file:///etc/passwd", "%2e%2e", "common_site_config.json", "../common_site_config.json", "x\u0000.json", "-", "",
    # Bounds, and what is no text.
    "A" * 100_000, "\ud800", "\u0000", "é" * 300,
]  # fmt: skip
OTHER = [None, True, False, 0, -1, 1.5, 10**30, [], {}, ["a"], {"a": 1}, [[]], {"$(id)": 1}, [None]]

OAUTH = {"name": "tenantry", "base_url": "https://auth.example.com"}
FILE = {"file": "database.sql.gz", "bytes": 1, "sha256": "0" * 64}
INPUTS = {
    "new-site": {},
    "install-app": {"app": "erpnext"},
    "configure-site": {
        "host": API, "country": "Germany", "time_zone": "Europe/Berlin", "oauth": OAUTH, "suspended": False, "read_only": False, "max_file_mb": 25,
    },
    "create-user": {"email": "jo@example.com", "first_name": "Jo", "roles": ["System Manager"]},
    "seed-data": {"company": "Acme", "country": "Germany", "currency": "EUR"},
    "drop-site": {}, "back-up": {},
    "restore": {"files": [FILE]},
    "serve": {"site": SITE, "api": API, "mode": "live"},
    "withdraw": {},
    "issue-certificate": {"hosts": [SITE, API]},
    "delete-certificate": {},
}  # fmt: skip
SUBJECT = {"version": 1, "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c"}


def requests() -> dict[str, dict]:
    """One of each ask and each task that would be taken."""
    plain = {
        "look": {"ask": "look", "at": "site"} | SUBJECT,
        "list": {"version": 1, "ask": "list", "of": "site", "after": "acme"},
        "read": {"ask": "read", "key": "op-1", "file": "database.sql.gz", "offset": 0} | SUBJECT,
        "write": {"ask": "write", "key": "op-1", "file": "database.sql.gz", "offset": 0, "data": "eA=="} | SUBJECT,
    }
    for task, input in INPUTS.items():
        secrets = {"administrator": PASSWORD} if task in ("new-site", "restore") else {}
        plain[task] = {"ask": "run", "key": "op-1", "task": task, "input": input, "secrets": secrets, "wait": 0} | SUBJECT
    return plain


def places(value, at=()):
    """Where a text or another value stands in a request, and each object's place for one field more."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


def put(request, at, value):
    changed = copy.deepcopy(request)
    if not at:
        return value
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = value
    return changed


def attacks() -> list[str]:
    return [attack.format(c=CANARY) if "{c}" in attack or "{{" in attack else attack for attack in ATTACKS]


# These take text as people write it.
FREE = {("create-user", ("input", "first_name")), ("seed-data", ("input", "company"))}


def test_nothing_that_is_sent_is_executed_or_escapes(counted):
    """Every field of every ask: refused, or a value that the grammar knows to be harmless."""
    from tenantry_bench_host.outcome import Refused
    from tenantry_bench_host.request import parse

    tried = taken = 0
    for what, request in requests().items():
        for at in places(request):
            for value in [*attacks(), *OTHER]:
                tried += 1
                try:
                    parsed = parse(json.dumps(put(request, at, value)).encode(), 6 * 1024 * 1024, "prod")
                except Refused as refused:
                    assert refused.code in ("invalid", "too-old")
                    assert CANARY not in refused.cause
                    continue
                if (what, at) in FREE:
                    continue
                taken += 1
                assert harmless(parsed, at, value), (what, at, value)
        for attack in attacks():
            tried += 1
            with pytest.raises(Refused):
                parse(json.dumps(request | {attack: 1}).encode(), 6 * 1024 * 1024, "prod")
    assert tried > 5000
    counted["requests with an attack, in every field of the protocol, refused or harmless"] = tried
    counted["of these taken, as a number, a truth, base64, or a word of the grammar"] = taken


def harmless(parsed, at, value) -> bool:
    """By another rule than the agent's: a text that is taken has no character that means anything to whoever gets it."""
    field = at[-1] if at else None
    if value == (requests().get(parsed.get("task")) or {}).get(field):
        return True
    if field in ("suspended", "read_only"):
        return isinstance(value, bool)
    if field in ("offset", "bytes", "wait", "version"):
        return type(value) is int and value >= 0
    if isinstance(value, list):
        return value != [] and all(harmless(parsed, (*at, index), each) for index, each in enumerate(value))
    if not isinstance(value, str):
        return value is None if field == "after" else value == {} and field in ("input", "secrets")
    if field == "administrator":
        # Typed on a terminal: no space, no control character.
        return set(value) <= set(map(chr, range(33, 127)))
    if field == "data":
        # What is in a file, whatever that is.
        return isinstance(parsed["data"], bytes)
    meaning = set("\"'`$;{}<>|\\*?!&()=#~%@:,[] \r\n\t\0")
    if field == "country":
        # «Virgin Islands, U.S.», «Côte d'Ivoire»: they go to Frappe as data, and nowhere else.
        meaning -= set("'&(), ")
    if "roles" in at:
        meaning -= {" "}
    led_astray = value.startswith((".", "/")) or ".." in value or (value.startswith("-") and field != "key")
    return not (set(value) & meaning or led_astray or not value.isprintable())


@pytest.fixture
def canary():
    if os.path.exists(CANARY):
        os.unlink(CANARY)
    yield CANARY
    assert not os.path.exists(CANARY)


def test_texts_of_people_are_data_to_the_last(served, canary, counted):
    """By the agent as it is installed, to bench's Python and back."""
    served.done("new-site")
    kept = served.bench / "sites/acme-7f3a9c/documents.json"
    sent = 0
    before = tree(served)
    for number, attack in enumerate(attacks()):
        for task, field, document in (
            ("create-user", "first_name", "User/jo@example.com"),
            ("seed-data", "company", f"Company/{attack}"),
        ):
            sent += 1
            served.acts()
            kept.unlink(missing_ok=True)
            answer = served.ask(served.request(task, INPUTS[task] | {field: attack}, key=f"op-{number}"))
            if "refused" in answer:
                assert answer["refused"]["code"] == "invalid"
                continue
            assert answer["job"]["state"] == "done", answer
            assert json.loads(kept.read_text())[document][{"company": "company_name"}.get(field, field)] == attack
    kept.unlink(missing_ok=True)
    assert tree(served) == before
    assert served.databases() == {"_acme_7f3a9c"}
    counted["texts sent as a person's or a company's name, to Frappe's documents and back"] = sent


def test_a_password_is_typed_as_it_is(host, canary, counted):
    typed = [attack for attack in attacks() if 8 <= len(attack) <= 128 and set(attack) <= set(map(chr, range(33, 127)))]
    for number, password in enumerate(typed):
        name = f"t{number}"
        host.done("new-site", name=name, secrets={"administrator": password})
        config = json.loads((host.bench / f"sites/{name}/site_config.json").read_text())
        assert config["administrator"] == password
    assert len(typed) > 15
    counted["attacks as an administrator's password, typed as they are"] = len(typed)


def test_the_agent_itself_refuses_them_and_nothing_changes(served, canary, counted):
    """A sample of each kind by the whole way: a process, its standard input, its answer."""
    served.done("new-site")
    served.serve()
    before, calls = tree(served), len(served.calls())
    sent = 0
    for what, request in requests().items():
        for at in places(request):
            if len(at) == 0 or (what, at) in FREE or isinstance(at[-1], int) or at[-1] == "administrator":
                continue
            attack = attacks()[(7 * sent) % len(attacks())]
            sent += 1
            answer = served.ask(put(request, at, attack))
            if at[-1] == "key" and "refused" not in answer:
                continue
            assert answer.get("refused", {}).get("code") in ("invalid", "too-old") or at[-1] in ("data", "after"), (
                what,
                at,
                attack,
                answer,
            )
    assert tree(served) == before
    assert len(served.calls()) == calls and served.nginx_takes_its_files()
    assert served.get(SITE)[0] == 200
    counted["attacks sent to the installed agent"] = sent


def test_the_command_that_a_client_asks_for_is_nothing(served, canary):
    for command in attacks()[:20]:
        assert served.look("site", "beta", command=command) is None
    # And what it might say by its arguments, sshd does not pass on: there is one command line.
    assert not (served.folder / "executed").exists()


def test_hosts_that_got_past_the_protocol_are_stopped_before_nginx(host):
    from tenantry_bench_host import configuration, nginx
    from tenantry_bench_host.outcome import Failed

    read = configuration.read(str(host.configuration))
    for attack in attacks():
        for field in ("site", "api"):
            wish = {"site": SITE, "api": API, "mode": "live"} | {field: attack}
            try:
                text = nginx.render(read, "acme-7f3a9c", "prod/acme-7f3a9c", wish, tls=True)
            except Failed:
                continue
            # What is taken has no character that means anything to nginx.
            assert set(attack) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") and CANARY not in text


def test_what_bench_says_is_only_told(host, canary):
    """Output of programs is an attacker's, too: an app's traceback may have a tenant's text in it."""
    for number, attack in enumerate(attacks()):
        if not attack.strip() or "\ud800" in attack or len(attack) > 10_000:
            continue
        host.acts(new_site={"fails": attack})
        failure = host.failed("new-site", key=f"op-{number}")
        assert failure["code"] in ("failed", "database-exists")
        if number > 12:
            break


def tree(host) -> set[str]:
    """What there is, but for what the stand-ins note and the agent keeps of its jobs."""
    noted = ("calls", "acts.json", "documents.json", "error.log")
    every = (path for path in host.folder.rglob("*") if host.state not in path.parents and path.name not in noted)
    return {str(path.relative_to(host.folder)) for path in every}
