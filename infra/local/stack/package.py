"""What `sam package` does: code and definitions become objects in a bucket, and templates name them there.

Objects are named by their content, so what did not change is neither packed nor uploaded again.
"""

import hashlib
import io
import json
import os
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import template as templates
from record import alone

BUCKET = "tenantry-artifacts"


class Packages:
    """Binaries as deployment packages, kept in the cache under the digest of what is in them."""

    def __init__(self, cache: Path, binaries: Path):
        self.directory = cache / "packages"
        self.binaries = binaries
        self.index = self.directory / "index.json"
        # Path of a binary: its modification time and size when it was packed, and the package it became.
        self.known: dict[str, list] = {}

    def pack(self, names: set[str]) -> dict[str, Path]:
        with alone(self.directory), ThreadPoolExecutor(os.cpu_count()) as pool:
            self.known = json.loads(self.index.read_text()) if self.index.exists() else {}
            packed = dict(zip(names, pool.map(self._package, names)))
            self._forget_stale()
        return packed

    def _package(self, name: str) -> Path:
        binary = self.binaries / name
        if not binary.exists():
            raise SystemExit(f"{name} is in the template, but the workspace builds no such binary")
        stat = binary.stat()
        seen = [stat.st_mtime_ns, stat.st_size]
        known = self.known.get(str(binary))
        if known and known[:2] == seen and (self.directory / known[2]).exists():
            return self.directory / known[2]
        stripped = self.directory / f"{name}.stripped"
        subprocess.run(["strip", "-o", str(stripped), str(binary)], check=True)
        content = stripped.read_bytes()
        stripped.unlink()
        package = self.directory / f"{name}-{_digest(content)}.zip"
        if not package.exists():
            partial = package.with_suffix(".partial")
            partial.write_bytes(_zip(content))
            partial.rename(package)
        self.known[str(binary)] = [*seen, package.name]
        return package

    def _forget_stale(self) -> None:
        self.known = {binary: entry for binary, entry in self.known.items() if Path(binary).exists()}
        partial = self.index.with_suffix(".partial")
        partial.write_text(json.dumps(self.known, indent=2))
        partial.rename(self.index)
        current = {entry[2] for entry in self.known.values()}
        for package in self.directory.glob("*.zip"):
            # Another stack may be about to upload a package that was current when it packed.
            if package.name not in current and time.time() - package.stat().st_mtime > 600:
                package.unlink(missing_ok=True)


class Bucket:
    """The objects of one deployment: only what is missing is put, and what is no longer named is deleted."""

    def __init__(self, s3):
        self.s3 = s3
        try:
            s3.create_bucket(Bucket=BUCKET)
        except s3.exceptions.BucketAlreadyOwnedByYou:
            pass
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        self.present = {item["Key"] for page in pages for item in page.get("Contents", [])}
        self.named: set[str] = set()

    def put(self, key: str, content) -> dict[str, str]:
        """`content` gives the bytes, and is called only when they are not there yet."""
        self.named.add(key)
        if key not in self.present:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=content())
            self.present.add(key)
        return {"Bucket": BUCKET, "Key": key}

    def delete_unnamed(self) -> None:
        for key in self.present - self.named:
            self.s3.delete_object(Bucket=BUCKET, Key=key)


def package(path: Path, packages: Packages, bucket: Bucket) -> dict:
    """The template with its local paths replaced by objects in the bucket."""
    template = templates.read(path)
    resources = template.get("Resources", {})
    functions = {
        logical_id: "-".join(Path(resource["Properties"]["CodeUri"]).parts[-2:])
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    packed = packages.pack(set(functions.values()))
    for logical_id, name in functions.items():
        archive = packed[name]
        resources[logical_id]["Properties"]["CodeUri"] = bucket.put(archive.name, archive.read_bytes)
        resources[logical_id].pop("Metadata", None)  # How `sam build` is to build it.
    for resource in resources.values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties = resource["Properties"]
            definition = (path.parent / properties["DefinitionUri"]).resolve()
            content = definition.read_bytes()
            name = definition.name.removesuffix(".asl.json")
            properties["DefinitionUri"] = bucket.put(f"{name}-{_digest(content)}.asl.json", lambda: content)
        if resource["Type"] in ("AWS::Serverless::Application", "AWS::CloudFormation::Stack"):
            raise SystemExit(f"{path} nests stacks: the local deployer knows one level, in the root template")
    return template


def _zip(content: bytes) -> bytes:
    """The one file Lambda runs. No time in it: the same binary is the same package."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        writer.writestr(entry, content)
    return archive.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
