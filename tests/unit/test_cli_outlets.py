from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli import opml
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


def test_a_list_of_feeds_is_read_with_names_and_homes() -> None:
    feeds = opml.read(OPML.encode())
    assert [(f.name, f.url) for f in feeds][:3] == [
        ("Alpenpost & Söhne", "https://alpenpost.example/feed"),
        ("Alpenpost: Wirtschaft", "https://alpenpost.example/eco"),
        ("财新", "https://caixin.example/rss"),
    ]
    assert feeds[2].home == "https://caixin.example"
    assert len(feeds) == 4, "each URL once"


@pytest.mark.parametrize("data", [b"", b"no xml", b"<rss/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><html/>"])
def test_what_is_no_list_of_feeds_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is no OPML"):
        opml.read(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_reading_a_list_never_fails_otherwise(data: bytes) -> None:
    try:
        opml.read(b"<opml><body>" + data + b"</body></opml>")
    except ValueError as error:
        assert "no OPML" in str(error)  # noqa: PT017 - any other error would end the test


def test_import_gathers_feeds_by_publication_and_names_what_it_leaves_out(config: Path) -> None:
    done = run(config, "import", "-", stdin=OPML)
    assert done.exit_code == 0, done.output
    assert "left out ftp://x.example/feed" in done.stderr
    found = {o.outlet_id: [s.url for s in o.sources] for o in load(config, environ={}).outlets}
    assert found == {
        "alpenpost-soehne": ["https://alpenpost.example/feed", "https://alpenpost.example/eco"],
        "财新": ["https://caixin.example/rss"],
    }
    again = run(config, "import", "-", stdin=OPML)
    assert (again.exit_code, "watched already" in again.stderr) == (1, True)


def test_export_is_what_import_takes(config: Path, tmp_path: Path) -> None:
    run(config, "import", "-", stdin=OPML)
    written = run(config, "export").stdout
    assert [f.url for f in opml.read(written.encode())] == [s.url for o in load(config, environ={}).outlets for s in o.sources]


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
