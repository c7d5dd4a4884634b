"""Invented pages in the manner of outlets that write Chinese, Japanese, Korean and German: what their markup is like, and what their text is."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.pages import CHINESE, GERMAN, TITLES

TAIWANESE = (
    "海港大橋經過十一個月的整修之後，於週一重新開放，整修費用超過原計畫的兩倍，市政府為此向銀行申請了貸款。",
    "工程師先前在八座橋墩中的三座發現裂縫，一度認為整座大橋都必須更換，居民只能搭乘渡輪往返兩岸。",
    "「我們很高興渡輪終於可以休息了。」市長騎著自行車與大約四百名居民一起過橋時這樣說。",
    "整修經費來自貸款、省政府的補助，以及將舊海關大樓賣給一家飯店公司所得的款項。",
    "第二階段工程將拓寬北側的人行道，預計明年春天動工，大約需要四個月的時間。",
)
JAPANESE = (
    "港大橋が十一か月にわたる改修工事を終え、月曜日に再び開通した。工事費は当初の計画の二倍を超え、市は銀行から融資を受けた。",
    "技術者は八本の橋脚のうち三本でひび割れを見つけ、一時は橋全体を架け替えなければならないと考えられていた。",
    "「渡し船がようやく休めるのがうれしい」と、市長は約四百人の住民とともに自転車で橋を渡りながら語った。",
    "費用は融資と県の補助金、それに古い税関の建物をホテル会社に売却した収入でまかなわれた。",
    "北側の歩道を広げる第二期工事は来春に始まり、四か月ほどかかる見通しだ。",
)
KOREAN = (
    "항구 대교가 열한 달 동안의 보수 공사를 마치고 월요일 다시 개통됐다. 공사비는 애초 계획의 두 배를 넘었고 시는 은행에서 돈을 빌렸다.",
    "기술자들은 교각 여덟 개 가운데 세 개에서 금이 간 것을 발견했고, 한때는 다리 전체를 새로 놓아야 한다고 보았다.",
    "시장은 주민 사백여 명과 함께 자전거로 다리를 건너며 “나룻배가 이제 쉴 수 있게 되어 기쁘다”고 말했다.",
    "공사비는 대출과 도의 지원금, 그리고 옛 세관 건물을 호텔 회사에 판 돈으로 마련됐다.",
    "북쪽 보도를 넓히는 두 번째 공사는 내년 봄에 시작해 넉 달가량 걸릴 것으로 보인다.",
)
_TAIPEI, _TOKYO, _SEOUL = "海港大橋睽違十一個月重新開放", "港大橋、十一か月ぶりに開通", "항구 대교, 열한 달 만에 다시 개통"
_MENU = "".join(
    f"<a href='/{n}/'>{name}</a> | "
    for n, name in enumerate(["首页", "国内", "国际", "财经", "科技", "体育", "娱乐", "军事", "汽车", "房产", "教育", "健康"])
)
_RANKED = (
    "本市将新建三座图书馆 明年全部开放",
    "周末有雨 气温下降八度",
    "老城区停车难 专家支招",
    "地铁四号线本月试运行",
    "一男子捡到钱包归还失主",
    "菜价回落 市民篮子更满",
    "青年书法展今日开幕",
    "渔港迎来开渔季首批渔船",
)
_LINKS = "".join(f"<li><a href='/n/{n}.html'>{line}</a></li>" for n, line in enumerate(_RANKED))
_FOOT = "<div class='footer'><p>关于我们 | 广告服务 | 联系方式 | 网站地图</p><p>海港在线 版权所有 未经授权禁止转载 违法和不良信息举报电话：12345</p></div>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """A page, how its bytes come, and what a careful reader would take from it."""

    name: str
    markup: str
    title: str
    lines: tuple[str, ...]
    language: str
    country: str
    charset: str = "utf-8"
    told_charset: str = ""
    agency: str | None = None
    authors: tuple[str, ...] = field(default=())

    @property
    def body(self) -> bytes:
        """The page as it is sent."""
        return self.markup.encode(self.charset)

    @property
    def content_type(self) -> str:
        """The header it is sent with."""
        return f"text/html; charset={self.told_charset or self.charset}"


def _page(title: str, body: str, *, site: str = "海港在线", lang: str = "zh-CN", charset: str = "utf-8") -> str:
    return f"<html lang='{lang}'><head><meta charset='{charset}'><title>{title}_{site}</title></head><body>{body}</body></html>"


def _tables() -> Manner:
    """A portal of the nineties: tables for everything, and characters that its own label does not hold."""
    lines = (*CHINESE, "新桥由“囧”字形支架撑起，设计者朱镕先生说它好看。")
    text = "".join(f"<p>　　{line}</p>" for line in lines)
    body = (
        f"<table width=960><tr><td>{_MENU}</td></tr></table><table width=960><tr><td width=640 valign=top><table><tr><td align=center><font size=5>"
        f"<b>{TITLES['zh']}</b></font></td></tr><tr><td align=center>2026年11月24日 08:15　来源：海港日报　作者：张伟</td></tr><tr><td class=text>{text}"
        "</td></tr><tr><td align=right>（责任编辑：王芳）</td></tr><tr><td>【<a href='#'>打印</a>】【<a href='#'>关闭</a>】</td></tr></table></td>"
        f"<td width=300 valign=top><table><tr><td><b>热点排行</b></td></tr><tr><td><ul>{_LINKS}</ul></td></tr></table></td></tr></table>{_FOOT}"
    )
    return Manner(
        name="tables in gbk",
        markup=_page(TITLES["zh"], body, charset="gb2312"),
        title=TITLES["zh"],
        lines=lines,
        language="zh",
        country="CN",
        charset="gbk",
        told_charset="gb2312",
        authors=("张伟",),
    )


def _breaks() -> Manner:
    """One box, and paragraphs that are lines between breaks."""
    text = "<br><br>　　".join(CHINESE)
    body = (
        f"<div class=nav>{_MENU}</div><div class=main><div class=left><h1>{TITLES['zh']}</h1><div class=info>2026-11-24 08:15:30 来源：海港日报 "
        f"<a href='#c'>评论</a></div><div class=TRS_Editor>　　{text}<br></div><div class=editor>责任编辑：李娜</div><div class=share>分享到：微信 微博 QQ空间</div>"
        f"<div class=xgxw><h3>相关新闻</h3><ul>{_LINKS}</ul></div></div><div class=right><h3>热门推荐</h3><ul>{_LINKS}</ul></div></div>{_FOOT}"
    )
    return Manner(
        name="lines between breaks", markup=_page(TITLES["zh"], body), title=TITLES["zh"], lines=CHINESE, language="zh", country="CN"
    )


def _sections() -> Manner:
    """An account's post: sections in sections, every span with its own style, and an invitation to scan at the end."""
    text = "".join(
        f"<section style='margin:0 8px'><section><p style='text-indent:2em'><span style='font-size:15px'>{line[:20]}</span><span style='color:#333'>"
        f"{line[20:]}</span></p></section></section><section><p><br></p></section>"
        for line in CHINESE
    )
    body = (
        f"<div id=page-content><div id=img-content><h2 class=rich_media_title id=activity-name>{TITLES['zh']}</h2><div class=rich_media_meta_list>"
        f"<span class=rich_media_meta>海港观察</span><em id=publish_time></em></div><div class=rich_media_content id=js_content>{text}"
        "<section><p><strong>扫码关注海港观察，获取更多内容</strong></p></section></div></div>"
        "<div class=rich_media_tool>阅读原文 阅读 10万+ 在看</div></div>"
    )
    head = f"<meta property='og:title' content='{TITLES['zh']}'>"
    markup = _page(TITLES["zh"], body).replace("</title>", f"</title>{head}")
    return Manner(name="sections in sections", markup=markup, title=TITLES["zh"], lines=CHINESE, language="zh", country="CN")


def _dispatch() -> Manner:
    """A dispatch of the state's agency with its dateline, pages to turn, an editor and what else is news."""
    lines = (f"新华社北京11月24日电（记者张伟、李娜）{CHINESE[0]}", *CHINESE[1:])
    text = "".join(f"<p>　　{line}</p>" for line in lines)
    body = (
        f"<div class=header>{_MENU}</div><div class='domPC'><span class=title>{TITLES['zh']}</span></div><div class=source>2026-11-24 08:15:30 来源：新华网</div>"
        f"<div id=detail>{text}<div class=page><a href='#'>1</a> <a href='#'>2</a> <a href='#'>下一页</a></div></div><div class=editor>【纠错】 责任编辑： 王芳</div>"
        f"<div class=hot><h4>延伸阅读</h4><ul>{_LINKS}</ul></div>{_FOOT}"
    )
    return Manner(
        name="an agency's dispatch",
        markup=_page(TITLES["zh"], body, site="新华网"),
        title=TITLES["zh"],
        lines=lines,
        language="zh",
        country="CN",
        agency="Xinhua",
    )


def _taipei() -> Manner:
    """A daily of Taipei: further reading between the paragraphs, a fan page at their end."""
    lines = (f"（中央社記者王小明台北24日電）{TAIWANESE[0]}", *TAIWANESE[1:])
    shown = [f"<p>{line}</p>" for line in lines]
    shown.insert(2, "<p><strong>延伸閱讀：<a href='/n/1'>老城區停車難 專家出招</a></strong></p>")
    shown.insert(5, "<p>點我加入LINE好友，新聞不漏接</p>")
    items = "".join(f"<li><a href='/n/{n}'>另一則與大橋無關的新聞標題，第{n}則</a></li>" for n in range(9))
    body = (
        f"<header><nav><a href='/'>首頁</a><a href='/p'>政治</a><a href='/s'>社會</a></nav></header><article><h1>{_TAIPEI}</h1>"
        f"<time datetime='2026-11-24T08:15:00+08:00'>2026/11/24 08:15</time><div class='articlebody'>{''.join(shown)}</div></article>"
        f"<aside><h3>熱門新聞</h3><ul>{items}</ul></aside><footer>海港時報 版權所有 © 2026</footer>"
    )
    markup = _page(_TAIPEI, body, site="海港時報", lang="zh-TW")
    return Manner(name="a daily of Taipei", markup=markup, title=_TAIPEI, lines=lines, language="zh", country="TW", agency="CNA")


def _hong_kong() -> Manner:
    """A page in Big5."""
    text = "".join(f"<p>{line}</p>" for line in TAIWANESE)
    body = f"<div id=menu><a href='/'>首頁</a> <a href='/n'>新聞</a></div><div id=content><h1>{_TAIPEI}</h1>{text}</div><div id=foot>版權所有</div>"
    markup = _page(_TAIPEI, body, site="海港時報", lang="zh-HK", charset="big5")
    return Manner(
        name="a page in big5",
        markup=markup,
        title=_TAIPEI,
        lines=TAIWANESE,
        language="zh",
        country="HK",
        charset="big5hkscs",
        told_charset="big5",
    )


def _tokyo() -> Manner:
    """A daily of Tokyo: indented paragraphs, related articles, an offer to members."""
    text = "".join(f"<p>　{line}</p>" for line in JAPANESE)
    items = "".join(f"<li><a href='/a/{n}'>橋とは関係のない別の記事の見出し、その{n}</a></li>" for n in range(9))
    body = (
        f"<header><ul><li><a href='/'>トップ</a></li><li><a href='/s'>社会</a></li></ul></header><main><h1>{_TOKYO}</h1><p class=date>2026年11月24日 8時15分</p>"
        f"<div class=article_body>{text}</div><div class=related><p>関連記事</p><ul>{items}</ul></div><div class=member><p>会員登録をすると続きをお読みいただけます</p></div>"
        "</main><footer>(c) 港新聞社 無断転載を禁じます</footer>"
    )
    markup = _page(_TOKYO, body, site="港新聞", lang="ja", charset="shift_jis")
    return Manner(
        name="a daily of Tokyo",
        markup=markup,
        title=_TOKYO,
        lines=JAPANESE,
        language="ja",
        country="JP",
        charset="cp932",
        told_charset="shift_jis",
    )


def _seoul() -> Manner:
    """A portal of Seoul: lines between breaks, the reporter's address, and a ban on reprints."""
    lines = (f"(서울=연합뉴스) 김하나 기자 = {KOREAN[0]}", *KOREAN[1:])
    items = "".join(f"<li><a href='/a/{n}'>다리와 관계없는 다른 기사의 제목 {n}번</a></li>" for n in range(9))
    body = (
        f"<div id=gnb><a href='/'>홈</a><a href='/p'>정치</a><a href='/s'>사회</a></div><div id=container><h3 id=articleTitle>{_SEOUL}</h3>"
        f"<span class=t11>2026-11-24 08:15</span><div id=articleBodyContents>{'<br><br>'.join(lines)}<br><br>저작권자(c) 항구일보, 무단 전재-재배포 금지</div>"
        f"<div class=link_news><h4>관련기사</h4><ul>{items}</ul></div></div><div id=footer>항구일보 등록번호 서울 아00000</div>"
    )
    markup = _page(_SEOUL, body, site="항구일보", lang="ko", charset="euc-kr").replace(
        "</title>", f"</title><meta property='og:title' content='{_SEOUL}'>"
    )
    return Manner(
        name="a portal of Seoul",
        markup=markup,
        title=_SEOUL,
        lines=lines,
        language="ko",
        country="KR",
        charset="cp949",
        told_charset="euc-kr",
        agency="Yonhap",
    )


def _berlin() -> Manner:
    """A German daily: kicker, caption, a newsletter and further reading between the paragraphs, an agency's sign at the end."""
    lines = (f"Hafenstadt (dpa) - {GERMAN[0]}", *GERMAN[1:])
    shown = [f"<p class='article__paragraph'>{line}</p>" for line in lines]
    shown.insert(
        1,
        "<div class='newsletter-box'><h3>Der Morgen am Hafen</h3><p>Das Wichtigste aus der Stadt, täglich um sechs in Ihrem Postfach.</p><button>Jetzt anmelden</button></div>",
    )
    shown.insert(3, "<p><strong>Lesen Sie auch: <a href='/a/1'>Was die Fähren nun kosten</a></strong></p>")
    shown.insert(
        5, "<div class='teaser'><a href='/a/2'><h4>Mehr zum Thema</h4><p>Warum drei Pfeiler Risse hatten und wer davon wusste</p></a></div>"
    )
    items = "".join(f"<li><a href='/a/{n}'>Eine andere Meldung, die mit Brücken nichts zu tun hat, Nummer {n}</a></li>" for n in range(9))
    body = (
        "<header><nav><ul><li><a href='/'>Start</a></li><li><a href='/s'>Stadt</a></li></ul></nav></header><main><article><span class='kicker'>Verkehr</span>"
        f"<h1>{TITLES['de']}</h1><p class='meta'>Stand: 24.11.2026, 08:15 Uhr</p><figure><img src='b.jpg'><figcaption>Die Brücke am Morgen. Foto: E. Beispiel/dpa</figcaption>"
        f"</figure><div class='article__body'>{''.join(shown)}<p class='source'>Quelle: dpa</p></div><section class='comments'><h2>12 Kommentare</h2>"
        f"<p>Endlich, das hat ja lange genug gedauert, meine Herren!</p></section></article><aside><h2>Das könnte Sie auch interessieren</h2><ul>{items}</ul></aside></main>"
        "<footer><p>© Hafenblatt. Alle Rechte vorbehalten. <a href='/i'>Impressum</a></p></footer>"
    )
    markup = _page(TITLES["de"], body, site=" Hafenblatt", lang="de")
    return Manner(name="a German daily", markup=markup, title=TITLES["de"], lines=lines, language="de", country="DE", agency="dpa")


def _zurich() -> Manner:
    """A Swiss daily in Windows' characters with the agency's sign behind the last word."""
    lines = (*GERMAN[:4], f"{GERMAN[4]} (sda)")
    text = "".join(f"<p>{line}</p>" for line in lines)
    body = (
        f"<div id='nav'><a href='/'>Start</a> <a href='/z'>Zürich</a></div><div id='story'><h1>{TITLES['de']}</h1>{text}"
        "<div class='abo'><p>Gefällt Ihnen der Artikel? Abonnieren Sie unser Blatt für 9 Franken im Monat.</p></div></div>"
    )
    markup = _page(TITLES["de"], body, site=" Seeblatt", lang="de-CH", charset="iso-8859-1")
    return Manner(
        name="a Swiss daily", markup=markup, title=TITLES["de"], lines=lines, language="de", country="CH", charset="cp1252", told_charset="iso-8859-1",
        agency="Keystone-SDA",
    )  # fmt: skip


def everyone() -> list[Manner]:
    """Return a page of every manner."""
    return [_tables(), _breaks(), _sections(), _dispatch(), _taipei(), _hong_kong(), _tokyo(), _seoul(), _berlin(), _zurich()]
