"""An article that matched is looked at again: what was corrected, or withdrawn meanwhile is told, across a restart."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.demo.newsstand import Newsstand
from tests.acceptance.conftest import Daemon, Sink, settings
from tests.acceptance.test_first_light import GERMAN, TEXT

OFTEN = [f"{2 * n}s" for n in range(1, 60)]


def reasons(daemon: Daemon) -> set[str]:
    return {reason for (reason,) in daemon.rows("SELECT DISTINCT reason FROM alerts")}


async def test_a_correction_and_a_withdrawal_are_told_across_a_restart(tmp_path: Path, stand: Newsstand, sink: Sink) -> None:
    desk = settings(tmp_path, stand, sink, recheck_after=OFTEN)
    article = stand.publish("seeufer-anzeiger", GERMAN, TEXT).rpartition("/")[2]
    url = stand.publish("seeufer-anzeiger", "Neue Parkuhren am Quai", "Die Stadt stellt am Quai zwölf neue Parkuhren auf.")
    await desk.start()
    await desk.until(lambda: reasons(desk) == {"first report"})
    await desk.until(lambda: any(h.status == 304 for h in stand.hits if h.what == "article"))
    assert await desk.stop() == 0
    stand.change(article, text=f"{TEXT}\n\nKorrektur: In einer früheren Version dieses Artikels hieß es, R2 erscheine im Mai.")
    await desk.start()
    await desk.until(lambda: "correction" in reasons(desk))
    stand.change(article, is_withdrawn=True)
    await desk.until(lambda: "withdrawn" in reasons(desk))
    await desk.until(lambda: len(sink.taken) == 3)
    await desk.stop()
    assert reasons(desk) == {"correction", "first report", "withdrawn"}
    ((diff,),) = desk.rows("SELECT diff FROM revisions")
    assert diff.startswith("+ Korrektur: In einer früheren Version")
    (whole,) = desk.rows("SELECT a.headline, x.text FROM articles a JOIN article_texts x USING (article_id) WHERE withdrawn_at IS NOT NULL")
    assert whole[0] == GERMAN
    assert "Exportkontrollen" in whole[1], "what was withdrawn stays readable"
    assert "withdrawn" in json.dumps(sink.taken[2])
    others = [h for h in stand.hits if h.what == "article" and url.endswith(h.path)]
    assert len(others) == 1, "what no theme asked for is fetched once"
