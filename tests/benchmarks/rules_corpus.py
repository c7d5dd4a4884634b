"""Articles and rule sets for the rules benchmark: invented by default, the articles from a file where one is given."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from crawler.model import Article
from monitor.model import Rule, RuleSet, Theme

_SEEN_AT: Final = datetime(2026, 11, 24, tzinfo=UTC)
_HAN: Final = "的一是了我不在人有这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴药"
_ONSETS: Final = """
    s d t b m g st r l k f w h p n v sch pr kr gr tr br str bl fl pl gl sp dr z kl j qu fr sl sk kn
"""
_NUCLEI: Final = """
    e a i o u ei ie au ou ä ü ö eu y
"""
_CODAS: Final = """
    n r s t l nd ng st m ss rt ck nn ll d rk f g p tz rn nk b tt x
"""
_SYLLABLE: Final = (_ONSETS.split(), _NUCLEI.split(), ["", *_CODAS.split()])
_FALLING: Final = [1 / (rank + 2) for rank in range(40)]
_DE: Final = """
    der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am
    sind noch wie einem über so zum war haben nur oder aber vor zur bis mehr durch man sagte Jahr Milliarden Regierung Unternehmen China
"""
_EN: Final = """
    the of and to in a is that for on was with as it by at from be are this have an has not or had his which but they their said would more about
    been will who one also its after people year government company billion China new
"""
_FR: Final = """
    de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la mais comme ou avec été cette ans aux ont son
    entre leur après aussi deux gouvernement milliards entreprise Chine
"""
_COMMON: Final = {"de": _DE.split(), "en": _EN.split(), "fr": _FR.split()}


def article(title: str, text: str, language: str, number: int) -> Article:
    """Return one article of the benchmark."""
    return Article(
        key=str(number),
        url="https://example.org/a",
        outlet_id="o",
        source_id="o#1",
        headline=title,
        text=text,
        language=language,
        seen_at=_SEEN_AT,
    )


def invented(count: int, seed: int = 1) -> list[Article]:
    """Return invented articles: 4.7 KB on average, a tenth in Chinese, the rest in German, English and French alike."""
    source = random.Random(seed)
    lexicons = {language: _lexicon(source, words) for language, words in _COMMON.items()}
    articles = []
    for number in range(count):
        language = "zh" if number % 10 == 9 else ("de", "en", "fr")[number % 3]
        size = source.randint(2_000, 7_400)
        title, text = _chinese(source, size) if language == "zh" else _western(source, lexicons[language], size)
        articles.append(article(title, text, language, number))
    return articles


def word(source: random.Random) -> str:
    """Return an invented word: the common sounds first, as in real ones, so that words begin alike about as often as those do."""
    parts = (source.choices(sounds, _FALLING[: len(sounds)])[0] for _ in range(source.choice((2, 2, 3, 3))) for sounds in _SYLLABLE)
    return "".join(parts)


def _lexicon(source: random.Random, common: Sequence[str]) -> tuple[list[str], list[float]]:
    """Return words with frequencies after Zipf and Mandelbrot (half of a text is its hundred commonest), the common ones first, every fourth of the others a name."""
    words = [*common, *(word(source).capitalize() if i % 4 == 0 else word(source) for i in range(40_000))]
    return words, [1 / (rank + 2.7) ** 1.1 for rank in range(len(words))]


def _western(source: random.Random, lexicon: tuple[list[str], list[float]], size: int) -> tuple[str, str]:
    words, weights = lexicon
    drawn = iter(source.choices(words, weights, k=size // 4))
    sentences: list[str] = []
    while sum(map(len, sentences)) < size:
        length = source.randint(6, 24)
        sentence = " ".join(w for _, w in zip(range(length), drawn, strict=False)) or "Ende"
        marks = {0: f"„{sentence}“, sagte er.", 1: f"{sentence} – {source.randint(2, 900)} Prozent.", 2: f"L’{sentence}."}
        sentences.append(marks.get(source.randint(0, 12), f"{sentence.capitalize()}."))
    paragraphs = ["\n" if i and i % 4 == 0 else " " for i in range(len(sentences))]
    return " ".join(source.choices(words, weights, k=9)), "".join(
        f"{gap}{sentence}" for gap, sentence in zip(paragraphs, sentences, strict=True)
    ).strip()


def _chinese(source: random.Random, size: int) -> tuple[str, str]:
    text, weights = [], [1 / (rank + 10) for rank in range(len(_HAN))]
    for _ in range(size // 3 // 16):
        text.append("".join(source.choices(_HAN, weights, k=15)) + source.choice("，，。。、"))
        if source.random() < 0.1:
            text.append("\n")
    return "".join(source.choices(_HAN, weights, k=18)), "".join(text)


def from_file(path: Path, most: int) -> list[Article]:
    """Read articles of 2 to 10 KB from a file of JSON lines with ``text``, ``title`` and ``lang``."""
    raw = path.read_bytes()
    articles: list[Article] = []
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
        row = json.loads(line)
        text = row.get("text") or ""
        if 2_000 <= len(text.encode()) <= 10_000 and len(articles) < most:
            articles.append(article(row.get("title") or text.split("\n")[0][:120], text, row.get("lang") or "und", len(articles)))
    return articles


# ---- rules


def rule_set(articles: Sequence[Article], count: int, *, is_dense: bool, seed: int = 7) -> RuleSet:
    """Return as many rules: lists, (a OR b) AND (c OR d OR e), NEAR, NOT, title:, ATLEAST.

    A sparse set takes its real words from articles it is not put to, a dense one from those it is.
    """
    source = random.Random(seed)
    draw = _Terms(source, articles, is_dense=is_dense)
    rules = tuple(Rule(rule_id=f"bench/{i}", theme_id="bench", name=str(i), query=_query(source, draw.draw)) for i in range(count))
    return RuleSet(entities=(), themes=(Theme(theme_id="bench", label="bench", need="", rules=rules),), version=f"{count}-{is_dense}")


class _Terms:
    """Draws terms: words and pairs of names that stand in articles (27 % of a dense set, 2 % of a sparse one), invented names, compounds, Chinese."""

    def __init__(self, source: random.Random, articles: Sequence[Article], *, is_dense: bool) -> None:
        self._source, self._is_dense = source, is_dense
        seen: Counter[str] = Counter(w for a in articles for w in set(re.findall(r"[^\W\d_]{5,}", a.text)) if not _is_han(w))
        self._rare = [
            w for w, n in sorted(seen.items()) if n == 1 and len(w) > 7 and w[0].isupper() and w[1:].islower() and w.lower() not in seen
        ] or ["Rarität"]
        self._usual = [w for w, n in sorted(seen.items()) if 2 <= n <= 4] or self._rare
        pairs = Counter(m[0] for a in articles for m in re.finditer(r"[A-ZÄÖÜ][a-zäöüß]{3,} [A-ZÄÖÜ][a-zäöüß]{3,}", a.text))
        self._pairs: list[str] = [pair for pair, n in sorted(pairs.items()) if is_dense or n == 1] or ["Zwei Wörter"]
        self._han = [a.text for a in articles if a.language == "zh"] or [_HAN]

    def draw(self) -> str:
        source, dice = self._source, self._source.random()
        words, pairs = (0.12, 0.27) if self._is_dense else (0.006, 0.012)
        if dice < words:
            term = source.choice(self._usual if self._is_dense and source.random() < 0.5 else self._rare)
        elif dice < pairs:
            term = f'"{source.choice(self._pairs)}"'
        elif dice < 0.62:
            term = f'"{word(source).capitalize()} {word(source).capitalize()}"'
        elif dice < 0.80:
            term = f"{word(source).capitalize()}{source.choice(('-Gründer', '-Chips', '-Konzern', '-Chef'))}"
        else:
            term = self._chinese()
        return term

    def _chinese(self) -> str:
        source = self._source
        if self._is_dense and source.random() < 0.2:
            text = source.choice(self._han)
            at = source.randrange(max(1, len(text) - 4))
            piece = re.sub(r"[^\u4e00-\u9fff]", "", text[at : at + 4])
            if len(piece) > 2:
                return piece
        return "".join(source.choices(_HAN, k=source.choice((3, 3, 4))))


def _is_han(text: str) -> bool:
    return any("\u3400" <= c <= "\u9fff" for c in text)


def _query(source: random.Random, draw: Callable[[], str]) -> str:
    dice = source.random()
    if dice < 0.40:
        return _any(draw() for _ in range(source.randint(1, 5)))
    if dice < 0.70:
        return f"({_any([draw(), draw()])}) AND ({_any([draw(), draw(), draw()])})"
    if dice < 0.85:
        return f"{draw()} {'ONEAR' if source.random() < 1 / 3 else 'NEAR'}/8 {draw()}"
    if dice < 0.95:
        return f"({_any([draw(), draw()])}) NOT {draw()}"
    return f"title:{draw()}" if dice < 0.975 else f"ATLEAST/2({draw()})"


def _any(terms: Iterable[str]) -> str:
    return " OR ".join(terms)
