"""Somebody who may sign in: without a password, as nobody signs in with one."""

import frappe
from on_site import run


def create_user(data):
    email = data["email"].lower()
    if frappe.db.exists("User", email):
        user = frappe.get_doc("User", email)
        user.enabled = 1
        user.save(ignore_permissions=True)
    else:
        user = frappe.new_doc("User")
        user.update(
            {
                "email": email,
                "first_name": data["first_name"],
                "enabled": 1,
                "send_welcome_email": 0,
                "user_type": "System User",
            }
        )
        user.insert(ignore_permissions=True)
    user.add_roles(*data["roles"])
    return {"user": user.name}


if __name__ == "__main__":
    run(create_user)
