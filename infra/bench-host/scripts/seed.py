"""The first data of a site with ERPNext: what every company refers to, and the company."""

import frappe
from on_site import run


def seed(data):
    company = data["company"]
    if frappe.db.exists("Company", company):
        return {"company": company}
    if former := frappe.get_all("Company", pluck="name"):
        # Of a site that is nobody's yet, whose name was put right. The letters behind its accounts stay.
        frappe.rename_doc("Company", former[0], company, force=True)
    else:
        # What the set-up wizard puts there before it makes a company; what is there already is left.
        frappe.get_attr("erpnext.setup.setup_wizard.operations.install_fixtures.install")(data["country"])
        document = frappe.new_doc("Company")
        document.update(
            {
                "company_name": company,
                "abbr": abbreviation(company),
                "country": data["country"],
                "default_currency": data["currency"],
                "create_chart_of_accounts_based_on": "Standard Template",
                "chart_of_accounts": "Standard",
            }
        )
        document.insert(ignore_permissions=True)
    return {"company": company}


def abbreviation(company):
    """As the wizard suggests it: the words' first letters."""
    letters = [word[0] for word in company.split() if word[0].isalnum()]
    return "".join(letters)[:5].upper() or "C"


if __name__ == "__main__":
    run(seed)
