"""The shape of every file, one pydantic model each; an unknown key is an error. Nothing outside this room sees them.

A field's description is its line in docs/operations.md and in ``presswatch config schema``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from crawler.model import Paywall, SourceKind, TdmPolicy
from monitor.config import notations
from monitor.config.problems import did_you_mean, one_of
from monitor.config.settings import NOTICE_KINDS
from monitor.model import Digest, FollowUps, QuietHours, Severity

T = TypeVar("T")


def _parsed(parse: Callable[[object], T]) -> Callable[[object], T]:
    """Turn `Wrong` into an error of pydantic's that keeps its hint."""

    def validate(value: object) -> T:
        try:
            return parse(value)
        except notations.Wrong as wrong:
            raise PydanticCustomError("wrong", "{said}", {"said": str(wrong), "hint": wrong.hint}) from None

    return validate


def _choice(what: str, words: Iterable[str]) -> Callable[[object], str]:
    known = tuple(words)

    def parse(value: object) -> str:
        if isinstance(value, str) and value in known:
            return value
        said = value if isinstance(value, str) else str(value).lower()
        raise notations.Wrong(f"'{said}' is not {what}; use {one_of(known)}", did_you_mean(said, known))

    return _parsed(parse)


def _schema(kind: str, *examples: object) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "examples": list(examples)} if examples else {"type": kind})


def _one_or_many(value: object) -> object:
    """Take one word where a list is expected."""
    return [value] if isinstance(value, str) else value


def _several_or_off(value: object) -> object:
    """Take ``off`` for none, and one where a list is expected."""
    if value in ("off", False):
        return ()
    return [value] if isinstance(value, str) else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("wrong", "{said}", {"said": "this is empty", "hint": None})
    return value


def _header_value(value: str) -> str:
    if value.isprintable():
        return value
    raise PydanticCustomError("wrong", "{said}", {"said": "this stands in a request's header, which holds one line of text", "hint": None})


Text = Annotated[str, BeforeValidator(_parsed(notations.text)), AfterValidator(_not_blank)]
HeaderValue = Annotated[Text, AfterValidator(_header_value)]
Duration = Annotated[float, BeforeValidator(_parsed(notations.duration_s)), _schema("string", "90s", "5m", "3h", "2d")]
Keep = Annotated[float | None, PlainValidator(_parsed(notations.keep_s)), _schema("string", "90d", "forever")]
Switch = Annotated[bool, BeforeValidator(_parsed(notations.switch)), WithJsonSchema({"enum": ["on", "off", True, False]})]
Url = Annotated[str, BeforeValidator(_parsed(notations.web_url)), WithJsonSchema({"type": "string", "format": "uri"})]
ProxyUrl = Annotated[str, BeforeValidator(_parsed(notations.proxy_url)), WithJsonSchema({"type": "string", "format": "uri"})]
Network = Annotated[str, BeforeValidator(_parsed(notations.network)), _schema("string", "10.0.0.0/8")]
Language = Annotated[str, BeforeValidator(_parsed(notations.language)), _schema("string", "de", "zh-Hans")]
AliasLanguage = Annotated[
    str, BeforeValidator(_parsed(lambda v: notations.alias_language(notations.text(v)))), _schema("string", "*", "de")
]
Id = Annotated[str, BeforeValidator(_parsed(notations.identifier)), _schema("string", "deepseek-next")]
OutletId = Annotated[str, BeforeValidator(_parsed(notations.outlet_id)), _schema("string", "nzz")]
Name = Annotated[str, BeforeValidator(_parsed(notations.outlet_name)), AfterValidator(_not_blank)]
Zone = Annotated[str, BeforeValidator(_parsed(notations.timezone)), _schema("string", "Europe/Zurich")]
Country = Annotated[str, BeforeValidator(_parsed(notations.country)), _schema("string", "CH")]
Listen = Annotated[tuple[str, int] | None, PlainValidator(_parsed(notations.listen)), _schema("string", "127.0.0.1:8642", "off")]
DigestTime = Annotated[Digest, PlainValidator(_parsed(notations.digest)), _schema("string", "daily at 07:00")]
Hours = Annotated[QuietHours, PlainValidator(_parsed(notations.quiet_hours)), _schema("string", "22:00-07:00")]
SEVERITIES = tuple(s.word for s in Severity)
SeverityWord = Annotated[str, BeforeValidator(_choice("a severity", SEVERITIES)), WithJsonSchema({"enum": list(SEVERITIES)})]
PaywallWord = Annotated[Paywall, BeforeValidator(_choice("a paywall", [p.value for p in Paywall]))]
TdmWord = Annotated[TdmPolicy, BeforeValidator(_choice("an answer to a reservation", [p.value for p in TdmPolicy]))]
FollowUpsWord = Annotated[FollowUps, BeforeValidator(_choice("a way with follow-ups", [f.value for f in FollowUps]))]
NoticeWord = Annotated[str, BeforeValidator(_choice("a notice", ["*", *NOTICE_KINDS]))]
RoleWord = Annotated[str, BeforeValidator(_choice("a role", ["all", "scheduler", "crawler", "deliverer"]))]
LogLevel = Annotated[str, BeforeValidator(_choice("a log level", ["debug", "info", "warning", "error"]))]
LogFormat = Annotated[str, BeforeValidator(_choice("a log format", ["auto", "text", "logfmt", "json"]))]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(_one_or_many)]
Looks = Annotated[tuple[Duration, ...], BeforeValidator(_several_or_off)]
Percent = Annotated[int, Field(ge=0, le=100)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


# ---- presswatch.yaml


class RetentionModel(_Model):
    """How long the archive keeps what."""

    texts: Keep = Field(default=None, description="full texts and tokens; headlines, matches and stories stay", examples=["forever"])
    unmatched_texts: Keep = Field(default=365 * 86_400.0, description="the same of articles that no rule matched", examples=["365d"])
    unmatched: Keep = Field(default=None, description="articles at all that no rule matched and no alert tells of", examples=["forever"])
    outlets: dict[OutletId, Keep] = Field(default={}, description="full texts of single outlets, by id, whatever the other keys say")
    polls: Keep = Field(default=90 * 86_400.0, description="one row per poll", examples=["90d"])
    entries: Keep = Field(default=None, description="entries that never became an article", examples=["forever"])


class ExcludeModel(_Model):
    """What of the included seeds is left out."""

    outlets: tuple[OutletId, ...] = Field(default=(), description="outlet ids")
    themes: tuple[Id, ...] = Field(default=(), description="theme ids")
    entities: tuple[Id, ...] = Field(default=(), description="entity ids")


class ChannelModel(BaseModel):
    """Where messages go. Further keys belong to the kind; ``<key>_file`` reads a secret from a file."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Name = Field(description="how subscriptions and logs call it")
    kind: Text = Field(description="stdout, email, webhook or apprise")
    rate_per_minute: Annotated[float, Field(gt=0)] | None = Field(default=None, description="messages a minute at most")


class SubscriptionModel(_Model):
    """Who gets which themes, where, how often."""

    to: Text = Field(description="name of a channel")
    name: Id | None = Field(default=None, description="keeps its history when its themes change")
    themes: Texts = Field(default=(), description='theme ids, or "*" for all')
    min_severity: SeverityWord = Field(default="low", description="low, normal or high")
    min_relevance: Percent = Field(default=0, description="0 to 100")
    languages: Languages = Field(default=(), description="article languages; all by default")
    group_wait: Duration = Field(default=0.0, description="let other outlets arrive, then speak once", examples=["0s"])
    quiet_hours: Hours | None = Field(default=None, description="hold messages in these hours; high severity passes")
    digest: DigestTime | None = Field(default=None, description="hourly, daily at 07:00 or weekly on monday at 07:00 instead of at once")
    follow_ups: FollowUpsWord | None = Field(default=None, description="later news of a known story: send, digest or off")
    unusual_volume: Switch = Field(default=False, description="tell when a theme is unusually loud")
    storm: Switch | None = Field(default=None, description="collapse a flood of alerts; on for chat and mail, off for webhook")
    timezone: Zone | None = Field(default=None, description="of digest and quiet hours; the file's by default")
    notices: Annotated[tuple[NoticeWord, ...], BeforeValidator(_one_or_many)] = Field(
        default=(), description="news about Presswatch itself: " + one_of(NOTICE_KINDS) + ' or "*"'
    )


class PresswatchModel(_Model):
    """presswatch.yaml: everything has a default; the file may be empty."""

    archive: Text | None = Field(default=None, description="path of an SQLite file, or postgresql://…")
    archive_url_file: Text | None = Field(default=None, description="file that holds the archive's URL with its password")
    timezone: Zone | None = Field(default=None, description="of digests, quiet hours and messages; the system's by default")
    contact: HeaderValue | None = Field(default=None, description="URL or e-mail address that outlets see in the User-Agent")
    include: Annotated[tuple[Text, ...], BeforeValidator(_one_or_many)] = Field(default=(), description="shipped seeds: builtin:china-ai")
    exclude: ExcludeModel = Field(default=ExcludeModel(), description="ids of included seeds to leave out")
    outlets: Texts | None = Field(default=None, description="files of outlets, relative to this one", examples=["outlets/*.yaml"])
    entities: Texts | None = Field(default=None, description="files of entities", examples=["entities.yaml"])
    themes: Texts | None = Field(default=None, description="files of themes", examples=["themes.yaml"])
    channels: tuple[ChannelModel, ...] = Field(default=(), description="where messages go; the terminal when empty")
    subscriptions: tuple[SubscriptionModel, ...] = Field(default=(), description="who gets what; everything on the terminal when empty")
    listen: Listen = Field(default=("127.0.0.1", 8642), description="pages, health and metrics; off for none", examples=["127.0.0.1:8642"])
    public_url: Url | None = Field(default=None, description="where people reach the pages; messages then link to them")
    link_key_file: Text | None = Field(
        default=None, description="file that holds what signs links in messages; made beside the archive by default"
    )
    token: Text | None = Field(default=None, description="opens the pages to other machines")
    token_file: Text | None = Field(default=None, description="file that holds the token")
    heartbeat_url: Url | None = Field(default=None, description="pinged while polls, writes and deliveries advance")
    heartbeat_url_file: Text | None = Field(default=None, description="file that holds the heartbeat URL")
    spacing: Duration = Field(default=1.0, description="least time between two requests to one host", examples=["1s"])
    poll_every: Duration = Field(default=60.0, description="least time between two polls of one source", examples=["60s"])
    poll_at_least: Duration = Field(default=6 * 3600.0, description="most time between two polls of one source", examples=["6h"])
    requests_per_hour: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="budget of all polls; 2 per source by default"
    )
    recheck_after: Looks = Field(
        default=(3600.0, 6 * 3600.0, 86_400.0),
        description="when the page of an article that matched is fetched again, for corrections and withdrawals; off for never",
        examples=["[1h, 6h, 24h]"],
    )
    allow_networks: tuple[Network, ...] = Field(default=(), description="private address blocks the crawler may reach")
    on_tdm: TdmWord = Field(
        default=TdmPolicy.RECORD, description="an outlet reserves text and data mining: record, teaser or skip", examples=["record"]
    )
    workers: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="processes that read pages; one per core, at most 8, by default"
    )
    stories: Switch = Field(default=True, description="gather articles on one event; off makes each article its own", examples=["on"])
    storm: Switch = Field(default=True, description="collapse a flood of alerts into one message", examples=["on"])
    retention: RetentionModel = Field(default=RetentionModel(), description="how long the archive keeps what")
    role: RoleWord | None = Field(default=None, description="one of several nodes on PostgreSQL: all, scheduler, crawler or deliverer")
    node: Text | None = Field(default=None, description="what the other nodes call this one; machine and process by default")
    lease: Duration = Field(default=20.0, description="how long a node may be silent before the others take its work", examples=["20s"])
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error")
    log_format: LogFormat = Field(default="auto", description="auto, text, logfmt or json")


# ---- outlets/*.yaml


class SourceModel(_Model):
    """One door of an outlet: ``- feed: URL``, ``- sitemap: URL``, ``- listing: URL`` or ``- json_api: URL``."""

    feed: Url | None = Field(default=None, description="RSS, Atom, RDF or JSON Feed")
    sitemap: Url | None = Field(default=None, description="sitemap, sitemap index or news sitemap")
    listing: Url | None = Field(default=None, description="a page of links")
    json_api: Url | None = Field(default=None, description="a JSON document of items")
    kind: Literal["feed", "sitemap", "listing", "json_api"] | None = Field(default=None, description="with url: the long form")
    url: Url | None = Field(default=None, description="with kind: the long form")
    section: Text | None = Field(default=None, description="section its articles belong to")
    links: Text | None = Field(default=None, description="listing: regular expression article links match")
    fields: dict[Text, Text] = Field(default={}, description="json_api: article field to path")

    def door(self) -> tuple[SourceKind, str] | None:
        """Return kind and URL, None when there is not exactly one."""
        doors = [(kind, url) for kind in SourceKind if (url := getattr(self, kind.value)) is not None]
        if self.kind and self.url:
            doors.append((SourceKind(self.kind), self.url))
        return doors[0] if len(doors) == 1 and bool(self.kind) == bool(self.url) else None


class SelectorsModel(_Model):
    """CSS selectors for an outlet whose pages defeat the general way."""

    headline: Text | None = Field(default=None, description="the headline")
    body: Text | None = Field(default=None, description="the article")
    drop: Texts = Field(default=(), description="what is no part of the article")


class OutletModel(_Model):
    """A publication: one block, no code."""

    name: Name = Field(description="as readers know it")
    id: OutletId | None = Field(default=None, description="lower case with hyphens; made from the name by default")
    home: Url = Field(description="its home page")
    country: Country = Field(default="", description="two letters", validate_default=False)
    language: Language = Field(default="", description="of most articles", validate_default=False)
    tier: Annotated[int, Field(ge=1, le=3)] = Field(default=2, description="1 counts 10, 2 counts 3, 3 counts 1 when polls are planned")
    paywall: PaywallWord = Field(default=Paywall.NO, description="no, soft, hard or registration", examples=["no"])
    agency: Switch = Field(default=False, description="a wire service", examples=["off"])
    sources: tuple[SourceModel, ...] = Field(default=(), description="its doors")
    poll_every: Duration | None = Field(default=None, description="least time between two polls of one source")
    spacing: Duration | None = Field(default=None, description="least time between two requests to one host")
    articles_per_day: Annotated[int, Field(ge=1)] = Field(default=2000, description="pages fetched a day at most")
    allow_networks: tuple[Network, ...] = Field(default=(), description="private address blocks this outlet may be on")
    user_agent: HeaderValue | None = Field(default=None, description="instead of ours, where an outlet agreed to it")
    verify_tls: Switch = Field(default=True, description="check certificates", examples=["on"])
    headers_file: Text | None = Field(default=None, description="a subscriber's own request headers, one per line")
    proxy: ProxyUrl | None = Field(default=None, description="proxy for this outlet, with user name and password where it wants them")
    ca_file: Text | None = Field(default=None, description="certificates to trust for this outlet")
    selectors: SelectorsModel | None = Field(default=None, description="CSS selectors headline, body and drop")


class OutletsFile(_Model):
    """outlets/*.yaml."""

    outlets: tuple[OutletModel, ...] = Field(default=(), description="list of outlets")


# ---- entities.yaml, themes.yaml


def _within(value: object) -> int | str:
    if value in {"s", "p"} or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100):
        return value
    raise notations.Wrong(f"'{value}' is no distance", "write 0 to 100 words, s for the same sentence or p for the same paragraph")


class AliasModel(_Model):
    """A name: text, or a block with ``term``, ``near`` and ``within``."""

    term: Text = Field(description="a word, a phrase, or =Exact")
    near: Text | None = Field(default=None, description="a term, phrase or @entity it must stand near")
    within: Annotated[int | str, PlainValidator(_parsed(_within))] | None = Field(default=None, description="0 to 100 words, s or p")


def _alias(value: object) -> object:
    return value if isinstance(value, dict | AliasModel) else {"term": value}


AliasEntry = Annotated[AliasModel, BeforeValidator(_alias)]


class EntityModel(_Model):
    """A tracked name."""

    label: Text = Field(description="as people call it")
    kind: Text = Field(default="", description="company, model, person, university, place …", validate_default=False)
    aliases: dict[AliasLanguage, Annotated[tuple[AliasEntry, ...], BeforeValidator(_one_or_many)]] = Field(
        description='article language, or "*" for any, to its names'
    )
    excluded: Texts = Field(default=(), alias="not", description="phrases in which an alias is something else")
    country: Country | None = Field(default=None, description="two letters")
    salient: Switch = Field(default=True, description="tells stories apart; off for names that every article holds", examples=["on"])


class EntitiesFile(_Model):
    """entities.yaml."""

    entities: dict[Id, EntityModel] = Field(default={}, description="id to entity")


class ExampleModel(_Model):
    """A text a theme must match or ignore."""

    lang: Language = Field(description="language of the text")
    text: Text = Field(description="the text")
    title: Text = Field(default="", description="headline", validate_default=False)


class ExamplesModel(_Model):
    """Run by ``presswatch rules check``; a failing example is an error."""

    match: tuple[ExampleModel, ...] = Field(default=(), description="texts that must match")
    ignore: tuple[ExampleModel, ...] = Field(default=(), description="texts that must not match")


class ThemeModel(_Model):
    """An information need."""

    label: Text = Field(description="as messages call it")
    need: Text = Field(description="in a sentence, what the reader wants to know")
    severity: SeverityWord = Field(default="normal", description="low, normal or high")
    languages: Languages = Field(default=(), description="article languages; all by default")
    min_relevance: Percent = Field(default=0, description="0 to 100: how much an article must be about it")
    rules: dict[Id, Text] = Field(description="name to query")
    examples: ExamplesModel = Field(default=ExamplesModel(), description="texts that must match, and texts that must not")


class ThemesFile(_Model):
    """themes.yaml."""

    themes: dict[Id, ThemeModel] = Field(default={}, description="id to theme")
