"""Where `bench` hands over: `python -m frappe.utils.bench_helper frappe ...`, in the folder of sites."""

import sys

from frappe.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
