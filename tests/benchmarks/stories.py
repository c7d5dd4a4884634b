"""How well articles find their stories, and at what cost.

``python -m tests.benchmarks.stories DATA_DIR`` reads ``*items.jsonl`` and ``*pairs.jsonl``, runs the items in the order of time through
``monitor.stories`` and compares with the labelled pairs: first with the weights as shipped, then out of fold, every topic by weights
that were learnt without it. ``--fit`` prints weights learnt from all pairs. The figures beside are those the project asks for.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.model import Article
from monitor.model import Fingerprint
from monitor.stories import Frequencies, assign, fingerprint, weights
from monitor.stories.scores import Arriving, arriving, compare, standing
from tests.benchmarks.window import Window

FOLDS = 10
POSITIVES_PER_EVENT = 12
NEGATIVES_PER_TOPIC = 30
SAMPLES = 8
WINDOW = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two items with their label: same, different or derivative."""

    a: str
    b: str
    label: str
    topic: str
    event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Items as articles with their fingerprints, in the order of time, and the labelled pairs."""

    articles: Mapping[str, Article]
    fingerprints: Mapping[str, Fingerprint]
    pairs: Sequence[Pair]


@dataclass(slots=True)
class Tally:
    """Right and wrong over pairs of one sort."""

    same: int = 0
    merged_right: int = 0
    merged_wrong: int = 0
    linked_right: int = 0
    linked_wrong: int = 0
    wrong: list[Pair] = field(default_factory=list)

    def line(self) -> str:
        merged = _share(self.merged_right, self.merged_right + self.merged_wrong)
        linked = _share(self.linked_right, self.linked_right + self.linked_wrong)
        return (
            f"merge P {merged} ({self.merged_wrong} wrong) R {_share(self.merged_right, self.same)}"
            f" · merged or related P {linked} R {_share(self.linked_right, self.same)} · {self.same} same pairs"
        )


@dataclass(slots=True)
class Result:
    """Tallies within a language and across, pairs of derivative items that were merged, and B-cubed sums."""

    within: Tally = field(default_factory=Tally)
    across: Tally = field(default_factory=Tally)
    derivative: list[int] = field(default_factory=lambda: [0, 0])
    cubed: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data_dir", type=Path)
    options.add_argument("--fit", action="store_true", help="print weights learnt from all pairs")
    options.add_argument("--no-cost", action="store_true", help="leave out the window of 20,000 articles")
    given = options.parse_args()
    data = read(given.data_dir)
    print(f"{len(data.articles)} items, {len(data.pairs)} labelled pairs, {len({p.topic for p in data.pairs})} topics\n")
    if given.fit:
        for name, is_within in (("WITHIN", True), ("ACROSS", False)):
            print(f"{name} = {tuple(round(w, 2) for w in learn(data, data.pairs, within=is_within))}")
        return
    report("weights as shipped", run(data, data.pairs))
    report(f"out of fold ({FOLDS} folds of topics)", out_of_fold(data))
    if not given.no_cost:
        cost(data)


# ---- data


def read(folder: Path) -> Data:
    """Read items and pairs; the texts stay where they are."""
    items = [json.loads(line) for path in sorted(folder.glob("*items.jsonl")) for line in path.open(encoding="utf-8")]
    pairs = [json.loads(line) for path in sorted(folder.glob("*pairs.jsonl")) for line in path.open(encoding="utf-8")]
    articles = {item["id"]: _article(item) for item in sorted(items, key=lambda i: (i["ts"], i["id"]))}
    return Data(
        articles=articles,
        fingerprints={key: fingerprint(article, ()) for key, article in articles.items()},
        pairs=[Pair(a=p["a"], b=p["b"], label=p["label"], topic=p["topic"], event=p["event"]) for p in pairs],
    )


def _article(item: Mapping[str, object]) -> Article:
    at = datetime.fromtimestamp(float(str(item["ts"])), UTC)
    outlet = str(item["outlet"])
    return Article(
        key=str(item["id"]),
        url=f"https://news.example/{item['id']}",
        outlet_id=outlet,
        source_id=outlet,
        headline=str(item["title"]),
        text=str(item["text"]),
        language=str(item["lang"]),
        published_at=at,
        seen_at=at,
    )


# ---- stories


def run(data: Data, pairs: Sequence[Pair]) -> Result:
    """Assign all items in the order of time and compare with the pairs."""
    window, numbers = Window(), {}
    for key, article in data.articles.items():
        found = data.fingerprints[key]
        candidates, frequencies = window.candidates(article, found)
        numbers[key] = window.put(article, found, assign(article, found, candidates, frequencies, article.seen_at))
    stories = {key: window.story(number) for key, number in numbers.items()}
    related = window.related_stories()
    result = Result()
    for pair in pairs:
        is_merged = stories[pair.a] == stories[pair.b]
        _count(result, pair, data, is_merged=is_merged, is_linked=is_merged or frozenset((stories[pair.a], stories[pair.b])) in related)
    _b_cubed(result, pairs, stories)
    return result


def _count(result: Result, pair: Pair, data: Data, *, is_merged: bool, is_linked: bool) -> None:
    if pair.label == "derivative":
        result.derivative[0] += is_merged
        result.derivative[1] += 1
        return
    tally = result.within if data.articles[pair.a].language == data.articles[pair.b].language else result.across
    if pair.label == "same":
        tally.same += 1
        tally.merged_right += is_merged
        tally.linked_right += is_linked
        return
    tally.merged_wrong += is_merged
    tally.linked_wrong += is_linked
    if is_merged:
        tally.wrong.append(pair)


def _b_cubed(result: Result, pairs: Sequence[Pair], stories: Mapping[str, int]) -> None:
    """Of each item of a labelled event: how much of its story is of the event, and how much of the event is in its story."""
    events = {key: pair.event for pair in pairs if pair.label == "same" and pair.event for key in (pair.a, pair.b)}
    together: Counter[tuple[int, str | None]] = Counter((stories[key], event) for key, event in events.items())
    in_story, in_event = Counter(stories[key] for key in events), Counter(events.values())
    for key, event in events.items():
        both = together[stories[key], event]
        result.cubed[0] += both / in_story[stories[key]]
        result.cubed[1] += both / in_event[event]
        result.cubed[2] += 1


def out_of_fold(data: Data) -> Result:
    """Every topic by weights learnt from the other folds."""
    total = Result()
    fold_of = folds(data.pairs)
    for fold in range(FOLDS):
        rest = [p for p in data.pairs if fold_of[p.topic] != fold]
        held = [p for p in data.pairs if fold_of[p.topic] == fold]
        with learnt(learn(data, rest, within=True, samples=1), learn(data, rest, within=False, samples=1)):
            _add(total, run(data, held))
    return total


def folds(pairs: Sequence[Pair]) -> dict[str, int]:
    """Give every topic its fold, always the same one."""
    topics = sorted({p.topic for p in pairs})
    random.Random(13).shuffle(topics)
    return {topic: n % FOLDS for n, topic in enumerate(topics)}


@contextmanager
def learnt(within: Sequence[float], across: Sequence[float]) -> Iterator[None]:
    """Score with other weights for a while."""
    before = weights.WITHIN, weights.ACROSS
    weights.WITHIN, weights.ACROSS = tuple(within), tuple(across)
    try:
        yield
    finally:
        weights.WITHIN, weights.ACROSS = before


def _add(total: Result, one: Result) -> None:
    for mine, other in ((total.within, one.within), (total.across, one.across)):
        mine.same += other.same
        mine.merged_right += other.merged_right
        mine.merged_wrong += other.merged_wrong
        mine.linked_right += other.linked_right
        mine.linked_wrong += other.linked_wrong
        mine.wrong += other.wrong
    total.derivative = [a + b for a, b in zip(total.derivative, one.derivative, strict=True)]
    total.cubed = [a + b for a, b in zip(total.cubed, one.cubed, strict=True)]


# ---- learning


def learn(data: Data, pairs: Sequence[Pair], *, within: bool, samples: int = SAMPLES) -> list[float]:
    """Fit the logistic score; the mean over samples, so that no event and no topic outweighs the others by its number of pairs."""
    language = {key: article.language for key, article in data.articles.items()}
    labelled = [p for p in pairs if p.label != "derivative" and (language[p.a] == language[p.b]) == within]
    frequencies = _pooled(data)
    fits = []
    for seed in range(5, 5 + samples):
        chosen = _sample(labelled, seed)
        fits.append(_fit([_vector(data, p, frequencies) for p in chosen], [p.label == "same" for p in chosen]))
    return [sum(column) / len(column) for column in zip(*fits, strict=True)]


def _pooled(data: Data) -> Frequencies:
    pooled: Counter[int] = Counter()
    by_language: dict[str, Counter[int]] = defaultdict(Counter)
    for key, found in data.fingerprints.items():
        hashes = [f.hash for f in found.features]
        pooled.update(hashes)
        by_language[data.articles[key].language].update(hashes)
    languages = Counter(a.language for a in data.articles.values())
    return Frequencies(documents=len(data.articles), languages=languages, pooled=pooled, by_language=by_language)


def _vector(data: Data, pair: Pair, frequencies: Frequencies) -> tuple[float, ...]:
    older, newer = sorted((pair.a, pair.b), key=lambda key: data.articles[key].seen_at)
    arrival = _arriving(data, newer, frequencies)
    first = data.articles[older]
    return compare(arrival, standing(data.fingerprints[older].features, first.outlet_id, first.seen_at, arrival)).vector


def _arriving(data: Data, key: str, frequencies: Frequencies) -> Arriving:
    article = data.articles[key]
    return arriving(data.fingerprints[key].features, article.language, article.outlet_id, article.seen_at, frequencies)


def _sample(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    counts: Counter[tuple[str, str]] = Counter()
    chosen = []
    for pair in shuffled:
        group = (pair.label, (pair.event or pair.topic) if pair.label == "same" else pair.topic)
        if counts[group] < (POSITIVES_PER_EVENT if pair.label == "same" else NEGATIVES_PER_TOPIC):
            counts[group] += 1
            chosen.append(pair)
    return chosen


def _fit(vectors: Sequence[Sequence[float]], labels: Sequence[bool], ridge: float = 1.0, rounds: int = 25) -> list[float]:
    """Newton's method for a ridge logistic regression; the bias first and free."""
    rows = [(1.0, *v) for v in vectors]
    size = len(rows[0])
    found = [0.0] * size
    for _ in range(rounds):
        slope = [-ridge * w for w in found]
        slope[0] = 0.0
        bend = [[ridge if i == j and i else 1e-6 * (i == j) for j in range(size)] for i in range(size)]
        for row, label in zip(rows, labels, strict=True):
            likely = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, sum(w * x for w, x in zip(found, row, strict=True))))))
            spread = likely * (1.0 - likely) + 1e-6
            for i, x in enumerate(row):
                if x:
                    slope[i] += (label - likely) * x
                    bend[i] = [b + spread * x * y for b, y in zip(bend[i], row, strict=True)]
        step = _solve(bend, slope)
        found = [w + s for w, s in zip(found, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    return found


def _solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r, row in enumerate(rows):
            if r != i and row[i]:
                factor = row[i] / rows[i][i]
                rows[r] = [x - factor * y for x, y in zip(row, rows[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


# ---- cost


def cost(data: Data) -> None:
    """CPU time of a fingerprint and of an assignment with a full window, over invented articles of the items' words."""
    chance = random.Random(7)
    vocabulary = sorted({w for a in data.articles.values() if a.language != "zh" for w in f"{a.headline} {a.text[:300]}".split()})
    chance.shuffle(vocabulary)
    odds = [1.0 / (n + 20) for n in range(len(vocabulary))]
    words = chance.choices(vocabulary, odds, k=WINDOW * 45)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    window = Window()
    nothing = assign(_invented(words[:45], start, 0), fingerprint(_invented(words[:45], start, 0), ()), (), Frequencies(), start)
    for n in range(WINDOW):
        article = _invented(words[n * 45 : n * 45 + 45], start + timedelta(seconds=12 * n), n)
        window.put(article, fingerprint(article, ()), nothing)
    after = start + timedelta(seconds=12 * WINDOW)
    probes = [_probe(article, after, chance) for article, _, _ in chance.sample(window.articles, 400)]
    began = time.process_time()
    prints = [fingerprint(probe, ()) for probe in probes]
    printed = time.process_time() - began
    asked = [window.candidates(probe, found) for probe, found in zip(probes, prints, strict=True)]
    began = time.process_time()
    for probe, found, (candidates, frequencies) in zip(probes, prints, asked, strict=True):
        assign(probe, found, candidates, frequencies, after)
    assigned = time.process_time() - began
    long = _invented(words[:900], after, WINDOW)
    whole = min(_cpu_s(lambda: fingerprint(long, ())) for _ in range(50))
    many = sum(len(candidates) for candidates, _ in asked) / len(asked)
    print(f"CPU at a window of {WINDOW:,} articles, {many:.0f} candidates each")
    print(f"  fingerprint of a teaser {1000 * printed / len(probes):.2f} ms, of 900 words {1000 * whole:.2f} ms   (asked: 1.5)")
    print(f"  assignment {1000 * assigned / len(probes):.2f} ms   (asked: 3)")


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _invented(words: Sequence[str], at: datetime, n: int) -> Article:
    title, text = " ".join(words[:10]), " ".join(words[10:])
    outlet = f"outlet-{n % 300}"
    return Article(
        key=str(n),
        url=f"https://news.example/{n}",
        outlet_id=outlet,
        source_id=outlet,
        headline=title,
        text=text,
        language=("en", "de", "pl", "fr")[n % 4],
        published_at=at,
        seen_at=at,
    )


def _probe(article: Article, at: datetime, chance: random.Random) -> Article:
    """A rewrite: half the words of an article, in another order."""
    words = f"{article.headline} {article.text}".split()
    return _invented(chance.sample(words, len(words) // 2) + words[:10], at, chance.randrange(WINDOW))


# ---- words


def report(name: str, result: Result) -> None:
    """Print one run beside what is asked for."""
    precision, recall, items = result.cubed
    precision, recall = precision / items, recall / items
    print(name)
    print(f"  within a language  {result.within.line()}   (asked: merge P .98 R .38)")
    print(f"  across languages   {result.across.line()}   (asked: merge P .95 R .08, related P .85 R .25)")
    print(f"  B-cubed            P {precision:.3f} R {recall:.3f} F {2 * precision * recall / (precision + recall):.3f}   (asked: P .985)")
    print(
        f"  derivative pairs   {result.derivative[0]} of {result.derivative[1]} merged (commentary, previews, live pages; no figure asked)"
    )
    wrong = [*result.within.wrong, *result.across.wrong]
    nvidia = [p for p in wrong if "nvidia" in p.topic or "h200" in p.topic.lower()]
    print(f"  Nvidia and H200    {len(nvidia)} wrong merges   (asked: 0)")
    for pair in wrong:
        print(f"    wrong: {pair.topic} {pair.a} {pair.b}")
    print()


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


if __name__ == "__main__":
    main()
