"""The two kinds of no: a refusal is of the request, and nothing was begun; a failure is of the task."""

# What may pass, and is begun anew when it is asked for again.
AGAIN = {"database-unreachable", "nginx-down", "challenge-failed", "timed-out", "interrupted", "failed"}
LONGEST = 800


class Refused(Exception):
    def __init__(self, code: str, cause: str, hint: str | None = None):
        super().__init__(cause)
        self.code, self.cause, self.hint = code, cause, hint

    def answer(self) -> dict:
        return {"refused": {"code": self.code, "cause": self.cause, "hint": self.hint}}


class Failed(Exception):
    def __init__(self, code: str, cause: str, retry_at: str | None = None):
        super().__init__(cause)
        self.code, self.cause, self.retry_at = code, cause, retry_at

    def record(self) -> dict:
        # The end says most: programs name the error last.
        cause = self.cause[-LONGEST:].strip() or "it did not say why"
        return {"code": self.code, "cause": cause, "again": self.code in AGAIN, "retry_at": self.retry_at}
