"""Names of character encodings: the labels of the WHATWG Encoding Standard, and what each language's pages were once written in."""

from __future__ import annotations

import re

# Python codec -> the labels that mean it. Browsers read several labels as their supersets; so do we.
_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf8mb4",
    "cp866": "ibm866 866 cp866 csibm866",
    "iso8859-2": "iso-8859-2 csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "iso-8859-3 csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "iso-8859-4 csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "iso-8859-5 csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso8859-6": "iso-8859-6 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 "
    "iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "iso-8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "iso-8859-8 csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual "
    "csiso88598i iso-8859-8-i logical",
    "iso8859-10": "iso-8859-10 csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "iso-8859-15 csisolatin9 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin-9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "koi8-r cskoi8r koi koi8 koi8_r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh csmacintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 cp874",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 win-1251",
    "cp1252": "windows-1252 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 "
    "latin1 latin-1 us-ascii x-cp1252 iso-8859-1-windows-3.1-latin-1",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 x-cp1254",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "gb18030": "gb18030 gbk chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk cp936 gb18030-2000 gb18030-2005 euc-cn",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 big5hkscs cp950",
    "euc-jp": "euc-jp cseucpkdfmtjapanese x-euc-jp eucjp",
    "iso2022-jp": "iso-2022-jp csiso2022jp",
    "cp932": "shift_jis csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis cp932",
    "cp949": "euc-kr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 cp949 euckr",
    "utf-16-be": "utf-16be unicodefffe",
    "utf-16-le": "utf-16le utf-16 csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff",
    "utf-32-le": "utf-32 utf-32le",
    "utf-32-be": "utf-32be",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "hz": "hz-gb-2312",
    "iso2022-kr": "iso-2022-kr csiso2022kr",
}  # fmt: skip
CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}

_BY_LANGUAGE = {
    "zh-tw": ("big5hkscs", "gb18030"), "zh-hk": ("big5hkscs", "gb18030"), "zh-mo": ("big5hkscs", "gb18030"), "zh-hant": ("big5hkscs", "gb18030"),
    "zh": ("gb18030", "big5hkscs"), "ja": ("cp932", "euc-jp"), "ko": ("cp949",), "ru": ("cp1251", "koi8-r"), "uk": ("cp1251", "koi8-u"),
    "be": ("cp1251",), "bg": ("cp1251",), "sr": ("cp1251", "cp1250"), "mk": ("cp1251",), "kk": ("cp1251",), "mn": ("cp1251",), "el": ("cp1253", "iso8859-7"),
    "tr": ("cp1254",), "az": ("cp1254",), "he": ("cp1255",), "yi": ("cp1255",), "ar": ("cp1256",), "fa": ("cp1256",), "ur": ("cp1256",),
    "pl": ("iso8859-2", "cp1250"), "cs": ("cp1250", "iso8859-2"), "sk": ("cp1250", "iso8859-2"), "hu": ("cp1250", "iso8859-2"),
    "sl": ("cp1250", "iso8859-2"), "hr": ("cp1250", "iso8859-2"), "bs": ("cp1250",), "ro": ("iso8859-16", "cp1250"), "sq": ("cp1252",),
    "lt": ("cp1257",), "lv": ("cp1257",), "et": ("cp1257",), "th": ("cp874",), "vi": ("cp1258",),
}  # fmt: skip
_WESTERN = "af ca cy da de en es eu fi fo fr ga gl id is it lb ms nb nl nn no pt sv sw tl"


def codec(label: str | None) -> str | None:
    """Return Python's name of the codec that a label means in browsers, None for labels there are none of."""
    return CODECS.get(label.strip(" \t\r\n\f\"'").lower()) if label else None


def of_language(language: str) -> tuple[str, ...]:
    """Return the codecs in which a language's pages used to be written, likeliest first; empty where nothing is known."""
    tag = language.lower().replace("_", "-")
    while tag:
        if tag in _BY_LANGUAGE:
            return _BY_LANGUAGE[tag]
        if tag in _WESTERN.split():
            return ("cp1252",)
        tag = tag.rpartition("-")[0]
    return ()


def letters_of(language: str) -> re.Pattern[str]:
    """Return what matches one character beyond ASCII that a language's texts are written with."""
    return _LETTERS.get(language.lower().replace("_", "-").partition("-")[0], _LATIN)


_MARKS = "\u00a0\u00a7\u00a9\u00ab\u00b0\u00b7\u00bb\u2010-\u2027\u2030-\u203a\u20ac\u2122"
_HAN = "\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef"
_HAN_FULL = "\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uff60"  # without the halfwidth kana that EUC-JP becomes in Shift_JIS
_LATIN = re.compile(f"[{_MARKS}\u00a1\u00aa\u00ba\u00bf\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_LETTERS = {
    "zh": re.compile(f"[{_MARKS}{_HAN}]"),
    "ja": re.compile(f"[{_MARKS}{_HAN_FULL}\u3040-\u30ff]"),
    "ko": re.compile(f"[{_MARKS}{_HAN}\uac00-\ud7af]"),
    "el": re.compile(f"[{_MARKS}\u0370-\u03ff]"),
    "he": re.compile(f"[{_MARKS}\u0590-\u05ff]"),
    "th": re.compile(f"[{_MARKS}\u0e00-\u0e7f]"),
    **dict.fromkeys(("ar", "fa", "ur"), re.compile(f"[{_MARKS}\u0600-\u06ff]")),
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk", "kk", "mn"), re.compile(f"[{_MARKS}\u0400-\u04ff\u2116]")),
}
