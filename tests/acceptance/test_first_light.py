"""The product as a process: outlets publish, messages arrive, nothing is lost, every refusal has a word."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from monitor.demo.newsstand import Newsstand
from monitor.demo.script import load
from tests.acceptance.conftest import PROGRAM, Daemon, Sink, settings
from tests.databases import Databases

GERMAN = "Deepseek verschiebt den Start von R2"
TEXT = """Das Start-up Deepseek aus Hangzhou hat den Start seines Sprachmodells R2 verschoben. Statt im Mai soll der Nachfolger von R1 nun im
Herbst erscheinen, wie zwei mit dem Vorhaben vertraute Personen sagten.

Grund seien fehlende Rechenkapazitäten. Die amerikanischen Exportkontrollen für Chips von Nvidia hätten die Beschaffung verteuert, hieß es.

Ein Sprecher wollte sich dazu nicht äußern. Kunden in Europa wurden nach eigenen Angaben noch nicht unterrichtet, mehrere von ihnen
hatten ihre Planung auf das Frühjahr ausgerichtet und müssen nun umdisponieren.

Beobachter erinnern daran, dass auch frühere Modelle später kamen als angekündigt, ohne dass dies dem Ansehen der Firma geschadet hätte."""


def articles(daemon: Daemon) -> int:
    return int((daemon.rows("SELECT count(*) FROM articles") or [(0,)])[0][0])


async def test_an_article_becomes_one_message_with_reason_and_evidence(desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    url = stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    await desk.until(lambda: len(sink.taken) > 0)
    assert await desk.stop() == 0
    (message,) = sink.taken
    text = json.dumps(message, ensure_ascii=False)
    assert url in text
    assert "first report" in text
    assert "deepseek-next" in text
    assert desk.rows("SELECT status, attempts FROM deliveries") == [("sent", 1)]
    assert desk.verify() == "the archive is whole\n"


async def test_the_seed_feature_is_told_once_and_names_its_themes(desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    feature = next(p for p in load().pieces if p.article_id == "schatten")
    stand.publish("seeufer-anzeiger", feature.headline, feature.text, lead=feature.lead)
    await desk.start()
    await desk.until(lambda: len(sink.taken) > 0)
    await asyncio.sleep(2)
    await desk.stop()
    assert len(sink.taken) == 1
    text = json.dumps(sink.taken[0])
    assert all(theme in text for theme in ("deepseek-next", "nvidia-sanctions", "hangzhou-startups"))


async def test_a_wire_copy_stays_silent_and_the_third_outlet_speaks(desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    await desk.until(lambda: len(sink.taken) == 1)
    stand.publish("brueckenblatt", "KI-Modell R2 kommt später", TEXT)
    await desk.until(lambda: articles(desk) == 2)
    stand.publish("wolkenpost", "Deepseek: R2 erst im Herbst", TEXT)
    await desk.until(lambda: len(sink.taken) == 2)
    await desk.stop()
    assert "now in 3 outlets" in json.dumps(sink.taken[1])
    assert desk.rows("SELECT count(*) FROM stories WHERE merged_into IS NULL") == [(1,)]
    assert desk.rows("SELECT reason FROM decisions WHERE is_alert = 0 AND theme_id = 'deepseek-next'") == [("same text",)]


async def test_a_host_that_fails_costs_itself_alone(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    desk = settings(tmp_path, stand, sink)
    put = stand.faults.put
    put("status", "brueckenblatt", what="feed", status=500)
    put("status", "wolkenpost", what="feed", status=403)
    put("bomb", "kiesgrund-online", what="feed")
    put("xml-bomb", "qingqiao-ribao", what="feed")
    put("hang", "dengta-wanbao", what="feed")
    put("redirect-loop", "lantern-quay-gazette", what="feed")
    put("redirect", "tide-and-circuit", what="feed", to="http://[::1]/feed")
    put("empty", "gazette-des-ecluses", what="feed")
    put("wall", "cadran-du-lac", what="feed")
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    await desk.until(lambda: len(sink.taken) == 1)
    await desk.until(lambda: len(desk.rows("SELECT DISTINCT outlet_id FROM polls")) >= 9)
    states = dict(
        desk.rows("SELECT p.outlet_id, p.status FROM polls p JOIN sources s USING (source_id) WHERE s.kind = 'feed' ORDER BY p.poll_id")
    )
    await desk.stop()
    assert states["seeufer-anzeiger"] in {"ok", "unchanged"}
    assert states["brueckenblatt"] == "server error"
    assert states["wolkenpost"] == "blocked"
    assert states["kiesgrund-online"] == "too large"
    assert states["lantern-quay-gazette"] == "redirect loop"
    assert states["tide-circuit"] == "refused address"
    assert "Traceback" not in desk.said


@pytest.mark.parametrize("point", ["after poll", "after fetch", "before commit", "after commit", "before send", "after send", "after mark"])
async def test_killed_at_a_named_point_nothing_is_lost(desk: Daemon, stand: Newsstand, sink: Sink, point: str) -> None:
    outlets = [o.outlet_id for o in stand.outlets()][:4]
    for number in range(8):
        stand.publish(
            outlets[number % 4], f"{GERMAN}, Teil {number}", f"Ausgabe {number} der Nachrichten aus {number * 7} Orten.\n\n{TEXT}"
        )
    await desk.start(crash_at=f"{point}:2")
    assert await desk.ended() == -signal.SIGKILL
    await desk.start()
    await desk.until(lambda: articles(desk) == 8)
    await desk.until(lambda: desk.rows("SELECT count(*) FROM deliveries WHERE status <> 'sent'") == [(0,)])
    await desk.stop()
    assert desk.rows("SELECT count(*), count(DISTINCT key) FROM articles") == [(8, 8)]
    told = {a for m in sink.taken for a in m["delivery"]["alert_ids"]} if "delivery" in sink.taken[0] else None
    alerts = {a for (a,) in desk.rows("SELECT alert_id FROM alerts")}
    assert told is None or alerts <= told
    assert sink.doubled <= 1
    assert desk.verify() == "the archive is whole\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_twenty_times_under_load_nothing_is_lost(desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    outlets = [o.outlet_id for o in stand.outlets()]
    for kill in range(20):
        await desk.start()
        for number in range(6):
            stand.publish(
                outlets[number],
                f"{GERMAN}, Runde {kill}, Teil {number}",
                f"Meldung {kill}-{number} aus Ort {kill * 31 + number}.\n\n{TEXT}",
            )
        await asyncio.sleep(2.5 + 0.37 * (kill % 9))
        await desk.kill()
    await desk.start()
    await desk.until(lambda: articles(desk) == 120, seconds=180)
    await desk.until(lambda: desk.rows("SELECT count(*) FROM deliveries WHERE status <> 'sent'") == [(0,)], seconds=60)
    await desk.stop()
    assert desk.rows("SELECT count(*), count(DISTINCT key) FROM articles") == [(120, 120)]
    assert desk.rows("SELECT count(*) FROM alerts WHERE alert_id NOT IN (SELECT alert_id FROM delivery_alerts)") == [(0,)]
    assert sink.doubled <= 20
    assert desk.verify() == "the archive is whole\n"


@pytest.mark.timeout(200)
async def test_without_a_network_it_goes_on_and_recovers(tmp_path: Path, sink: Sink, stand: Newsstand) -> None:
    desk = settings(tmp_path, stand, sink)
    await stand.close()
    await desk.start()
    await desk.until(lambda: len(desk.rows("SELECT DISTINCT outlet_id FROM polls WHERE status = 'unreachable'")) == len(stand.outlets()))
    assert desk.is_running
    assert "source failed" in desk.said
    back = Newsstand(load(), base_address=stand.outlets()[0].home.split("/")[2].split(":")[0], port=stand.port)
    await back.start()
    try:
        await desk.until(lambda: articles(desk) >= 5, seconds=150)
        assert await desk.stop() == 0
    finally:
        await back.close()
    assert "source answers again" in desk.said


async def test_a_second_daemon_is_refused_and_told_who_holds_the_archive(desk: Daemon, tmp_path: Path) -> None:
    await desk.start()
    await desk.until(lambda: "started" in desk.said)
    second = await asyncio.to_thread(
        subprocess.run, [PROGRAM, "--config", str(desk.config), "run"], capture_output=True, text=True, timeout=60
    )
    await desk.stop()
    assert second.returncode == 75
    assert "holds the archive" in second.stderr


async def test_on_postgresql_the_schema_is_made_by_a_command_that_the_daemon_names(
    tmp_path: Path, stand: Newsstand, sink: Sink, postgres: Databases
) -> None:
    desk = settings(tmp_path, stand, sink, archive=postgres.empty())
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.start()
    assert await desk.ended() == 78
    assert "Run: presswatch db upgrade" in desk.said
    upgraded = await asyncio.to_thread(desk.call, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    await desk.start("--once")
    assert await desk.ended() == 0, desk.said
    assert len(sink.taken) == 1


async def test_settings_are_reloaded_and_broken_ones_change_nothing(desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    await desk.start()
    await desk.until(lambda: "started" in desk.said)
    good = desk.config.read_text()
    desk.config.write_text(good.replace('"timezone"', '"timezome"'))
    desk.reload()
    await desk.until(lambda: "settings not reloaded" in desk.said)
    assert "timezome" in desk.said
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await desk.until(lambda: len(sink.taken) == 1)
    desk.config.write_text(good)
    desk.reload()
    await desk.until(lambda: "settings reloaded" in desk.said)
    assert await desk.stop() == 0


def test_every_problem_of_the_settings_is_told_at_once_and_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "themes.yaml").write_text(
        "themes:\n  a-theme:\n    label: A\n    label: B\n    need: n\n    severity: hihg\n    rules:\n      one: 'Nvidia Chips'\n      two: '@nobody'\n"
    )
    channels = "channels:\n  - {name: hook, kind: webhok, url: x}\n  - {name: mail, kind: email, hots: h, to: a@example.org}\n"
    (tmp_path / "presswatch.yaml").write_text(f"archive: {tmp_path}/archive.db\nchanels: []\nthemes: [themes.yaml]\n{channels}")
    done = subprocess.run(
        [PROGRAM, "--config", str(tmp_path / "presswatch.yaml"), "run"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 78
    assert "presswatch.yaml:2:1" in done.stderr
    assert "did you mean 'channels'?" in done.stderr
    assert "themes.yaml:4:5: 'label' stands twice; the first is in line 3" in done.stderr
    assert "themes.yaml:6:15" in done.stderr
    assert "presswatch.yaml:5:5: channel: 'webhok' is no kind of channel" in done.stderr
    assert "presswatch.yaml:6:37: channel: kind email has no key 'hots'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "archive.db").exists()


async def test_one_pass_ends_by_itself(sqlite_desk: Daemon, stand: Newsstand, sink: Sink) -> None:
    stand.publish("seeufer-anzeiger", GERMAN, TEXT)
    await sqlite_desk.start("--once")
    assert await sqlite_desk.ended() == 0
    assert len(sink.taken) == 1


def test_the_demonstration_shows_the_line_and_ends_cleanly(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [PROGRAM, "run", "--demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    try:
        out, talk = process.communicate(timeout=32)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        out, talk = process.communicate(timeout=30)
    assert process.returncode == 130, talk
    assert "German" in out
    assert "Chinese" in out
    assert "first report" in out
    assert "now in 3 outlets" in out
    assert "archive search" in out + talk
