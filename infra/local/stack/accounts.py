"""The accounts that a stack has with the sandbox's clouds: made up once, and kept in its directory."""

import json
import secrets
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# The one the sandbox has from the start.
ZONE = "0123456789abcdef0123456789abcdef"
EMAIL = "tenantry@vendin-store.iam.gserviceaccount.com"


def credentials(directory: Path) -> Path:
    """The file that tells the sandbox whom to let in."""
    return _made(directory)[0]


def keys(directory: Path, deployment: str, clouds: str) -> dict[str, str]:
    """What the functions read from the vault, by name: it is kept there as on AWS."""
    _, private = _made(directory)
    held = json.loads(private.read_text())
    google = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "local",
        "private_key": held["google"],
        "token_uri": f"{clouds}/oauth2.googleapis.com/token",
    }
    return {
        f"{deployment}/providers/neon": held["neon"],
        f"{deployment}/providers/google": json.dumps(google),
        f"{deployment}/providers/cloudflare": held["cloudflare"],
        f"{deployment}/billing/stripe": held["stripe"],
        f"{deployment}/billing/subscriptions": held["subscriptions"],
    }


def billers(directory: Path) -> dict[str, str]:
    """What whoever plays a biller signs with, by the names that the demo and the tests know."""
    held = json.loads(_made(directory)[1].read_text())
    return {"TENANTRY_STRIPE_SECRET": held["stripe"], "TENANTRY_BILLING_SECRET": held["subscriptions"]}


def prepare(directory: Path, clouds: str) -> None:
    """What an operator sets up once in the zone: where requests of customers' own names go."""
    token = json.loads(_made(directory)[1].read_text())["cloudflare"]
    url = f"{clouds}/api.cloudflare.com/client/v4/zones/{ZONE}/custom_hostnames/fallback_origin"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = json.dumps({"origin": "stores.vendin.example"}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT"), timeout=15).close()


def parameters(deployment: str, clouds: str) -> dict[str, str]:
    """What the root template asks to know of them."""
    return {
        "NeonUrl": f"{clouds}/console.neon.tech/api/v2",
        "NeonKeySecret": f"{deployment}/providers/neon",
        "NeonProject": "tenants",
        "GoogleRunUrl": f"{clouds}/run.googleapis.com",
        "GoogleSecretsUrl": f"{clouds}/secretmanager.googleapis.com",
        "GoogleKeySecret": f"{deployment}/providers/google",
        "GoogleProject": "vendin-store",
        "StoreAccount": "stores@vendin-store.iam.gserviceaccount.com",
        "StoreUrl": "https://{subdomain}.my.vendin.example",
        "PageImage": "southamerica-east1-docker.pkg.dev/vendin-store/containers/start-page:latest",
        "RedisUrl": "redis://redis.vendin.example:6379",
        "CloudflareUrl": f"{clouds}/api.cloudflare.com/client/v4",
        "CloudflareZone": ZONE,
        "CloudflareZoneName": "vendin.example",
        "CloudflareTokenSecret": f"{deployment}/providers/cloudflare",
        "DomainTarget": "customers.vendin.example",
        # The sandbox's edge serves nothing, and the internet's must not be asked for it.
        "DomainVisits": "false",
        "ResolverUrl": f"{clouds}/cloudflare-dns.com",
        "StripeWebhookSecret": f"{deployment}/billing/stripe",
        "BillingWebhookSecret": f"{deployment}/billing/subscriptions",
        "GraceDays": "2",
    }


def _made(directory: Path) -> tuple[Path, Path]:
    public, private = directory / "clouds.json", directory / "accounts.json"
    if not private.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        drawn = ("neon", "cloudflare", "minio", "grafana", "websites", "stripe", "subscriptions")
        held = {name: secrets.token_hex(16) for name in drawn} | {"google": pem.decode()}
        google = {"client_email": EMAIL, "public_key_pem": public_pem.decode()}
        lets_in = {
            "neon_key": held["neon"],
            "cloudflare_token": held["cloudflare"],
            "google": google,
            "minio": {"user": "minioadmin", "password": held["minio"]},
            "grafana": {"user": "admin", "password": held["grafana"]},
            "websites_token": held["websites"],
        }
        public.write_text(json.dumps(lets_in))
        private.touch(0o600)
        private.write_text(json.dumps(held))
    return public, private
