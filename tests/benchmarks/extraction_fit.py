"""Fit the forest that tells an article's blocks from the rest, and measure it on outlets it has not seen.

    python -m tests.benchmarks.extraction_fit FILE [--out crawler/extract/forest.json] [--folds DIR] [--leave-out-sets]

Needs scikit-learn. A block is the article's where half of its 4-token shingles stand in the known text; it counts as much as it holds of that text.
Every outlet is wholly in one fold. ``--folds`` writes one forest a fold, fitted to the other folds, for ``extraction --folds``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from crawler.extract import features, flags, forest, metadata
from crawler.extract.blocks import Walk
from crawler.extract.features import NAMES, Hints
from crawler.extract.tree import parse
from crawler.model import Page
from tests.benchmarks import extraction_score as score
from tests.benchmarks.extraction_score import Sample, arrival, fold_of

FOLDS = 5
_TREES, _LEAVES, _RATE = 120, 8, 0.13
_EASY_SHARE = 0.25
_BELOW_TOP = NAMES.index("below_top")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One page's blocks as rows, how much of each is the article's (-1 unknown), and how much each counts."""

    sample: Sample
    rows: list[list[float]] = field(repr=False)
    truths: list[float] = field(repr=False)
    counts: list[float] = field(repr=False)


def lesson(sample: Sample) -> Lesson | None:
    """Read one page as the crawler does, up to the rows."""
    tree = parse(sample.html.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
    page = arrival(sample)
    assert isinstance(page.result, Page)
    if tree is None:
        return None
    walk = Walk(tree.root)
    known = metadata.read(tree.root, walk.blocks, page)
    rows = features.rows(walk, Hints(title=known.title, description=known.description, body=flags.body(known.node)))
    truths = _by_text(walk, sample.text) if sample.text else _by_snippets(walk, sample)
    sizes = [score.shingles(block.text).total() + 3 for block in walk.blocks]
    return Lesson(sample=sample, rows=rows, truths=truths, counts=_counts(truths, sizes, is_whole=sample.text is not None))


def _by_text(walk: Walk, text: str) -> list[float]:
    """The share of each block that stands in the text; a long block's second copy is none of it."""
    whole = score.shingles(text)
    line = f" {' '.join(score.tokens(text))} "
    truths: list[float] = []
    seen: set[str] = set()
    for block in walk.blocks:
        parts = score.shingles(block.text)
        tokens = score.tokens(block.text)
        if len(tokens) >= 8 and block.text in seen:
            truths.append(0.0)
        elif len(tokens) >= 4:
            truths.append(sum(min(count, whole[part]) for part, count in parts.items()) / parts.total())
        else:
            truths.append(float(f" {' '.join(tokens)} " in line) if tokens else -1.0)
        seen.add(block.text)
    return truths


def _by_snippets(walk: Walk, sample: Sample) -> list[float]:
    wanted, unwanted = ([" ".join(part.split()) for part in parts] for parts in (sample.with_snippets, sample.without_snippets))
    return [
        1.0 if any(part in block.text for part in wanted) else 0.0 if any(part in block.text for part in unwanted) else -1.0
        for block in walk.blocks
    ]


def _counts(truths: Sequence[float], sizes: Sequence[int], *, is_whole: bool) -> list[float]:
    if not is_whole:
        return [float(truth >= 0) for truth in truths]
    total = sum(size for truth, size in zip(truths, sizes, strict=True) if truth >= 0.5) or 1
    return [
        min(100.0 * size / total, 30.0) * abs(truth - 0.5) * 2 + 0.02 if truth >= 0 else 0.0
        for truth, size in zip(truths, sizes, strict=True)
    ]


def fit(lessons: Iterable[Lesson]) -> str:
    """Return the fitted forest as JSON; most of the rows far from any article are left out and the rest count for them."""
    numpy, ensemble = import_module("numpy"), import_module("sklearn.ensemble")
    chance = random.Random(0)
    rows: list[list[float]] = []
    truths: list[bool] = []
    counts: list[float] = []
    for one in lessons:
        for row, truth, count in zip(one.rows, one.truths, one.counts, strict=True):
            is_easy = truth < 0.5 and row[_BELOW_TOP] == 9
            if not count or (is_easy and chance.random() > _EASY_SHARE):
                continue
            rows.append(row)
            truths.append(truth >= 0.5)
            counts.append(count / _EASY_SHARE if is_easy else count)
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=_TREES, learning_rate=_RATE, max_leaf_nodes=_LEAVES, l2_regularization=5, min_samples_leaf=30, max_features=0.5, random_state=0,
        early_stopping=False,
    )  # fmt: skip
    model.fit(numpy.array(rows, dtype=numpy.float32), numpy.array(truths), sample_weight=numpy.array(counts))
    return _written(model)


def _written(model: Any) -> str:
    """Return a fitted model's trees as the JSON that ``crawler.extract.forest`` reads."""
    start = round(float(model._baseline_prediction.ravel()[0]), 4)
    trees = ",\n".join(json.dumps(_tree(step[0].nodes, 0), separators=(",", ":")) for step in model._predictors)
    return f'{{\n"names": {json.dumps(NAMES)},\n"start": {start},\n"trees": [\n{trees}\n]\n}}\n'


def _tree(nodes: Any, at: int) -> list[Any] | float:
    node = nodes[at]
    if node["is_leaf"]:
        return round(float(node["value"]), 4)
    return [int(node["feature_idx"]), float(f"{node['num_threshold']:.6g}"), _tree(nodes, node["left"]), _tree(nodes, node["right"])]


def judged(text: str, lessons: Sequence[Lesson]) -> list[tuple[float, float]]:
    """Return precision and recall of a forest's own choice, without the second opinion and the rules after it."""
    judge = forest.parse(text)
    scores = []
    for one in lessons:
        if one.sample.text is None:
            continue
        tree = parse(one.sample.html.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
        assert tree is not None
        chosen = [block.text for block, row in zip(Walk(tree.root).blocks, one.rows, strict=True) if judge.odds(row) >= 0]
        scores.append(score.precision_recall(score.shingles(one.sample.text), score.shingles("\n".join(chosen))))
    return scores


def crossed(lessons: Sequence[Lesson], part_of: Callable[[Lesson], str], folder: Path | None) -> None:
    """Print the figures of every part, judged by a forest fitted to the others."""
    everything: list[tuple[float, float]] = []
    for part in sorted({part_of(one) for one in lessons}):
        text = fit(one for one in lessons if part_of(one) != part)
        if folder:
            (folder / f"forest-{part}.json").write_text(text, "utf-8")
        scores = judged(text, [one for one in lessons if part_of(one) == part])
        everything += scores
        found = score.mean(scores)
        print(
            f"  {part:20} {found.pages:4} pages  F1 {found.f1:.4f}  P {found.precision:.3f}  R {found.recall:.3f}  <.5 {found.poor:.1%}",
            flush=True,
        )
    found = score.mean(everything)
    print(f"  {'all':20} {found.pages:4} pages  F1 {found.f1:.4f}  P {found.precision:.3f}  R {found.recall:.3f}  <.5 {found.poor:.1%}")


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, measure, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, help="where the forest fitted to every page goes")
    parser.add_argument("--folds", type=Path, help="where one forest a fold goes")
    parser.add_argument("--leave-out-sets", action="store_true", help="measure each set by a forest that has seen none of it")
    asked = parser.parse_args(argv)
    lessons = [one for sample in score.load(asked.file) if (one := lesson(sample))]
    if asked.folds:
        asked.folds.mkdir(parents=True, exist_ok=True)
        print("outlets never seen")
        crossed(lessons, lambda one: str(fold_of(one.sample.outlet, FOLDS)), asked.folds)
    if asked.leave_out_sets:
        print("sets never seen")
        crossed(lessons, lambda one: one.sample.set_name, None)
    if asked.out:
        asked.out.write_text(fit(lessons), "utf-8")
        print(f"{asked.out} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
