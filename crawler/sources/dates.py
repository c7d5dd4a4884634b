"""Dates as feeds, sitemaps and listings write them, to aware times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# A date without a zone is read in the time that its country keeps, or nearly all of its press.
_ZONES = {
    "AE": "Asia/Dubai", "AL": "Europe/Tirane", "AT": "Europe/Vienna", "BA": "Europe/Sarajevo", "BD": "Asia/Dhaka", "BE": "Europe/Brussels",
    "BG": "Europe/Sofia", "BR": "America/Sao_Paulo", "BY": "Europe/Minsk", "CH": "Europe/Zurich", "CN": "Asia/Shanghai", "CZ": "Europe/Prague",
    "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn", "EG": "Africa/Cairo", "ES": "Europe/Madrid", "FI": "Europe/Helsinki",
    "FR": "Europe/Paris", "GB": "Europe/London", "GR": "Europe/Athens", "HK": "Asia/Hong_Kong", "HR": "Europe/Zagreb", "HU": "Europe/Budapest",
    "ID": "Asia/Jakarta", "IE": "Europe/Dublin", "IL": "Asia/Jerusalem", "IN": "Asia/Kolkata", "IR": "Asia/Tehran", "IT": "Europe/Rome",
    "JO": "Asia/Amman", "JP": "Asia/Tokyo", "KE": "Africa/Nairobi", "KR": "Asia/Seoul", "LB": "Asia/Beirut", "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "MK": "Europe/Skopje", "MO": "Asia/Macau", "MY": "Asia/Kuala_Lumpur",
    "NG": "Africa/Lagos", "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PH": "Asia/Manila", "PK": "Asia/Karachi", "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon", "QA": "Asia/Qatar", "RO": "Europe/Bucharest", "RS": "Europe/Belgrade", "RU": "Europe/Moscow", "SA": "Asia/Riyadh",
    "SE": "Europe/Stockholm", "SG": "Asia/Singapore", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava", "TH": "Asia/Bangkok",
    "TR": "Europe/Istanbul", "TW": "Asia/Taipei", "UA": "Europe/Kyiv", "VN": "Asia/Ho_Chi_Minh", "ZA": "Africa/Johannesburg",
}  # fmt: skip
_HOURS_OF = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "IST": 5.5, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "MET": 1, "MEST": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4, "SGT": 8, "HKT": 8, "PHT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ACST": 9.5,
    "NZST": 12, "NZDT": 13, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "ET": -5, "CST": -6, "CDT": -5, "CT": -6, "MST": -7, "MDT": -6, "MT": -7,
    "PST": -8, "PDT": -7, "PT": -8, "AKST": -9, "AKDT": -8, "HST": -10, "HKST": 8, "WIB": 7, "ICT": 7, "BRT": -3, "ART": -3, "SAST": 2, "CAT": 2,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            (
                "jan january januar jänner jänner janvier janv enero ene gennaio gen janeiro januari stycznia sty января янв ιαν január "
                "січня януари januara januarja januára јануар јануара siječnja ledna ianuarie ocak ιανουαρίου يناير ינואר जनवरी ม.ค. มกราคม tammikuuta জানুয়ারি gener"
            ),
            (
                "feb february februar feber février févr fevrier fev febrero febbraio fevereiro februari lutego lut февраля фев φεβ február "
                "лютого февруари februara februarja februára фебруар фебруара veljače února februarie şubat φεβρουαρίου فبراير פברואר फरवरी फ़रवरी ก.พ. กุมภาพันธ์ helmikuuta ফেব্রুয়ারি febrer"
            ),
            (
                "mar march märz maerz mär mars marzo março marco maart mrt marca марта мар μαρ μάρ március "
                "березня март mart marta ožujka března martie μαρτίου مارس מרץ मार्च มี.ค. มีนาคม maaliskuuta maret মার্চ"
            ),
            (
                "apr april avril avr abril abr aprile kwietnia kwi апреля апр απρ április "
                "квітня април априла aprila apríla travnja dubna aprilie nisan απριλίου أبريل ابريل إبريل אפריל अप्रैल เม.ย. เมษายน huhtikuuta এপ্রিল"
            ),
            (
                "may mai mayo maggio mag maio mei maja мая май μαι μάι május "
                "травня maj мај маја mája svibnja května mayıs μαΐου μαίου مايو מאי मई พ.ค. พฤษภาคม toukokuuta মে maig"
            ),
            (
                "jun june juni juin junio giugno giu junho czerwca cze июня июн ιουν június "
                "червня юни juna јун јуна júna lipnja června iunie haziran ιουνίου يونيو יוני जून มิ.ย. มิถุนายน kesäkuuta জুন juny"
            ),
            (
                "jul july juli juillet juil julio luglio lug julho lipca lip июля июл ιουλ július "
                "липня юли jula јул јула júla srpnja července iulie temmuz ιουλίου يوليو יולי जुलाई ก.ค. กรกฎาคม heinäkuuta জুলাই juliol"
            ),
            (
                "aug august août aout agosto ago augustus sierpnia sie августа авг αυγ augusztus "
                "серпня август avgust avgusta augusta kolovoza srpna ağustos αυγούστου أغسطس اغسطس אוגוסט अगस्त ส.ค. สิงหาคม elokuuta agustus আগস্ট agost"
            ),
            (
                "sep sept september septembre septiembre settembre set setembro września wrz сентября сен σεπ szeptember "
                "вересня септември septembar septembra септембар септембра rujna září septembrie eylül σεπτεμβρίου سبتمبر ספטמבר सितंबर सितम्बर ก.ย. กันยายน syyskuuta সেপ্টেম্বর setembre"
            ),
            (
                "oct october oktober okt octobre octubre ottobre ott outubro out października paź октября окт οκτ október "
                "жовтня октомври oktobar oktobra октобар октобра októbra října octombrie ekim οκτωβρίου أكتوبر اكتوبر אוקטובר अक्टूबर अक्तूबर ต.ค. ตุลาคม lokakuuta অক্টোবর"
            ),
            (
                "nov november novembre noviembre novembro listopada lis ноября ноя νοε νοέ november "
                "листопада ноември novembar novembra новембар новембра studenoga studenog listopadu noiembrie kasım νοεμβρίου نوفمبر נובמבר नवंबर नवम्बर พ.ย. พฤศจิกายน marraskuuta নভেম্বর"
            ),
            (
                "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro grudnia gru декабря дек δεκ "
                "грудня декември decembar decembra децембар децембра prosinca prosince decembrie aralık δεκεμβρίου ديسمبر דצמבר दिसंबर दिसम्बर ธ.ค. ธันวาคม joulukuuta desember ডিসেম্বর desembre"
            ),
        ),
        start=1,
    )
    for name in names.split()
}

_CLOCK = r"(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
_ZONE = r"(?P<z>(?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5})?"
_RFC822_STRICT = re.compile(r"(?:[A-Z][a-z]{2}, )?(\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (GMT|[+-]\d{4})", re.ASCII)
_SHORT_MONTHS = {
    name: number
    for number, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1)
}
_RFC822 = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?(?P<d>\d{1,2})[.\s-]+(?P<mon>[^\W\d]{3,12})\.?,?[\s-]+(?P<y>\d{4}|\d{2})"
    rf"(?:[\s,T-]+(?:\w{{1,3}}\s)?{_CLOCK}(?:\s?Uhr|\s?h)?\s*(?P<ap>[AaPp]\.?[Mm]\.?\b)?\s*{_ZONE})?.*",
    re.DOTALL,
)
_US = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?(?P<mon>[^\W\d]{3,12})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    rf"(?:(?P<y>\d{{4}}),?(?:[\s,-]+(?:at\s)?{_CLOCK}\s*(?P<ap>[AaPp]\.?[Mm]\.?\b)?\s*{_ZONE})?|{_CLOCK.replace('<', '<a')}\s+(?:[A-Z]{{1,5}}\s+)?(?P<ay>\d{{4}})).*",
    re.DOTALL,
)
_ISO = re.compile(
    r"(?P<y>\d{4})(?:[-/.]?(?P<m>\d{1,2})(?:[-/.]?(?P<d>\d{1,2}))?)?"
    rf"(?:(?:\s*T\s*|\s+|,\s*){_CLOCK}\s*(?P<ap>[AaPp]\.?[Mm]\.?\b)?\s*{_ZONE})?\W*",
    re.DOTALL,
)
_DAY_FIRST = re.compile(
    rf"(?P<d>\d{{1,2}})[./-](?P<m>\d{{1,2}})[./-](?P<y>\d{{4}})(?:[\s,-]+{_CLOCK}\s*(?P<ap>[AaPp]\.?[Mm]\.?\b)?\s*{_ZONE})?.*", re.DOTALL
)
_HAN = re.compile(
    r"(?P<y>\d{4})\s*[年년]\s*(?P<m>\d{1,2})\s*[月월]\s*(?P<d>\d{1,2})\s*[日号號일]?"
    r"(?:[^\d]{0,12}?(?P<ap>上午|下午|午前|午後|오전|오후|晚上|凌晨)?\s*(?P<h>\d{1,2})\s*[:：时時点點시](?:\s*(?P<mi>\d{1,2}))?"
    r"(?:\s*[:：分분]\s*(?P<s>\d{1,2}))?)?.*",
    re.DOTALL,
)
_IN_URL = re.compile(r"[/_.-]((?:19|20)\d\d)([/_-]?)([01]\d)(?:\2?([0-3]\d))?(?!\d)")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_AFTERNOON = {"p", "下午", "午後", "오후", "晚上"}


def parse_date(text: str, *, country: str = "") -> datetime | None:
    """Return the time a text tells, aware, in the zone it was written in; None where it tells none.

    Without a zone the country's own is taken where its press keeps one, else UTC. ``CST`` is China's in Chinese outlets and Chicago's elsewhere.
    """
    text = text.strip()[:80]
    return _parsed(text, country) if len(text) >= 4 else None


@lru_cache(maxsize=4_096)
def _parsed(text: str, country: str) -> datetime | None:
    """Kept, since an item tells one date twice and a feed that changed tells most of its dates again."""
    try:
        at = _quick(text) or _slow(text, country)
        if at is None:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=_zone_of(country))
        at.astimezone(UTC)  # raises where no calendar reaches
    except (ValueError, OverflowError):
        return None
    return at


def latest_in_url(url: str) -> datetime | None:
    """Return the end of the day or month that a URL's path tells, as many do: ``/2026/03/01/``, ``/2026-03-01-``, ``/2026/0301/``, ``/202603/``."""
    found = _IN_URL.search(url, max(url.find("/", 8), 0))
    if not found:
        return None
    year, month, day = int(found[1]), int(found[3]), int(found[4] or 0)
    try:
        if day:
            return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) if 1 <= month <= 12 else None
    except ValueError:
        return None


def _quick(text: str) -> datetime | None:
    """The two forms nearly all feeds use, without the slow ways."""
    if text[4:5] == "-" and len(text) > 10:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    found = _RFC822_STRICT.fullmatch(text)
    if not found or found[2] not in _SHORT_MONTHS:
        return None
    day, month, year, hour, minute, second, zone = found.groups()
    return datetime(int(year), _SHORT_MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=_offset(zone))


@lru_cache(maxsize=256)
def _offset(text: str) -> tzinfo:
    if text == "GMT":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _slow(text: str, country: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    shapes: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], datetime | None]], ...] = (
        (_RFC822, _build), (_ISO, _build), (_HAN, _build), (_US, _build), (_DAY_FIRST, _build),
    )  # fmt: skip
    for pattern, build in shapes:
        found = pattern.fullmatch(text)
        if found and (at := build(found, country)):
            return at
    return None


def _build(found: re.Match[str], country: str) -> datetime | None:
    parts = found.groupdict()
    year = int(parts["y"] or parts["ay"])
    if len(parts["y"] or parts["ay"]) == 2:
        year += 2000 if year < 70 else 1900
    month = MONTHS.get(parts["mon"].lower()) or MONTHS.get(parts["mon"].lower()[:3]) if parts.get("mon") else int(parts["m"] or 1)
    if not month:
        return None
    hour, minute, second = (int(parts.get(name) or parts.get("a" + name) or 0) for name in ("h", "mi", "s"))
    half = (parts.get("ap") or "").lower().removesuffix(".")
    if half[:1] in _AFTERNOON or half in _AFTERNOON:
        hour = hour % 12 + 12
    elif half and hour == 12:
        hour = 0
    days, hour = divmod(hour, 24) if hour == 24 else (0, hour)
    at = datetime(year, month, int(parts["d"] or 1), hour, minute, min(second, 59), tzinfo=_zone(parts.get("z"), country))
    return at + timedelta(days=days)


def _zone(text: str | None, country: str) -> tzinfo:
    if not text:
        return _zone_of(country)
    name = text.strip().upper()
    offset = re.fullmatch(r"(?:UTC|GMT)?\s?([+-])(\d{1,2}):?(\d{2})?", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if name in {"CST", "IST"} and country in {"CN", "TW", "HK", "MO", "IL", "IE"}:
        return _zone_of(country)
    hours = _HOURS_OF.get(name)
    return timezone(timedelta(hours=hours)) if hours is not None else _zone_of(country)


@lru_cache(maxsize=64)
def _zone_of(country: str) -> tzinfo:
    name = _ZONES.get(country.upper())
    return ZoneInfo(name) if name else UTC
