"""Has SAM read every stack as `sam build` does, and looks what it would build each function for. Run by SAM's own Python.

SAM's reader takes less than others: a template that deploys here and pleases cfn-lint may still not build.
"""

import logging
import sys
from pathlib import Path

from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

ROOT = Path(__file__).resolve().parents[2]

logging.disable(logging.WARNING)
for architecture in ("arm64", "x86_64"):
    given = {"Architecture": architecture, "MailFrom": "hello@example.com"}
    stacks, _ = SamLocalStackProvider.get_stacks(str(ROOT / "template.yaml"), parameter_overrides=given)
    functions = list(SamFunctionProvider(stacks, use_raw_codeuri=True).get_all())
    if not functions:
        sys.exit("SAM finds no function")
    for function in functions:
        if function.architecture != architecture:
            sys.exit(f"{function.full_path} would be built for {function.architecture}, not for {architecture}")
