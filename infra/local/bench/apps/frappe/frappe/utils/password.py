"""Passwords: what people sign in with is hashed, what a site needs itself is encrypted with its own key."""

import base64
import hashlib
import hmac
import os

import frappe
from frappe.exceptions import AuthenticationError

ROUNDS = 29000


def update_password(user: str, pwd: str, doctype: str = "User", fieldname: str = "password", logout_all_sessions=False) -> None:
    salt = os.urandom(16)
    _keep(doctype, user, fieldname, f"{salt.hex()}${_hash(pwd, salt)}", 0)


def check_password(user: str, pwd: str, doctype: str = "User", fieldname: str = "password") -> str:
    held = _held(doctype, user, fieldname)
    if not held or not pwd:
        raise AuthenticationError("Incorrect User or Password")
    salt, _, digest = held.partition("$")
    if not hmac.compare_digest(digest, _hash(pwd, bytes.fromhex(salt))):
        raise AuthenticationError("Incorrect User or Password")
    return user


def set_encrypted_password(doctype: str, name: str, pwd: str, fieldname: str = "password") -> None:
    nonce = os.urandom(16)
    _keep(doctype, name, fieldname, base64.b64encode(nonce + _stream(pwd.encode(), nonce)).decode(), 1)


def get_decrypted_password(doctype: str, name: str, fieldname: str = "password", raise_exception: bool = True) -> str | None:
    held = _held(doctype, name, fieldname)
    if held:
        sealed = base64.b64decode(held)
        return _stream(sealed[16:], sealed[:16]).decode()
    if raise_exception:
        raise AuthenticationError(f"Password not found for {doctype} {name} {fieldname}")
    return None


def _held(doctype: str, name: str, fieldname: str) -> str | None:
    query = "SELECT `password` FROM `__Auth` WHERE `doctype` = %s AND `name` = %s AND `fieldname` = %s"
    rows = frappe.db.sql(query, (doctype, name, fieldname))
    return rows[0][0] if rows else None


def _keep(doctype: str, name: str, fieldname: str, password: str, encrypted: int) -> None:
    frappe.db.sql("REPLACE INTO `__Auth` VALUES (%s, %s, %s, %s, %s)", (doctype, name, fieldname, password, encrypted))


def _hash(password: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS).hex()


def _stream(content: bytes, nonce: bytes) -> bytes:
    """Stands for Frappe's Fernet, whose library the stand-in does without: enough that a dump does not read as plain text."""
    key = frappe.conf.encryption_key.encode()
    blocks = (hashlib.sha256(key + nonce + index.to_bytes(4, "big")).digest() for index in range(len(content) // 32 + 1))
    return bytes(one ^ other for one, other in zip(content, b"".join(blocks)))
