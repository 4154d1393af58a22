"""What the scripts beside this one share: a site is opened, something is done there and committed, and one line says what came
of it.

They run in the bench's own Python, as the bench's user, in its folder `sites`. What they work on comes as JSON on standard
input: no text of anybody's is ever part of a program.
"""

import json
import sys

import frappe


class Failure(Exception):
    def __init__(self, code, cause):
        super().__init__(cause)
        self.code = code


def run(act):
    data = json.load(sys.stdin)
    frappe.init(site=data.pop("site"))
    frappe.connect()
    try:
        answer = {"result": act(data)}
        frappe.db.commit()
        frappe.clear_cache()
    except Failure as failure:
        answer = {"failure": failure.code, "cause": str(failure)}
    finally:
        frappe.destroy()
    # The last line is the answer, whatever Frappe printed before.
    print("\n" + json.dumps(answer))
