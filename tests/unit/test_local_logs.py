from pathlib import Path

import pytest

from local.logs import LogFile, clean, last_words, readable, show_line


def test_a_json_line_is_shown_with_its_name_time_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    line = b'{"timestamp":"2026-11-20T10:11:12Z","level":"info","event":"imported","process":"importer","rows":4}\n'

    show_line("importer", line)

    assert capsys.readouterr().out == "importer    │ 10:11:12 info imported rows=4\n"


def test_a_line_that_is_no_json_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_line("bff", b"Traceback (most recent call last):\n")

    assert capsys.readouterr().out == "bff         │ Traceback (most recent call last):\n"


@pytest.mark.parametrize("hostile", ["a\nb", "a\rb", "\x1b[2Jb", "a\x9bb"])
def test_control_characters_of_a_process_never_reach_the_screen(hostile: str) -> None:
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in clean(hostile))


def test_postgresql_s_everyday_lines_stay_in_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    show_line("postgres", b"LOG:  database system is ready to accept connections\n")
    show_line("postgres", b"ERROR:  permission denied for table account\n")

    assert capsys.readouterr().out == "postgres    │ ERROR:  permission denied for table account\n"


def test_a_log_file_never_outgrows_its_bound(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", bytes_max=100)

    for number in range(30):
        log.append(b"line %02d ..\n" % number)
    log.close()

    assert (tmp_path / "x.log").stat().st_size <= 100
    assert (tmp_path / "x.log").read_bytes().endswith(b"line 29 ..\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log", "x.log.1"]


def test_the_last_words_are_the_last_line_readable(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text('{"event":"started"}\n{"level":"error","event":"failed","exception":"OSError"}\n')

    assert last_words(log) == "error failed exception=OSError"


def test_values_are_cut_short() -> None:
    assert len(readable({"event": "x" * 10_000})) < 400
