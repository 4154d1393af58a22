"""Of Frappe what fixed scripts use, on a real database: see the README of infra/local/bench."""

import importlib
import json
import os
import secrets
import threading

from frappe.exceptions import *  # noqa: F403 - As Frappe has it: `frappe.DoesNotExistError`.
from frappe.exceptions import IncorrectSitePath, ValidationError

__version__ = "15.52.0"

local = threading.local()


class _dict(dict):
    """Of which a missing attribute is None."""

    __getattr__ = dict.get
    __setattr__ = dict.__setitem__


def __getattr__(name: str):
    # `frappe.db` and the like are those of the thread's own site.
    if name in ("db", "conf", "flags", "session"):
        return getattr(local, name, None)
    raise AttributeError(f"module 'frappe' has no attribute '{name}'")


def init(site: str, sites_path: str = ".", new_site: bool = False, force: bool = False) -> None:
    local.site, local.sites_path, local.site_path = site, sites_path, os.path.join(sites_path, site)
    local.flags, local.session, local.db = _dict(new_site=new_site), _dict(user="Guest"), None
    local.conf = _dict(get_site_config())


def connect(site: str | None = None, set_admin_as_user: bool = True) -> None:
    from frappe.database import MariaDBDatabase

    if site:
        init(site)
    conf = local.conf
    user = conf.db_user or conf.db_name
    local.db = MariaDBDatabase(user, conf.db_password, conf.db_name, conf.db_host or "127.0.0.1", conf.db_port or 3306)
    if set_admin_as_user:
        set_user("Administrator")


def destroy() -> None:
    if getattr(local, "db", None):
        local.db.close()
    local.db = None


def get_site_config() -> dict:
    common = os.path.join(local.sites_path, "common_site_config.json")
    own = os.path.join(local.site_path, "site_config.json")
    config = get_file_json(common) if os.path.exists(common) else {}
    if os.path.exists(own):
        config |= get_file_json(own)
    elif not local.flags.new_site:
        raise IncorrectSitePath(f"{local.site} does not exist")
    return config


def get_file_json(path: str):
    with open(path) as file:
        return json.load(file)


def get_site_path(*parts: str) -> str:
    return os.path.join(local.site_path, *parts)


def set_user(user: str) -> None:
    local.session = _dict(user=user)


def throw(message: str, exc=ValidationError, **_) -> None:
    raise exc(message)


def get_doc(doctype, name: str | None = None, **_):
    from frappe.document import Document

    if isinstance(doctype, dict):
        return Document(doctype)
    return Document.load(doctype, name or doctype)


def new_doc(doctype: str, **fields):
    return get_doc({"doctype": doctype} | fields)


def get_single(doctype: str):
    return get_doc(doctype, doctype)


def delete_doc(doctype: str, name: str, **_) -> None:
    get_doc(doctype, name).delete()


def rename_doc(doctype: str, old: str, new: str, force: bool = False, **_) -> str:
    return get_doc(doctype, old).rename(new)


def get_all(doctype: str, filters=None, fields=("name",), pluck: str | None = None, order_by: str = "`creation`", **_) -> list:
    rows = local.db.get_all(doctype, filters, [pluck] if pluck else fields, order_by)
    return [row[pluck] for row in rows] if pluck else [_dict(row) for row in rows]


def get_system_settings(field: str):
    return local.db.get_single_value("System Settings", field)


def get_roles(user: str) -> list[str]:
    return get_all("Has Role", {"parent": user, "parenttype": "User"}, pluck="role", order_by="`idx`")


def get_installed_apps(**_) -> list[str]:
    """Those of the site. None, as long as it has no tables."""
    if not local.db.table_exists("Installed Application"):
        return []
    return get_all("Installed Application", pluck="app_name", order_by="`idx`")


def get_all_apps(**_) -> list[str]:
    """Those of the bench."""
    with open(os.path.join(local.sites_path, "apps.txt")) as file:
        return file.read().split()


def get_attr(path: str):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def clear_cache(*_, **__) -> None:
    """There is none."""


def generate_hash(txt: str | None = None, length: int = 56) -> str:
    return secrets.token_hex((length + 1) // 2)[:length]


def scrub(text: str) -> str:
    return text.replace(" ", "_").replace("-", "_").lower()


def parse_json(value):
    return json.loads(value) if isinstance(value, str) else value


def as_json(value, indent: int = 1) -> str:
    return json.dumps(value, indent=indent, default=str)
