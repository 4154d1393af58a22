"""Somebody who may sign in: without a password, as nobody signs in with one."""

import frappe
from on_site import run


def create_user(data):
    email = data["email"].lower()
    if not frappe.db.exists("User", email) and (former := owner(data["roles"])):
        # Of a site that is nobody's yet, whose address was put right: Frappe ends the sessions of the one that was wrong.
        frappe.rename_doc("User", former, email, force=True)
    if frappe.db.exists("User", email):
        user = frappe.get_doc("User", email)
        user.update({"first_name": data["first_name"], "enabled": 1})
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


def owner(roles):
    """Who was made for the site before, by what they may do. The Administrator may do everything, and is Frappe's."""
    held = [frappe.get_all("Has Role", {"role": role, "parenttype": "User"}, pluck="parent") for role in roles]
    return next((user for users in held for user in users if user != "Administrator"), None)


if __name__ == "__main__":
    run(create_user)
