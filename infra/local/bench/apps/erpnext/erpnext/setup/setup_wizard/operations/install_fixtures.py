"""What the set-up wizard makes before the first company, which refers to it."""

import frappe


def install(country: str | None = None) -> None:
    frappe.new_doc("Warehouse Type", name="Transit").insert(ignore_if_duplicate=True)
