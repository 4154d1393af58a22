import json

import frappe


def update_site_config(key, value):
    path = f"{frappe.state['site']}/site_config.json"
    known = json.load(open(path))
    with open(path, "w") as file:
        json.dump(known | {key: value}, file)
