"""`stori`: the command line of Stori (docs/cli.md)."""

import os
import sys

from cli.exits import FAILED, INTERRUPTED, OK, Failure, ReaderGone


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code. Whatever ends a command is told here, in one sentence on standard error."""
    if sys.stdout is None:
        # Closed by who started it, as by `>&-`.
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 -- for as long as the process lives
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except Failure as failure:
        return _fail(failure)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ReaderGone, BrokenPipeError):
        # The reader has what it wanted, as in `stori transactions | head`. Python would flush once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        # Such as a full disk below standard output.
        about = f" ({error.filename})" if error.filename else ""
        return _fail(Failure(f"{error.strerror or _where(error)}{about}."))
    except Exception as error:  # noqa: BLE001 -- its text and its trace may quote a token or a statement
        return _fail(Failure(f"Something went wrong in the command itself: {_where(error)}."))
    return code


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["healthcheck"]:
        # Run every few seconds in each container: it does without all that the others import.
        from cli.healthcheck import check

        return check(arguments[1:])
    return _run_app(arguments)


def _run_app(arguments: list[str]) -> int:
    # gRPC's own log would stand between the lines.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import typer

    from cli.app import create_app

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return create_app()(arguments or ["--help"], prog_name="stori", standalone_mode=False) or OK
    except typer.TyperException as error:
        _tell(error.format_message())
        return error.exit_code
    except typer.Abort:
        return FAILED
    except SystemExit:
        # How Typer ends where the reader of a help page has left.
        raise ReaderGone from None


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return f"{type(error).__name__}{place}"


def _fail(failure: Failure) -> int:
    _tell(failure.message + (f" (request {failure.request_id})" if failure.request_id else ""))
    return failure.code


def _tell(sentence: str) -> None:
    from cli.text import plain

    print(f"stori: {plain(sentence)}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
