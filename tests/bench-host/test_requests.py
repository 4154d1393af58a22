"""What the agent takes, and what it refuses before anything is begun."""

import configparser
import json
import re

import pytest
from host import AGENT, API, SITE

LOOK = {"version": 1, "ask": "look", "at": "site", "name": "acme-7f3a9c", "owner": "prod/acme-7f3a9c"}
LIST = {"version": 1, "ask": "list", "of": "site", "after": None}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"version": NaN}', b'{"version": 1, "version": 1}', b"[" * 100_000,
        b"GET / HTTP/1.1\r\n\r\n", b"{}", b'{"version": 1}', b'{"version": true, "ask": "list", "of": "site", "after": null}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(host, data):
    assert host.refused(data, raw=True)["code"] == "invalid"


def test_a_request_that_is_too_long_is_refused(host):
    data = json.dumps(LIST).encode()
    assert host.ask(data + b" " * (6 * 1024 * 1024 - len(data)), raw=True)["list"]["items"] == []
    assert host.refused(data + b" " * (6 * 1024 * 1024), raw=True)["code"] == "invalid"


def test_a_later_version_is_told_that_the_agent_is_old(host):
    assert host.refused(LIST | {"version": 2})["code"] == "too-old"


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1}, {"name": "acme"}, {"owner": "prod/acme"}, {"owner": "acme-7f3a9c"}, {"owner": "other/acme-7f3a9c"}, {"at": "sites"},
        {"name": "", "owner": "prod/"}, {"name": "a" * 41, "owner": "prod/" + "a" * 41}, {"name": "-a", "owner": "prod/-a"},
        {"name": "a-", "owner": "prod/a-"}, {"name": "a\n", "owner": "prod/a\n"}, {"name": None}, {"name": 7}, {"name": ["acme"]},
        {"name": "Acme", "owner": "prod/Acme"}, {"name": "a_b", "owner": "prod/a_b"}, {"name": "é", "owner": "prod/é"},
    ],
)  # fmt: skip
def test_a_field_of_another_form_is_refused(host, change):
    assert host.refused(LOOK | change)["code"] == "invalid"


def test_a_field_that_is_missing_is_named(host):
    request = {key: value for key, value in LOOK.items() if key != "owner"}
    assert host.refused(request)["cause"] == "owner: is missing"


def test_a_refusal_never_repeats_what_was_sent(host):
    odd = "<script>Zq9</script>"
    for change in ({"name": odd}, {"owner": odd}, {"at": odd}, {odd: 1}, {"ask": odd}, {"version": odd}):
        assert "Zq9" not in json.dumps(host.ask(LOOK | change))


def test_a_password_is_visible_characters_alone(host):
    for password in (
        "short",
        "a" * 129,
        "with space",
        "with\nline",
        "with\x03control",
        "with\x04end",
        "mit-Umlaut-ä",
        "",
        None,
        7,
    ):
        request = host.request("new-site", secrets={"administrator": password})
        assert host.refused(request)["code"] == "invalid"
    assert host.refused(host.request("new-site", secrets={}))["cause"] == "secrets.administrator: is missing"
    assert host.refused(host.request("drop-site", secrets={"administrator": "Aa0-long-enough"}))["code"] == "invalid"


def test_a_site_and_its_api_are_two_hosts(host):
    request = host.request("serve", {"site": SITE, "api": SITE, "mode": "live"})
    assert host.refused(request)["code"] == "invalid"


@pytest.mark.parametrize("email", ["Jo@Acme.Example", "o'neil+x@a-b.example.com", "a.b_c=d@x.io"])
def test_addresses_that_people_have_are_taken(host, email):
    """Those that the platform takes: nobody's tenant fails here for a name."""
    input = {"email": email, "first_name": "Zoë", "roles": ["System Manager"]}
    assert host.run("create-user", input)["failure"]["code"] == "absent"


@pytest.mark.parametrize(
    "country", ["United States", "Côte d'Ivoire", "Korea, Republic of", "Virgin Islands, U.S.", "Åland Islands"]
)
def test_countries_are_taken_as_frappe_calls_them(host, country):
    input = {"company": 'Müller & Söhne "GmbH"; $(x)', "country": country, "currency": "EUR"}
    assert host.run("seed-data", input)["failure"]["code"] == "absent"


def test_lists_go_on_where_they_ended(host):
    marks = host.state / "marks/site"
    marks.mkdir(parents=True)
    names = [f"t{number:03}" for number in range(205)]
    for name in names:
        (marks / f"{name}.json").write_text(
            json.dumps({"owner": f"staging/{name}", "made_at": "2026-11-22T10:00:00Z", "complete": True})
        )
    found, after, parts = [], None, 0
    while after is not None or not parts:
        part = host.ask(LIST | {"after": after})["list"]
        found, after, parts = found + part["items"], part["next"], parts + 1
    assert ([item["name"] for item in found], parts) == (names, 3)
    assert found[0] == {"name": "t000", "owner": "staging/t000", "made_at": "2026-11-22T10:00:00Z"}


@pytest.mark.parametrize(
    "sections",
    [
        {"nginx": {"front_end": "127.0.0.1:3000; return 200"}}, {"nginx": {"listen": "0.0.0.0 evil;"}}, {"nginx": {"http_port": "80;"}},
        {"bench": {"path": "relative"}}, {"bench": {"user": "no-such-user-here"}}, {"certbot": {"config_dir": "/x y"}}, {"other": {"x": 1}},
    ],
)  # fmt: skip
def test_a_configuration_that_is_none_is_said_to_be_none(host, sections):
    host.configure(**sections)
    if "other" in sections:
        host.configuration.write_text(host.configuration.read_text() + "[other]\nx = 1\n")
    if sections.get("bench", {}).get("user") and host.configuration.stat().st_uid != 0:
        pytest.skip("who is not root becomes nobody else")
    assert host.refused(LIST)["code"] == "misconfigured"


def test_without_a_configuration_nothing_is_answered_but_that(host):
    host.configuration.unlink()
    assert host.refused(LIST)["code"] == "misconfigured"


def test_the_example_is_the_defaults():
    """What an operator reads there is what holds without it."""
    from tenantry_bench_host.configuration import DEFAULTS

    text = (AGENT / "bench-host.ini").read_text()
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(re.sub(r"^;(?=\w+ =)", "", text, flags=re.MULTILINE))
    shown = {section: dict(parser[section]) for section in parser.sections()}
    shown["certbot"]["email"] = ""
    assert shown == DEFAULTS


def test_hosts_are_hosts(host):
    for odd in (
        "localhost",
        "a..b.example",
        "-a.example",
        "a-.example",
        "A.example",
        "a.example.",
        "1.2.3.4",
        "[::1]",
        f"{'a' * 64}.example",
        "*.example.com",
    ):
        request = host.request("serve", {"site": odd, "api": API, "mode": "live"})
        assert host.refused(request)["code"] == "invalid", odd
