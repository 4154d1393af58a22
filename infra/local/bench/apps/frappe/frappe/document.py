"""A document of a site: what is asked of it before it is written, and its row."""

import re

import frappe
from frappe.exceptions import DoesNotExistError, DuplicateEntryError, InvalidEmailAddressError, LinkValidationError, MandatoryError
from frappe.schema import DOCTYPES
from frappe.utils import now
from frappe.utils.password import get_decrypted_password, set_encrypted_password, update_password


class Document:
    def __init__(self, fields: dict):
        self.doctype = fields["doctype"]
        if self.doctype not in DOCTYPES or DOCTYPES[self.doctype].app not in _apps():
            raise DoesNotExistError(f"DocType {self.doctype} not found")
        self.name = self.doctype if self.meta.single else None
        self.flags = frappe._dict()
        for field in self.meta.fields:
            setattr(self, field, self.meta.default(field))
        for field in self.meta.children:
            setattr(self, field, [])
        self.update(fields)

    @property
    def meta(self):
        return DOCTYPES[self.doctype]

    @classmethod
    def load(cls, doctype: str, name: str) -> "Document":
        document = cls({"doctype": doctype})
        if document.meta.single:
            for field in document.meta.columns():
                if (value := frappe.db.get_single_value(doctype, field)) is not None:
                    setattr(document, field, value)
        else:
            rows = frappe.db.get_all(doctype, name, ["name", *document.meta.columns()])
            if not rows:
                raise DoesNotExistError(f"{doctype} {name} not found")
            document.__dict__.update(rows[0])
        for field, child in document.meta.children.items():
            rows = frappe.db.get_all(child, {"parent": document.name, "parentfield": field}, DOCTYPES[child].columns(), "`idx`")
            setattr(document, field, [frappe._dict(row) for row in rows])
        return document

    def get(self, field: str, default=None):
        value = self.__dict__.get(field)
        return default if value is None else value

    def set(self, field: str, value) -> None:
        setattr(self, field, value)

    def update(self, fields: dict) -> "Document":
        for field, value in fields.items():
            children = field in self.meta.children and isinstance(value, list)
            setattr(self, field, [frappe._dict(row) for row in value] if children else value)
        return self

    def append(self, field: str, row: dict | None = None):
        getattr(self, field).append(frappe._dict(row or {}))
        return getattr(self, field)[-1]

    def get_password(self, fieldname: str = "password", raise_exception: bool = True):
        return get_decrypted_password(self.doctype, self.name, fieldname, raise_exception)

    def insert(self, ignore_permissions=None, ignore_if_duplicate=False, ignore_links=None, **_) -> "Document":
        self._validate()
        self.name = self.name or self._own_name()
        if frappe.db.exists(self.doctype, self.name) and not self.meta.single:
            if ignore_if_duplicate:
                return self
            raise DuplicateEntryError(self.doctype, self.name)
        if not self.meta.single:
            query = f"INSERT INTO `tab{self.doctype}` (`name`, `creation`, `modified`, `owner`) VALUES (%s, %s, %s, %s)"
            frappe.db.sql(query, (self.name, now(), now(), frappe.session.user))
        self._write()
        if self.doctype == "User" and self.send_welcome_email:
            frappe.get_doc({"doctype": "Email Queue", "recipient": self.name, "message": "Welcome"}).insert()
        return self

    def save(self, ignore_permissions=None, **_) -> "Document":
        if self.name is None:
            return self.insert(ignore_permissions)
        self._validate()
        self._write()
        return self

    def reload(self) -> "Document":
        self.__dict__.update(Document.load(self.doctype, self.name).__dict__)
        return self

    def delete(self, ignore_permissions=None, **_) -> None:
        for child in self.meta.children.values():
            frappe.db.delete(child, {"parent": self.name})
        frappe.db.delete(self.doctype, self.name)

    def rename(self, new: str) -> str:
        if frappe.db.exists(self.doctype, new):
            raise DuplicateEntryError(self.doctype, new)
        for child in self.meta.children.values():
            frappe.db.sql(f"UPDATE `tab{child}` SET `parent` = %s WHERE `parent` = %s AND `parenttype` = %s", (new, self.name, self.doctype))
        frappe.db.sql("UPDATE `__Auth` SET `name` = %s WHERE `name` = %s AND `doctype` = %s", (new, self.name, self.doctype))
        # The field that the name is of follows it, as `after_rename` of User and of Company has it.
        own = f"`{self.meta.named_by}` = %s"
        frappe.db.sql(f"UPDATE `tab{self.doctype}` SET `name` = %s, {own} WHERE `name` = %s", (new, new, self.name))
        return new

    def add_roles(self, *roles: str) -> None:
        held = {row.role for row in self.roles}
        for role in roles:
            if role not in held:
                self.append("roles", {"role": role})
        self.save()

    def remove_roles(self, *roles: str) -> None:
        self.roles = [row for row in self.roles if row.role not in roles]
        self.save()

    def _own_name(self) -> str:
        if self.doctype == "User":
            return self.email.strip().lower()
        if self.doctype == "Social Login Key":
            return frappe.scrub(self.provider_name)
        return self.get(self.meta.named_by) or frappe.generate_hash(length=10)

    def _validate(self) -> None:
        missing = [field for field in self.meta.required() if self.get(field) in (None, "")]
        if missing:
            raise MandatoryError(f"[{self.doctype}, {self.name or ''}]: {', '.join(missing)}")
        for field in self.meta.columns():
            value, limit = self.get(field), 140
            if self.meta.kind(field) == "Data" and isinstance(value, str) and len(value) > limit:
                raise frappe.ValidationError(f"'{field}' will get truncated, as max characters allowed is {limit}")
        if self.doctype == "User" and self.email not in ("Administrator", "Guest"):
            if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", self.email):
                raise InvalidEmailAddressError(f"{self.email} is not a valid Email Address")
            self.full_name = " ".join(filter(None, (self.first_name, self.last_name)))
        for row in self.get("roles", []):
            if not frappe.db.exists("Role", row.role):
                raise LinkValidationError(f"Could not find Row #1: Role: {row.role}")
        if self.doctype == "Social Login Key" and self.enable_social_login:
            for field in ("client_id", "base_url", "authorize_url", "access_token_url", "redirect_url"):
                if not self.get(field):
                    label = field.replace("_", " ").title()
                    raise frappe.ValidationError(f"Please enter {label} before social login is enabled")
            if not (self.client_secret or self.get_password("client_secret", raise_exception=False)):
                raise frappe.ValidationError("Please enter Client Secret before social login is enabled")

        if self.doctype == "System Settings" and self.disable_user_pass_login:
            if not frappe.db.exists("Social Login Key", {"enable_social_login": 1}):
                ways = "Social Login Key or LDAP or Login With Email Link"
                raise frappe.ValidationError(f"Please enable atleast one {ways} before disabling username/password based login.")
        if self.doctype == "Company" and not frappe.db.exists("Warehouse Type", "Transit"):
            raise LinkValidationError("Could not find Warehouse Type: Transit")

    def _write(self) -> None:
        values = {field: self.get(field, self.meta.default(field)) for field in self.meta.columns()}
        if self.meta.single:
            frappe.db.set_single_value(self.doctype, values)
        elif values:
            frappe.db.set_value(self.doctype, self.name, values)
        for field, child in self.meta.children.items():
            frappe.db.delete(child, {"parent": self.name, "parentfield": field})
            for index, row in enumerate(getattr(self, field), 1):
                own = {column: row.get(column) for column in DOCTYPES[child].columns()}
                place = {"parent": self.name, "parenttype": self.doctype, "parentfield": field, "idx": index}
                full = {"name": frappe.generate_hash(length=10)} | place | own
                columns, marks = ", ".join(f"`{column}`" for column in full), ", ".join(["%s"] * len(full))
                frappe.db.sql(f"INSERT INTO `tab{child}` ({columns}) VALUES ({marks})", tuple(full.values()))
        for field in self.meta.fields:
            secret = self.get(field)
            if self.meta.kind(field) != "Password" or not secret or set(secret) == {"*"}:
                continue
            if self.doctype == "User":
                update_password(self.name, secret)
            else:
                set_encrypted_password(self.doctype, self.name, secret, field)
            setattr(self, field, "*" * len(secret))


def _apps() -> list[str]:
    # While Frappe itself is installed, nothing says so yet.
    return ["frappe", *frappe.get_installed_apps()]
