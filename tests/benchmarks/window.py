"""A window of articles in memory that hands over candidates and frequencies as the archive does."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from crawler.model import Article
from monitor.model import Candidate, Fingerprint, StoryAssignment
from monitor.stories import Frequencies

FEATURE_WINDOW = timedelta(hours=72)
TEXT_WINDOW = timedelta(days=7)
MAX_POSTINGS = 400
SAME_TEXT = 20
SAME_EVENT = 30
BOILERPLATE_TITLES = 4


class Window:
    """Postings of features and shingles, document frequencies per day and language, and the story of each article."""

    def __init__(self) -> None:
        self.articles: list[tuple[Article, Fingerprint, datetime]] = []
        self.stories: list[int] = []
        self.merged: dict[int, int] = {}
        self.related: set[tuple[int, int]] = set()
        self._features: dict[int, list[int]] = defaultdict(list)
        self._shingles: dict[int, list[int]] = defaultdict(list)
        self._days: dict[str, dict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))

    def candidates(self, article: Article, fingerprint: Fingerprint) -> tuple[list[Candidate], Frequencies]:
        """What ``story_candidates`` of the archive would hand over."""
        at = article.published_at or article.seen_at
        frequencies = self._frequencies(article, fingerprint, at)
        copies: Counter[int] = Counter()
        for h in fingerprint.shingles:
            if h not in frequencies.boilerplate:
                copies.update(n for n in self._shingles.get(h, ()) if at - self.articles[n][2] <= TEXT_WINDOW)
        events: Counter[int] = Counter()
        oldest = at - FEATURE_WINDOW
        for f in fingerprint.features:
            if f.kind == "g" or not 0 < frequencies.pooled.get(f.hash, 0) <= MAX_POSTINGS:
                continue
            weight = frequencies.idf(f.hash, article.language)
            for n in self._features[f.hash]:
                if self.articles[n][2] >= oldest:
                    events[n] += weight  # type: ignore[assignment]
        wanted = dict.fromkeys((*_best(copies, SAME_TEXT), *_best(events, SAME_EVENT)))
        return [self._candidate(n) for n in wanted], frequencies

    def put(self, article: Article, fingerprint: Fingerprint, assignment: StoryAssignment) -> int:
        """Keep the article, merge stories, and return the article's number."""
        number = len(self.articles)
        at = article.published_at or article.seen_at
        story = number if assignment.story_id is None else assignment.story_id
        self.articles.append((article, fingerprint, at))
        self.stories.append(story)
        for loser in assignment.merged:
            self.merged[loser] = story
        self.related.update((number, other) for other, _ in assignment.related)
        counts = self._days[at.date().isoformat()][article.language]
        counts[0] += 1
        for f in fingerprint.features:
            self._features[f.hash].append(number)
            counts[f.hash] += 1
        for h in fingerprint.shingles:
            self._shingles[h].append(number)
        return number

    def story(self, number: int) -> int:
        """The story an article belongs to now."""
        return self.living(self.stories[number])

    def living(self, story: int) -> int:
        """The story that a story has merged into."""
        while story in self.merged:
            story = self.merged[story]
        return story

    def related_stories(self) -> set[frozenset[int]]:
        """The links between stories, merges followed."""
        return {frozenset((self.story(n), self.living(other))) for n, other in self.related}

    def _frequencies(self, article: Article, fingerprint: Fingerprint, at: datetime) -> Frequencies:
        since, until = (at - FEATURE_WINDOW).date().isoformat(), at.date().isoformat()
        hashes = {f.hash for f in fingerprint.features}
        pooled: Counter[int] = Counter()
        by_language: dict[str, Counter[int]] = defaultdict(Counter)
        languages: Counter[str] = Counter()
        for day, counted in self._days.items():
            if since <= day <= until:
                for language, counts in counted.items():
                    languages[language] += counts[0]
                    found = {h: counts[h] for h in hashes if h in counts}
                    pooled.update(found)
                    by_language[language].update(found)
        worn = self._boilerplate(article, fingerprint)
        return Frequencies(documents=languages.total(), languages=languages, pooled=pooled, by_language=by_language, boilerplate=worn)

    def _boilerplate(self, article: Article, fingerprint: Fingerprint) -> frozenset[int]:
        worn = set()
        for h in fingerprint.shingles:
            titles: dict[str, set[str]] = defaultdict(set)
            titles[article.source_id].add(article.headline)
            for n in self._shingles.get(h, ()):
                other = self.articles[n][0]
                titles[other.source_id].add(other.headline)
            if any(len(of_source) >= BOILERPLATE_TITLES for of_source in titles.values()):
                worn.add(h)
        return frozenset(worn)

    def _candidate(self, n: int) -> Candidate:
        article, fingerprint, at = self.articles[n]
        return Candidate(
            article_id=n,
            story_id=self.story(n),
            outlet_id=article.outlet_id,
            source_id=article.source_id,
            language=article.language,
            headline=article.headline,
            at=at,
            word_count=fingerprint.word_count,
            shingles=fingerprint.shingles,
            features=fingerprint.features,
            agency=article.agency,
        )


def _best(scores: Counter[int], limit: int) -> list[int]:
    return [n for n, _ in sorted(scores.items(), key=lambda item: (-item[1], -item[0]))[:limit]]
