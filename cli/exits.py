"""How the command ends: its exit codes, and the failures that carry one."""

OK = 0
FAILED = 1
USAGE = 2
DEPENDENCY_DOWN = 75  # EX_TEMPFAIL of sysexits.h
BAD_CONFIGURATION = 78  # EX_CONFIG
INTERRUPTED = 130


class Failure(Exception):
    """Ends the command with one sentence on standard error, and the request id where a call was made."""

    def __init__(self, message: str, code: int = FAILED, request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id


class ReaderGone(Exception):
    """Nobody reads standard output any more."""
