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
FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"


class Packages:
    """Binaries as deployment packages, kept in the cache under the digest of what is in them."""

    def __init__(self, cache: Path, binaries: Path):
        self.directory = cache / "packages"
        self.binaries = binaries
        self.index = self.directory / "index.json"
        # Path of a binary: its modification time and size when it was packed, and the package it became.
        self.known: dict[str, list] = {}

    def pack(self, folders: dict[str, Path]) -> dict[str, Path]:
        """The packages of some functions, by name. Their folders are given, for what they have besides the binary."""
        with alone(self.directory), ThreadPoolExecutor(os.cpu_count()) as pool:
            self.known = json.loads(self.index.read_text()) if self.index.exists() else {}
            packed = dict(zip(folders, pool.map(self._package, folders, folders.values())))
            self._forget_stale()
        return packed

    def _package(self, name: str, folder: Path) -> Path:
        binary = self.binaries / name
        if not binary.exists():
            raise SystemExit(f"{name} is in the template, but the workspace builds no such binary")
        page = _page(folder)
        stat = binary.stat()
        seen = [stat.st_mtime_ns, stat.st_size, *([_digest_of(page)] if page else [])]
        known = self.known.get(str(binary))
        if known and known[:-1] == seen and (self.directory / known[-1]).exists():
            return self.directory / known[-1]
        stripped = self.directory / f"{name}.stripped"
        subprocess.run(["strip", "-o", str(stripped), str(binary)], check=True)
        content = stripped.read_bytes()
        stripped.unlink()
        content = _zip(content, page)
        package = self.directory / f"{name}-{_digest(content)}.zip"
        if not package.exists():
            partial = package.with_suffix(".partial")
            partial.write_bytes(content)
            partial.rename(package)
        self.known[str(binary)] = [*seen, package.name]
        return package

    def _forget_stale(self) -> None:
        self.known = {binary: entry for binary, entry in self.known.items() if Path(binary).exists()}
        partial = self.index.with_suffix(".partial")
        partial.write_text(json.dumps(self.known, indent=2))
        partial.rename(self.index)
        current = {entry[-1] for entry in self.known.values()}
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
        logical_id: (path.parent / resource["Properties"]["CodeUri"]).resolve()
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    packed = packages.pack({_name(folder): folder for folder in functions.values()})
    for logical_id, folder in functions.items():
        archive = packed[_name(folder)]
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


def _name(folder: Path) -> str:
    """A function is called by its folder: `functions/tenant/api` is `tenant-api`, `functions/console` is `console`."""
    return "-".join(folder.relative_to(FUNCTIONS).parts)


def _page(folder: Path) -> dict[str, bytes]:
    """What a function with a page in `web/` serves from beside its binary; nothing of any other."""
    if not (folder / "web").exists():
        return {}
    built = folder / "web" / "dist"
    if not (built / "index.html").exists():
        raise SystemExit(f"{built} is not there: `make page` builds it")
    files = sorted(file for file in built.rglob("*") if file.is_file())
    return {f"web/{file.relative_to(built).as_posix()}": file.read_bytes() for file in files}


def _zip(bootstrap: bytes, page: dict[str, bytes]) -> bytes:
    """What Lambda runs, and what that serves. No time in it: the same files are the same package."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as writer:
        for name, content in {"bootstrap": bootstrap, **page}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            writer.writestr(entry, content)
    return archive.getvalue()


def _digest_of(files: dict[str, bytes]) -> str:
    return _digest(b"".join(f"{name} {_digest(content)}\n".encode() for name, content in files.items()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
