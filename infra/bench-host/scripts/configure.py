"""Who may sign in and how, where the site is, whether it is open."""

import frappe
from frappe.installer import update_site_config
from on_site import Failure, run


def configure(data):
    oauth = data["oauth"]
    # First: Frappe keeps password login on as long as there is no other way to sign in.
    sign_in_with(oauth)
    settings = frappe.get_single("System Settings")
    settings.country = data["country"] or settings.country
    settings.time_zone = data["time_zone"] or settings.time_zone
    settings.language = settings.language or "en"
    settings.disable_user_pass_login = 1
    settings.save(ignore_permissions=True)
    website = frappe.get_single("Website Settings")
    website.disable_signup = 1
    website.save(ignore_permissions=True)
    frappe.db.commit()
    # Read from the database: in the site's configuration these two would change nothing.
    for doctype, field in (("System Settings", "disable_user_pass_login"), ("Website Settings", "disable_signup")):
        if not int(frappe.db.get_single_value(doctype, field) or 0):
            raise Failure("failed", f"{doctype}: {field} is still off")

    closed = data["suspended"] or data["read_only"]
    for key, value in {
        "host_name": f"https://{data['host']}",
        "oauth_provider_url": oauth["base_url"],
        "maintenance_mode": int(closed),
        "allow_reads_during_maintenance": int(data["read_only"] and not data["suspended"]),
        "pause_scheduler": int(closed),
        "max_file_size": data["max_file_mb"] * 1024 * 1024,
    }.items():
        update_site_config(key, value)
    return {}


def sign_in_with(oauth):
    client_id = frappe.conf.get("tenantry_oauth_client_id")
    client_secret = frappe.conf.get("tenantry_oauth_client_secret")
    if not client_id or not client_secret:
        raise Failure("oauth-missing", "the bench has no tenantry_oauth_client_id and tenantry_oauth_client_secret")
    exists = frappe.db.exists("Social Login Key", oauth["name"])
    key = frappe.get_doc("Social Login Key", oauth["name"]) if exists else frappe.new_doc("Social Login Key")
    # The endpoints that a Frappe has as a provider; what is asked for there is who somebody is.
    key.update(
        {
            "provider_name": oauth["name"],
            "social_login_provider": "Custom",
            "enable_social_login": 1,
            "client_id": client_id,
            "client_secret": client_secret,
            "custom_base_url": 1,
            "base_url": oauth["base_url"].rstrip("/"),
            "authorize_url": "/api/method/frappe.integrations.oauth2.authorize",
            "access_token_url": "/api/method/frappe.integrations.oauth2.get_token",
            "redirect_url": f"/api/method/frappe.integrations.oauth2_logins.custom/{oauth['name']}",
            "api_endpoint": "/api/method/frappe.integrations.oauth2.openid_profile",
            "auth_url_data": '{"response_type": "code", "scope": "openid"}',
            "sign_ups": "Deny",
        }
    )
    key.save(ignore_permissions=True)


if __name__ == "__main__":
    run(configure)
