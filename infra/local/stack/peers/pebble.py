"""Pebble: an authority for certificates that asks as Let's Encrypt does, and forgets everything when it ends."""

import datetime
import ipaddress
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from peers import ground

# Answers are not delayed, and nonces are not refused at random. What was proven once is asked again.
ENVIRONMENT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}


def prepare(directory: Path, ports: dict[str, int], names: str) -> list[str]:
    """The command that runs it. It looks up names at `names`, and asks for challenges at our nginx."""
    directory.mkdir(exist_ok=True)
    if not certificate(directory).exists():
        _make_certificate(directory)
    settings = {
        "listenAddress": f"127.0.0.1:{ports['acme']}",
        "managementListenAddress": f"127.0.0.1:{ports['acme_management']}",
        "certificate": str(certificate(directory)),
        "privateKey": str(directory / "own.key"),
        "httpPort": ports["http"],
        "tlsPort": ports["https"],
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    (directory / "pebble.json").write_text(json.dumps({"pebble": settings}, indent=2))
    return [ground.program("pebble"), "-config", str(directory / "pebble.json"), "-dnsserver", names]


def names(ports: dict[str, int]) -> list[str]:
    """The command of a name server for which every name is this machine: pebble's own, where there is no sandbox."""
    command = [ground.program("pebble-challtestsrv"), "-dns01", f"127.0.0.1:{ports['dns']}"]
    command += ["-management", f"127.0.0.1:{ports['dns_management']}", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
    return [*command, "-http01", "", "-https01", "", "-tlsalpn01", ""]


def certificate(directory: Path) -> Path:
    """Its own, for its API: certbot is told to believe it."""
    return directory / "own.pem"


def root(directory: Path, management: int) -> str | None:
    """The authority's, which everything it signs leads to; or that it does not answer yet. Drawn anew at each start."""
    context = ssl.create_default_context(cafile=certificate(directory))
    try:
        with urllib.request.urlopen(f"https://127.0.0.1:{management}/roots/0", timeout=5, context=context) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


def _make_certificate(directory: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    here = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ground.write_private(directory / "own.key", key.private_bytes(serialization.Encoding.PEM, *private).decode())
    certificate(directory).write_bytes(own.public_bytes(serialization.Encoding.PEM))
