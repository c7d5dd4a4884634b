from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.model import Paywall, Place, SourceKind
from monitor.config.load import load, system_timezone
from monitor.config.settings import Settings
from monitor.errors import ConfigError, Problem
from monitor.model import DigestEvery, FollowUps, Severity

PRESSWATCH = """\
# a comment with 中文 in it
archive: archive.db
timezone: Europe/Zurich
contact: https://desk.example/contact
channels:
  - {name: newsdesk, kind: apprise, url_file: telegram.url}
  - name: desk-mail
    kind: email
    host: mail.example
    password: ${SMTP_PASSWORD}
    to: desk@mail.example
  - {name: terminal, kind: stdout}
subscriptions:
  - to: newsdesk
    themes: [deepseek-next, chips]
    min_severity: normal
    languages: [de, en, no]
    group_wait: 3m
    quiet_hours: "22:00-07:00"
  - {to: desk-mail, themes: ["*"], digest: weekly on friday at 06:30, follow_ups: digest}
  - {to: terminal, notices: [silent, channel-dead]}
listen: 127.0.0.1:0
spacing: 0.5s
workers: 2
stories: off
allow_networks: [127.0.1.0/24]
retention: {polls: 30d}
"""
OUTLETS = """\
outlets:
  - name: Neue Zeitung
    home: https://zeitung.example
    country: CH
    language: de-CH
    tier: 1
    paywall: hard
    poll_every: 5m
    sources:
      - feed: https://zeitung.example/feed.rss
        section: Technik
      - sitemap: https://zeitung.example/news.xml
  - name: 财新
    id: caixin
    home: https://caixin.example
    sources:
      - listing: https://caixin.example/list
        links: "/20\\\\d\\\\d-"
      - {kind: json_api, url: "https://caixin.example/api", fields: {url: link, title: head}}
"""
ENTITIES = """\
entities:
  deepseek:
    label: DeepSeek
    kind: company
    aliases:
      "*": [DeepSeek, "=DSK"]
      zh: [深度求索]
    not: ["DeepSeek rival"]
  flagship:
    label: Next flagship
    aliases:
      "*": [{term: "=R2", near: "@deepseek", within: s}, {term: "=V4", near: "@deepseek", within: 8}]
"""
THEMES = """\
themes:
  deepseek-next:
    label: The next one
    need: When it comes.
    severity: high
    min_relevance: 20
    rules:
      named: '@flagship AND (start OR 发布)'
      block: |
        @deepseek
        AND start
    examples:
      match: [{lang: de, text: "Deepseek R2: start."}]
      ignore: [{lang: en, text: "R2-D2"}]
  chips:
    label: Chips
    need: What may be bought.
    rules: {ban: 'chip AND ban'}
"""
ENVIRON = {"SMTP_PASSWORD": "planted-mail-secret"}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the good files, with replacements, and return the first one."""

    def _write(**replaced: str) -> Path:
        files = {"presswatch": PRESSWATCH, "outlets": OUTLETS, "entities": ENTITIES, "themes": THEMES, **replaced}
        (tmp_path / "outlets").mkdir(exist_ok=True)
        (tmp_path / "outlets" / "all.yaml").write_text(files["outlets"], encoding="utf-8")
        (tmp_path / "entities.yaml").write_text(files["entities"], encoding="utf-8")
        (tmp_path / "themes.yaml").write_text(files["themes"], encoding="utf-8")
        (tmp_path / "telegram.url").write_text("tgram://planted-token/chat\n")
        main = tmp_path / "presswatch.yaml"
        main.write_text(files["presswatch"], encoding="utf-8")
        return main

    return _write


def problems(path: Path, *, environ: Mapping[str, str] = ENVIRON, overrides: Mapping[str, object] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ, overrides=overrides)
    return caught.value.problems


def loaded(path: Path, **environ: str) -> Settings:
    return load(path, environ={**ENVIRON, **environ})


def test_outlets_come_with_ids_sources_and_places(write: Write) -> None:
    path = write()
    found = {outlet.outlet_id: outlet for outlet in loaded(path).outlets}
    assert list(found) == ["neue-zeitung", "caixin"]
    paper = found["neue-zeitung"]
    assert (paper.tier, paper.paywall, paper.country, paper.language, paper.poll_every_s) == (1, Paywall.HARD, "CH", "de-CH", 300.0)
    assert [(s.kind, s.url, s.section) for s in paper.sources] == [
        (SourceKind.FEED, "https://zeitung.example/feed.rss", "Technik"),
        (SourceKind.SITEMAP, "https://zeitung.example/news.xml", None),
    ]
    assert paper.sources[0].source_id.startswith("neue-zeitung#")
    assert str(paper.place) == f"{path.parent / 'outlets' / 'all.yaml'}:2"
    assert found["caixin"].sources[0].link_pattern == r"/20\d\d-"
    assert found["caixin"].sources[1].fields == {"url": "link", "title": "head"}


def test_rules_know_where_their_first_character_stands(write: Write) -> None:
    path = write()
    theme = loaded(path).rules.themes[0]
    places = {rule.name: rule.place for rule in theme.rules}
    file = str(path.parent / "themes.yaml")
    assert places == {"named": Place(file=file, line=8, column=15), "block": Place(file=file, line=10, column=9)}
    assert theme.severity is Severity.HIGH
    assert theme.min_relevance == 20
    assert [(e.should_match, e.language, e.text) for e in theme.examples] == [(True, "de", "Deepseek R2: start."), (False, "en", "R2-D2")]


def test_a_query_over_several_lines_keeps_its_line_ends_so_that_errors_find_their_line(write: Write) -> None:
    theme = loaded(write()).rules.themes[0]
    assert theme.rules[1].query == "@deepseek\n        AND start"


def test_files_of_other_systems_are_read_alike(write: Write) -> None:
    path = write()
    for file in path.parent.rglob("*.yaml"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    found = loaded(path).rules.themes[0].rules
    assert [(rule.place.line, rule.place.column) for rule in found if rule.place] == [(8, 15), (10, 9)]
    assert found[1].query.split() == ["@deepseek", "AND", "start"]


def test_entities_come_with_aliases_by_language(write: Write) -> None:
    deepseek, flagship = loaded(write()).rules.entities
    assert {language: [a.term for a in names] for language, names in deepseek.aliases.items()} == {
        "*": ["DeepSeek", "=DSK"],
        "zh": ["深度求索"],
    }
    assert deepseek.excluded == ("DeepSeek rival",)
    assert [(a.term, a.near, a.within) for a in flagship.aliases["*"]] == [("=R2", "@deepseek", "s"), ("=V4", "@deepseek", 8)]


def test_channels_hold_their_secrets_and_never_show_them(write: Write) -> None:
    found = loaded(write())
    chat, mail, terminal = found.channels
    assert chat.options == {"url": "tgram://planted-token/chat"}
    assert mail.options["password"] == "planted-mail-secret"
    assert (terminal.name, terminal.kind, dict(terminal.options)) == ("terminal", "stdout", {})
    assert mail.option_places["host"].line == 9
    assert "planted" not in repr(found)
    assert set(found.secrets) == {"tgram://planted-token/chat", "planted-mail-secret"}


def test_subscriptions_say_who_gets_what(write: Write) -> None:
    chat, mail, notices = loaded(write()).subscriptions
    assert (chat.channel, chat.themes, chat.min_severity, chat.group_wait_s) == (
        "newsdesk",
        ("deepseek-next", "chips"),
        Severity.NORMAL,
        180.0,
    )
    assert chat.languages == ("de", "en", "no")
    assert chat.quiet_hours is not None
    assert (chat.quiet_hours.start, chat.quiet_hours.end) == (time(22), time(7))
    assert mail.digest is not None
    assert (mail.digest.every, mail.digest.weekday, mail.digest.at) == (DigestEvery.WEEKLY, 4, time(6, 30))
    assert mail.follow_ups is FollowUps.DIGEST
    assert notices.notices == ("silent", "channel-dead")
    assert [s.order for s in (chat, mail, notices)] == [0, 1, 2]
    assert {s.timezone for s in (chat, mail, notices)} == {"Europe/Zurich"}


def test_a_subscription_keeps_its_id_when_the_file_is_reordered(write: Write) -> None:
    before = {s.channel: s.subscription_id for s in loaded(write()).subscriptions}
    lines = PRESSWATCH.splitlines()
    last = next(i for i, line in enumerate(lines) if "notices:" in line)
    lines.insert(lines.index("subscriptions:") + 1, lines.pop(last))
    after = {s.channel: s.subscription_id for s in loaded(write(presswatch="\n".join(lines))).subscriptions}
    assert before == after


def test_the_rest_of_the_file_is_taken_with_defaults_for_what_it_leaves_out(write: Write) -> None:
    path = write()
    found = loaded(path)
    assert found.archive == f"sqlite:///{path.parent / 'archive.db'}"
    assert found.archive_path == path.parent / "archive.db"
    assert (found.listen, found.spacing_s, found.workers, found.stories, found.storm) == (("127.0.0.1", 0), 0.5, 2, False, True)
    assert found.retention.polls_s == 30 * 86_400.0
    assert found.allow_networks == ("127.0.1.0/24",)
    assert found.requests_per_hour == 2.0 * found.source_count
    assert [p.name for p in found.files] == ["presswatch.yaml", "all.yaml", "entities.yaml", "themes.yaml"]


def test_an_empty_file_watches_nothing_and_speaks_on_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "presswatch.yaml"
    path.write_text("# nothing yet\n")
    found = load(path, environ={})
    assert (found.outlets, found.rules.themes) == ((), ())
    assert [(c.name, c.kind) for c in found.channels] == [("terminal", "stdout")]
    assert found.subscriptions[0].themes == ("*",)


def test_flags_beat_the_environment_which_beats_the_file(write: Write) -> None:
    path = write()
    assert loaded(path).workers == 2
    assert loaded(path, PRESSWATCH_WORKERS="3").workers == 3
    found = load(path, environ={**ENVIRON, "PRESSWATCH_WORKERS": "3"}, overrides={"workers": 4, "archive": None})
    assert found.workers == 4


def test_variables_of_the_environment_set_every_simple_key(write: Write) -> None:
    found = loaded(write(), PRESSWATCH_ARCHIVE="postgresql://u:planted@db.example/news", PRESSWATCH_LISTEN="off", PRESSWATCH_STORM="off")
    assert found.archive == "postgresql://u:planted@db.example/news"
    assert found.archive_path is None
    assert found.listen is None
    assert found.storm is False
    assert "planted" not in repr(found)


def test_a_wrong_value_of_the_environment_or_a_flag_names_where_it_came_from(write: Write) -> None:
    (told,) = problems(write(), environ={**ENVIRON, "PRESSWATCH_WORKERS": "many"})
    assert (told.place, told.source_line) == ("PRESSWATCH_WORKERS", "many")
    (told,) = problems(write(), overrides={"spacing": "soon"})
    assert told.place == "--spacing"
    (told,) = problems(write(), environ={**ENVIRON, "PRESSWATCH_ARCHIVE": "mysql://u:planted@db.example/news"})
    assert (told.place, told.source_line) == ("PRESSWATCH_ARCHIVE", "mysql://…")


def test_unknown_variables_of_the_environment_are_left_alone(write: Write) -> None:
    loaded(write(), PRESSWATCH_SERVICE_HOST="10.0.0.1", PRESSWATCH_PORT="tcp://10.0.0.1:80")


def test_a_person_without_a_file_gets_the_shipped_starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.config.folders.SYSTEM_CONFIG", tmp_path / "etc")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    found = load(environ={})
    assert found.is_starter
    assert found.config_path is None
    assert next(o.outlet_id for o in found.outlets if o.country == "CH") == "nzz"
    assert found.archive == f"sqlite:///{tmp_path / 'XDG_DATA_HOME' / 'presswatch' / 'archive.db'}"


def test_the_systems_file_serves_root_and_keeps_its_archive_in_var_lib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.config.folders.SYSTEM_CONFIG", tmp_path / "etc")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for folder in ("etc", "home/presswatch"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "presswatch.yaml").write_text("")
    found = load(environ={})
    assert found.config_path == tmp_path / "etc" / "presswatch.yaml"
    assert found.archive == "sqlite:////var/lib/presswatch/archive.db"
    assert load(environ={"STATE_DIRECTORY": "/srv/state"}).archive == "sqlite:////srv/state/archive.db"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert load(environ={}).config_path == tmp_path / "home" / "presswatch" / "presswatch.yaml"
    assert (
        load(environ={"PRESSWATCH_CONFIG": str(tmp_path / "etc" / "presswatch.yaml")}).config_path == tmp_path / "etc" / "presswatch.yaml"
    )


def test_a_named_file_that_is_not_there_is_a_problem_not_the_starter(tmp_path: Path) -> None:
    (told,) = problems(tmp_path / "presswatch.yaml")
    assert told.message == "no such file or directory"
    assert told.hint == "presswatch init writes one"


def test_credentials_of_systemd_come_before_files_beside_the_settings(write: Write, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "telegram.url").write_text("tgram://from-systemd/chat")
    assert loaded(write(), CREDENTIALS_DIRECTORY=str(credentials)).channels[0].options["url"] == "tgram://from-systemd/chat"


def test_commands_that_send_nothing_need_no_secrets(write: Write, tmp_path: Path) -> None:
    path = write()
    (tmp_path / "telegram.url").unlink()
    found = load(path, environ={}, secrets=False)
    assert "url" not in found.channels[0].options
    assert found.secrets == ()


def test_a_doubled_dollar_writes_a_literal_brace(write: Write) -> None:
    found = loaded(write(presswatch=PRESSWATCH.replace("${SMTP_PASSWORD}", "$${SMTP_PASSWORD}")))
    assert found.channels[1].options["password"] == "${SMTP_PASSWORD}"


def test_local_outlets_entities_and_themes_override_the_included_seeds_by_id(write: Write) -> None:
    outlets = OUTLETS.replace("name: Neue Zeitung", "name: NZZ")
    found = loaded(
        write(
            presswatch=PRESSWATCH + "include: builtin:china-ai\nexclude: {outlets: [heise], themes: [hangzhou-startups]}\n", outlets=outlets
        )
    )
    ids = [o.outlet_id for o in found.outlets]
    assert len(ids) == len(set(ids))
    assert "heise" not in ids
    assert next(o for o in found.outlets if o.outlet_id == "nzz").home == "https://zeitung.example"
    themes = {t.theme_id: t.label for t in found.rules.themes}
    assert themes["deepseek-next"] == "The next one"
    assert "nvidia-sanctions" in themes
    assert "hangzhou-startups" not in themes


def test_the_version_of_a_rule_set_follows_its_rules_not_its_layout(write: Write) -> None:
    version = loaded(write()).rules.version
    assert loaded(write(themes="# moved\n\n" + THEMES)).rules.version == version
    assert loaded(write(themes=THEMES.replace("Deepseek R2: start.", "Deepseek R2, start."))).rules.version == version
    assert loaded(write(themes=THEMES.replace("chip AND ban", "chip AND bans"))).rules.version != version
    assert loaded(write(entities=ENTITIES.replace("=DSK", "=DSQ"))).rules.version != version


def test_yaml_of_today_leaves_norwegian_and_times_alone(write: Write) -> None:
    found = loaded(write(outlets=OUTLETS.replace("country: CH", "country: NO").replace("section: Technik", "section: 12:30")))
    assert found.outlets[0].country == "NO"
    assert found.outlets[0].sources[0].section == "12:30"


def test_the_machines_time_zone_serves_where_none_is_named() -> None:
    assert system_timezone({"TZ": "Asia/Shanghai"}) == "Asia/Shanghai"
    assert system_timezone({"TZ": ":Europe/Paris"}) == "Europe/Paris"
    assert "/" in system_timezone({"TZ": "nowhere"}) or system_timezone({"TZ": "nowhere"}) == "UTC"


def test_all_problems_of_all_files_are_told_at_once(write: Write) -> None:
    told = problems(
        write(
            presswatch=PRESSWATCH.replace("timezone:", "timezzone:")
            .replace("workers: 2", "workers: 0")
            .replace("to: terminal", "to: nobody"),
            outlets=OUTLETS.replace("tier: 1", "tier: 9"),
            themes=THEMES.replace("severity: high", "severity: hihg"),
            entities="entities: [",
        )
    )
    assert [(Path(p.place).name, p.line) for p in told] == [
        ("presswatch.yaml", 3),
        ("presswatch.yaml", 21),
        ("presswatch.yaml", 24),
        ("all.yaml", 6),
        ("entities.yaml", 1),
        ("themes.yaml", 5),
    ]


def test_what_is_wrong_with_queries_is_told_beside_everything_else(write: Write) -> None:
    path = write(
        presswatch=PRESSWATCH.replace("workers: 2", "workers: 0"),
        themes=THEMES.replace("severity: high", "severity: hihg").replace("chip AND ban", "chip ban").replace("@flagship", "@flagshp"),
        entities=ENTITIES.replace("kind: company", "knid: company"),
    )
    with pytest.raises(ConfigError) as caught:
        load(path, environ=ENVIRON, lint=True)
    told = [(Path(p.place).name, p.line, p.code) for p in caught.value.problems]
    assert told == [
        ("presswatch.yaml", 24, None),
        ("entities.yaml", 4, None),
        ("themes.yaml", 5, None),
        ("themes.yaml", 8, "E-entity"),
        ("themes.yaml", 18, "E-juxt"),
    ]


def test_subscriptions_are_not_blamed_for_channels_that_cannot_be_read(write: Write) -> None:
    told = problems(write(presswatch=PRESSWATCH.replace("kind: apprise", "knid: apprise")))
    assert {p.line for p in told} == {6}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_taken_or_refused_with_a_place_but_never_crashes(write: Write, data: st.DataObject) -> None:
    texts = {"presswatch": PRESSWATCH, "outlets": OUTLETS, "entities": ENTITIES, "themes": THEMES}
    name = data.draw(st.sampled_from(sorted(texts)))
    text = texts[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    junk = data.draw(
        st.one_of(
            st.text(max_size=8), st.sampled_from(["\t", "- ", ": ", "{", "[", "'", "&a ", "*a", "\n", "null", "0x1F", "1e400", "${X}"])
        )
    )
    damaged = (text[:start] + junk + text[end:]).encode("utf-8", errors="surrogatepass")
    path = write()
    target = {"presswatch": path, "outlets": path.parent / "outlets" / "all.yaml"}.get(name, path.parent / f"{name}.yaml")
    target.write_bytes(damaged)
    told: tuple[Problem, ...] | None = None
    try:
        load(path, environ=ENVIRON)
    except ConfigError as error:
        told = error.problems
    assert told is None or (told and all(p.line >= 1 and p.column >= 1 and p.place and p.message for p in told))


def test_a_subscribers_own_headers_are_secrets_and_must_be_there(write: Write, tmp_path: Path) -> None:
    (tmp_path / "outlets").mkdir(exist_ok=True)
    (tmp_path / "outlets" / "nzz.headers").write_text("Cookie: planted-cookie\nX-Empty:\n")
    trustme.CA().cert_pem.write_to_path(tmp_path / "outlets" / "own.pem")
    extra = "    headers_file: nzz.headers\n    ca_file: own.pem\n    selectors: {headline: h1, body: article, drop: .ad}\n    sources:\n      - feed:"
    found = loaded(write(outlets=OUTLETS.replace("    sources:\n      - feed:", extra, 1)))
    outlet = found.outlets[0]
    assert outlet.headers_file == str(tmp_path / "outlets" / "nzz.headers")
    assert outlet.ca_file == str(tmp_path / "outlets" / "own.pem")
    assert outlet.selectors is not None
    assert (outlet.selectors.headline, outlet.selectors.drop) == ("h1", (".ad",))
    assert "planted-cookie" in found.secrets
    (told,) = problems(write(outlets=OUTLETS.replace("    sources:", "    headers_file: none.headers\n    sources:", 1)))
    assert told.message.endswith("none.headers: no such file")


@pytest.mark.parametrize(
    ("key", "content", "said"),
    [
        ("headers_file", b"# mine\nCookie planted-token\n", "line 2 is not 'Name: value'"),
        ("headers_file", b"Cookie: planted-token\x07\n", "line 1 holds control characters"),
        ("headers_file", b"Cookie: \xff\xfe", "it is no text in UTF-8"),
        ("ca_file", b"planted-token", "no certificates are in it"),
        ("ca_file", b"", "no certificates are in it"),
    ],
)
def test_files_of_an_outlet_that_cannot_be_used_are_told_without_what_they_hold(
    write: Write, tmp_path: Path, key: str, content: bytes, said: str
) -> None:
    (tmp_path / "outlets").mkdir(exist_ok=True)
    (tmp_path / "outlets" / "own").write_bytes(content)
    (told,) = problems(write(outlets=OUTLETS.replace("    sources:", f"    {key}: own\n    sources:", 1)))
    assert said in told.message
    assert "planted" not in f"{told}"


def test_a_value_and_its_file_say_the_same_twice(write: Write, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("planted-token")
    told = problems(
        write(presswatch=PRESSWATCH.replace("url_file: telegram.url}", "url_file: telegram.url, url: x}") + "token: a\ntoken_file: t\n")
    )
    assert [p.message for p in told] == ["'url' and 'url_file' say the same twice", "'token' and 'token_file' say the same twice"]


def test_a_channels_certificates_are_a_path_not_a_secret(write: Write, tmp_path: Path) -> None:
    found = loaded(write(presswatch=PRESSWATCH.replace("    host: mail.example\n", "    host: mail.example\n    ca_file: own.pem\n")))
    assert found.channels[1].options["ca_file"] == str(tmp_path / "own.pem")


def test_a_channels_template_is_read_and_is_no_secret(write: Write, tmp_path: Path) -> None:
    (tmp_path / "mail.html").write_text("<b>$headline</b> $url $themes\n")
    given = PRESSWATCH.replace("    host: mail.example\n", "    host: mail.example\n    template_file: mail.html\n")
    found = loaded(write(presswatch=given))
    assert found.channels[1].options["template"] == "<b>$headline</b> $url $themes\n"
    assert not any("$headline" in secret for secret in found.secrets)
    (tmp_path / "mail.html").write_bytes(b"\xff")
    (told,) = problems(tmp_path / "presswatch.yaml")
    assert told.message.endswith("mail.html: not a text in utf-8")
    (tmp_path / "mail.html").unlink()
    (told,) = problems(tmp_path / "presswatch.yaml")
    assert told.message.endswith("mail.html: no such file or directory")


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe", b"a\0b"])
def test_a_secret_that_is_none_is_said(write: Write, tmp_path: Path, content: bytes) -> None:
    path = write()
    (tmp_path / "telegram.url").write_bytes(content)
    (told,) = problems(path)
    assert told.message.endswith("is empty or not a text of one secret")
    assert told.line == 6


def test_an_archives_url_may_stand_in_a_file_of_its_own(write: Write, tmp_path: Path) -> None:
    (tmp_path / "db").write_text("postgresql://u:planted@db.example/news\n")
    found = loaded(write(presswatch=PRESSWATCH.replace("archive: archive.db", "archive_url_file: db")))
    assert found.archive == "postgresql://u:planted@db.example/news"
    assert "planted" not in repr(found)


def test_two_channels_and_two_subscriptions_alike_are_told_apart_by_name(write: Write) -> None:
    twice = PRESSWATCH.replace("name: terminal, kind", "name: newsdesk, kind").replace("to: terminal", "to: newsdesk")
    (told,) = problems(write(presswatch=twice))
    assert "'newsdesk' is there already" in told.message
    again = PRESSWATCH.replace("listen:", "  - {to: terminal, notices: [channel-dead, silent]}\nlisten:")
    (told,) = problems(write(presswatch=again))
    assert "the same subscription is there already" in told.message
    named = PRESSWATCH.replace("listen:", "  - {to: terminal, name: again, notices: [channel-dead, silent]}\nlisten:")
    assert loaded(write(presswatch=named)).subscriptions[-1].subscription_id == "again"


def test_a_folder_and_patterns_lead_to_files(write: Write, tmp_path: Path) -> None:
    path = write(presswatch=PRESSWATCH + f"outlets: outlets\nthemes: [{tmp_path}/them*.yaml]\nentities: ./entities.yaml\n")
    assert [p.name for p in loaded(path).files] == ["presswatch.yaml", "all.yaml", "entities.yaml", "themes.yaml"]


def test_an_unknown_id_to_leave_out_is_said(write: Write) -> None:
    (told,) = problems(write(presswatch=PRESSWATCH + "exclude: {outlets: [caixxin]}\n"))
    assert (told.message, told.hint) == ("there is no 'caixxin' among the outlets", "did you mean 'caixin'?")


def test_the_heartbeat_and_the_token_are_read_and_hidden(write: Write, tmp_path: Path) -> None:
    (tmp_path / "beat").write_text("https://beat.example/planted\n")
    found = loaded(write(presswatch=PRESSWATCH + "heartbeat_url_file: beat\ntoken: planted-token\n"))
    assert (found.heartbeat_url, found.token) == ("https://beat.example/planted", "planted-token")
    assert {"https://beat.example/planted", "planted-token"} <= set(found.secrets)
    assert "planted" not in repr(found)


def test_the_key_that_signs_links_is_read_and_hidden(write: Write, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("planted-key-of-links\n")
    found = loaded(write(presswatch=PRESSWATCH + "link_key_file: key\n"))
    assert found.link_key == "planted-key-of-links"
    assert "planted-key-of-links" in found.secrets
    assert "planted" not in repr(found)


def test_systemd_and_drills_speak_through_the_environment(write: Write) -> None:
    found = loaded(write(), NOTIFY_SOCKET="@notify", WATCHDOG_USEC="90000000", PRESSWATCH_CRASH_AT="after fetch")
    assert (found.notify_socket, found.watchdog_usec, found.crash_at) == ("@notify", "90000000", "after fetch")
