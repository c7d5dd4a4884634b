"""presswatch subscribe: send themes to a channel, by editing the settings and trying the channel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.given import Given, pass_given, shared
from monitor.cli.sending import NewChannel, channel_of, check_channels, send_test

if TYPE_CHECKING:
    from monitor.config.edit import Edit
    from monitor.config.settings import Settings


@click.command("subscribe")
@click.argument("themes", metavar="THEME...", nargs=-1, required=True)
@click.option("--to", "target", required=True, metavar="CHANNEL|URL", help="A channel in the settings, or the URL of a new one.")
@click.option("--digest", metavar="WHEN", help="hourly, 'daily at 07:00' or 'weekly on monday at 07:00' instead of at once.")
@click.option("--language", "languages", multiple=True, metavar="TAG", help="Only articles in this language; may be repeated.")
@click.option("--min-severity", type=click.Choice(["low", "normal", "high"]), help="Only themes that matter so much.")
@click.option("--quiet-hours", metavar="FROM-TO", help="Hold messages in these hours, such as 22:00-07:00.")
@click.option("--test/--no-test", "is_tested", default=True, help="Send a test message.")
@click.option("--dry-run", is_flag=True, help="Print the settings as they would be, and change nothing.")
@shared
@pass_given
def command(
    given: Given,
    themes: Sequence[str],
    target: str,
    digest: str | None,
    languages: Sequence[str],
    min_severity: str | None,
    quiet_hours: str | None,
    *,
    is_tested: bool,
    dry_run: bool,
) -> None:
    """Send THEMEs to a channel; '*' is every theme.

    The settings keep their comments. A new subscription starts now: its first message is one digest of the last 24 hours.
    """
    from monitor.config.edit import Edit  # noqa: PLC0415 - only editors pay

    settings = given.settings()
    path = settings.config_path
    if path is None:
        raise click.ClickException("there are no settings of your own yet; write them first: presswatch init")
    edit = Edit(path)
    new = None if target in {c.name for c in settings.channels} else channel_of(target, edit.names("channels"))
    wish: dict[str, object] = {"to": new.name if new else target, "themes": list(themes)}
    extra = {"min_severity": min_severity, "languages": list(languages), "digest": digest, "quiet_hours": quiet_hours}
    wish |= {key: value for key, value in extra.items() if value}
    _keep_default(edit, settings)
    secret = add(edit, path.parent, new, wish, is_dry=dry_run)
    if dry_run:
        click.echo(edit.text(), nl=False)
        return
    with ExitStack() as undo:
        if secret is not None:
            undo.callback(secret.unlink)
        edit.save(lambda: check_channels(given.settings(secrets=True)))
        undo.pop_all()
    click.echo(f"{path}: {wish['to']} gets {', '.join(themes)}. A running daemon takes it up on reload.", err=True)
    if is_tested:
        changed = given.settings(secrets=True)
        send_test(given, changed, next(c for c in changed.channels if c.name == wish["to"]))


def add(edit: Edit, folder: Path, new: NewChannel | None, wish: dict[str, object], *, is_dry: bool = False) -> Path | None:
    """Put a subscription, and its channel where it is new, into the settings; return the file its secret went to."""
    from monitor.config.edit import keep_secret  # noqa: PLC0415 - only editors pay

    secret: Path | None = None
    if new is not None:
        block: dict[str, object] = {"name": new.name, "kind": new.kind}
        if new.secret is not None:
            name = f"{new.name}.url"
            secret = None if is_dry else keep_secret(folder, name, new.secret)
            block["url_file"] = secret.name if secret else name
        edit.append("channels", block)
    edit.append("subscriptions", wish)
    return secret


def _keep_default(edit: Edit, settings: Settings) -> None:
    """The terminal speaks by default only while nothing is written; keep it when the first channel is."""
    if "channels" not in edit and "subscriptions" not in edit:
        for channel in settings.channels:
            edit.append("channels", {"name": channel.name, "kind": channel.kind})
        for wish in settings.subscriptions:
            edit.append("subscriptions", {"to": wish.channel, "themes": list(wish.themes)})
