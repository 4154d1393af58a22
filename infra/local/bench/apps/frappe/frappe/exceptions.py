"""What goes wrong, by the names that Frappe has for it, with the status that it answers."""


class ValidationError(Exception):
    http_status_code = 417


class MandatoryError(ValidationError):
    pass


class LinkValidationError(ValidationError):
    pass


class InvalidEmailAddressError(ValidationError):
    pass


class IncompatibleApp(ValidationError):
    pass


class DoesNotExistError(ValidationError):
    http_status_code = 404


class NameError(Exception):  # noqa: A001 - Frappe's own name.
    http_status_code = 409


class DuplicateEntryError(NameError):
    pass


class AuthenticationError(Exception):
    http_status_code = 401


class PermissionError(Exception):  # noqa: A001 - Frappe's own name.
    http_status_code = 403


class SessionStopped(Exception):
    http_status_code = 503


class InReadOnlyMode(ValidationError):
    http_status_code = 503


class SiteNotSpecifiedError(Exception):
    def __str__(self) -> str:
        return "Please specify --site sitename"


class IncorrectSitePath(Exception):
    http_status_code = 404

    def __str__(self) -> str:
        return f"404 Not Found: {self.args[0]}"


class LockTimeoutError(Exception):
    pass
