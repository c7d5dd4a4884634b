"""presswatch init: write the settings for a first watch."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.sending import NewChannel, channel_of, check_channels, send_test
from monitor.cli.subscribe import add
from monitor.config.terminal import called

_CONTACT_LINE: Final = re.compile(r"^# contact:.*$", re.MULTILINE)
_EMPTY: Final = {
    "presswatch.yaml": """\
# Presswatch's settings. Everything has a default, so this file may be short or empty.
# `presswatch config show` prints what is in force; docs/operations.md explains every key.
# Outlets stand in outlets/*.yaml, names in entities.yaml, what you want to know in themes.yaml, all beside this file.

# Who is asking? Outlets see this in every request. Without it they are asked at most once an hour.
# contact: https://example.org/our-newsroom

# Where messages go, and who gets what. "*" means every theme.
channels:
  - {name: terminal, kind: stdout}
subscriptions:
  - {to: terminal, themes: ["*"]}
""",
    "outlets/own.yaml": """\
# One block is one outlet. Sources are feed, sitemap, listing (a page of links) or json_api.
outlets: []
#  - name: The Paper
#    home: https://paper.example
#    country: GB
#    language: en
#    tier: 1                 # 1 is polled most eagerly, 3 least
#    sources:
#      - feed: https://paper.example/feed.xml
""",
    "entities.yaml": """\
# Tracked names; rules call them with @id. Aliases stand under an article language, or "*" for any.
entities: {}
#  acme:
#    label: Acme Corporation
#    kind: company
#    aliases:
#      "*": [Acme]
""",
    "themes.yaml": """\
# What you want to know. `presswatch rules check` runs the examples.
themes: {}
#  acme-mergers:
#    label: Acme buys and sells
#    need: Every takeover Acme is part of.
#    severity: normal        # low, normal or high
#    rules:
#      deals: '@acme NEAR/12 (acquire* OR merge* OR takeover)'
#    examples:
#      match: [{lang: en, text: "Acme is to acquire a rival."}]
#      ignore: [{lang: en, text: "Acme reports earnings."}]
""",
}


@click.command("init")
@click.option("--yes", is_flag=True, help="Ask nothing: the shipped watch, alerts on this terminal.")
@click.option("--empty", is_flag=True, help="For another beat: no shipped outlets and themes, commented examples instead.")
@click.option("--contact", metavar="URL|ADDRESS", help="Who outlets see asking.")
@click.option("--to", "target", metavar="URL", help="Where alerts go, such as tgram://token/chat or https://hook.example/…")
@click.option("--theme", "themes", multiple=True, metavar="ID", help="Only this theme; may be repeated.")
@click.option("--test/--no-test", "is_tested", default=True, help="Send a test message over a new channel.")
@shared
@pass_given
def command(
    given: Given, *, yes: bool, empty: bool, contact: str | None, target: str | None, themes: Sequence[str], is_tested: bool
) -> None:
    """Write the settings for a first watch. What is there already is never touched."""
    from monitor.config.folders import FILE, config_folder  # noqa: PLC0415 - pydantic and friends are paid for only here

    path = given.config or config_folder() / FILE
    if path.exists():
        raise click.ClickException(f"{path} is there already; nothing was changed")
    given.config = path
    if not yes and is_person():
        contact = contact or _ask("Contact that outlets see, a URL or an address (empty: none)")
        if not empty and not themes:
            themes = _ask_themes()
        target = target or _ask("Where alerts go, such as tgram://token/chat or https://hook.example/… (empty: this terminal)")
    new = channel_of(target, ["terminal"]) if target else None
    written = _write(given, path, contact=contact, new=new, themes=themes, is_empty=empty)
    for file in written:
        click.echo(f"wrote {file}", err=True)
    if new is not None and is_tested:
        settings = given.settings(secrets=True)
        send_test(given, settings, next(c for c in settings.channels if c.name == new.name))
    click.echo(_next(given), err=True)


def _next(given: Given) -> str:
    """Say what comes next; a daemon that runs on the starter takes the files up by itself."""
    from monitor.archive.lock import holder  # noqa: PLC0415 - only here

    archive = given.settings().archive_path
    pid = holder(archive) if archive is not None else None
    return f"Next: {called()} run" if pid is None else f"The daemon that runs (pid {pid}) takes them up within some seconds"


def _write(given: Given, path: Path, *, contact: str | None, new: NewChannel | None, themes: Sequence[str], is_empty: bool) -> list[Path]:
    """Write all files, or none that does not load."""
    from monitor.config.edit import Edit  # noqa: PLC0415 - only editors pay
    from monitor.config.folders import FILE, seeds  # noqa: PLC0415

    texts = dict(_EMPTY) if is_empty else {FILE: (seeds() / FILE).read_text(encoding="utf-8")}
    if contact:
        quoted = "'" + contact.replace("'", "''") + "'"
        texts[FILE] = _CONTACT_LINE.sub(lambda _line: f"contact: {quoted}", texts[FILE])
    written = {path if name == FILE else path.parent / name: text for name, text in texts.items()}
    written = {file: text for file, text in written.items() if not file.exists()}
    with ExitStack() as undo:
        for file, text in written.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            undo.callback(file.unlink, missing_ok=True)
            file.write_text(text, encoding="utf-8")
        secret = None
        if new is not None or themes:
            edit = Edit(path)
            secret = add(edit, path.parent, new, {"to": new.name if new else "terminal", "themes": list(themes) or ["*"]})
            if secret is not None:
                undo.callback(secret.unlink)
            edit.drop("subscriptions", {"to": "terminal", "themes": ["*"]})
            edit.save(lambda: None)
        check_channels(given.settings(secrets=True))
        undo.pop_all()
    return [*written, *([secret] if secret else [])]


def is_person() -> bool:
    """Say whether somebody can answer."""
    return sys.stdin.isatty()


def _ask(question: str) -> str | None:
    said: str = click.prompt(question, default="", show_default=False, err=True)
    return said.strip() or None


def _ask_themes() -> list[str]:
    """Offer the shipped themes; none chosen means all."""
    from monitor.config.folders import FILE, seeds  # noqa: PLC0415 - only those who are asked pay
    from monitor.config.load import load  # noqa: PLC0415

    known = {theme.theme_id: theme for theme in load(seeds() / FILE, secrets=False).rules.themes}
    for theme in known.values():
        click.echo(f"  {theme.theme_id:<20} {theme.need}", err=True)
    while True:
        said = _ask("Themes, separated by spaces (empty: all)")
        wanted = (said or "").replace(",", " ").split()
        unknown = [name for name in wanted if name not in known]
        if not unknown:
            return wanted
        click.echo(f"there is no theme {', '.join(unknown)}", err=True)
