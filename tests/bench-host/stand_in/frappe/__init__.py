"""As much of Frappe as the agent's scripts use: documents in a file of the site."""

import json
import os

conf, state = {}, {}


class Document:
    def __init__(self, fields):
        self.__dict__.update(fields)

    def __getattr__(self, _):
        return None

    def update(self, fields):
        self.__dict__.update(fields)

    def save(self, ignore_permissions=False):
        if self.doctype == "System Settings" and self.disable_user_pass_login and not db.all("Social Login Key"):
            raise Exception("Please enable atleast one Social Login Key or LDAP before disabling password login")
        self.name = self.name or self.email or self.provider_name or self.company_name
        state["documents"][f"{self.doctype}/{self.name}"] = dict(self.__dict__)

    insert = save

    def add_roles(self, *roles):
        self.roles = sorted({*(self.roles or []), *roles})
        self.save()


class Database:
    def exists(self, doctype, name):
        return name if f"{doctype}/{name}" in state["documents"] else None

    def all(self, doctype):
        return [key for key in state["documents"] if key.startswith(f"{doctype}/")]

    def get_single_value(self, doctype, field):
        return json.load(open(state["path"]))[f"{doctype}/{doctype}"].get(field)

    def commit(self):
        with open(state["path"], "w") as file:
            json.dump({k: v for k, v in state["documents"].items() if "/" in k}, file)


db = Database()


def init(site):
    for path in ("common_site_config.json", f"{site}/site_config.json"):
        conf.update(json.load(open(path)))
    state["site"], state["path"] = site, f"{site}/documents.json"


def connect():
    state["documents"] = json.load(open(state["path"])) if os.path.exists(state["path"]) else {}


def get_doc(doctype, name):
    return Document({"doctype": doctype, "name": name} | state["documents"].get(f"{doctype}/{name}", {}))


def get_single(doctype):
    return get_doc(doctype, doctype)


def new_doc(doctype):
    return Document({"doctype": doctype})


def get_all(doctype, filters=None, pluck=None):
    if doctype == "Has Role":
        users = [get_doc("User", key.split("/", 1)[1]) for key in db.all("User")]
        return [user.name for user in users if filters["role"] in (user.roles or [])]
    return [key.split("/", 1)[1] for key in db.all(doctype)]


def rename_doc(doctype, old, new, force=False):
    fields = state["documents"].pop(f"{doctype}/{old}")
    own = {"User": "email", "Company": "company_name"}[doctype]
    state["documents"][f"{doctype}/{new}"] = fields | {"name": new, own: new}


def get_attr(path):
    return lambda country: state["documents"].update({"Warehouse Type/Transit": {}})


def clear_cache():
    pass


destroy = clear_cache
