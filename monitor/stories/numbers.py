"""Numbers as every language writes them: $200bn is 200 Milliarden is 2000亿."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = re.compile(
    r"""(?<![A-Za-z0-9_.,])
    (?P<digits> \d{1,3}(?:[ .,'’\u00a0\u202f]\d{3}(?!\d))+ (?:[.,]\d{1,2})? | \d+(?:[.,]\d+)? )
    (?P<gap>[\s\u00a0\u202f-]?)
    (?P<unit> [a-z]+ | [万萬亿億千百]+ )?
    (?!\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3})+")
_SPACES = str.maketrans("", "", " '’\u00a0\u202f")

_POWERS = {
    3: "k tsd thousand tausend mille mila mil tys tysiecy tysiace",
    6: "m mn mio mln million millions millionen milioni milione millones millon milion miliony milionow",
    9: "b bn mrd mld milliarde milliarden milliard milliards miliardi miliardo miliard miliardy miliardow billion billions",
    12: "t tn bio bln trillion trillions billionen billones biliony bilionow bilion biliona",
}
_UNITS = {unit: power for power, units in _POWERS.items() for unit in units.split()}
_HAN_UNITS = {"百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_DECIMAL_POINT = frozenset({"en", "zh", "ja", "ko", "und"})
"""Languages in which 1.500 is one and a half."""


def numbers(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Find the numbers of a folded text with where they start and end, each as its plain value.

    Digits inside a name (H200, 5G) are no numbers.
    """
    for found in _NUMBER.finditer(text):
        unit, gap = (found["unit"] or "").lower(), found["gap"]
        power = _power(unit, language)
        if unit and power is None and not gap:
            continue  # 5G, 3D, 10th
        end = found.end() if unit and power is not None else found.end("digits")
        yield found.start(), end, f"{_value(found['digits'], language) * 10 ** (power or 0):.6g}"


def _power(unit: str, language: str) -> int | None:
    if unit and unit[0] in _HAN_UNITS:
        return sum(_HAN_UNITS[character] for character in unit)
    if unit.startswith("billion") and language == "de":
        return 12
    return _UNITS.get(unit)


def _value(digits: str, language: str) -> float:
    """Read the digits; a separator before exactly three of them groups, unless it is the language's own decimal sign."""
    plain = digits.translate(_SPACES)
    grouped = _GROUPED.match(digits)
    if grouped is not None and not (language in _DECIMAL_POINT and plain.count(".") == 1 and "," not in plain):
        head = re.sub(r"\D", "", grouped.group())
        tail = digits[grouped.end() :].replace(",", ".")
        return float(head + tail)
    return float(plain.replace(",", "."))
