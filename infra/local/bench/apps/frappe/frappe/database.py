"""A connection to MariaDB, with the calls of Frappe's own."""

import pymysql
from pymysql.cursors import Cursor, DictCursor

from frappe.exceptions import ValidationError
from frappe.schema import DOCTYPES


class MariaDBDatabase:
    """Connects when it is first asked: a site is known before its database is."""

    def __init__(self, user: str, password: str, database: str | None, host: str, port: int):
        self._login = {"user": user, "password": password, "database": database, "host": host, "port": port}
        self._connection = None

    @property
    def connection(self) -> pymysql.Connection:
        if self._connection is None:
            self._connection = pymysql.connect(**self._login, charset="utf8mb4", autocommit=False)
        return self._connection

    def sql(self, query: str, values=None, as_dict: bool = False):
        with self.connection.cursor(DictCursor if as_dict else Cursor) as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def commit(self) -> None:
        if self._connection:
            self._connection.commit()

    def rollback(self) -> None:
        if self._connection:
            self._connection.rollback()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def table_exists(self, doctype: str) -> bool:
        return bool(self.sql("SHOW TABLES LIKE %s", (f"tab{doctype}",)))

    def exists(self, doctype: str, name=None):
        """The name of the first that is there, or None."""
        if name is None or DOCTYPES.get(doctype) and DOCTYPES[doctype].single:
            return doctype
        return self.get_value(doctype, name)

    def get_value(self, doctype: str, filters=None, fieldname="name", as_dict: bool = False):
        if filters in (None, doctype) and doctype in DOCTYPES and DOCTYPES[doctype].single:
            return self.get_single_value(doctype, fieldname)
        fields = [fieldname] if isinstance(fieldname, str) else list(fieldname)
        rows = self.get_all(doctype, filters, fields)
        if not rows:
            return None
        if as_dict:
            return rows[0]
        return rows[0][fieldname] if isinstance(fieldname, str) else tuple(rows[0].values())

    def get_all(self, doctype: str, filters=None, fields=("name",), order_by: str = "`creation`") -> list[dict]:
        where, values = _where(filters)
        columns = ", ".join(map(_quoted, fields))
        return list(self.sql(f"SELECT {columns} FROM {_table(doctype)}{where} ORDER BY {order_by}", values, as_dict=True))

    def count(self, doctype: str, filters=None) -> int:
        where, values = _where(filters)
        return self.sql(f"SELECT COUNT(*) FROM {_table(doctype)}{where}", values)[0][0]

    def set_value(self, doctype: str, name, fieldname, value=None, **_) -> None:
        changes = fieldname if isinstance(fieldname, dict) else {fieldname: value}
        if name in (None, doctype):
            for field, content in changes.items():
                self.set_single_value(doctype, field, content)
            return
        where, values = _where(name)
        setters = ", ".join(f"{_quoted(field)} = %s" for field in changes)
        self.sql(f"UPDATE {_table(doctype)} SET {setters}, `modified` = NOW(6){where}", (*changes.values(), *values))

    def get_single_value(self, doctype: str, fieldname: str, cache: bool = True):
        meta = DOCTYPES.get(doctype)
        if not meta or not meta.kind(fieldname):
            raise ValidationError(f"Field <b>{fieldname}</b> does not exist on <b>{doctype}</b>")
        query = "SELECT `value` FROM `tabSingles` WHERE `doctype` = %s AND `field` = %s"
        rows = self.sql(query, (doctype, fieldname))
        if meta.kind(fieldname) in ("Check", "Int"):
            return int(rows[0][0] or 0) if rows else 0
        return rows[0][0] if rows else None

    def set_single_value(self, doctype: str, fieldname, value=None, *_, **__) -> None:
        """Writes whatever it is told, as the real one does: a misspelt field is not noticed here."""
        for field, content in (fieldname if isinstance(fieldname, dict) else {fieldname: value}).items():
            self.sql("DELETE FROM `tabSingles` WHERE `doctype` = %s AND `field` = %s", (doctype, field))
            self.sql("INSERT INTO `tabSingles` VALUES (%s, %s, %s)", (doctype, field, content))

    def delete(self, doctype: str, filters=None) -> None:
        where, values = _where(filters)
        self.sql(f"DELETE FROM {_table(doctype)}{where}", values)


def _table(doctype: str) -> str:
    return _quoted(f"tab{doctype}")


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _where(filters) -> tuple[str, tuple]:
    """A name, or fields by name; a list of a comparison and its operand in place of a value."""
    if filters is None:
        return "", ()
    if not isinstance(filters, dict):
        return " WHERE `name` = %s", (filters,)
    terms, values = [], []
    for field, value in filters.items():
        operator, operand = value if isinstance(value, (list, tuple)) else ("=", value)
        if operator not in ("=", "!=", "<", ">", "<=", ">=", "in", "not in", "like"):
            raise ValidationError(f"Operator must be one of =, !=, <, >, <=, >=, in, not in, like: not {operator}")
        terms.append(f"{_quoted(field)} {operator} %s")
        values.append(operand)
    return (f" WHERE {' AND '.join(terms)}", tuple(values)) if terms else ("", ())
