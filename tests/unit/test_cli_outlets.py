from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler import opml
from monitor.cli.app import cli
from monitor.cli.given import Given
from monitor.config.load import load

OPML = """<?xml version="1.0"?>
<opml version="2.0"><head><title>mine</title></head><body>
  <outline text="News">
    <outline type="rss" text="Alpenpost &amp; Söhne" xmlUrl="https://alpenpost.example/feed" htmlUrl="https://alpenpost.example/start"/>
    <outline type="rss" title="Alpenpost: Wirtschaft" xmlUrl="https://alpenpost.example/eco" htmlUrl="https://alpenpost.example/"/>
    <outline type="rss" text="财新" xmlUrl="https://caixin.example/rss" language="zh"/>
    <outline type="rss" text="again" xmlUrl="https://caixin.example/rss"/>
    <outline type="rss" text="bad" xmlUrl="ftp://x.example/feed"/>
  </outline>
</body></opml>
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "presswatch.yaml"
    path.write_text("timezone: UTC\n")
    return path


def run(config: Path, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["-c", str(config), "outlets", *arguments], obj=Given(), input=stdin)


@pytest.mark.parametrize("data", ["", "no xml", "<rss/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><html/>"])
def test_what_is_no_list_of_feeds_is_said(config: Path, data: str) -> None:
    done = run(config, "import", "-", stdin=data)
    assert (done.exit_code, "is no OPML" in done.stderr) == (1, True)


def test_import_gathers_feeds_by_publication_and_names_what_it_leaves_out(config: Path) -> None:
    done = run(config, "import", "-", stdin=OPML)
    assert done.exit_code == 0, done.output
    assert "left out ftp://x.example/feed" in done.stderr
    found = {o.outlet_id: [(s.url, s.section) for s in o.sources] for o in load(config, environ={}).outlets}
    assert found == {
        "alpenpost-soehne": [("https://alpenpost.example/feed", None), ("https://alpenpost.example/eco", "Alpenpost: Wirtschaft")],
        "财新": [("https://caixin.example/rss", None)],
    }
    again = run(config, "import", "-", stdin=OPML)
    assert (again.exit_code, "watched already" in again.stderr) == (1, True)


def test_import_says_what_it_could_not_take_and_takes_the_rest(config: Path) -> None:
    rows = [
        '<outline text="Z&uuml;rcher &amp; Co" language="english" htmlUrl="zh.example" xmlUrl="https://zh.example/f?a=1&b=2"/>',
        '<outline text="!!!" xmlUrl="https://signs.example/a feed#top"/>',
        '<outline text="secret" xmlUrl="https://reader:hunter22@walls.example/f"/>',
        '<OUTLINE TEXT="Same" XMLURL="feed://same.example/f"/><outline text="Same" xmlUrl="https://other.example/f"/>',
        '<outline text="cut" xmlUrl="https://cut.exa',
    ]
    done = run(config, "import", "-", stdin="<opml><body>" + "\n".join(rows))
    assert done.exit_code == 0, done.output
    for said in ("is broken, so that feeds may be missing", "the language 'english' of", "https://***@walls.example/f: holds a user name"):
        assert said in done.stderr
    assert "hunter22" not in done.output
    found = {o.outlet_id: (o.name, o.home, o.language, [s.url for s in o.sources]) for o in load(config, environ={}).outlets}
    assert found == {
        "zuercher-co": ("Zürcher & Co", "https://zh.example", "", ["https://zh.example/f?a=1&b=2"]),
        "signs.example": ("signs.example", "https://signs.example", "", ["https://signs.example/a%20feed"]),
        "same": ("Same", "http://same.example", "", ["http://same.example/f"]),
        "same-2": ("Same", "https://other.example", "", ["https://other.example/f"]),
    }


def test_publications_at_one_host_of_many_stay_apart_and_sections_come_back_as_they_went(config: Path) -> None:
    rows = '<outline text="A" xmlUrl="https://feeds.feedburner.com/a"/><outline text="B" xmlUrl="https://feeds.feedburner.com/b"/>'
    rows += '<outline text="Paper" xmlUrl="https://paper.example/1"/><outline text="Paper: Tech" xmlUrl="https://paper.example/2"/>'
    run(config, "import", "-", stdin=f"<opml><body>{rows}</body></opml>")
    found = {o.name: [s.section for s in o.sources] for o in load(config, environ={}).outlets}
    assert found == {"A": [None], "B": [None], "Paper": [None, "Tech"]}
    assert 'text="Paper: Tech"' in run(config, "export").stdout


def test_a_strangers_list_reads_no_variable_of_the_environment(config: Path) -> None:
    row = '<outline text="Trap ${HOME}" xmlUrl="https://trap.example/f?x=${HOME}"/>'
    assert run(config, "import", "-", stdin=f"<opml><body>{row}</body></opml>").exit_code == 0
    (outlet,) = load(config, environ={"HOME": "/home/secret"}).outlets
    assert (outlet.name, outlet.sources[0].url) == ("Trap ${HOME}", "https://trap.example/f?x=${HOME}")


def test_export_is_what_import_takes(config: Path, tmp_path: Path) -> None:
    run(config, "import", "-", stdin=OPML)
    written = run(config, "export").stdout
    assert [f.url for f in opml.read(written.encode()).feeds] == [s.url for o in load(config, environ={}).outlets for s in o.sources]


def test_add_keeps_the_comments_of_the_file_and_refuses_what_would_not_load(config: Path) -> None:
    own = config.parent / "outlets" / "own.yaml"
    own.parent.mkdir()
    own.write_text("# mine\noutlets: []\n")
    done = run(
        config,
        "add",
        "Linzer Bote",
        "--home",
        "https://bote.example",
        "--feed",
        "https://bote.example/rss",
        "--country",
        "AT",
        "--language",
        "de",
    )
    assert done.exit_code == 0, done.output
    assert own.read_text().startswith("# mine\noutlets:\n")
    (outlet,) = load(config, environ={}).outlets
    assert (outlet.outlet_id, outlet.country, outlet.language, outlet.tier) == ("linzer-bote", "AT", "de", 2)
    before = own.read_text()
    assert run(config, "add", "Linzer Bote", "--home", "https://bote.example", "--feed", "https://bote.example/b").exit_code != 0
    assert run(config, "add", "Other", "--home", "bote", "--feed", "x").exit_code != 0
    assert own.read_text() == before


def test_add_tells_where_the_settings_do_not_lead(config: Path) -> None:
    (config.parent / "papers.yaml").write_text("outlets: []\n")
    config.write_text("outlets: [papers.yaml]\n")
    done = run(config, "add", "Linzer Bote", "--home", "https://bote.example", "--feed", "https://bote.example/rss")
    assert done.exit_code == 1
    assert "does not lead to" in done.stderr
    assert not (config.parent / "outlets" / "own.yaml").exists()


def test_add_shows_what_it_would_write(config: Path) -> None:
    done = run(config, "add", "Linzer Bote", "--home", "https://bote.example", "--sitemap", "https://bote.example/s.xml", "--dry-run")
    assert "- sitemap: https://bote.example/s.xml" in done.stdout
    assert not (config.parent / "outlets").exists()


def test_an_outlet_without_sources_is_named(config: Path) -> None:
    (config.parent / "outlets").mkdir()
    (config.parent / "outlets" / "own.yaml").write_text("outlets: [{name: Linzer Bote, home: 'https://bote.example'}]\n")
    for command in ("list", "check"):
        done = run(config, command)
        assert "linzer-bote has no source, so it is never polled" in done.stderr, done.output
