"""The types of documents that a site has here: their tables, and what each of them asks for. Frappe itself has hundreds."""

from dataclasses import dataclass, field

# A column of each kind of field. A password is never in the document's own table.
COLUMNS = {"Data": "varchar(140)", "Text": "text", "Check": "tinyint NOT NULL DEFAULT 0", "Int": "int NOT NULL DEFAULT 0"}
STANDARD = "`name` varchar(140) PRIMARY KEY, `creation` datetime(6), `modified` datetime(6), `owner` varchar(140)"
CHILD = "`parent` varchar(140), `parenttype` varchar(140), `parentfield` varchar(140), `idx` int NOT NULL DEFAULT 0"


@dataclass(frozen=True)
class DocType:
    app: str
    # By name: the kind, a default after a colon, and a star for what is asked for.
    fields: dict[str, str]
    # Which field, or fields of which child, gives the name.
    named_by: str = ""
    children: dict[str, str] = field(default_factory=dict)
    single: bool = False
    child: bool = False

    def kind(self, name: str) -> str | None:
        return self.fields[name].rstrip("*").partition(":")[0] if name in self.fields else None

    def default(self, name: str):
        text = self.fields[name].rstrip("*").partition(":")[2]
        return int(text or 0) if self.kind(name) in ("Check", "Int") else text or None

    def required(self) -> list[str]:
        return [name for name, kind in self.fields.items() if kind.endswith("*")]

    def columns(self) -> list[str]:
        return [name for name in self.fields if self.kind(name) != "Password"]

    def table(self, name: str) -> str:
        own = [f"`{field}` {COLUMNS[self.kind(field)]}" for field in self.columns()]
        return f"CREATE TABLE `tab{name}` ({', '.join([STANDARD, *([CHILD] if self.child else []), *own])})"


DOCTYPES = {
    "System Settings": DocType(
        "frappe",
        {
            "country": "Data",
            "time_zone": "Data:Asia/Kolkata*",
            "language": "Data:en*",
            "disable_user_pass_login": "Check",
            "enable_scheduler": "Check",
            "setup_complete": "Check",
            "session_expiry": "Data:170:00",
        },
        single=True,
    ),
    "Website Settings": DocType("frappe", {"disable_signup": "Check", "home_page": "Data", "app_name": "Data"}, single=True),
    "Installed Applications": DocType("frappe", {}, children={"installed_applications": "Installed Application"}, single=True),
    "Installed Application": DocType(
        "frappe", {"app_name": "Data*", "app_version": "Data*", "git_branch": "Data*"}, child=True
    ),
    "DefaultValue": DocType("frappe", {"defkey": "Data", "defvalue": "Text"}, child=True),
    "Role": DocType("frappe", {"role_name": "Data*", "desk_access": "Check:1", "disabled": "Check"}, "role_name"),
    "User": DocType(
        "frappe",
        {
            "email": "Data*",
            "first_name": "Data*",
            "last_name": "Data",
            "full_name": "Data",
            "username": "Data",
            "language": "Data",
            "time_zone": "Data",
            "enabled": "Check:1",
            "send_welcome_email": "Check:1",
            "user_type": "Data:System User",
            "new_password": "Password",
        },
        "email",
        {"roles": "Has Role"},
    ),
    "Has Role": DocType("frappe", {"role": "Data"}, child=True),
    "Social Login Key": DocType(
        "frappe",
        {
            "provider_name": "Data*",
            "enable_social_login": "Check",
            "social_login_provider": "Data:Custom*",
            "client_id": "Data",
            "client_secret": "Password",
            "base_url": "Data",
            "custom_base_url": "Check",
            "authorize_url": "Data",
            "access_token_url": "Data",
            "redirect_url": "Data",
            "api_endpoint": "Data",
            "api_endpoint_args": "Text",
            "auth_url_data": "Text",
            "user_id_property": "Data",
            "sign_ups": "Data",
            "icon": "Data",
        },
        "provider_name",
    ),
    "Email Queue": DocType("frappe", {"recipient": "Data", "message": "Text"}),
    "File": DocType("frappe", {"file_name": "Data", "file_url": "Text", "is_private": "Check"}),
    "Company": DocType(
        "erpnext",
        {
            "company_name": "Data*",
            "abbr": "Data*",
            "default_currency": "Data*",
            "country": "Data*",
            "domain": "Data",
            "chart_of_accounts": "Data",
            "create_chart_of_accounts_based_on": "Data",
            "enable_perpetual_inventory": "Check:1",
        },
        "company_name",
    ),
    "Warehouse Type": DocType("erpnext", {"description": "Text"}),
    "Customer": DocType("erpnext", {"customer_name": "Data*", "customer_type": "Data:Company*"}, "customer_name"),
    "Item": DocType("erpnext", {"item_code": "Data*", "item_group": "Data", "stock_uom": "Data"}, "item_code"),
    "Global Defaults": DocType("erpnext", {"default_company": "Data", "default_currency": "Data", "country": "Data"}, single=True),
    "Tenant OAuth Settings": DocType("tenant_oauth_auth", {"provider": "Data", "enabled": "Check"}, single=True),
}

ROLES = ("Administrator", "Guest", "All", "System Manager", "Website Manager", "Desk User")
ROLES_OF_APPS = {"erpnext": ("Accounts Manager", "Accounts User", "Sales Manager", "Sales User", "Stock Manager", "Stock User")}
# Tables that are no document's.
TABLES = (
    "CREATE TABLE `tabSingles` (`doctype` varchar(255), `field` varchar(255), `value` longtext, KEY (`doctype`, `field`))",
    "CREATE TABLE `__Auth` (`doctype` varchar(140), `name` varchar(255), `fieldname` varchar(140), `password` text, "
    "`encrypted` tinyint NOT NULL DEFAULT 0, PRIMARY KEY (`doctype`, `name`, `fieldname`))",
)
