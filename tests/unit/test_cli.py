from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from wcwidth import wcswidth

from monitor.cli import app, listing
from monitor.cli.app import ROOMS, cli
from monitor.cli.given import Given
from monitor.cli.listing import Column, Filters, Since, SinceType, folded, table
from monitor.clock import FixedClock
from monitor.config.load import load
from monitor.config.terminal import wants_colour
from monitor.errors import ArchiveBusy, ArchiveError, ChannelRefused, Problem, QueryError, WrongRevision
from monitor.model import Severity

ROOT = Path(__file__).parents[2]
HEAVY = ("scrapy", "twisted", "sqlalchemy", "alembic", "apprise", "trafilatura", "aiohttp", "apscheduler")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def presswatch(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, in a home of its own."""
    home = {"HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd / "config"), "XDG_DATA_HOME": str(cwd / "data"), "PATH": os.environ["PATH"]}
    call = [sys.executable, "-c", "from monitor.cli import main; main()", *arguments]
    environment = {**home, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(call, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60)


def invoke(*arguments: str, given: Given | None = None, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), obj=given or Given(), input=stdin)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A person's settings with no seeds."""
    (tmp_path / "presswatch.yaml").write_text("timezone: Europe/Zurich\n# a comment\nchannels:\n  - {name: desk, kind: stdout}\n")
    return tmp_path / "presswatch.yaml"


def loaded_by(*arguments: str, cwd: Path, **environ: str) -> set[str]:
    """Return the heavy libraries a command line brings with it."""
    code = (
        "import sys\nfrom monitor.cli.app import run\n"
        f"try:\n    run({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    )
    environment = {"HOME": str(cwd), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("arguments", [("--help",), ("rules", "--help"), ("completion", "bash"), ("config", "show"), ("channels", "list")])
def test_help_and_light_commands_bring_no_heavy_library(tmp_path: Path, arguments: Sequence[str]) -> None:
    assert loaded_by(*arguments, cwd=tmp_path) == set()


def test_completing_a_command_brings_no_heavy_library(tmp_path: Path) -> None:
    done = presswatch(cwd=tmp_path, _PRESSWATCH_COMPLETE="bash_complete", COMP_WORDS="presswatch conf", COMP_CWORD="1")
    assert done.stdout == "plain,config\n"
    assert loaded_by(cwd=tmp_path, _PRESSWATCH_COMPLETE="bash_complete", COMP_WORDS="presswatch rules ", COMP_CWORD="2") == set()


def test_help_names_every_command_that_is_there_and_no_other() -> None:
    shown = invoke("--help").output
    for section, commands in ROOMS.items():
        assert f"{section}:" in shown
        for name, (_module, line) in commands.items():
            assert f"  {name}" in shown
            assert line in shown
            found = cli.get_command(click.Context(cli), name)
            assert found is not None
            assert found.name == name
            assert found.help


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for inner in command.list_commands(ctx):
            found = command.get_command(ctx, inner)
            assert found is not None
            yield from _leaves(found, f"{name} {inner}".strip())
    else:
        yield name, command


def test_every_command_explains_itself_and_takes_the_settings_file_after_its_name() -> None:
    for name, command in _leaves(cli, ""):
        assert command.help, name
        assert {"config", "debug"} <= {p.name for p in command.params}, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.name}"


def test_an_unknown_command_is_a_matter_of_usage_and_gets_a_hint(tmp_path: Path) -> None:
    done = presswatch("confog", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'config'?" in done.stderr
    assert done.stdout == ""


def test_broken_settings_end_with_78_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "presswatch.yaml").write_text("timezonne: UTC\n")
    done = presswatch("-c", "presswatch.yaml", "config", "show", cwd=tmp_path)
    assert done.returncode == 78
    assert done.stderr.startswith(
        "presswatch.yaml:1:1: unknown key 'timezonne'\n    1 | timezonne: UTC\n      | ^\n        hint: did you mean 'timezone'?"
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = presswatch("-c", "nowhere.yaml", "config", "show", "--debug", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_reader_that_closes_the_pipe_had_enough(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'from monitor.cli import main; main()' config schema | head -c 10; exit ${{PIPESTATUS[0]}}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ArchiveError("the archive is gone"), 69, "error: the archive is gone"),
        (ArchiveBusy("held by 812"), 75, "error: held by 812"),
        (WrongRevision("at 0009"), 78, "error: at 0009"),
        (ChannelRefused("550 no such user"), 69, "error: 550 no such user"),
        (QueryError([Problem(place="query", line=1, column=3, message="mixed", code="E-mix")]), 2, "query:1:3: E-mix: mixed"),
        (PermissionError(13, "Permission denied", "/x"), 69, "error: /x: permission denied"),
        (click.Abort(), 130, "interrupted"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.UsageError("no"), 2, "Error: no"),
    ],
)
def test_everything_that_goes_wrong_has_its_exit_code_and_one_line(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Given, "settings", fail)
    assert app.run(["config", "show"]) == code
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
    assert "Traceback" not in err


def test_a_bug_asks_for_debug_instead_of_showing_its_traceback(tmp_path: Path) -> None:
    code = "import monitor.cli.given as g\ng.Given.settings = lambda *_, **__: 1 / 0\nfrom monitor.cli import main\nmain()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", code, "config", "show"]
    done = subprocess.run(call, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("internal error: ZeroDivisionError: division by zero\n")
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr


def test_colours_obey_the_environment() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert wants_colour(Terminal(), {})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})
    assert not wants_colour(io.StringIO(), {})
    assert wants_colour(io.StringIO(), {"FORCE_COLOR": "1"})
    assert not wants_colour(io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"})


# ---- listings

ROWS: list[dict[str, object]] = [
    {"id": 812, "at": NOON, "headline": "杭州六小龙之一完成融资", "outlets": ("nzz", "财新"), "severity": Severity.HIGH},
    {"id": 7, "at": None, "headline": 'Deepseek, "R2"', "outlets": (), "severity": Severity.LOW},
]
COLUMNS = (
    Column(title="ID", show=lambda r: r["id"], is_number=True),
    Column(title="HEADLINE", show=lambda r: r["headline"], gives_way=True),
    Column(title="SEVERITY", show=lambda r: r["severity"]),
)


@click.command()
@listing.listing
def listed(show: listing.Show) -> None:
    show(ROWS, COLUMNS)


@click.command()
@listing.listing
def nothing(show: listing.Show) -> None:
    show([], COLUMNS, empty="no alerts yet")


def test_json_is_an_array_with_times_in_utc_and_words_for_enums() -> None:
    rows = json.loads(CliRunner().invoke(listed, ["--json"]).stdout)
    assert rows[0] == {
        "id": 812, "at": "2026-11-24T12:00:00Z", "headline": "杭州六小龙之一完成融资", "outlets": ["nzz", "财新"], "severity": "high",
    }  # fmt: skip
    assert rows[1]["at"] is None


def test_nl_is_one_object_a_line() -> None:
    lines = CliRunner().invoke(listed, ["--nl"]).stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [812, 7]


def test_csv_has_a_header_and_survives_quotes() -> None:
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(listed, ["--csv"]).stdout)))
    assert rows[0]["outlets"] == "nzz 财新"
    assert rows[1]["headline"] == 'Deepseek, "R2"'


def test_nothing_found_is_said_on_stderr_and_leaves_valid_data() -> None:
    assert CliRunner().invoke(nothing, ["--json"]).stdout == "[]\n"
    done = CliRunner().invoke(nothing, [])
    assert (done.stdout, done.stderr) == ("", "no alerts yet\n")


@pytest.mark.parametrize("cells", [None, 40, 30])
def test_columns_stay_aligned_under_chinese(cells: int | None) -> None:
    lines = table(ROWS, COLUMNS, cells=cells)
    starts = {wcswidth(line[: line.rindex("  ") + 2]) for line in lines}
    assert len(starts) == 1
    assert cells is None or all(wcswidth(line) <= max(cells, 27) for line in lines)


def test_a_cut_cell_says_so_and_a_hostile_one_moves_nothing() -> None:
    rows = [{"id": 1, "headline": "\x1b[2Ja\nb\u202e" + "长" * 60, "severity": "low"}]
    (_, line) = table(rows, COLUMNS, cells=40)
    assert "…" in line
    assert "\x1b" not in line
    assert "\u202e" not in line


WIDE = [
    {"id": n, "at": "2026-11-24 14:02", "theme": f"theme-number-{n}", "text": "eine lange Überschrift " * 4, "place": f"/etc/presswatch/themes.yaml:{n}"}
    for n in (1, 12)
]  # fmt: skip


@pytest.mark.parametrize("cells", [60, 80, 120])
def test_a_table_fits_the_terminal_and_times_stay_whole(cells: int) -> None:
    columns = [
        Column(title="ID", show=lambda r: r["id"], is_number=True),
        Column(title="WHEN", show=lambda r: r["at"]),
        Column(title="THEME", show=lambda r: r["theme"]),
        Column(title="NOTE", show=lambda r: "x" * 30, may_go=True),
        Column(title="TEXT", show=lambda r: r["text"], gives_way=True),
        Column(title="PLACE", show=lambda r: r["place"], keeps_end=True),
    ]
    lines = table(WIDE, columns, cells=cells)
    assert all(wcswidth(line) <= cells for line in lines)
    assert all("2026-11-24 14:02" in line for line in lines[1:])
    assert [line.rstrip()[-2:] for line in lines[1:]] == [":1", "12"]
    assert ("NOTE" in lines[0]) == (cells == 120)


def test_a_column_that_wraps_loses_nothing() -> None:
    said = "the archive is at another revision " + "y" * 50
    columns = [Column(title="PART", show=lambda r: r["part"]), Column(title="SAID", show=lambda r: r["said"], wraps=True)]
    lines = table([{"part": "archive", "said": said}, {"part": "rules", "said": "ok"}], columns, cells=40)
    assert all(len(line) <= 40 for line in lines)
    assert "".join(line[9:] for line in lines[1:-1]).replace(" ", "") == said.replace(" ", "")
    assert lines[-1] == "rules    ok"


def test_columns_go_until_those_that_give_way_keep_their_least() -> None:
    columns = [
        Column(title="ID", show=lambda r: r["id"], is_number=True),
        Column(title="THEME", show=lambda r: r["theme"], may_go=True),
        Column(title="WHEN", show=lambda r: r["at"], may_go=True),
        Column(title="PLACE", show=lambda r: r["place"], gives_way=True, keeps_end=True, least=25),
    ]
    assert [table(WIDE, columns, cells=cells)[0].split() for cells in (80, 50, 30)] == [
        ["ID", "THEME", "WHEN", "PLACE"], ["ID", "THEME", "PLACE"], ["ID", "PLACE"],
    ]  # fmt: skip


def test_what_does_not_fit_side_by_side_stands_one_row_under_the_other_and_loses_nothing() -> None:
    rows: list[dict[str, object]] = [{f"column_{n}": f"{n} 深度求索 Übermut {'x' * 30}" for n in range(8)} for _ in range(2)]
    columns = [Column(title=name, show=itemgetter(name), gives_way=True) for name in rows[0]]
    lines = table(rows, columns, cells=40, stacks=True)
    assert all(wcswidth(line) <= 40 for line in lines)
    assert lines.count("") == 1
    assert [line.split()[0] for line in lines if line.startswith("column_")] == [*rows[0], *rows[1]]
    assert "".join("".join(lines).split()).count("x" * 30) == 16
    assert len(table(rows, columns, cells=None, stacks=True)) == 3


def test_a_line_is_folded_between_words_and_keeps_its_margin() -> None:
    assert folded("  short", 40, 4) == ["  short"]
    lines = folded("  + 12  wolkenpost (zh): 深度求索推迟 R2 发布 wegen fehlender Chips", 30, 6)
    assert [line[: len(line) - len(line.lstrip())] for line in lines] == ["  ", *[" " * 6] * (len(lines) - 1)]
    assert all(wcswidth(line) <= 30 for line in lines)
    assert " ".join(line.strip() for line in lines) == "+ 12 wolkenpost (zh): 深度求索推迟 R2 发布 wegen fehlender Chips"


@pytest.mark.parametrize(("cells", "command"), [(60, "outlets list"), (80, "outlets list"), (60, "rules list"), (60, "config show")])
def test_the_shipped_beat_fits_a_terminal(tmp_path: Path, cells: int, command: str) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, cells, 0, 0))
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"}
    program = [str(Path(sys.executable).parent / "presswatch"), *command.split()]
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path):
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the other end is closed: EIO
            while part := os.read(ours, 65536):
                said += part
    os.close(ours)
    lines = said.decode().splitlines()
    assert len(lines) > 20
    assert all(wcswidth(line) <= cells for line in lines)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("24h", NOON - timedelta(hours=24)),
        ("90m", NOON - timedelta(minutes=90)),
        ("2w", NOON - timedelta(days=14)),
        ("2026-11-01", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("2026-11-01T14:30", datetime(2026, 11, 1, 13, 30, tzinfo=UTC)),
        ("2026-11-01T14:30Z", datetime(2026, 11, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_since_is_so_long_ago_or_a_local_time(said: str, expected: datetime) -> None:
    since = SinceType().convert(said, None, None)
    assert isinstance(since, Since)
    assert Filters(since=since).since_at(NOON, "Europe/Zurich") == expected


@pytest.mark.parametrize("said", ["yesterday", "24", "2026-13-01", "99999999999w"])
def test_a_time_that_is_none_says_how_to_write_it(said: str) -> None:
    with pytest.raises(click.BadParameter, match="write 24h"):
        SinceType().convert(said, None, None)


# ---- settings on the command line


def test_config_show_says_where_every_value_came_from(here: Path) -> None:
    rows = {r["key"]: r for r in json.loads(invoke("-c", str(here), "config", "show", "--json").stdout)}
    assert (rows["timezone"]["value"], rows["timezone"]["from"]) == ("Europe/Zurich", f"{here}:1")
    assert rows["workers"]["from"] == "default"
    assert set(rows) == {r["key"] for r in json.loads(invoke("config", "show", "--defaults", "--json").stdout)}


def test_config_show_masks_secrets(here: Path) -> None:
    here.write_text("archive: postgresql://u:planted@db.example/news\ntoken: planted-token\nheartbeat_url: https://planted.example/x\n")
    shown = invoke("-c", str(here), "config", "show").output
    assert "planted" not in shown
    assert "postgresql://u:***@db.example/news" in shown


@pytest.mark.parametrize("file", ["presswatch", "outlets", "entities", "themes"])
def test_the_schema_of_every_file_is_json(file: str) -> None:
    found = json.loads(invoke("config", "schema", file).stdout)
    assert found["additionalProperties"] is False
    assert found["properties"]


def test_subscribe_keeps_comments_and_hides_the_url_in_a_file_of_its_own(here: Path) -> None:
    done = invoke("-c", str(here), "subscribe", "*", "--to", "https://hook.example/planted", "--digest", "hourly", "--no-test")
    assert done.exit_code == 0, done.output
    text = here.read_text()
    assert "# a comment" in text
    assert "planted" not in text
    secret = here.parent / "webhook.url"
    assert secret.read_text().strip() == "https://hook.example/planted"
    assert secret.stat().st_mode & 0o777 == 0o600
    (wish,) = load(here, environ={}).subscriptions
    assert (wish.channel, wish.themes) == ("webhook", ("*",))


def test_subscribe_that_would_not_load_changes_nothing(here: Path) -> None:
    before = here.read_text()
    done = invoke("-c", str(here), "subscribe", "no-such-theme", "--to", "https://hook.example/planted")
    assert done.exit_code != 0
    assert here.read_text() == before
    assert [p.name for p in here.parent.iterdir()] == ["presswatch.yaml"]


def test_subscribe_to_a_known_channel_sends_a_test_message(here: Path) -> None:
    done = invoke("-c", str(here), "subscribe", "*", "--to", "desk")
    assert done.exit_code == 0, done.output
    assert "desk: test message sent" in done.stderr


def test_subscribe_tells_what_it_would_write_without_writing(here: Path) -> None:
    before = here.read_text()
    done = invoke("-c", str(here), "subscribe", "*", "--to", "tgram://planted/chat", "--dry-run")
    assert "url_file: telegram.url" in done.stdout
    assert here.read_text() == before
    assert not (here.parent / "telegram.url").exists()


def test_subscribe_without_settings_of_ones_own_points_to_init(tmp_path: Path) -> None:
    done = presswatch("subscribe", "deepseek-next", "--to", "stdout", cwd=tmp_path)
    assert done.returncode == 1
    assert "presswatch init" in done.stderr


def test_init_writes_settings_that_load_and_never_touches_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "presswatch.yaml"
    done = invoke("-c", str(path), "init", "--yes", "--contact", "it's us <https://desk.example>", "--theme", "deepseek-next")
    assert done.exit_code == 0, done.output
    found = load(path, environ={})
    assert found.contact == "it's us <https://desk.example>"
    assert [s.themes for s in found.subscriptions] == [("deepseek-next",)]
    before = path.read_text()
    again = invoke("-c", str(path), "init", "--yes")
    assert again.exit_code == 1
    assert "nothing was changed" in again.stderr
    assert path.read_text() == before


def test_init_asks_a_person_for_contact_themes_and_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.init.is_person", lambda: True)
    path = tmp_path / "presswatch.yaml"
    answers = "desk@mail.example\nno-such\nhangzhou-startups, deepseek-next\n\n"
    done = invoke("-c", str(path), "init", stdin=answers)
    assert done.exit_code == 0, done.output
    assert "there is no theme no-such" in done.stderr
    found = load(path, environ={})
    assert (found.contact, found.subscriptions[0].themes) == ("desk@mail.example", ("hangzhou-startups", "deepseek-next"))


def test_a_question_without_an_answer_is_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.init.is_person", lambda: True)
    assert invoke("-c", str(tmp_path / "presswatch.yaml"), "init", stdin="").exit_code == 1
    assert not (tmp_path / "presswatch.yaml").exists()


def test_init_with_an_unknown_theme_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a" / "presswatch.yaml"
    assert invoke("-c", str(path), "init", "--yes", "--theme", "nope", "--to", "https://hook.example/x").exit_code != 0
    assert list(path.parent.iterdir()) == []


def test_init_for_another_beat_has_examples_and_no_seeds(tmp_path: Path) -> None:
    path = tmp_path / "presswatch.yaml"
    assert invoke("-c", str(path), "init", "--empty", "--yes").exit_code == 0
    found = load(path, environ={})
    assert found.outlets == ()
    assert found.include == ()
    commented = "\n".join(line.removeprefix("#") for line in (tmp_path / "outlets" / "own.yaml").read_text().splitlines()[1:])
    (tmp_path / "outlets" / "own.yaml").write_text(commented.replace("outlets: []", "outlets:"))
    assert [o.name for o in load(path, environ={}).outlets] == ["The Paper"]


def test_channels_list_says_what_each_gets(here: Path) -> None:
    here.write_text(here.read_text() + 'subscriptions:\n  - {to: desk, themes: ["*"], digest: daily}\n')
    (row,) = json.loads(invoke("-c", str(here), "channels", "list", "--json").stdout)
    assert row == {"name": "desk", "kind": "stdout", "gets": ["* (daily digest)"], "place": f"{here}:4"}


def test_channels_test_names_the_channels_there_are(here: Path) -> None:
    done = invoke("-c", str(here), "channels", "test", "dask")
    assert done.exit_code == 2
    assert "did you mean 'desk'?" in done.stderr


def test_a_channel_that_fails_its_test_is_named_and_the_others_are_tried(here: Path) -> None:
    here.write_text('channels:\n  - {name: dead, kind: webhook, url: "http://127.0.0.1:1/"}\n  - {name: desk, kind: stdout}\n')
    done = invoke("-c", str(here), "channels", "test", "dead", "desk")
    assert done.exit_code == 1
    assert "dead: could not be reached" in done.stderr
    assert "desk: test message sent" in done.stderr


def test_a_channel_with_wrong_keys_shows_the_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here.write_text("channels:\n  - {name: desk, kind: stdout, colour: always}\n")
    assert app.run(["-c", str(here), "channels", "test", "desk"]) == 78
    told = capsys.readouterr().err
    assert "- {name: desk, kind: stdout, colour: always}" in told
    assert "did you mean 'color'?" in told


def test_the_clock_of_a_call_can_be_set() -> None:
    assert Given(clock=FixedClock(NOON)).clock.now() == NOON
