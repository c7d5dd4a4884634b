from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import Entry, SourceRead
from crawler.sources import NeedsFallback, Unreadable
from tests.readings import URL, item, read, rss

NAMESPACES = (
    '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:x="urn:other">'
)


def one(items: str, **options: str) -> Entry:
    found = read(rss(f"<item>{items}</item>", opening=NAMESPACES), **options)  # type: ignore[arg-type]
    assert len(found.entries) == 1
    return found.entries[0]


def atom(entry: str, feed: str = "") -> SourceRead:
    return read(f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title>{feed}<entry>{entry}</entry></feed>')


def test_an_rss_item_becomes_an_entry() -> None:
    found = one(
        "<title>Chips &amp; more</title><link>https://a.example/1?utm_source=rss</link><guid isPermaLink='false'>g1</guid>"
        "<pubDate>Sun, 01 Mar 2026 09:30:00 +0100</pubDate><description>&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second.&lt;/p&gt;</description>"
        "<content:encoded><![CDATA[<p>The <b>whole</b> text.</p><script>x()</script><p>Its end.</p>]]></content:encoded>"
        "<dc:creator>Jo Doe</dc:creator><author>ed@a.example (Ed Itor)</author><category>Tech</category><category>Chips</category>"
        "<media:content url='https://a.example/1.jpg' medium='image'/><dc:language>en</dc:language>"
    )
    assert found == Entry(
        key="https://a.example/1",
        url="https://a.example/1",
        outlet_id="a",
        source_id="a#00000000",
        title="Chips & more",
        summary="First.\nSecond.",
        text="The whole text.\nIts end.",
        guid="g1",
        published_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        language="en",
        authors=("Jo Doe", "Ed Itor"),
        tags=("Tech", "Chips"),
        image_url="https://a.example/1.jpg",
    )


def test_an_atom_entry_becomes_an_entry() -> None:
    found = atom(
        "<title type='html'>Der &lt;b&gt;Titel&lt;/b&gt;</title><link rel='self' href='https://a.example/self'/>"
        "<link rel='alternate' type='application/pdf' href='/1.pdf'/><link rel='alternate' type='text/html' href='/1.html'/><id>tag:a,1</id>"
        "<updated>2026-02-28T10:00:00Z</updated><published>2026-02-27T10:00:00+01:00</published>"
        "<summary type='text'>1 &lt; 2</summary><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Ein</p><p>Text</p></div></content>"
        "<author><name>A. Muster</name><email>a@a.example</email></author><category term='ki' label='KI'/>"
    )
    entry = found.entries[0]
    assert (entry.title, entry.url, entry.guid) == ("Der Titel", "https://a.example/1.html", "tag:a,1")
    assert (entry.summary, entry.text) == ("1 < 2", "Ein\nText")
    assert entry.published_at == datetime(2026, 2, 27, 9, tzinfo=UTC)
    assert entry.modified_at == datetime(2026, 2, 28, 10, tzinfo=UTC)
    assert (entry.authors, entry.tags) == (("A. Muster",), ("KI", "ki"))
    assert (found.title, found.language, found.tz_offset_s, found.parser) == ("A", "de", 3600, "lxml")


def test_an_rdf_item_becomes_an_entry() -> None:
    found = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://a.example/"><title>A</title><items><rdf:Seq><rdf:li resource="https://a.example/1"/></rdf:Seq></items></channel>'
        '<item rdf:about="https://a.example/1"><title>One</title><link>https://a.example/1</link><dc:date>2026-02-01</dc:date></item>'
        '<item rdf:about="https://a.example/2"><title>Two</title></item></rdf:RDF>'
    )
    assert [(e.url, e.title) for e in found.entries] == [("https://a.example/1", "One"), ("https://a.example/2", "Two")]
    assert found.entries[0].published_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_json_feed_item_becomes_an_entry() -> None:
    found = read(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "A",
                "language": "en",
                "items": [
                    {
                        "id": 7,
                        "url": "https://a.example/1",
                        "title": "One",
                        "summary": "Short",
                        "content_html": "<p>Long</p>",
                        "date_published": "2026-02-01T00:00:00Z",
                        "date_modified": "2026-02-02T00:00:00Z",
                        "authors": [{"name": "Jo"}, {"url": "x"}, 3],
                        "tags": ["a", " ", 3],
                        "image": "/1.png",
                        "language": "de",
                    },
                    {"id": "https://a.example/2", "content_text": "a <b", "author": {"name": "Ed"}, "tags": "x"},
                    "nothing",
                    {"external_url": "https://a.example/3", "title": True},
                ],
            }
        )
    )
    first, second, third = found.entries
    assert (first.guid, first.url, first.title, first.summary, first.text) == ("7", "https://a.example/1", "One", "Short", "Long")
    assert (first.authors, first.tags, first.image_url, first.language) == (("Jo",), ("a",), "https://a.example/1.png", "de")
    assert first.modified_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert (second.url, second.text, second.authors, second.tags) == ("https://a.example/2", "a <b", ("Ed",), ())
    assert (third.url, third.title) == ("https://a.example/3", "")
    assert found.is_partial
    assert found.parser == "json"
    assert "items that are no objects left out" in found.repairs


@pytest.mark.parametrize(
    ("item_xml", "url"),
    [
        ("<link>/1</link>", "https://a.example/1"),
        ("<link>two.html</link>", "https://a.example/news/two.html"),
        ("<link><![CDATA[ https://a.example/1?a=1&b=2 ]]></link>", "https://a.example/1?a=1&b=2"),
        ("<link href='https://a.example/1'/>", "https://a.example/1"),
        ("<link>https://a.example/a b</link>", "https://a.example/a%20b"),
        ("<link>\n https://a.example/a\nb\n</link>", "https://a.example/ab"),
        ("<link>https://a.example/?a=1&amp;amp;b=2</link>", "https://a.example/?a=1&b=2"),
        ("<link>https://a.example/</link>", "https://a.example/"),
        ("<link>https://a.example/</link><guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<link>https://a.example/</link><guid>https://b.example/</guid>", "https://a.example/"),
        ("<link/><atom:link href='https://a.example/1'/>", "https://a.example/1"),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='true'>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='false'>https://a.example/1</guid>", None),
        ("<guid>tag:1</guid>", None),
        ("<link>https://proxy.example/1</link><feedburner:origLink>https://a.example/1</feedburner:origLink>", "https://a.example/1"),
        ("<atom:link rel='http://www.iana.org/assignments/relation/alternate' href='https://a.example/1'/>", "https://a.example/1"),
        ("<atom:link rel='via' href='https://a.example/1'/>", "https://a.example/1"),
        ("<atom:link rel='enclosure' href='https://a.example/1.mp3'/><title>t</title>", None),
        ("<x:link>https://other.example/</x:link><title>t</title>", None),
    ],
)
def test_links_are_found_wherever_dialects_put_them(item_xml: str, url: str | None) -> None:
    assert one(item_xml).url == url


@pytest.mark.parametrize(
    "link", ["file:///etc/passwd", "javascript:alert(1)", "http://u@127.0.0.1/", "http://a.example\\@b/", "data:text/html,x"]
)
def test_a_link_that_may_not_be_fetched_stays_for_the_guard_to_refuse(link: str) -> None:
    found = read(rss(f"<item><title>t</title><link>{link}</link><guid>same</guid></item>" + item()))
    assert found.entries[0].url == link
    assert found.entries[0].key.startswith("link:a:")
    assert any("links kept though the URL" in repair for repair in found.repairs)


def test_a_second_link_is_taken_where_the_first_is_none() -> None:
    assert one("<link>urn:x</link><guid>https://a.example/1</guid>").url == "https://a.example/1"


def test_items_with_one_guid_stay_apart_by_their_links() -> None:
    items = "".join(f"<item><title>{n}</title><link>https://a.example/{n}</link><guid>same</guid></item>" for n in range(9))
    assert len({entry.key for entry in read(rss(items)).entries}) == 9


def test_items_without_links_that_share_a_guid_stay_apart_by_their_words() -> None:
    items = "".join(f"<item><title>{n}</title><guid isPermaLink='false'>same</guid></item>" for n in (1, 2, 2, 3))
    found = read(rss(items))
    assert [entry.title for entry in found.entries] == ["1", "2", "3"]
    assert found.entries[0].key == "guid:a:same"
    assert "items listed twice" in found.repairs


def test_items_that_link_to_one_page_stay_apart_by_guids_that_are_links() -> None:
    items = "".join(
        f"<item><title>{n}</title><link>https://a.example/news</link><guid>https://a.example/{n}</guid></item>" for n in range(4)
    )
    assert len(read(rss(items)).entries) == 4
    fragments = "".join(f"<item><title>{n}</title><link>https://a.example/news#{n}</link><guid>{n}</guid></item>" for n in range(4))
    assert len(read(rss(fragments)).entries) == 1


def test_items_of_one_identity_are_kept_once() -> None:
    found = read(rss(item(1) + item(1) + item(2)))
    assert [entry.title for entry in found.entries] == ["Good 1", "Good 2"]
    assert "items listed twice" in found.repairs


def test_an_item_that_says_nothing_is_left_out_and_counted() -> None:
    found = read(rss("<item/><item><title> </title></item><item><pubDate>Sun, 01 Mar 2026 09:30:00 GMT</pubDate></item>" + item()))
    assert len(found.entries) == 2
    assert "items that say nothing left out (2)" in found.repairs


def test_xml_base_and_content_location_resolve_links() -> None:
    body = '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://b.example/x/"><entry xml:base="y/"><link href="1"/></entry></feed>'
    assert read(body).entries[0].url == "http://b.example/x/y/1"
    bad = body.replace('"y/"', '"http://["')
    assert read(bad).entries[0].url == "http://b.example/x/1"
    relative = "<rss><channel><item><link>1</link></item></channel></rss>"
    assert read(relative, headers={"content-location": "/other/"}).entries[0].url == "https://a.example/other/1"
    assert read(relative, headers={"content-location": "http://["}).entries[0].url == "https://a.example/news/1"


@pytest.mark.parametrize(
    ("xml", "at"),
    [
        ("<pubDate>Sun, 01 Mar 2026 09:30:00 GMT</pubDate>", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("<dc:date>2026-02-01T08:00:00+08:00</dc:date>", datetime(2026, 2, 1, tzinfo=UTC)),
        ("<dcterms:issued>2026-02-01</dcterms:issued>", datetime(2026, 2, 1, tzinfo=UTC)),
        ("<atom:updated>2026-02-01T00:00:00Z</atom:updated>", datetime(2026, 2, 1, tzinfo=UTC)),
        ("<pubDate>soon</pubDate><dc:date>2026-02-01</dc:date>", datetime(2026, 2, 1, tzinfo=UTC)),
        ("<pubDate>Fri, 31 Dec 9999 23:59:59 GMT</pubDate>", None),
        ("<pubDate>Sat, 00 Jan 0000 00:00:00 GMT</pubDate>", None),
        ("<pubDate>Mon, 01 Jan 1601 00:00:00 GMT</pubDate>", None),
        ("<pubDate>Tue, 03 Mar 2026 12:00:00 GMT</pubDate>", None),
        ("<pubDate>Mon, 02 Mar 2026 11:59:59 GMT</pubDate>", datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC)),
        ("<pubDate></pubDate>", None),
    ],
)
def test_dates_are_believed_where_they_can_be(xml: str, at: datetime | None) -> None:
    assert one("<title>t</title>" + xml).published_at == at


def test_titles_and_texts_have_their_fallbacks() -> None:
    found = one(
        "<media:group><media:title>T</media:title><media:description>D</media:description><media:thumbnail url='/t.jpg'/></media:group><guid>g</guid>"
    )
    assert (found.title, found.summary, found.image_url) == ("T", "D", "https://a.example/t.jpg")
    both = one("<description>Short</description><summary>Another</summary><guid>g</guid>")
    assert (both.summary, both.text) == ("Short", "Another")
    own = one("<media:title>M</media:title><title>T</title><itunes:summary>I</itunes:summary><description>D</description><guid>g</guid>")
    assert (own.title, own.summary) == ("T", "D")


def test_what_is_said_twice_is_kept_once() -> None:
    found = one(
        "<guid>g</guid><guid>h</guid><description>Short</description><summary>Short</summary><media:group><media:rating>x</media:rating></media:group>"
        "<content:encoded>The longer text</content:encoded><content:encoded>Less</content:encoded>"
    )
    assert (found.guid, found.summary, found.text) == ("g", "Short", "The longer text")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Z&uuml;rich", "Zürich"),
        ("Z&amp;uuml;rich", "Zürich"),
        ("<![CDATA[Z&uuml;rich &amp; Bern]]>", "Zürich & Bern"),
        ("a &lt;b&gt;bold&lt;/b&gt; claim", "a bold claim"),
        ("List&lt;String&gt; in Java", "List<String> in Java"),
        ("1 &lt; 2", "1 < 2"),
        ("AT&T", "AT&T"),
        ("?a=1&copy=2", "?a=1©=2"),
        ("&nosuch; thing", "&nosuch; thing"),
        ("&#146;tis &#x92;", "’tis ’"),
        ("a&#0;b&#xD800;c&#31;d&#xFFFF;e&#127;f", "abcdef"),
        ("&#128512;", "😀"),
        ("a\x00b\x1bc\x7fd", "abcd"),
        ("a\ufffeb", "ab"),
        ("x\u0092y", "x’y"),
        ("bare <b>markup</b> here", "bare markup here"),
        ("  many \n\t spaces\u3000here ", "many spaces here"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Safe", "Safe"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("&lt;!-- hidden --&gt;seen", "seen"),
        ("cafe\u0301", "café"),
    ],
)
def test_titles_are_plain_text(title: str, text: str) -> None:
    assert one(f"<title>{title}</title><guid>g</guid>").title == text


@pytest.mark.parametrize(
    ("attributes", "title", "text"),
    [
        ("type='text'", "a &lt;b&gt; c", "a <b> c"),
        ("type='html'", "a &lt;b&gt;b&lt;/b&gt;", "a b"),
        ("", "Caf&amp;eacute;", "Café"),
        ("", "&lt;b&gt;forgot&lt;/b&gt; the type", "forgot the type"),
        ("", "1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("type='text/html' mode='escaped'", "a &amp;amp; b", "a & b"),
    ],
)
def test_atom_titles_are_read_by_their_type(attributes: str, title: str, text: str) -> None:
    assert atom(f"<title {attributes}>{title}</title><id>i</id>").entries[0].title == text


def test_content_that_is_no_text_is_left_out() -> None:
    found = atom("<id>i</id><content type='image/png'>aGFsbG8=</content><content src='https://a.example/1'/>").entries[0]
    assert (found.text, found.url) == ("", "https://a.example/1")


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        ("<content type='application/octet-stream'>PHA+RWluIFRleHQ8L3A+</content>", "Ein Text"),
        ("<content mode='base64'>RWluIFRleHQ=</content>", "Ein Text"),
        ("<content mode='base64'>no base64!</content>", ""),
        ("<content mode='base64'>/////w==</content>", ""),
        ("<content mode='base64'/>", ""),
    ],
)
def test_text_packed_as_base64_is_unpacked(packed: str, text: str) -> None:
    assert atom("<id>i</id>" + packed).entries[0].text == text


@pytest.mark.parametrize(
    ("guid", "known_as"),
    [("/1", "https://a.example/1"), ("a/1", "https://a.example/x/a/1"), ("a1", "a1"), ("tag:a/1", "tag:a/1"), ("//[", "//[")],
)
def test_an_id_that_is_a_path_is_resolved(guid: str, known_as: str) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/x/"><entry><id>{guid}</id></entry></feed>'
    assert read(body).entries[0].guid == known_as


def test_pictures_are_found_in_their_several_ways() -> None:
    assert one("<enclosure url='/1.jpg' type='image/jpeg'/><guid>g</guid>").image_url == "https://a.example/1.jpg"
    assert one("<enclosure url='/1.mp3' type='audio/mpeg'/><guid>g</guid>").image_url is None
    assert one("<media:content url='/1.webp?w=1'/><guid>g</guid>").image_url == "https://a.example/1.webp?w=1"
    assert one("<itunes:image href='/1.png'/><guid>g</guid>").image_url == "https://a.example/1.png"
    assert one("<image><url>/1.gif</url></image><guid>g</guid>").image_url == "https://a.example/1.gif"
    assert one("<image/><guid>g</guid>").image_url is None
    assert (
        one("<description>&lt;img alt='' src=\"/a.png?x=1&amp;amp;y=2\"&gt;</description><guid>g</guid>").image_url
        == "https://a.example/a.png?x=1&y=2"
    )
    assert one("<description>&lt;img alt='x'&gt;</description><guid>g</guid>").image_url is None
    assert one("<media:thumbnail url='javascript:1'/><guid>g</guid>").image_url is None
    assert atom("<id>i</id><link rel='enclosure' type='image/png' href='/e.png'/>").entries[0].image_url == "https://a.example/e.png"


@pytest.mark.parametrize(
    ("xml", "authors"),
    [
        ("<author>ed@a.example (Ed Itor)</author>", ("Ed Itor",)),
        ("<author>Ed Itor &lt;ed@a.example&gt;</author>", ("Ed Itor",)),
        ("<author>ed@a.example</author>", ("ed@a.example",)),
        ("<dc:creator>A</dc:creator><dc:creator>B</dc:creator><dc:creator>A</dc:creator>", ("A", "B")),
        ("<author> </author>", ()),
        ("<atom:author><atom:name>N</atom:name><atom:uri>u</atom:uri></atom:author>", ("N",)),
    ],
)
def test_authors_are_names_without_addresses(xml: str, authors: tuple[str, ...]) -> None:
    assert one("<guid>g</guid>" + xml).authors == authors


def test_tags_are_read_from_text_label_and_nesting() -> None:
    found = one(
        "<guid>g</guid><tags>one, two,</tags><itunes:category text='Tech'><itunes:category text='Chips'/></itunes:category><category> </category>"
    )
    assert found.tags == ("one", "two", "Tech", "Chips")


def test_the_channel_tells_its_rhythm() -> None:
    channel = (
        "<ttl>30</ttl><language>de_CH</language><skipHours><hour>0</hour><hour>24</hour><hour>3</hour><hour>x</hour></skipHours>"
        "<skipDays><day>Sunday</day><day>Someday</day></skipDays><sy:updatePeriod>hourly</sy:updatePeriod>"
    )
    found = read(rss(item(), channel=channel, opening=NAMESPACES))
    assert (found.ttl_s, found.skip_hours, found.skip_days, found.language) == (1800.0, (0, 3), (6,), "de-CH")


@pytest.mark.parametrize(
    ("channel", "ttl_s"),
    [
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 21_600.0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3_600.0),
        ("<sy:updatePeriod>never</sy:updatePeriod>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>0</ttl>", 0.0),
        ("", None),
    ],
)
def test_a_feed_may_say_how_often_it_changes(channel: str, ttl_s: float | None) -> None:
    assert read(rss(item(), channel=channel, opening=NAMESPACES)).ttl_s == ttl_s


def test_the_header_tells_the_language_where_the_feed_does_not() -> None:
    assert read(rss(item()), headers={"content-language": "fr, en"}).language == "fr"
    assert read(rss(item()), headers={"content-language": "no such language"}).language is None


def test_a_section_set_by_the_operator_is_kept() -> None:
    assert read(rss(item()), section="Wirtschaft").entries[0].section == "Wirtschaft"


@pytest.mark.parametrize(
    "opening",
    [
        '<rss version="0.91">',
        '<rss version="2.0" xmlns="http://backend.userland.com/rss2">',
        '<rss xmlns="urn:whatever">',
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss>',
        '<!DOCTYPE html><?xml-stylesheet href="x.xsl"?><!-- <rss> is a comment --><rss>',
        "<RSS>",
    ],
)
def test_whatever_stands_before_the_items_they_are_read(opening: str) -> None:
    closing = "</RSS>" if opening.endswith("<RSS>") else "</rss>"
    body = f"{opening}<channel>{item()}</channel>{closing}"
    assert [entry.title for entry in read(body).entries] == ["Good 1"]


def test_prefixes_that_were_never_declared_mean_what_they_usually_mean() -> None:
    found = read(
        "<rss:rss><rss:channel><rss:item><dc:creator>Jo</dc:creator><rss:title>T</rss:title><no:title>N</no:title></rss:item></rss:channel></rss:rss>"
    )
    assert (found.entries[0].title, found.entries[0].authors) == ("T", ("Jo",))


def test_foreign_elements_of_the_same_name_are_not_ours() -> None:
    assert one("<x:title>Theirs</x:title><title>Ours</title><x:description>Theirs</x:description><guid>g</guid>").summary == ""


def test_text_before_the_feed_is_dropped_with_a_word() -> None:
    assert "text before the feed dropped" in read("Warning: something in line 3\n" + rss(item())).repairs


def test_entities_that_the_document_declares_as_text_are_known() -> None:
    body = '<!DOCTYPE rss [<!ENTITY name "Presse"><!ENTITY evil SYSTEM "file:///etc/passwd"><!ENTITY deep "&name;&name;">]>' + rss(
        "<item><title>&name;|&evil;|&deep;</title></item>"
    )
    assert read(body).entries[0].title == "Presse|&evil;|&deep;"


def test_an_empty_feed_is_readable() -> None:
    found = read(rss(""))
    assert found.entries == ()
    assert not found.is_partial


@pytest.mark.parametrize(
    "body", ["", "  ", "plain words", "<!DOCTYPE html><html><body>No feed</body></html>", '{"a": 1}', "[1, 2]", "{broken", "[" * 100_000]
)
def test_what_is_no_feed_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize("body", ["<CHANNEL><ITEM/>", "<opml><body/></opml>", "<!-- <rss>", "<rss", "<rss><channel><item><title>"])
def test_what_may_be_a_feed_is_left_to_the_second_reader(body: str) -> None:
    with pytest.raises(NeedsFallback) as needs:
        read(body)
    assert needs.value.so_far is None or needs.value.so_far.entries == ()


@pytest.mark.parametrize(
    "broken",
    [
        "<item><title>bare <b>bold <i>both</title><link>https://a.example/9</link></item>",
        "<item><title>a < b</title></item>",
        "<item><title>" + "<b>" * 5_000 + "</title></item>",
        "<item><title>" + "<b>" * 5_000 + "</b>" * 5_000 + "</title></item>",
        "<item>" * 2_000,
        "<item><title><![CDATA[never closed</title></item>",
        "<item><title><![CDATA[one]]></title><description><![CDATA[<item>]]></description><b></item>",
        "<item a=1><title>x</title></item>",
        "<item><title>&#xD800;</title></item>",
        "<item><title>" + "<" * 10_000 + "</title></item>",
        "<item><!-- never closed <title>x</title></item>",
    ],
)
def test_one_bad_item_never_loses_the_feed(broken: str) -> None:
    found = read(rss(item(1) + item(2) + broken + item(3)))
    titles = [entry.title for entry in found.entries]
    assert titles[:2] == ["Good 1", "Good 2"]
    assert "Good 3" in titles


def test_a_broken_feed_says_so_and_keeps_what_its_channel_says() -> None:
    found = read(rss(item(1) + "<item><title>a <b>c</title><link>https://a.example/2</link></item>" + item(3), channel="<ttl>5</ttl>"))
    assert [entry.title for entry in found.entries] == ["Good 1", "a c", "Good 3"]
    assert found.title == "A"
    assert found.ttl_s == 300.0
    assert any(repair.startswith("not well-formed") for repair in found.repairs)
    assert "broken items mended" in found.repairs


def test_of_a_feed_cut_off_in_the_middle_the_whole_items_are_kept() -> None:
    found = read(rss(item(1) + item(2) + "<item><title>Cut").split("Cut")[0] + "Cu")
    assert [entry.title for entry in found.entries] == ["Good 1", "Good 2"]
    assert found.is_partial
    assert "the last item is cut off and left out" in found.repairs


def test_a_root_that_cannot_be_parsed_does_not_hide_its_items() -> None:
    assert [e.title for e in read(f"<rss version=2.0><channel>{item()}</channel></rss>").entries] == ["Good 1"]
    assert [e.title for e in read(f'<rss x="{"a" * 20_000}" b><channel>{item()}</channel></rss>').entries] == ["Good 1"]


def test_ever_so_many_items_are_all_read() -> None:
    found = read(rss("".join(item(n) for n in range(3_000))))
    assert len(found.entries) == 3_000


def test_a_flood_of_broken_items_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.sources.document._MENDED_MAX", 10)
    bad = "".join(f"<item><title>a <b>{n}</title><guid>{n}</guid></item>" for n in range(300))
    found = read(rss(item(1) + bad + item(2)))
    assert found.entries[0].title == "Good 1"
    assert found.is_partial


def test_long_fields_are_cut_to_what_an_archive_wants() -> None:
    found = one(
        f"<title>{'t' * 5_000}</title><description>{'d' * 50_000}</description><content:encoded>{'c' * 2_000_000}</content:encoded>"
    )
    assert (len(found.title), len(found.summary), len(found.text)) == (1_000, 20_000, 400_000)


@pytest.mark.parametrize(
    ("items", "titles"),
    [
        ('{"id": "1", "title": "One"}, {"id": "2", "title": "Tw', ["One"]),
        ('{"id": "1", "title": "One" "url": "/1"}, {"id": "2", "title": "Two", "authors": [{"name": "A"}, {"name": "B"}]}]}', ["Two"]),
        ('{"id": "1", "title": "One", "authors": [{"name": "A"}, {"name": "B"}], oops}, {"id": "2", "title": "Two"}', ["Two"]),
        ('{"id": "1", "title": "One"}' + ',{"a":[' * 5_000, ["One"]),
    ],
)
def test_a_broken_json_feed_gives_the_items_that_are_whole(items: str, titles: list[str]) -> None:
    found = read('{"version": "https://jsonfeed.org/version/1", "title": "A", "items": [' + items)
    assert [entry.title for entry in found.entries] == titles
    assert found.is_partial
    assert "not valid JSON: what is broken left out" in found.repairs


def test_a_json_feed_without_end_is_read_that_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.sources.json_feed.ITEMS_MAX", 2)
    found = read('{"items": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}')
    assert (len(found.entries), found.is_truncated, found.is_partial) == (2, True, True)


def test_json_after_which_more_follows_is_read() -> None:
    found = read('{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "One"}]}   <!-- filler -->')
    assert [entry.title for entry in found.entries] == ["One"]
    assert "text after the JSON dropped" in found.repairs


def test_numbers_of_any_length_are_no_harm() -> None:
    found = read('{"items": [{"id": 1' + "0" * 50_000 + ', "title": "One"}, {"id": 2.5, "title": "Two"}]}')
    assert [entry.title for entry in found.entries] == ["One", "Two"]


FRAGMENTS = st.sampled_from([
    "<rss>", "<channel>", "<item>", "</item>", "</channel>", "</rss>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "</entry>", "</feed>",
    "<title>", "</title>", "<link>", "</link>", "<link href='", "'/>", "<![CDATA[", "]]>", "<!--", "-->", "&", "&amp;", "&#xD800;", "&uuml;", "<b>", "</b>",
    "<pubDate>Sun, 01 Mar 2026 09:30:00 GMT</pubDate>", "\x00", "text", "ü", "{", "}", "[", '"items"', ":", ",", "<?xml version='1.0' encoding='utf-16'?>",
    "<!DOCTYPE rss [", "<!ENTITY a 'b'>", "]>", "https://a.example/1", "<rdf:RDF>", "<description>", "</description>", "\ufffe", "<guid>", "</guid>",
])  # fmt: skip


@settings(max_examples=300)
@given(st.lists(FRAGMENTS, max_size=25).map("".join).map(str.encode) | st.binary(max_size=300))
def test_whatever_the_bytes_a_reading_is_a_reading_or_a_refusal(body: bytes) -> None:
    try:
        found = read(body, headers={"content-type": "text/xml; charset=gb2312"}, language="zh")
    except (Unreadable, NeedsFallback):
        return
    for entry in found.entries:
        assert entry.key
        assert entry.title == " ".join(entry.title.split())
        assert not any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in entry.title)


@settings(max_examples=100)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["id", "url", "title", "authors", "author", "name", "tags", "date_published", "content_html", "language", "image"]), inner, max_size=5)))  # fmt: skip
def test_whatever_a_json_feed_holds_good_items_are_kept(value: object) -> None:
    body = json.dumps(
        {
            "title": value,
            "language": value,
            "items": [{"id": "good", "title": "Good"}, value, {"id": value, "url": value, "authors": value}],
        }
    )
    assert read(body).entries[0].title == "Good"


def test_the_url_of_the_feed_is_the_base_of_its_links() -> None:
    assert read(rss("<item><link>x</link></item>"), url=URL).entries[0].url == "https://a.example/news/x"
