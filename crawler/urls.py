"""What a URL is called: parsing as browsers do, the canonical form that is an article's identity, host keys, source ids, slugs."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

import idna

MAX_CHARS = 2_000
_HOST_MAX = 255
DEFAULT_PORTS = {"http": 80, "https": 443}

_EDGES = "".join(map(chr, range(0x21)))  # C0 controls and space
_TAB_AND_NEWLINE = dict.fromkeys(map(ord, "\t\n\r"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PLAIN_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_IPV4_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_IPV6_TEXT = re.compile(r"[0-9A-Fa-f:]+(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})|[0-9A-Fa-f:]+")
_SAFE_IN_PATH = "%!$&'()*+,-./:;=@[]_|~"
_SAFE_IN_QUERY = "%!$&()*+,-./:;=?@[\\]^_`{|}~"
_SAFE_IN_FRAGMENT = "%!#$&'()*+,-./:;=?@[\\]^_{|}~"
_SINGLE_DOTS = {".", "%2e", "%2E"}
_DOUBLE_DOTS = {a + b for a in _SINGLE_DOTS for b in _SINGLE_DOTS}

# A URL that is canonical as it stands: most links of most feeds. Everything else takes the long way.
_ALREADY_CANONICAL = re.compile(
    r"https?://(?:(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}(?::(?!80/|443/)[1-9][0-9]{0,3})?(?:/(?!\.)[A-Za-z0-9_~!$'()*+,=:@-][A-Za-z0-9._~!$'()*+,=:@-]*)*/?"
)

_TRACKING_PREFIXES = (
    "utm_", "pk_", "mtm_", "matomo_", "piwik_", "hsa_", "_hs", "__hs", "itm_", "ns_", "at_medium", "at_campaign", "at_link", "at_ptr",
    "at_format", "at_bbc", "wt_mc", "wt_zmc", "wt.mc", "wt.tsrc", "oly_", "vero_", "guce_", "stm_", "trk_", "ga_", "sc_c", "dm_i",
)  # fmt: skip
_TRACKING_NAMES = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid", "ttclid", "li_fat_id", "igshid",
    "igsh", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "_openstat", "xtor", "xtref", "cmpid", "cmp_id", "s_cid", "s_kwcid", "ncid",
    "ocid", "ftag", "ftcamp", "guccounter", "ref_src", "ref_url", "spm", "scm", "rss_id", "feedtype", "feedname", "wickedid", "icid",
    "ito", "soc_src", "soc_trk", "srnd", "smid", "cvid", "wtrid", "traffic_source", "share_token", "sharefrom", "partnerid_rss",
})  # fmt: skip
# Names that often carry meaning and are dropped only with a value that can have none.
_FEED_MARKS = frozenset({"f", "from", "ref", "source", "src", "via", "partner", "cid", "medium", "feature", "mod", "rss", "output_from"})
_FEED_VALUES = frozenset({"rss", "feed", "atom", "rssfeed", "rss_feed", "feedburner", "syndication"})
_SESSION_NAMES = frozenset({
    "phpsessid", "jsessionid", "sessionid", "session_id", "session", "sess", "sid", "s_id", "cfid", "cftoken", "zenid", "oscsid", "osid", "viewstate",
})  # fmt: skip
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_,.-]{20,}|[0-9a-fA-F]{24,}")
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed URL: ``host`` is ASCII (IPv6 in brackets), ``port`` None where it is the scheme's own, ``query`` and ``fragment`` None where absent."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None = None
    fragment: str | None = None

    @property
    def effective_port(self) -> int:
        """The port that is dialled."""
        return self.port if self.port is not None else DEFAULT_PORTS[self.scheme]

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``."""
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port is not None else "")

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query is not None else ""
        fragment = f"#{self.fragment}" if self.fragment is not None else ""
        return f"{self.origin}{self.path}{query}{fragment}"


@lru_cache(maxsize=4096)
def parse(url: str, base: str | None = None) -> Address:
    """Parse an http or https URL as browsers do (WHATWG URL), or refuse it.

    ``base`` resolves relative references. Raises ValueError, naming the reason, on other schemes, user names, backslashes before the
    query, control characters and whatever the standard calls a failure: what is refused here is never fetched. The last results are
    remembered, since one fetch asks eight times for the parts of one URL.
    """
    text = url.strip(_EDGES)
    if not text.isprintable():
        text = text.translate(_TAB_AND_NEWLINE)
    if len(text) > MAX_CHARS:
        raise ValueError(f"is longer than {MAX_CHARS} characters")
    if _CONTROL.search(text):
        raise ValueError("holds control characters")
    text, hash_mark, fragment = text.partition("#")
    text, query_mark, query = text.partition("?")
    if "\\" in text:
        raise ValueError("holds a backslash")
    address = _locate(text, base, keep_query=not query_mark)
    if query_mark:
        address = replace(address, query=quote(query, safe=_SAFE_IN_QUERY))
    return replace(address, fragment=quote(fragment, safe=_SAFE_IN_FRAGMENT)) if hash_mark else address


def resolve(url: str, base: str | None = None) -> str:
    """Return the absolute URL as a browser would write it; raises ValueError like ``parse``."""
    return _as_it_is(url) or str(parse(url, base))


def canonical_url(url: str, base: str | None = None) -> str:
    """Return the form under which an article is known; idempotent.

    Drops the fragment, session ids, tracking parameters, default ports and needless percent-encoding; keeps the order of parameters,
    the trailing slash and the scheme, which may all carry meaning. Raises ValueError on what cannot be parsed or fetched.
    """
    known = _as_it_is(url)
    if known:
        return known
    address = parse(url, base)
    path = _path(_SESSION_IN_PATH.sub("", _settle_percent(address.path))) or "/"
    kept = "&".join(p for p in _settle_percent(address.query or "").split("&") if p and not _is_noise(p))
    port = f":{address.port}" if address.port is not None else ""
    return f"{address.scheme}://{address.host.removesuffix('.')}{port}{path}{'?' if kept else ''}{kept}"


def entry_key(*, url: str | None, guid: str | None, title: str, published_at: datetime | None, outlet_id: str) -> str:
    """Return an entry's identity: the canonical URL, the guid only without a link, a hash of title and date last.

    A link that cannot be fetched is part of the hash, so that entries which share a guid stay apart.
    """
    if url:
        try:
            return canonical_url(url)
        except ValueError:
            return f"link:{outlet_id}:{_digest(url, guid or '', title)}"
    if guid:
        return f"guid:{outlet_id}:{guid if len(guid) <= 500 else _digest(guid)}"
    return f"text:{outlet_id}:{_digest(title, published_at.isoformat() if published_at else '')}"


def source_id(outlet_id: str, url: str) -> str:
    """Return ``<outlet_id>#<8 hex digits>``, stable across restarts and the order of files."""
    return f"{outlet_id}#{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"


def host_key(url: str) -> str:
    """Return the lower-case host without port: the unit of politeness."""
    return parse(url).host


def origin(url: str) -> str:
    """Return ``scheme://host[:port]``, the port only where it is not the scheme's own."""
    return parse(url).origin


def without_user(text: str) -> str:
    """Return what may be a URL as it may be shown: without user name and password."""
    return _USER.sub("***@", text)


def slug(name: str) -> str:
    """Return a name's id: lower case, Latin letters without accents, other scripts kept, ``-`` between words."""
    folded = name.lower().translate(_SLUG_LETTERS)
    bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", folded))
    found = re.sub(r"[^\w.]+|_+", "-", unicodedata.normalize("NFC", bare)).strip("-.")
    if not found:
        raise ValueError(f"{name!r} holds no letter or digit to make an id of")
    return found


_SLUG_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})


def _as_it_is(url: str) -> str | None:
    """A URL that nothing is to be done to, but for the slash after a bare host; None where there may be."""
    if len(url) <= MAX_CHARS and _ALREADY_CANONICAL.fullmatch(url):
        return url if url.count("/") > 2 else url + "/"
    return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _locate(text: str, base: str | None, *, keep_query: bool) -> Address:
    """Everything but query and fragment; an empty reference keeps the base's query."""
    scheme_match = _SCHEME.match(text)
    if scheme_match:
        scheme = scheme_match[1].lower()
        if scheme not in DEFAULT_PORTS:
            raise ValueError(f"has the scheme '{scheme[:30]}', which is not fetched")
        rest = text[scheme_match.end() :]
        if rest.startswith("//") or base is None or parse(base).scheme != scheme:
            return _absolute(scheme, rest.lstrip("/"))
        text = rest
    if base is None:
        raise ValueError("is relative, with nothing to resolve it against")
    root = parse(base)
    if text.startswith("//"):
        return _absolute(root.scheme, text.lstrip("/"))
    if not text:
        return replace(root, query=root.query if keep_query else None, fragment=None)
    joined = text if text.startswith("/") else root.path.rpartition("/")[0] + "/" + text
    return replace(root, path=_path(joined), query=None, fragment=None)


def _absolute(scheme: str, rest: str) -> Address:
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("holds a user name")
    host_text, port = _split_port(authority)
    return Address(scheme=scheme, host=_host(host_text), port=None if port == DEFAULT_PORTS[scheme] else port, path=_path(slash + path))


def _split_port(authority: str) -> tuple[str, int | None]:
    host, colon, digits = authority.rpartition(":")
    if not colon or "]" in digits:
        return authority, None
    if not digits:
        return host, None
    if not (digits.isascii() and digits.isdigit()) or int(digits[-6:]) > 0xFFFF or len(digits.lstrip("0")) > 5:
        raise ValueError("has no valid port")
    return host, int(digits)


def _path(text: str) -> str:
    """Resolve dot segments and percent-encode."""
    if "/." not in text and "/%2" not in text:
        return quote(text, safe=_SAFE_IN_PATH) or "/"
    kept: list[str] = []
    segments = text.split("/")[1:]
    for i, segment in enumerate(segments):
        is_last = i == len(segments) - 1
        if segment in _DOUBLE_DOTS:
            del kept[-1:]
        elif segment not in _SINGLE_DOTS:
            kept.append(segment)
            continue
        if is_last:
            kept.append("")
    return "/" + quote("/".join(kept), safe=_SAFE_IN_PATH)


def _host(text: str) -> str:
    if not text:
        raise ValueError("names no host")
    if text.startswith("["):
        return _ipv6(text)
    name = text.lower()
    if not _PLAIN_HOST.fullmatch(name) or "xn--" in name:
        name = _to_ascii(name)
    last = name.rstrip(".").rpartition(".")[2]
    if _IPV4_NUMBER.fullmatch(last):
        return _ipv4(name)
    return name


def _to_ascii(name: str) -> str:
    """Percent-decode and map an internationalised name to ASCII (UTS 46, non-transitional)."""
    mapped = _mapped(name)
    if not _PLAIN_HOST.fullmatch(mapped):
        raise ValueError("has no valid host name")
    return mapped


@lru_cache(maxsize=4096)
def _mapped(name: str) -> str:
    """Empty where there is nothing to map to; remembered, since a feed's links name few hosts and mapping one takes as long as reading an item."""
    try:
        decoded = unquote_to_bytes(name).decode("utf-8")
        if len(decoded) > _HOST_MAX:
            return ""
        return idna.encode(decoded, uts46=True).decode("ascii").lower()
    except (UnicodeError, IndexError):
        return ""


def _ipv4(name: str) -> str:
    """Read every spelling browsers take for an IPv4 address: short, octal, hexadecimal, one number."""
    numbers = name.removesuffix(".").split(".")
    if len(numbers) > 4 or not all(_IPV4_NUMBER.fullmatch(n) for n in numbers):
        raise ValueError("has no valid IPv4 address")
    values = [_ipv4_number(n) for n in numbers]
    if any(v > 0xFF for v in values[:-1]) or values[-1] >= 256 ** (5 - len(values)):
        raise ValueError("has no valid IPv4 address")
    total = values[-1] + sum(v << (8 * (3 - i)) for i, v in enumerate(values[:-1]))
    return str(ipaddress.IPv4Address(total))


def _ipv4_number(text: str) -> int:
    if text[:2] in {"0x", "0X"}:
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text[0] == "0":
        if not re.fullmatch("[0-7]+", text):
            raise ValueError("has no valid IPv4 address")
        return int(text, 8)
    return int(text)


def _ipv6(text: str) -> str:
    if not text.endswith("]") or not _IPV6_TEXT.fullmatch(text[1:-1]):
        raise ValueError("has no valid IPv6 address")
    try:
        packed = ipaddress.IPv6Address(text[1:-1]).packed
    except ValueError as error:
        raise ValueError("has no valid IPv6 address") from error
    groups = [f"{packed[i] << 8 | packed[i + 1]:x}" for i in range(0, 16, 2)]
    runs = re.finditer(r"(?:\b0:?\b)+", ":".join(groups))  # written out here, since Python 3.13 writes mapped addresses differently
    longest = max((m for m in runs if m[0].count("0") > 1), key=lambda m: m[0].count("0"), default=None)
    if longest is None:
        return f"[{':'.join(groups)}]"
    joined = ":".join(groups)
    return f"[{joined[: longest.start()].rstrip(':')}::{joined[longest.end() :].lstrip(':')}]"


def _is_noise(parameter: str) -> bool:
    """Whether a query parameter says who sent the reader rather than what is read."""
    name, _, value = parameter.partition("=")
    name = name.removeprefix("amp;").lower()
    if name.startswith(_TRACKING_PREFIXES) or name in _TRACKING_NAMES:
        return True
    if name in _FEED_MARKS:
        return value.lower() in _FEED_VALUES
    is_session = name in _SESSION_NAMES or name.startswith("aspsessionid")
    return is_session and bool(_TOKEN.fullmatch(value))


def _settle_percent(text: str) -> str:
    """Write escapes in upper case and decode those that need none."""
    if "%" not in text:
        return text
    while (settled := _PERCENT.sub(_settle_escape, text)) != text:
        text = settled
    return text


def _settle_escape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()
