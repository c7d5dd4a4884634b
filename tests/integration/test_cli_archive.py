"""Commands that ask the archive, on SQLite and on PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler.model import PollStatus
from monitor.archive import Archive, engine, migrate, reads, writes
from monitor.cli import app
from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.clock import FixedClock
from tests.archives import NOW, Put, furnish, plan, poll

LATER = NOW + timedelta(minutes=10)


class Desk:
    """A person at a terminal, with settings and a furnished archive."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.config = folder / "presswatch.yaml"
        self.config.write_text(f"archive: {url}\ntimezone: Europe/Zurich\n")
        migrate.upgrade(engine.address(url), now=NOW)
        with self.archive() as archive:
            self.put: list[Put] = archive.write_now(furnish)

    def archive(self) -> _Open:
        return _Open(self.url)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["-c", str(self.config), *arguments], obj=Given(clock=FixedClock(LATER)), catch_exceptions=False)

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        done = self.run(*arguments, "--json")
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found


class _Open:
    def __init__(self, url: str) -> None:
        self._archive = Archive.open(url, clock=FixedClock(LATER))

    def __enter__(self) -> Archive:
        return self._archive

    def __exit__(self, *_: object) -> None:
        self._archive.close()


@pytest.fixture
def desk(tmp_path: Path, archive_url: str) -> Desk:
    return Desk(tmp_path, archive_url)


def test_alerts_list_says_what_was_said_and_who_was_told(desk: Desk) -> None:
    rows = desk.rows("alerts", "list")
    assert [row["theme_id"] for row in rows] == ["models", "bergen", "models"]
    first = rows[-1]
    assert first["reason"] == "first report"
    assert first["decided_at"] == "2026-11-24T13:58:00Z"
    assert {(d["channel"], d["status"]) for d in first["deliveries"]} == {("desk", "sent"), ("mail", "pending")}  # type: ignore[attr-defined]
    shown = desk.run("alerts", "list").stdout.splitlines()
    assert shown[0].split() == ["ID", "WHEN", "THEME", "REASON", "OUTLET", "HEADLINE", "SENT", "TO"]
    assert "2026-11-24 14:58" in shown[-1], "local time of the settings"
    assert "desk ✓" in shown[-1]


def test_alerts_list_is_narrowed_by_every_filter(desk: Desk) -> None:
    assert len(desk.rows("alerts", "list", "--theme", "bergen")) == 1
    assert len(desk.rows("alerts", "list", "--outlet", "linzer-bote")) == 1
    assert len(desk.rows("alerts", "list", "--limit", "2")) == 2
    assert len(desk.rows("alerts", "list", "--since", "5m")) == 1
    done = desk.run("alerts", "list", "--language", "fr")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no alerts yet\n")


def test_alerts_show_tells_the_article_the_story_and_who_was_told(desk: Desk) -> None:
    alert_id = desk.put[0].alerts[0].alert_id
    told = desk.run("alerts", "show", str(alert_id)).stdout
    assert f"#{alert_id}  models · first report · relevance 40" in told
    assert "models/shown: Nordlicht" in told
    assert "2 articles" in told
    assert "https://alpenpost.example/a" in told
    assert "desk: sent 2026-11-24 14:58" in told
    full = json.loads(desk.run("alerts", "show", str(alert_id), "--json").stdout)
    assert full["alert"]["theme_id"] == "models"
    assert len(full["reports"]) == 2
    assert full["matches"][0]["evidence"][0]["surface"] == "Nordlicht"


def test_an_alert_that_is_not_there_is_said(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["-c", str(desk.config), "alerts", "show", "9999"]) == 1
    assert "there is no alert 9999" in capsys.readouterr().err


def test_a_muted_story_stays_muted_for_the_time_asked(desk: Desk) -> None:
    done = desk.run("alerts", "mute", str(desk.put[0].alerts[0].alert_id), "--for", "2h")
    assert done.exit_code == 0
    assert "is muted until 2026-11-24 17:08" in done.stderr
    with desk.archive() as archive:
        (mute,) = archive.read_now(lambda tx: reads.mutes(tx, LATER))
    assert (mute.scope, mute.target, mute.until - mute.at) == ("story", str(desk.put[0].story_id), timedelta(hours=2))


def test_a_theme_is_muted_by_one_of_its_alerts(desk: Desk) -> None:
    assert desk.run("alerts", "mute", str(desk.put[0].alerts[1].alert_id), "--scope", "theme").exit_code == 0
    with desk.archive() as archive:
        (mute,) = archive.read_now(lambda tx: reads.mutes(tx, LATER))
    assert (mute.scope, mute.target) == ("theme", "bergen")


def test_a_readers_verdict_is_kept(desk: Desk) -> None:
    alert_id = desk.put[0].alerts[0].alert_id
    assert desk.run("alerts", "mark", str(alert_id), "noise").exit_code == 0
    assert next(row for row in desk.rows("alerts", "list") if row["alert_id"] == alert_id)["verdict"] == "noise"
    assert desk.run("alerts", "mark", str(alert_id), "fine").exit_code == 2


def test_resend_makes_messages_due_again(desk: Desk) -> None:
    alert_id = desk.put[0].alerts[0].alert_id
    done = desk.run("alerts", "resend", str(alert_id), "--channel", "desk")
    assert (done.exit_code, done.stderr) == (0, "1 message is due again\n")
    assert desk.run("alerts", "resend", "--failed").exit_code == 1
    assert desk.run("alerts", "resend").exit_code == 2


def test_status_counts_and_marks_what_needs_a_look(desk: Desk) -> None:
    done = desk.run("status")
    assert "3 articles" in done.stdout
    assert "3 watched, 3 healthy" in done.stdout
    facts = json.loads(desk.run("status", "--json").stdout)
    assert (facts["articles"], facts["alerts_today"], facts["attention"]) == (3, 3, [])
    assert done.exit_code == 0


def test_outlets_list_shows_how_sources_do(desk: Desk) -> None:
    (desk.config.parent / "outlets").mkdir()
    (desk.config.parent / "outlets" / "own.yaml").write_text(
        "outlets:\n  - name: Alpenpost\n    home: https://alpenpost.example\n    language: de\n"
        "    sources:\n      - feed: https://alpenpost.example/feed0.xml\n"
    )
    (row,) = desk.rows("outlets", "list")
    assert (row["outlet_id"], row["kind"], row["last_status"]) == ("alpenpost", "feed", None)
    assert str(row["place"]).endswith("own.yaml:6")
    assert desk.rows("outlets", "list", "--language", "en") == []
    assert "did you mean 'alpenpost'?" in desk.run("outlets", "list", "--outlet", "alpenpst").stderr


def test_db_current_names_the_revision(desk: Desk) -> None:
    done = desk.run("db", "current")
    assert (done.exit_code, done.stdout.strip()) == (0, migrate.head())
    with engine.writer_engine(engine.address(desk.url)).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    newer = desk.run("db", "current")
    assert (newer.exit_code, newer.stdout.strip()) == (1, "9999")
    assert "the archive is newer; install the version that wrote it" in newer.stderr


def test_commands_that_ask_an_archive_that_is_not_there_say_so_and_make_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "presswatch.yaml"
    config.write_text("archive: none.db\n")
    assert app.run(["-c", str(config), "status"]) == 69
    assert "there is no archive at" in capsys.readouterr().err
    assert app.run(["-c", str(config), "db", "current"]) == 1
    assert not (tmp_path / "none.db").exists()


def test_archive_show_prints_one_article_with_its_text(desk: Desk) -> None:
    told = desk.run("archive", "show", str(desk.put[0].article_id)).stdout
    assert told.startswith("Title of a\nalpenpost · 2026-11-24 14:53 · de\nhttps://alpenpost.example/a\nfull, ")
    assert "Nordlicht" in told
    assert json.loads(desk.run("archive", "show", str(desk.put[0].article_id), "--json").stdout)["headline"] == "Title of a"


def test_archive_export_writes_every_public_view(desk: Desk) -> None:
    for view in ("articles", "matches", "stories", "alerts", "polls", "rule_quality"):
        rows = list(csv.DictReader(io.StringIO(desk.run("archive", "export", view).stdout)))
        assert rows, view
    lines = desk.run("archive", "export", "articles", "--outlet", "linzer-bote", "--nl").stdout.splitlines()
    assert [json.loads(line)["headline"] for line in lines] == ["Déjà vu in 北京"]


def test_an_export_refuses_a_filter_its_view_has_no_column_for(desk: Desk) -> None:
    assert desk.rows("archive", "export", "matches", "--theme", "nothing") == []
    refused = desk.run("archive", "export", "articles", "--theme", "nothing", "--since", "7d")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "articles cannot be narrowed by --theme; leave it out" in refused.stderr
    assert "by --since, --outlet, --language;" in desk.run(
        "archive", "export", "rule_quality", "--since", "7d", "--outlet", "x", "--language", "de"
    ).stderr  # fmt: skip


def test_archive_export_names_every_view_in_its_help(desk: Desk) -> None:
    told = " ".join(desk.run("archive", "export", "--help").stdout.split())
    assert "archive export [OPTIONS] [VIEW]" in told
    assert [view for view in reads.VIEWS if view.removeprefix("v_") not in told] == []


def test_archive_export_writes_files_whose_name_tells_the_form(desk: Desk, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for view in ("articles", "matches", "polls", "entities_daily", "theme_timeline"):
        expected = desk.rows("archive", "export", view)
        done = desk.run("archive", "export", view, "--to", str(tmp_path / f"{view}.parquet"))
        assert f"{view}.parquet: {len(expected)} rows" in done.stderr
        table = pq.read_table(tmp_path / f"{view}.parquet")
        assert [{n: v for n, v in row.items() if not n.endswith("_at")} for row in table.to_pylist()] == [
            {n: v for n, v in row.items() if not n.endswith("_at")} for row in expected
        ]
    seen = pq.read_table(tmp_path / "articles.parquet").column("seen_at").to_pylist()
    assert NOW in seen
    assert desk.run("archive", "export", "articles", "--to", str(tmp_path / "a.jsonl")).exit_code == 0
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == desk.rows("archive", "export", "articles")
    assert desk.run("archive", "export", "articles", "--to", str(tmp_path / "a.csv")).exit_code == 0
    assert (tmp_path / "a.csv").read_text() == desk.run("archive", "export", "articles").stdout


def test_an_export_refuses_what_it_cannot_write_and_leaves_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    assert "exists already" in desk.run("archive", "export", "--to", str(there)).stderr
    assert there.read_text() == "mine"
    assert desk.run("archive", "export", "--to", str(tmp_path / "a.xlsx")).exit_code == 2
    assert desk.run("archive", "export", "--to", str(tmp_path / "a.csv"), "--json").exit_code == 2
    (tmp_path / "full.csv.part").symlink_to("/dev/full")
    assert app.run(["-c", str(desk.config), "archive", "export", "--to", str(tmp_path / "full.csv")]) == 69
    assert f"error: {tmp_path / 'full.csv'}: no space left on device" in capsys.readouterr().err
    nothing = desk.run("archive", "export", "articles", "--since", "1m", "--outlet", "none", "--to", str(tmp_path / "a.parquet"))
    assert "there are no rows" in nothing.stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert app.run(["-c", str(desk.config), "archive", "export", "--to", str(tmp_path / "a.parquet")]) == 69
    assert "pip install 'presswatch[parquet]'" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir() if path.suffix in {".csv", ".parquet", ".part"}} == {"there.csv"}


def test_archive_stats_and_verify_say_how_it_is(desk: Desk) -> None:
    assert "articles" in desk.run("archive", "stats").stdout
    assert json.loads(desk.run("archive", "stats", "--json").stdout)["rows"]["articles"] == 3
    assert desk.run("archive", "reindex").stderr == "3 articles indexed\n"
    with engine.writer_engine(engine.address(desk.url)).begin() as connection:
        connection.exec_driver_sql("DELETE FROM article_texts WHERE article_id = 1")
    torn = desk.run("archive", "verify")
    assert (torn.exit_code, torn.stdout.splitlines()[0]) == (1, "1 articles without their text")
    assert "nothing was changed. A damaged file gives way to its last backup: presswatch db restore FILE" in torn.stderr


def test_archive_forget_counts_before_it_takes(desk: Desk) -> None:
    desk.config.write_text(desk.config.read_text() + "retention: {polls: 0}\n")
    assert "3 polls" in desk.run("archive", "forget", "--dry-run").stderr
    assert len(desk.rows("archive", "export", "polls")) == 3
    assert desk.run("archive", "forget", "--yes").exit_code == 0
    assert desk.rows("archive", "export", "polls") == []


def test_a_backup_is_restored_and_what_was_there_is_kept(tmp_path: Path, sqlite_url: str) -> None:
    desk = Desk(tmp_path, sqlite_url)
    copy = tmp_path / "copy.db"
    assert desk.run("archive", "backup", str(copy)).exit_code == 0
    desk.run("alerts", "mark", "1", "noise")
    done = desk.run("db", "restore", str(copy), "--yes")
    assert done.exit_code == 0, done.output
    assert "before-restore" in done.stderr
    assert {row["verdict"] for row in desk.rows("alerts", "list")} == {None}


def test_doctor_looks_at_every_part(desk: Desk) -> None:
    rows = desk.rows("doctor")
    assert {row["part"] for row in rows} == {"install", "config", "rules", "channels", "archive"}
    assert {row["state"] for row in rows} <= {"ok", "warn"}


def test_doctor_names_the_place_of_what_is_wrong(desk: Desk) -> None:
    desk.config.write_text("timezonne: UTC\n")
    done = desk.run("doctor")
    assert done.exit_code == 1
    assert f"{desk.config}:1:1: unknown key 'timezonne'" in done.stdout


def test_a_backtest_counts_matches_stories_and_what_a_change_adds_and_loses(desk: Desk, tmp_path: Path) -> None:
    themes = "themes:\n  towns:\n    label: Towns\n    need: What happens in towns.\n    rules: {bergen: 'Bergen'}\n"
    (tmp_path / "themes.yaml").write_text(themes)
    desk.run("alerts", "mark", str(desk.put[0].alerts[0].alert_id), "useful")
    (row,) = desk.rows("rules", "backtest", "towns", "--since", "7d")
    assert (row["matches"], row["stories"], row["languages"]) == (3, 2, {"de": 2, "en": 1})
    other = tmp_path / "other.yaml"
    other.write_text(themes.replace("'Bergen'", "'title:北京'"))
    (row,) = desk.rows("rules", "backtest", "--against", str(other))
    change = row["against"]
    assert isinstance(change, dict)
    assert (change["added"], change["lost"], change["kept"]) == (0, 2, 1)
    assert change["lost_marked"] == {"useful": 1}
    told = desk.run("rules", "backtest", "--against", str(other)).stdout
    assert "towns: 3 matches in 2 stories" in told
    assert "the change: added 0, lost 2, kept 1; loses 1 marked useful" in told
    assert desk.run("rules", "backtest", "nothing").exit_code == 2


def test_the_archive_answers_selects_and_nothing_else(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    question = "SELECT outlet, count(*) AS articles FROM v_articles GROUP BY outlet ORDER BY outlet"
    assert desk.rows("archive", "sql", question)[0] == {"outlet": "Alpenpost", "articles": 1}
    shown = desk.run("archive", "sql", question).stdout.splitlines()
    assert shown[0].split() == ["outlet", "articles"]
    first = desk.run("archive", "sql", "SELECT article_id FROM v_articles ORDER BY article_id", "--limit", "2", "--csv")
    assert (first.stdout, first.stderr) == ("article_id\n1\n2\n", "only the first 2 rows; --limit N shows more\n")
    for statement in ("DELETE FROM articles", "SELECT nothing FROM nowhere", "DROP TABLE articles"):
        assert app.run(["-c", str(desk.config), "archive", "sql", statement]) == 69
        assert "error:" in capsys.readouterr().err
    assert len(desk.rows("archive", "export", "articles")) == 3


def test_a_search_speaks_the_rule_language_in_every_script(desk: Desk) -> None:
    assert [row["headline"] for row in desk.rows("archive", "search", "title:北京")] == ["Déjà vu in 北京"]
    assert len(desk.rows("archive", "search", "Nordlicht NEAR/12 Modell", "--language", "de")) == 2
    done = desk.run("archive", "search", "Nordlicht", "--since", "5m", "--csv")
    assert done.exit_code == 0
    nothing = desk.run("archive", "search", "Nordlicht AND Vulkan")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (1, "", "no article matches\n")


def test_a_query_that_cannot_be_parsed_is_a_matter_of_usage(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["-c", str(desk.config), "archive", "search", "Nordlicht Modell"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("query:1:11: E-juxt")
    assert "^" in told


def test_status_marks_failing_sources_and_messages_that_were_given_up(desk: Desk) -> None:
    with desk.archive() as archive:
        failed = poll("alpenpost", at=LATER, status=PollStatus.UNREACHABLE, error="the host name does not resolve")
        archive.write_now(lambda tx: writes.record_poll(tx, failed, (), plan))
        archive.write_now(lambda tx: writes.mark_dead(tx, 2, error="550 no such mailbox"))
    done = desk.run("status")
    assert done.exit_code == 1
    assert "! Alpenpost /feed0.xml (feed): unreachable once (the host name does not resolve)" in done.stdout
    assert "1 messages given up; the last: 550 no such mailbox." in done.stdout
    assert "\n    presswatch alerts resend --failed --channel mail\n" in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert len(desk.rows("alerts", "list", "--failed")) >= 1
    newest = desk.rows("alerts", "list", "--limit", "1")[0]["alert_id"]
    (old,) = desk.rows("alerts", "list", "--failed", "--limit", "1")
    assert int(str(old["alert_id"])) < int(str(newest)), "what failed is found however much came after it"
    assert desk.run("alerts", "resend", "--failed").exit_code == 0
    assert desk.rows("alerts", "list", "--failed") == []


def test_doctor_reports_versions_and_what_nobody_would_hear(desk: Desk) -> None:
    desk.config.write_text(
        desk.config.read_text() + "channels:\n  - {name: desk, kind: stdout}\n  - {name: bad, kind: stdout, colour: x}\n"
    )
    rows = desk.rows("doctor", "--report")
    said = {(str(row["part"]), str(row["state"])): str(row["said"]) for row in rows if row["part"] != "version"}
    assert "no subscription uses desk, bad" in {str(row["said"]) for row in rows}
    assert ":5:" in said["channels", "fail"]
    assert any(str(row["said"]).startswith("sqlalchemy 2") for row in rows)
