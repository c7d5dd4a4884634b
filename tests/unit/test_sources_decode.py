from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.sources import charsets
from crawler.sources.decode import charset_of, to_utf8

DE = "Die Größe der Übung überrascht: «für» größere Straßen, schön – „so“"
ZH = "中国人工智能公司发布新模型，性能超过预期，朱镕基"
TW = "中國人工智慧公司發布新模型，性能超過預期"
JA = "新しい人工知能モデルが発表されました。カタカナ"
RU = "Новая модель искусственного интеллекта вышла сегодня утром"


def xml(text: str, label: str | None = None) -> str:
    declared = f' encoding="{label}"' if label else ""
    return f'<?xml version="1.0"{declared}?><rss><title>{text}</title></rss>'


@pytest.mark.parametrize(
    ("text", "label", "codec"),
    [
        (DE, "utf-8", "utf-8"),
        (DE, "iso-8859-1", "cp1252"),
        (DE, "windows-1252", "cp1252"),
        (ZH, "gb2312", "gb18030"),
        (ZH, "GBK", "gb18030"),
        (TW, "big5", "big5hkscs"),
        (JA, "Shift_JIS", "cp932"),
        (JA, "euc-jp", "euc-jp"),
        (JA, "iso-2022-jp", "iso2022-jp"),
        (RU, "windows-1251", "cp1251"),
        (RU, "koi8-r", "koi8-r"),
    ],
)
def test_a_declared_charset_is_read_as_browsers_read_it(text: str, label: str, codec: str) -> None:
    body = xml(text, label).encode(codec)
    found = to_utf8(body)
    assert (found.codec, found.data.decode()) == (codec, xml(text, label))


def test_the_charset_of_the_answer_comes_before_the_declaration() -> None:
    body = xml(RU, "iso-8859-1").encode("cp1251")
    assert to_utf8(body, content_type="text/xml; charset=windows-1251").data.decode() == xml(RU, "iso-8859-1")


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_comes_before_everything(codec: str) -> None:
    mark = {
        "utf-8": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
        "utf-32-be": codecs.BOM_UTF32_BE,
    }
    body = mark[codec] + xml(ZH, "gb2312").encode(codec)
    assert to_utf8(body, content_type="text/xml; charset=gb2312").data.decode() == xml(ZH, "gb2312")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_are_known_by_their_zero_bytes(codec: str) -> None:
    assert to_utf8(xml(DE, "utf-16").encode(codec)).data.decode() == xml(DE, "utf-16")


def test_utf8_beyond_ascii_is_utf8_whatever_the_labels_say() -> None:
    found = to_utf8(xml(DE, "iso-8859-1").encode())
    assert found.data.decode() == xml(DE, "iso-8859-1")
    assert found.repairs == ("read as utf-8, though the declaration says cp1252",)
    assert to_utf8(xml(DE, "utf-16").encode()).repairs == ()


def test_an_html_page_declares_its_charset_in_a_meta_element() -> None:
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>{ZH}</title>'
    assert to_utf8(page.encode("gb18030")).data.decode() == page


@pytest.mark.parametrize(
    ("text", "codec", "language"),
    [
        (DE.replace("„so“", ""), "cp1252", "de-CH"),
        (DE.replace("„so“", ""), "cp1252", ""),
        (DE, "gb18030", "de"),
        (ZH, "gb18030", "zh-CN"),
        (TW, "big5hkscs", "zh-TW"),
        (JA, "cp932", "ja"),
        (RU, "cp1251", "ru"),
        ("Łódź, zażółć gęślą jaźń", "iso8859-2", "pl"),
        ("Größe", "cp1252", "xx"),
    ],
)
def test_without_a_true_label_the_outlets_language_decides(text: str, codec: str, language: str) -> None:
    body = xml(text, "utf-8").encode(codec)
    found = to_utf8(body, language=language)
    assert found.data.decode() == xml(text, "utf-8")
    assert "though labelled utf-8" in found.repairs[0]


def test_one_sign_beyond_the_languages_letters_does_not_make_it_another_encodings() -> None:
    assert to_utf8(xml("東京で新しい半導体工場 ①", "utf-8").encode("cp932"), language="ja").codec == "cp932"


@pytest.mark.parametrize("codec", ["koi8-r", "cp1251"])
def test_cyrillic_is_read_so_that_small_letters_are_small(codec: str) -> None:
    assert to_utf8(xml("Новости дня в Москве", "utf-8").encode(codec), language="ru").codec == codec


def test_kana_in_euc_are_no_halfwidth_kana() -> None:
    assert to_utf8(xml("ありがとう", "utf-8").encode("euc-jp"), language="ja").codec == "euc-jp"


def test_a_long_text_of_unknown_language_is_guessed() -> None:
    found = to_utf8((RU + " ").encode("cp1251") * 20)
    assert found.data.decode() == (RU + " ") * 20


def test_stray_windows_bytes_in_utf8_are_read_as_what_they_are() -> None:
    body = xml(DE * 3).encode() + "It’s…".encode("cp1252")
    found = to_utf8(body, language="de")
    assert found.data.decode() == xml(DE * 3) + "It’s…"
    assert "stray Windows bytes" in found.repairs[0]


def test_a_few_bad_bytes_do_not_turn_a_chinese_text_into_another() -> None:
    body = xml(ZH * 10, "gb2312").encode("gb18030") + b"\xff"
    found = to_utf8(body, language="zh")
    assert ZH in found.data.decode()
    assert found.repairs == ("bytes that are not gb18030 replaced",)


def test_bytes_that_no_codec_knows_are_still_read() -> None:
    assert to_utf8(b"\xff\xff\xff\xff" * 30, language="zh").codec
    assert to_utf8(b"a" + b"\x81\x8d\x8f\x90\x9d" * 9).data == b"a"


def test_a_page_in_bytes_that_are_not_its_marks_says_so() -> None:
    assert to_utf8(codecs.BOM_UTF8 + b"a\xff").repairs == ("bytes that are not utf-8 replaced",)


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "zh", "de", "ja", "xx", "zh-Hant-TW"]),
    st.sampled_from(["", "text/xml; charset=big5", "charset=nonsense"]),
)
def test_whatever_the_bytes_they_are_utf8_afterwards(body: bytes, language: str, content_type: str) -> None:
    assert to_utf8(body, content_type=content_type, language=language).data.decode("utf-8") is not None


def test_labels_that_are_no_charset_are_no_codec() -> None:
    assert charsets.codec("rot13") is None
    assert charsets.codec("utf-7") is None
    assert charsets.codec(None) is None
    assert charsets.codec(" 'GB2312' ") == "gb18030"
    assert charset_of('text/xml; charset="iso-8859-15"') == "iso8859-15"
    assert charset_of("text/xml") is None


@pytest.mark.parametrize("codec", sorted(set(charsets.CODECS.values())))
def test_every_codec_is_one_python_knows(codec: str) -> None:
    assert codecs.lookup(codec)


@pytest.mark.parametrize(
    ("language", "first"),
    [("zh-Hant-TW", "big5hkscs"), ("zh_CN", "gb18030"), ("de-AT", "cp1252"), ("JA", "cp932"), ("", None), ("tlh", None)],
)
def test_each_language_has_its_old_charsets(language: str, first: str | None) -> None:
    assert next(iter(charsets.of_language(language)), None) == first
