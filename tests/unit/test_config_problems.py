"""Fifty ways to get a settings file wrong, each told with its place, and how problems are drawn."""

from __future__ import annotations

from itertools import count, islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from wcwidth import wcswidth

from monitor.cli.app import cli
from monitor.config import yaml12
from monitor.config.load import load
from monitor.config.problems import did_you_mean, in_order, render, render_all
from monitor.errors import ConfigError, Problem
from tests.accidents import line_accident

GOOD = {
    "presswatch.yaml": """\
timezone: Europe/Zurich
channels:
  - {name: desk, kind: webhook, url: https://desk.example/hook, rate_per_minute: 60}
subscriptions:
  - {to: desk, themes: [chips], min_severity: normal, digest: daily at 07:00, quiet_hours: "22:00-07:00"}
listen: 127.0.0.1:8642
spacing: 1s
workers: 2
stories: on
allow_networks: [10.0.0.0/8]
on_tdm: record
""",
    "outlets/all.yaml": """\
outlets:
  - name: Zeitung
    home: https://zeitung.example
    country: CH
    language: de
    tier: 1
    paywall: hard
    sources:
      - feed: https://zeitung.example/feed.rss
  - name: 财新网
    home: https://caixin.example
    sources:
      - sitemap: https://caixin.example/news.xml
""",
    "entities.yaml": """\
entities:
  nvidia:
    label: Nvidia
    aliases:
      "*": [Nvidia, {term: "=H20", near: "@nvidia", within: 8}]
      zh: [英伟达]
""",
    "themes.yaml": """\
themes:
  chips:
    label: Chips
    need: What may be bought.
    severity: high
    min_relevance: 20
    rules:
      ban: 'chip AND ban'
    examples:
      match: [{lang: de, text: "Chip: ban"}]
""",
}

# file, what is replaced, by what, line:column, part of the message, part of the hint
CASES: list[tuple[str, str, str, str, str, str]] = [
    ("presswatch.yaml", "timezone: E", "timezonne: E", "1:1", "unknown key 'timezonne'", "did you mean 'timezone'?"),
    ("presswatch.yaml", "Europe/Zurich", "Europe/Zuerich", "1:11", "'Europe/Zuerich' is not a time zone", "did you mean 'Europe/Zurich'?"),
    ("presswatch.yaml", "kind: webhook", "knid: webhook", "3:5", "'kind' is missing", ""),
    ("presswatch.yaml", "name: desk", "name: 12", "3:12", "the number 12 stands here", "put it in quotes"),
    ("presswatch.yaml", "name: desk", "name: ''", "3:12", "'' holds no letter", ""),
    ("presswatch.yaml", "rate_per_minute: 60", "rate_per_minute: 0", "3:82", "it must be more than 0", ""),
    ("presswatch.yaml", "rate_per_minute: 60", "rate_per_minute: fast", "3:82", "'fast' stands here; a number is expected", ""),
    ("presswatch.yaml", "url: https", "url_file: https", "3:43", "no such file", "write the secret into this file"),
    ("presswatch.yaml", "desk.example/hook", "desk.example/${NOWHERE}", "3:60", "not YAML", "put a value with ${…} in quotes"),
    ("presswatch.yaml", "https://desk.example/hook", "'https://${NOWHERE}'", "3:38", "the environment holds no NOWHERE", "set NOWHERE"),
    ("presswatch.yaml", "to: desk", "to: dask", "5:10", "there is no channel 'dask'", "did you mean 'desk'?"),
    ("presswatch.yaml", "[chips]", "[chipps]", "5:25", "there is no theme 'chipps'", "did you mean 'chips'?"),
    ("presswatch.yaml", "themes: [chips], ", "", "5:5", "a subscription wants themes or notices", 'themes: ["*"]'),
    (
        "presswatch.yaml",
        "min_severity: normal",
        "min_severity: hihg",
        "5:47",
        "'hihg' is not a severity; use low, normal, high",
        "did you mean 'high'?",
    ),
    ("presswatch.yaml", "daily at 07:00", "dayly at 07:00", "5:63", "'dayly at 07:00' is not a digest", "did you mean 'daily'?"),
    ("presswatch.yaml", "daily at 07:00", "daily at 25:00", "5:63", "'25:00' is not a time of day", "07:00"),
    ("presswatch.yaml", "daily at 07:00", "weekly on mondy", "5:63", "'mondy' is not a weekday", "did you mean 'monday'?"),
    ("presswatch.yaml", "daily at 07:00", "hourly at 07:00", "5:63", "hourly takes no time", "hourly, daily at 07:00"),
    ("presswatch.yaml", "22:00-07:00", "22-07", "5:92", "'22' is not a time of day", "07:00"),
    ("presswatch.yaml", "22:00-07:00", "07:00-07:00", "5:92", "is either never or always", "two different times"),
    ("presswatch.yaml", "127.0.0.1:8642", "127.0.0.1:99999", "6:9", "is not an address to listen on", "127.0.0.1:8642"),
    ("presswatch.yaml", "127.0.0.1:8642", "0.0.0.0:8642", "6:9", "shows the archive to other machines", "reverse proxy"),
    ("presswatch.yaml", "spacing: 1s", "spacing: 1", "7:10", "1 what? a duration has a unit", "did you mean '1s'?"),
    ("presswatch.yaml", "spacing: 1s", "spacing: 1 sec", "7:10", "'1 sec' is not a duration", "90s, 5m, 3h, 2d"),
    ("presswatch.yaml", "spacing: 1s", "spacing: 99999d", "7:10", "longer than a century", ""),
    ("presswatch.yaml", "workers: 2", "workers: two", "8:10", "'two' stands here; a whole number is expected", ""),
    ("presswatch.yaml", "workers: 2", "workers: 1000", "8:10", "it must be at most 64", ""),
    ("presswatch.yaml", "workers: 2", "workers: [2]", "8:10", "a list stands here", ""),
    ("presswatch.yaml", "stories: on", "stories: maybe", "9:10", "'maybe' is neither on nor off", "write on or off"),
    ("presswatch.yaml", "10.0.0.0/8", "10.0.0.1/8", "10:18", "names a machine, not a network", "did you mean '10.0.0.0/8'?"),
    ("presswatch.yaml", "10.0.0.0/8", "intranet", "10:18", "'intranet' is not a network", "10.0.0.0/8"),
    ("presswatch.yaml", "on_tdm: record", "on_tdm: recrod", "11:9", "is not an answer to a reservation", "did you mean 'record'?"),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nworkers: 3\n", "9:1", "'workers' stands twice; the first is in line 8", "keep one"),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\narchive: mysql://db\n", "9:10", "'mysql' is not a kind of archive", ""),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nrole: all\n", "9:7", "several nodes share an archive on PostgreSQL", "postgresql://"),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nrole: crawlr\n", "9:7", "'crawlr' is not a role", "did you mean 'crawler'?"),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nlease: 1s\n", "9:8", "a lease under 2s is lost by a busy node", "write 20s"),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nrequests_per_hour: 0\n", "9:20", "it must be more than 0", ""),
    (
        "presswatch.yaml",
        "workers: 2\n",
        "workers: 2\nrequests_per_hour: 1\npoll_at_least: 30m\n",
        "9:20",
        "1 requests an hour cannot ask 2 sources at least every 0.5 h",
        "write 4 or more, or poll_at_least: 2h",
    ),
    (
        "outlets/all.yaml",
        "tier: 1",
        "tier: 1\n    proxy: 'http://me:p w@proxy.example:3128'",
        "7:12",
        "the user name or password of this proxy",
        "percent",
    ),
    (
        "outlets/all.yaml",
        "tier: 1",
        "tier: 1\n    proxy: 'ftp://me:secret@proxy.example'",
        "7:12",
        "'ftp://proxy.example' is not a web address",
        "",
    ),
    (
        "presswatch.yaml",
        "workers: 2\n",
        "workers: 2\ninclude: [builtin:china]\n",
        "9:11",
        "is not a shipped set",
        "did you mean 'builtin:china-ai'?",
    ),
    ("presswatch.yaml", "workers: 2\n", "workers: 2\nthemes: [themes/*.yaml]\n", "9:10", "leads to no file", "looked in"),
    ("presswatch.yaml", "workers: 2\n", "\tworkers: 2\n", "8:1", "a tab stands here", "two spaces"),
    ("presswatch.yaml", "timezone: Europe/Zurich", "timezone: @home", "1:11", "begins with @ must stand in quotes", "quotes"),
    ("presswatch.yaml", GOOD["presswatch.yaml"], "- a\n- b\n", "1:1", "a block of keys is expected", ""),
    ("outlets/all.yaml", "tier: 1", "tier: 4", "6:11", "4 is out of range; it must be at most 3", ""),
    ("outlets/all.yaml", "paywall: hard", "paywall: hrad", "7:14", "'hrad' is not a paywall; use no, soft, hard, registration", "'hard'"),
    ("outlets/all.yaml", "country: CH", "country: Switzerland", "4:14", "is not a country", "two letters"),
    ("outlets/all.yaml", "language: de", "language: german language", "5:15", "is not a language", "de, en, zh"),
    ("outlets/all.yaml", "- feed: ", "- fed: ", "9:9", "unknown key 'fed'", "did you mean 'feed'?"),
    ("outlets/all.yaml", "- feed: https", "- feed: htp", "9:15", "is not a web address", "https://"),
    (
        "outlets/all.yaml",
        "feed: https://zeitung.example/feed.rss",
        "feed: zeitung.example",
        "9:15",
        "is not a web address",
        "'https://zeitung.example'",
    ),
    ("outlets/all.yaml", "feed: https://zeitung.example/feed.rss", "feed: 'https://user:pw@[::1/'", "9:15", "is not a web address", ""),
    (
        "outlets/all.yaml",
        "- feed: https",
        "- kind: rss\n        url: https",
        "9:15",
        "is not one of 'feed', 'sitemap', 'listing' or 'json_api'",
        "",
    ),
    (
        "outlets/all.yaml",
        "feed.rss",
        "feed.rss\n        sitemap: https://zeitung.example/s.xml",
        "9:9",
        "a source is exactly one of",
        "- feed: https://",
    ),
    (
        "outlets/all.yaml",
        "feed.rss",
        "feed.rss\n      - feed: https://zeitung.example/feed.rss",
        "10:9",
        "is named twice for Zeitung",
        "keep one",
    ),
    ("outlets/all.yaml", "- feed: https", "- kind: feeed\n        url: https", "9:15", "'feeed' is not one of", "did you mean 'feed'?"),
    (
        "outlets/all.yaml",
        "- sitemap: https://caixin.example/news.xml",
        "- listing: https://caixin.example/\n        links: '(a'",
        "14:16",
        "'(a' is no pattern: missing )",
        "RE2",
    ),
    (
        "outlets/all.yaml",
        "- sitemap: https://caixin.example/news.xml",
        "- json_api: https://caixin.example/\n        fields: {url: link, titel: head}",
        "14:29",
        "'titel' is no field of an article",
        "did you mean 'title'?",
    ),
    (
        "outlets/all.yaml",
        "- sitemap: https://caixin.example/news.xml",
        "- json_api: https://caixin.example/\n        fields: {url: 'link[', title: head}",
        "14:23",
        "'link[' is no path",
        "",
    ),
    ("outlets/all.yaml", "tier: 1", "selectors: {body: 'div['}", "6:23", "'div[' is no CSS selector", ""),
    ("outlets/all.yaml", "tier: 1", "selectors: {drop: [p, 'a >> b']}", "6:27", "'a >> b' is no CSS selector", ""),
    ("outlets/all.yaml", "tier: 1", 'user_agent: "a\\nX-Evil: 1"', "6:17", "one line of text", ""),
    ("presswatch.yaml", "workers: 2\n", 'contact: "me\\n@example"\n', "8:10", "one line of text", ""),
    ("outlets/all.yaml", "    home: https://zeitung.example\n", "", "2:5", "'home' is missing", ""),
    ("outlets/all.yaml", "name: 财新网", "name: zeitung", "10:5", "'zeitung' is there already", "another name"),
    ("outlets/all.yaml", "name: 财新网", "name: ！", "10:11", "holds no letter or digit", ""),
    ("outlets/all.yaml", "name: 财新网", "id: Caixin\n    name: 财新网", "10:9", "'Caixin' is not an id", "did you mean 'caixin'?"),
    ("outlets/all.yaml", "- sitemap: ", "- json_api: ", "13:9", "json_api needs fields", "fields: {url"),
    ("entities.yaml", "label: Nvidia", "labell: Nvidia", "3:5", "unknown key 'labell'", "did you mean 'label'?"),
    ("entities.yaml", "  nvidia:", "  Nvidia_Corp:", "2:3", "is not an id", "did you mean 'nvidia-corp'?"),
    ("entities.yaml", "within: 8", "within: 800", "5:61", "'800' is no distance", "s for the same sentence"),
    ("entities.yaml", "[英伟达]", "[英伟达, 600]", "6:17", "the number 600 stands here", "put it in quotes"),
    ("entities.yaml", "zh: [", "chinese language: [", "6:7", "is not a language", ""),
    ("themes.yaml", "severity: high", "severity: hihg", "5:15", "'hihg' is not a severity; use low, normal, high", "did you mean 'high'?"),
    ("themes.yaml", "min_relevance: 20", "min_relevance: 200", "6:20", "200 is out of range; it must be at most 100", ""),
    ("themes.yaml", "min_relevance: 20", "min_relevance:", "6:19", "nothing stands here; a whole number is expected", ""),
    ("themes.yaml", "    need: What may be bought.\n", "", "2:3", "'need' is missing", ""),
    ("themes.yaml", "ban: 'chip AND ban'", "ban: [chip, ban]", "8:12", "a list stands here", ""),
    ("themes.yaml", "ban: 'chip AND ban'", "ban: ''", "8:12", "this is empty", ""),
    ("themes.yaml", "lang: de, ", "", "10:15", "'lang' is missing", ""),
    ("themes.yaml", "'chip AND ban'", "'chip AND ban", "8:12", "this quote is never closed", "close it"),
]


def _write(folder: Path, name: str, old: str, new: str) -> Path:
    for file, text in GOOD.items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        if file == name:
            assert old in text, "the case must change something"
        path.write_text(text.replace(old, new, 1) if file == name else text, encoding="utf-8")
    return folder / "presswatch.yaml"


def test_the_good_files_are_good(tmp_path: Path) -> None:
    assert load(_write(tmp_path, "presswatch.yaml", "timezone", "timezone"), environ={}).source_count == 2


@pytest.mark.parametrize(("file", "old", "new", "place", "message", "hint"), CASES, ids=[f"{c[0]}: {c[2][:30]}" for c in CASES])
def test_every_mistake_is_told_with_its_place_and_what_would_do(
    tmp_path: Path, file: str, old: str, new: str, place: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(_write(tmp_path, file, old, new), environ={})
    told = [(f"{p.line}:{p.column}", p.message, p.hint or "") for p in caught.value.problems if p.place == str(tmp_path / file)]
    assert any(at == place and message in said and hint in suggested for at, said, suggested in told), told


def test_nobody_is_asked_hastily_but_inside_networks_that_are_open(tmp_path: Path) -> None:
    def told(networks: str, pace: str) -> list[tuple[str, str]]:
        path = _write(tmp_path, "presswatch.yaml", "allow_networks: [10.0.0.0/8]", f"{networks}\n{pace}")
        try:
            load(path, environ={})
        except ConfigError as error:
            return [(f"{Path(p.place).name}:{p.line}:{p.column}", p.message) for p in error.problems]
        return []

    assert told("", "poll_every: 59s") == [("presswatch.yaml:11:13", "a source is polled at most once a minute")]
    assert told("", "poll_every: 60s") == []
    assert told("allow_networks: [10.0.0.0/8]", "poll_every: 0s") == []
    good = GOOD["outlets/all.yaml"]
    for networks, problems in (("", 2), ("\n    allow_networks: [10.0.0.0/8]", 0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(GOOD, "outlets/all.yaml", good.replace("tier: 1", f"spacing: 0.9s\n    poll_every: 1s{networks}"))
            assert len(told("", "poll_every: 60s")) == problems


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    for broken in (
        "https://me:hunter22@zeitung.example/f",
        "htp://me:hunter22@zeitung.example/f",
        "https://me:hunter22@zeitung.example/a b",
    ):
        with pytest.raises(ConfigError) as caught:
            load(_write(tmp_path, "outlets/all.yaml", "https://zeitung.example/feed.rss", f"'{broken}'"), environ={})
        assert "***@zeitung.example" in caught.value.problems[0].message
        assert "hunter22" not in "".join(f"{p.message} {p.hint}" for p in caught.value.problems)


def test_there_are_fifty_of_them() -> None:
    assert len(CASES) >= 50


def _broken(folder: Path, file: str) -> list[str]:
    """Texts of one of the good files after fifty accidents that break it."""
    main = _write(folder, file, GOOD[file], GOOD[file])

    def breaks(text: str) -> bool:
        (folder / file).write_text(text, encoding="utf-8")
        try:
            load(main, environ={})
        except ConfigError:
            return True
        return False

    return list(islice(filter(breaks, (line_accident(GOOD[file], n) for n in count())), 50))


@pytest.mark.parametrize("file", GOOD)
def test_fifty_accidents_to_single_lines_end_with_78_and_a_place_each(tmp_path: Path, file: str) -> None:
    for text in _broken(tmp_path, file):
        (tmp_path / file).write_text(text, encoding="utf-8")
        done = CliRunner().invoke(cli, ["--config", str(tmp_path / "presswatch.yaml"), "config", "show"])
        assert isinstance(done.exception, ConfigError), text
        assert done.exception.exit_code == 78
        places = [(p.place, p.line) for p in done.exception.problems]
        assert places
        assert all(place in {str(tmp_path / name) for name in GOOD} for place, _ in places), places
        assert any(place == str(tmp_path / file) and 1 <= line <= len(text.splitlines()) + 1 for place, line in places), (places, text)


def _problem(line: str, column: int, **more: str) -> Problem:
    return Problem(place="themes.yaml", line=5, column=column, message="this is wrong", source_line=line, **more)


def _cells_before_caret(drawn: str) -> tuple[int, int]:
    """Return the display width of the source line before the character, and of the caret line before the caret."""
    rows = drawn.splitlines()
    return wcswidth(rows[1]), wcswidth(rows[2].removesuffix("^"))


def test_a_problem_is_drawn_with_its_line_a_caret_and_a_hint() -> None:
    drawn = render(_problem("    severity: hihg", 15, hint="did you mean 'high'?"))
    assert drawn == (
        "themes.yaml:5:15: this is wrong\n    5 |     severity: hihg\n      |               ^\n        hint: did you mean 'high'?"
    )


@pytest.mark.parametrize("before", ["深度求索 AND ", "ab ", "ｴﾇ ", "e\u0301 ", "👩‍💻 ", "한국 "])
def test_the_caret_stands_under_its_character_also_behind_wide_ones(before: str) -> None:
    drawn = render(_problem(before + "X", len(before) + 1)).splitlines()
    shown = drawn[1][: drawn[1].index("X")]
    assert wcswidth(shown) == wcswidth(drawn[2].removesuffix("^"))


def test_a_long_line_is_cut_around_the_caret() -> None:
    drawn = render(_problem("x" * 500 + "!" + "y" * 500, 501)).splitlines()
    assert len(drawn[1]) < 140
    assert drawn[1][len(drawn[2]) - 1] == "!"


def test_what_would_move_the_screen_is_shown_as_one_sign() -> None:
    drawn = render(_problem("a\x1b[2J\u202eb\tc", 9))
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert drawn.splitlines()[2].index("^") == len("    5 | a�[2J�b ")


def test_a_column_beyond_the_line_still_draws() -> None:
    assert render(_problem("ab", 40)).splitlines()[2].endswith("|   ^")


def test_problems_come_in_the_order_of_files_and_lines_and_once_each() -> None:
    b, a, c = (Problem(place=p, line=n, column=1, message="m") for p, n in (("b", 9), ("a", 1), ("b", 2)))
    assert in_order([b, a, c, b]) == [c, b, a]
    assert render_all([b, a, c, b]).endswith("\n\n3 problems")


def test_hints_survive_underscores_and_case() -> None:
    assert did_you_mean("DEEPSEEK_NEXT", ["deepseek-next", "chips"]) == "did you mean 'deepseek-next'?"
    assert did_you_mean("zzz", ["deepseek-next"]) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[de, no, on, off, yes, NO]", ["de", "no", "on", "off", "yes", "NO"]),
        ("[12:30, 1_000, 010, 0o10, 0x1F, -7]", ["12:30", "1_000", 10, 8, 31, -7]),
        ("[1.5, 1e3, .5, 5., 1.2.3, 2026-11-24]", [1.5, 1000.0, 0.5, 5.0, "1.2.3", "2026-11-24"]),
        ("[null, ~, Null, '', nil]", [None, None, None, "", "nil"]),
        ("[true, True, TRUE, tRUE]", [True, True, True, "tRUE"]),
        ("['true', \"12\"]", ["true", "12"]),
        ("[+.inf, -.INF, .x, +, -]", [float("inf"), float("-inf"), ".x", "+", "-"]),
        ("", None),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert yaml12.read(text.encode(), file="x").value == value


def test_keys_are_text_whatever_they_look_like() -> None:
    assert yaml12.read(b"{1: a, true: b, null: c, no: d}", file="x").value == {"1": "a", "true": "b", "null": "c", "no": "d"}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 5_000,
        "a: &x [*x]",
        "a: !!python/object:os.system x",
        "? [a]\n: b",
        "a: 1\n---\nb: 2",
        "a: \0",
    ],
)
def test_hostile_yaml_is_refused_in_one_problem(text: str) -> None:
    assert len(yaml12.read(text.encode(), file="x").problems) == 1


def test_a_file_that_is_not_utf_8_says_where(tmp_path: Path) -> None:
    read = yaml12.read("ok: 1\nname: Zürich".encode("latin-1"), file="x")
    assert [(p.line, p.column, p.message) for p in read.problems] == [(2, 8, "the file is not UTF-8")]


def test_a_byte_order_mark_is_no_character() -> None:
    read = yaml12.read(b"\xef\xbb\xbfa: b", file="x")
    assert read.value == {"a": "b"}
    assert read.spots[("a",)].key_column == 1


def test_after_a_key_that_stands_twice_the_rest_is_read() -> None:
    read = yaml12.read(b"a: 1\na: 2\nb: {c: 3, c: 4}\n", file="x")
    assert read.value == {"a": 1, "b": {"c": 3}}
    assert (read.is_whole, len(read.problems)) == (True, 2)
    assert not yaml12.read(b"a: 1\na: [", file="x").is_whole
