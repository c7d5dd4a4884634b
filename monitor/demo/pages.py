"""How an outlet of the newsstand prints an article: a page of real size, with all that stands around the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from monitor.demo.feeds import Item
from monitor.demo.script import Paper, Piece

_WORDS: Mapping[str, tuple[str, ...]] = {
    "de": (
        "Menü", "Anmelden", "Abo testen", "Meistgelesen", "Mehr zum Thema", "Teilen", "Merken", "Kommentare", "Newsletter bestellen",
        "Wir verwenden Cookies, damit die Seite funktioniert. Sie können zustimmen oder ablehnen.", "Impressum", "Datenschutz", "Werbung",
        "Danke für diesen Bericht, ich habe lange auf so etwas gewartet!", "Lesen Sie auch", "Foto", "Alle Rechte vorbehalten",
    ),
    "en": (
        "Menu", "Sign in", "Try a subscription", "Most read", "More on this", "Share", "Save", "Comments", "Get our newsletter",
        "We use cookies so that this site works. You may accept or refuse them.", "About us", "Privacy", "Advertising",
        "Thank you for this, I had been waiting for somebody to write it!", "Read also", "Picture", "All rights reserved",
    ),
    "fr": (
        "Menu", "Se connecter", "Essayer l'abonnement", "Les plus lus", "Sur le même sujet", "Partager", "Garder", "Commentaires",
        "Recevoir la lettre", "Nous utilisons des cookies pour que le site fonctionne. Vous pouvez accepter ou refuser.", "Mentions légales",
        "Vie privée", "Publicité", "Merci pour cet article, il y a longtemps que je l'attendais !", "À lire aussi", "Photo", "Tous droits réservés",
    ),
    "zh": (
        "菜单", "登录", "试阅", "热门文章", "相关报道", "分享", "收藏", "评论", "订阅通讯", "本站使用缓存以保证正常运行，您可以同意或拒绝。", "关于我们",
        "隐私", "广告", "谢谢这篇报道，我等了很久！", "延伸阅读", "图片", "版权所有",
    ),
    "zh-hant": (
        "選單", "登入", "試閱", "熱門文章", "相關報道", "分享", "收藏", "評論", "訂閱通訊", "本站使用快取以保證正常運作，您可以同意或拒絕。", "關於我們",
        "私隱", "廣告", "謝謝這篇報道，我等了很久！", "延伸閱讀", "圖片", "版權所有",
    ),
}  # fmt: skip

_CSS_RULES = 220
_SCRIPT_LINES = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands around every article, in the outlet's language."""

    menu: str
    sign_in: str
    subscribe: str
    most_read: str
    more: str
    share: str
    keep: str
    comments: str
    newsletter: str
    cookies: str
    about: str
    privacy: str
    advertising: str
    comment: str
    read_also: str
    picture: str
    rights: str

    @classmethod
    def of(cls, language: str) -> Words:
        """The words of a language tag."""
        found = _WORDS.get(language.lower()) or _WORDS[language.partition("-")[0].lower()]
        return cls(**dict(zip(cls.__slots__, found, strict=True)))


def article(paper: Paper, piece: Piece, item: Item, others: Sequence[Item]) -> str:
    """Return the page of an article; ``others`` are what else the outlet has, for the lists around it."""
    words = Words.of(paper.language)
    body = _BODIES[paper.style](piece, words, others)
    return "".join(
        (
            f'<!doctype html>\n<html lang="{paper.language}">\n<head>\n<meta charset="{paper.declared}">\n<title>{escape(piece.headline)} | {escape(paper.name)}</title>\n',
            _metadata(paper, piece, item),
            f"<style>\n{_css()}</style>\n<script>\n{_script()}</script>\n</head>\n<body>\n",
            _header(paper, words),
            _opening(paper, piece, item, words),
            body,
            _closing(words, others),
            _footer(paper, words),
            "</body>\n</html>\n",
        )
    )


def _metadata(paper: Paper, piece: Piece, item: Item) -> str:
    linked = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": piece.headline,
        "description": piece.lead,
        "url": item.url,
        "mainEntityOfPage": item.url,
        "datePublished": item.published_at.isoformat(timespec="seconds"),
        "dateModified": item.modified_at.isoformat(timespec="seconds"),
        "inLanguage": paper.language,
        "articleSection": piece.section,
        "isAccessibleForFree": True,
        "author": [{"@type": "Person", "name": piece.author}],
        "publisher": {"@type": "NewsMediaOrganization", "name": paper.name},
    }
    data = json.dumps(linked, ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<meta name="description" content="{escape(piece.lead)}">\n<meta name="author" content="{escape(piece.author)}">\n'
        f'<meta property="og:type" content="article">\n<meta property="og:site_name" content="{escape(paper.name)}">\n'
        f'<meta property="og:title" content="{escape(piece.headline)}">\n<meta property="og:url" content="{escape(item.url)}">\n'
        f'<meta property="article:published_time" content="{item.published_at.isoformat(timespec="seconds")}">\n'
        f'<meta property="article:modified_time" content="{item.modified_at.isoformat(timespec="seconds")}">\n'
        f'<link rel="canonical" href="{escape(item.url)}">\n'
        f'<script type="application/ld+json">{data}</script>\n'
    )


def _header(paper: Paper, words: Words) -> str:
    menu = "".join(
        f'<li><a href="/thema/{n}">{escape(name)}</a><ul>'
        + "".join(f'<li><a href="/thema/{n}/{k}">{escape(name)} {k}</a></li>' for k in range(1, 9))
        + "</ul></li>"
        for n, name in enumerate(paper.sections)
    )
    return (
        f'<div id="consent" class="layer" role="dialog"><p>{words.cookies}</p><button>OK</button><button>&times;</button></div>\n'
        f'<header class="masthead"><a class="logo" href="/">{escape(paper.name)}</a><button>{words.menu}</button><a href="/login">{words.sign_in}</a>'
        f'<a href="/abo">{words.subscribe}</a></header>\n<nav class="main" aria-label="{words.menu}"><ul>{menu}</ul></nav>\n'
    )


def _opening(paper: Paper, piece: Piece, item: Item, words: Words) -> str:
    stamp = item.published_at.isoformat(timespec="seconds")
    return (
        f'<main>\n<div class="ad" aria-hidden="true">{words.advertising}</div>\n<ol class="crumbs"><li><a href="/">{escape(paper.name)}</a></li>'
        f'<li><a href="/thema/0">{escape(piece.section)}</a></li></ol>\n<article>\n<header>\n<h1>{escape(piece.headline)}</h1>\n'
        f'<p class="lead">{escape(piece.lead)}</p>\n<p class="byline"><span class="author">{escape(piece.author)}</span> '
        f'<time datetime="{stamp}">{item.published_at:%d.%m.%Y, %H:%M}</time></p>\n'
        f'<ul class="tools"><li><button>{words.share}</button></li><li><button>{words.keep}</button></li></ul>\n</header>\n'
        f'<figure><img src="/bild/{piece.article_id}.jpg" alt="" width="1200" height="675"><figcaption>{words.picture}: {escape(paper.name)}</figcaption></figure>\n'
    )


def _plain(piece: Piece, _words: Words, _others: Sequence[Item]) -> str:
    return '<div class="text">\n' + "".join(f"<p>{escape(part)}</p>\n" for part in piece.paragraphs) + "</div>\n"


def _broad(piece: Piece, words: Words, others: Sequence[Item]) -> str:
    """Paragraphs with what editors put between them."""
    parts = [f"<p>{escape(part)}</p>\n" for part in piece.paragraphs]
    box = "".join(f'<li><a href="{escape(i.url)}">{escape(i.headline)}</a></li>' for i in others[:3])
    parts.insert(
        min(2, len(parts)),
        f'<aside class="box"><h2>{words.read_also}</h2><ul>{box}</ul></aside>\n<div class="ad">{words.advertising}</div>\n',
    )
    parts.append(
        f'<section class="letter"><h2>{words.newsletter}</h2><form><input type="email" name="mail"><button>OK</button></form></section>\n'
    )
    return f'<section itemprop="articleBody">\n{"".join(parts)}</section>\n'


def _nested(piece: Piece, words: Words, _others: Sequence[Item]) -> str:
    """Each paragraph deep in divisions, as page builders leave it."""
    rows = "".join(
        f'<div class="row"><div class="col"><div class="block block-text"><div class="inner"><p><span>{escape(part)}</span></p></div></div></div></div>\n'
        for part in piece.paragraphs
    )
    return (
        f'<div class="content"><div class="grid">\n{rows}<div class="row"><div class="ad">{words.advertising}</div></div>\n</div></div>\n'
    )


_BODIES = {"plain": _plain, "broad": _broad, "nested": _nested}


def _closing(words: Words, others: Sequence[Item]) -> str:
    teasers = "".join(
        f'<div class="teaser"><a href="{escape(i.url)}"><h3>{escape(i.headline)}</h3></a><p>{escape(i.lead)}</p></div>\n'
        for i in others[:8]
    )
    ranks = "".join(f'<li><a href="{escape(i.url)}">{escape(i.headline)}</a></li>' for i in others[:10])
    comments = "".join(
        f'<li id="c{n}"><cite>Leser {n}</cite><p>{escape(words.comment)}</p><button>{words.share}</button></li>\n' for n in range(1, 7)
    )
    return (
        f'</article>\n<aside class="more"><h2>{words.more}</h2>\n{teasers}</aside>\n<aside class="rank"><h2>{words.most_read}</h2><ol>{ranks}</ol></aside>\n'
        f'<section class="comments"><h2>{words.comments} (6)</h2><ul>\n{comments}</ul></section>\n</main>\n'
    )


def _footer(paper: Paper, words: Words) -> str:
    links = "".join(
        f'<li><a href="/{kind}/{n}">{escape(name)}</a></li>' for n, name in enumerate(paper.sections * 6) for kind in ("archiv", "thema")
    )
    return (
        f'<footer><p class="notice">{escape(paper.notice)}</p>\n<ul class="map">{links}</ul>\n<p><a href="/impressum">{words.about}</a> '
        f'<a href="/daten">{words.privacy}</a></p><p>© {escape(paper.name)}. {words.rights}.</p></footer>\n'
    )


def _css() -> str:
    """Style sheets are much of a page's bytes."""
    return "".join(
        f".c-{n:03d}{{margin:{n % 7}px {n % 11}px;padding:{n % 5}em;color:#{n * 7919 % 0xFFFFFF:06x};font:{12 + n % 9}px/1.{n % 9} serif}}\n"
        for n in range(_CSS_RULES)
    )


def _script() -> str:
    return "".join(
        f"window.q=window.q||[];q.push(['track','slot-{n}',{n * 31 % 997},{{lazy:{str(n % 2 == 0).lower()}}}]);\n"
        for n in range(_SCRIPT_LINES)
    )
