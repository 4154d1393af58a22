"""The accounts that a stack has with the sandbox's clouds: made up once, and kept in its directory."""

import json
import secrets
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# The ones the sandbox has from the start: of customers' domains, and of tenants on a bench.
ZONE, TENANT_ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
EMAIL = "tenantry@vendin-store.iam.gserviceaccount.com"
# Secrets that are made up, each for one account.
DRAWN = ("neon", "cloudflare", "minio", "grafana", "rabbitmq", "websites", "kubernetes", "stripe", "subscriptions")
MINIO, GRAFANA, RABBITMQ = "minioadmin", "admin", "tenantry"
# Where the clouds of the cluster are, behind the clouds' port.
KUBERNETES_HOST = "kubernetes.example"
MINIO_HOST = "minio.e-commerce-shared.svc.cluster.local"
RABBITMQ_HOST = "rabbitmq.e-commerce-shared.svc"
GRAFANA_HOST = "grafana.e-commerce-monitoring.svc.cluster.local"
WEBSITES_HOST = "websites-service.e-commerce-shared.svc.cluster.local"


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
    minio = {"endpoint": f"{clouds}/{MINIO_HOST}", "access_key": MINIO, "secret_key": held["minio"]}
    kubernetes = {"server": f"{clouds}/{KUBERNETES_HOST}", "token": held["kubernetes"]}
    return {
        f"{deployment}/providers/neon": held["neon"],
        f"{deployment}/providers/google": json.dumps(google),
        f"{deployment}/providers/cloudflare": held["cloudflare"],
        f"{deployment}/providers/kubernetes": json.dumps(kubernetes),
        f"{deployment}/providers/object-store": json.dumps(minio),
        f"{deployment}/providers/rabbitmq": json.dumps({"username": RABBITMQ, "password": held["rabbitmq"]}),
        f"{deployment}/providers/grafana": json.dumps({"user": GRAFANA, "password": held["grafana"]}),
        f"{deployment}/providers/websites": held["websites"],
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
        "TenantZone": TENANT_ZONE,
        "TenantDomain": "frappe.example",
        "BenchAddress": "127.0.0.1",
        "DomainTarget": "customers.vendin.example",
        # The sandbox's edge serves nothing, and the internet's must not be asked for it.
        "DomainVisits": "false",
        "ResolverUrl": f"{clouds}/cloudflare-dns.com",
        "KubernetesUrl": f"{clouds}/{KUBERNETES_HOST}",
        "KubernetesSecret": f"{deployment}/providers/kubernetes",
        "ObjectStoreUrl": f"{clouds}/{MINIO_HOST}",
        "ObjectStoreSecret": f"{deployment}/providers/object-store",
        "RabbitmqUrl": f"{clouds}/{RABBITMQ_HOST}/api",
        "RabbitmqSecret": f"{deployment}/providers/rabbitmq",
        "GrafanaUrl": f"{clouds}/{GRAFANA_HOST}/api",
        "GrafanaAdminSecret": f"{deployment}/providers/grafana",
        "WebsitesUrl": f"{clouds}/{WEBSITES_HOST}/api/v1",
        "WebsitesTokenSecret": f"{deployment}/providers/websites",
        "DashboardsUrl": "https://dashboards.collectverything.example",
        "TenantUrl": f"{clouds}/{{host}}",
        "StripeWebhookSecret": f"{deployment}/billing/stripe",
        "BillingWebhookSecret": f"{deployment}/billing/subscriptions",
        "GraceDays": "2",
    }


def _made(directory: Path) -> tuple[Path, Path]:
    public, private = directory / "clouds.json", directory / "accounts.json"
    held = json.loads(private.read_text()) if private.exists() else {}
    # A stack of before may know fewer clouds.
    missing = [name for name in DRAWN if name not in held]
    if missing:
        held |= {name: secrets.token_hex(16) for name in missing}
        held.setdefault("google", _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        lets_in = {
            "neon_key": held["neon"],
            "cloudflare_token": held["cloudflare"],
            "google": {"client_email": EMAIL, "public_key_pem": _public_pem(held["google"])},
            "minio": {"user": MINIO, "password": held["minio"]},
            "grafana": {"user": GRAFANA, "password": held["grafana"]},
            "rabbitmq": {"user": RABBITMQ, "password": held["rabbitmq"]},
            "websites_token": held["websites"],
            "kubernetes_token": held["kubernetes"],
        }
        public.write_text(json.dumps(lets_in))
        private.touch(0o600)
        private.write_text(json.dumps(held))
    return public, private


def _pem(key: rsa.RSAPrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _public_pem(private_pem: str) -> str:
    key = serialization.load_pem_private_key(private_pem.encode(), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
