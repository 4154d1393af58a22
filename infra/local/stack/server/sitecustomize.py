"""Read by the emulator's interpreter at start.

Its Lambda runtime API answers in two small writes; with Nagle's algorithm on, the second waits for a delayed ACK
and a warm invocation takes 50 ms instead of 8.

A session that began with an authorization code is renewed without the person's groups and attributes, others with
them: kept nowhere, it is one of the others. When it renews a session it says that the person signed in just then, and a client
that compares (OpenID Connect Core 1.0, 12.2) does not take that.

It checks `ses:SendEmail` against the resource `*`, where AWS checks the sender's identity: the function's policy,
which names the identity, would have to be widened.

A role that a stack makes comes without its permissions boundary.

It takes neither Arguments, Output nor Assign of a Parallel in JSONata.

And it is watched: `rights.py` writes down which rights are used.
"""

import os
import socketserver

from ministack.core import iam_actions
from ministack.services import cognito, iam, stepfunctions
from ministack.services.cloudformation import provisioners

socketserver.StreamRequestHandler.disable_nagle_algorithm = True
iam_actions._SES_V2_RESOURCES["outbound-emails"] = ("identity", "FromEmailAddress")


class _KeptNowhere(dict):
    def __setitem__(self, token, grant):
        pass


cognito._refresh_tokens = _KeptNowhere()

_signed_in_at = {}
_sign = cognito._signed_jwt


def _sign_with_the_sessions_own_time(claims, *key):
    if "auth_time" in claims:
        claims["auth_time"] = _signed_in_at.setdefault(claims["origin_jti"], claims["auth_time"])
    return _sign(claims, *key)


cognito._signed_jwt = _sign_with_the_sessions_own_time


def _bounded(provision, properties):
    """`provision` as it is, after which the role has its boundary; its properties are that argument."""

    def provisioned(*arguments, **named):
        done = provision(*arguments, **named)
        iam._roles[done[0]]["PermissionsBoundary"] = arguments[properties].get("PermissionsBoundary")
        return done

    return provisioned


_role = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
_role |= {"create": _bounded(_role["create"], 1), "update": _bounded(_role["update"], 2)}

_branches = stepfunctions._run_parallel_branches


def _parallel(state, given, execution, context):
    if stepfunctions._state_query_language(state, context) != "JSONata":
        return _branches(state, given, execution, context)
    arguments = stepfunctions._apply_jsonata_arguments(state, given, context)
    results, following = _branches(state, arguments, execution, context)
    output = stepfunctions._apply_jsonata_output(state, given, context, result=results, default=results)
    stepfunctions._apply_state_assign(state, given, context, result=results)
    return output, following


stepfunctions._run_parallel_branches = _parallel

if file := os.environ.get("RIGHTS_USED"):
    from rights import Rights

    Rights(file).watch()
