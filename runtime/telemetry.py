"""Logs: one JSON object a line on standard output, whoever writes it, with the request id of the call being served."""

import errno
import logging
import sys

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

_NOISY = ("uvicorn.access", "httpx2", "httpcore2", "botocore", "boto3", "urllib3", "s3transfer")
_shared: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(name: str, level: str) -> None:
    """Sends structlog and the standard library's loggers through one JSON renderer. `name` is the process's name."""

    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = name
        return event

    processors = [*_shared, add_process]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*processors, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _exception_without_values,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # They log each request, each with text from outside; our own access lines replace them.
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _exception_without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keeps an exception's type, errno and where it was raised; its text may quote rows, addresses or tokens."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        if isinstance(error, OSError) and (name := errno.errorcode.get(error.errno or 0)):
            event["errno"] = name
        event["where"] = _frames(error)
    return event


def _frames(error: BaseException, most: int = 12) -> list[str]:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('site-packages/')[2]}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    return frames[-most:]


def _dumps(event: EventDict, **_: object) -> str:
    # JSON escapes every control character, so a line stays a line whatever the input holds.
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
