"""Lines that outlets put into their articles and that are no part of them; where a wall ends the article."""

from __future__ import annotations

import re

_MAX_CHARS, _STAMP_CHARS = 160, 60

# Each stands at a line's beginning. Words of one language that open honest sentences of another are kept out.
_OPENINGS = (
    # read also, related
    (
        r"(?:read|see|watch) (?:also|more|next)\b[: ]?|also read\b|related(?: (?:stor(?:y|ies)|articles?|posts?|topics?|content|news|coverage|reading))?(?::|$)|"
        r"more (?:on this (?:story|topic)|from|stories)\b.{0,40}$|recommended (?:for you|reading|stories)|you (?:may|might) (?:also )?like|don['’]t miss|most read|"
        r"lesen sie (?:auch|hier|dazu)|lies auch|mehr (?:zum thema|dazu|zu diesem thema)|zum thema(?::|$)|siehe auch|das könnte sie auch|auch interessant|weiterlesen|"
        r"(?:à )?lire (?:aussi|également)|voir aussi|sur le même (?:sujet|thème)|(?:lea|lee|ver|vea) también|te puede interesar|le puede interesar|más información(?::|$)|"
        r"leggi anche|(?:leia|veja) (?:também|mais)|saiba mais(?::|$)|czytaj (?:też|także|również|więcej)|zobacz (?:też|także|również)|lees (?:ook|meer)|læs også|les også|"
        r"läs (?:också|även|mer)|lue myös|читайте также|читать также|смотрите также|читайте також|daha fazla|ayrıca okuyun|přečtěte si|čtěte (?:také|více)|"
        r"[【\[（(]?(?:相关|延伸|推荐|相關|推薦)(?:阅读|新闻|报道|文章|链接|閱讀|新聞|報導|推荐)|更多(?:新闻|精彩|内容|报道|資訊)|点击(?:进入|查看|阅读|下载|[上下]方|关注|蓝字)|點擊|阅读(?:原文|更多)|閱讀更多|"
        r"(?:関連|あわせて読みたい|合わせて読みたい|こちらも)(?:記事|リンク|ニュース)?(?::|：|$)|続きを読む|관련\s?기사|더\s?보기$|"
        r"[اإ]قرأ (?:أيض|ايض|المزيد|كذلك)|شاهد أيض|(?:यह|ये|इसे) भी (?:पढ़ें|पढ़ें|देखें)|بیشتر بخوانید|مطالب مرتبط|(?:یہ بھی|مزید) پڑھیں|আর[ওো]\s?ও? ?পড়ুন|קראו? (?:גם|עוד)|"
        r"cite[sșş]te (?:[sșş]i|mai)|xem thêm|đọc thêm|baca (?:juga|selengkapnya)\b|อ่าน(?:เพิ่มเติม|ข่าว)|διαβάστε (?:επίσης|ακόμη|ακόμα|περισσότερα)|kapcsolódó (?:cikk|anyag)|"
        r"pročitajte (?:i|još|više)\b|čitajte (?:i|još|aj|viac)\b|прочитајте (?:и|још)|(?:прочетете|вижте) (?:още|също)|prečítajte si|lue lisää\b|les mer\b|læs mere\b|ilgili haber|llegiu també"
    ),
    # subscribe, follow, share
    (
        r"sign up (?:for|to)\b|subscribe (?:to|now|today|here)\b|(?:get|receive) (?:our|the) .{0,60}newsletter|follow (?:us|him|her|them|me)?\s?(?:on|@)|join our\b|"
        r"(?:share|tweet|email|print) this\b|share(?: on)? (?:facebook|twitter|x|whatsapp|linkedin)|click here\b|download (?:the|our) .{0,30}app\b|"
        r"(?:hier )?(?:newsletter )?(?:jetzt )?(?:abonnieren|anmelden)\b.{0,60}$|abonnieren sie|folgen sie uns|(?:gefällt|gefiel) (?:ihnen|dir|euch) (?:der|dieser|unser)|hat (?:ihnen|dir) (?:der|dieser) (?:artikel|beitrag)|war (?:der|dieser) (?:artikel|beitrag) |möchten sie (?:den|diesen) (?:artikel|beitrag) |"
        r"dieser (?:artikel|beitrag) enthält werbung|newsletter(?::|$)|"
        r"abonnez-vous|inscrivez-vous|suivez-nous|recevez (?:notre|la|toute)|suscríbe|síguenos|sigue (?:toda|leyendo)|iscriviti|seguici|inscreva-se|siga o |"
        r"zapisz się|subskrybuj|abonneer|meld je aan|tilmeld dig|подписывайтесь|подпишитесь|підписуйтесь|扫(?:一扫|码|描)|(?:长按|識別|识别)二维码|(?:微信|官方)?(?:公众号|微信号)[:：]|"
        r"关注(?:我们|微信|公众号)|下载.{0,10}(?:客户端|app)|(?:欢迎)?(?:投稿|爆料)|新闻热线|\*?\s*(?:點我|追蹤|訂閱|加入).{0,20}(?:line|粉絲|新聞|頻道)|(?:会員|無料)(?:登録|会員)"
    ),
    # buttons, whole lines alone
    (
        r"(?:share|save|print|copy link|ok|teilen|merken|drucken|link kopieren|partager|garder|enregistrer|imprimer|copier le lien|compartir|guardar|imprimir|condividi|salva|stampa|"
        r"compartilhar|delen|udostępnij|поделиться|поділитися|paylaş|分享|收藏|打印|列印|复制链接|複製連結|シェア|保存|공유|인쇄)\W*$"
    ),
    # rights, editors, disclaimers
    (
        r"(?:©|\(c\)|copyright\b)|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|tutti i diritti|todos os direitos|"
        r"wszelkie prawa|this (?:material|story|article) (?:may not be|was (?:originally|first|automatically))|(?:版权|免责|特别|著作权)声明|版权所有|[大中小]字号|字[号號體体][:：]|本文(?:系|为|来自|仅代表|由).{0,60}$|"
        r"未经(?:授权|许可|书面)|(?:责任编辑|責任編輯|责编|編輯|编辑|校对|审核|监制|主编|审校|值班主任|终审)[:：]|[（(\[【](?:责任编辑|责编|编辑|責任編輯|完)[:：]?.{0,30}[）)\]】]$|"
        r"(?:来源|來源|稿源|原标题)[:：].{0,40}$|(?:19|20)\d\d\s?[-/.年].{6,30}(?:来源|來源|作者|浏览|阅读|字号|字體|评论)|quelle\s?:.{0,40}$|"
        r"(?:您(?:现在)?(?:所)?在的位置|您的位置|当前位置|當前位置|目前位置)(?:是|为)?\s?[:：]|"
        r"(?:本[站网報报]|[新搜]\S{1,3})?(?:郑重|特别)?(?:声明|聲明)[:：]|違法和不良|违法和不良信息|無断転載|무단\s?(?:전재|복제)|저작권자|기자명\s|댓글\s?\d*$|(?:기사|최종)?\s?(?:입력|수정|등록)\s?:?\s?(?:19|20)\d\d"
    ),
    # advertisements, comments, cookies, pictures
    (
        r"advertisement$|anzeige$|werbung$|publicité$|publicidad$|pubblicità$|reklama$|ad$|广告$|廣告$|sponsored\b.{0,30}$|story continues below|article continues|continue reading|"
        r"leave a (?:comment|reply)|(?:\d+ )?comments?$|(?:\d+ )?kommentare?$|(?:\d+ )?commentaires?$|comments (?:are|have been) closed|diesen artikel (?:teilen|kommentieren)|"
        r"we use cookies|wir verwenden cookies|diese (?:web)?seite verwendet cookies|empfohlener (?:redaktioneller|externer) inhalt|externer inhalt|ich bin damit einverstanden, dass mir externe|"
        r"nous utilisons des cookies|click to (?:enlarge|expand|copy)|(?:bild|foto|fotos|photo|image)\s?(?:©|:).{0,60}$|loading\b.{0,20}$|video player|please enable javascript|bitte aktivieren sie javascript"
    ),
)  # fmt: skip
_WALLS = (
    "subscribe to continue", "subscribe to read", "to continue reading", "to read the full", "already a subscriber", "this article is for subscribers", "subscriber-only",
    "jetzt weiterlesen", "weiterlesen mit", "möchten weiterlesen", "um weiterzulesen", "artikel freischalten", "mit abo weiterlesen", "artikel ist nur für", "lesen sie diesen artikel mit",
    "abonnieren und weiterlesen", "angebots für abonnent", "bereits abonnent", "schon abonnent", "bereits abonniert", "jetzt testen und weiterlesen", "exklusiv für abonnent", "nur für abonnent", "zugriff auf alle artikel", "réservé aux abonnés",
    "il vous reste", "pour lire la suite", "article réservé", "déjà abonné", "contenido exclusivo para suscriptores", "suscríbete para seguir leyendo", "solo para suscriptores",
    "contenuto riservato agli abbonati", "treść dla subskrybentów", "alleen voor abonnees", "付费阅读", "购买后阅读", "登录后阅读", "开通会员", "订阅后", "会员专享", "付費文章", "訂閱會員",
    "この記事は有料会員限定", "有料会員になると", "会員限定記事", "유료회원",
)  # fmt: skip
_WALL_CHARS = 400
# A line that is but a time: "Stand: 20.11.2026, 08:15 Uhr".
_STAMP = re.compile(
    r"(?:(?:stand|datum|erstellt|publi\w{1,8}|veröffentlicht|aktualisiert|posted|updated|发布时间|發布時間|时间|時間|日期)\s?[:：]?\s?(?:am\s|on\s|le\s)?)?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s|(?:mon|diens|donners|frei|sams|sonn)tag,?\s|mittwoch,?\s)?(?:\d{1,2}\.\s?(?:\d{1,2}\.|[^\W\d]{3,12})\s?\d{4}|\d{4}\s?[-/.年년]\s?\d{1,2}\s?[-/.月월]\s?\d{1,2}\s?[日일]?)"
    r"[\s,.|–-]{0,3}(?:[^\W\d]{1,5}\.?\s){0,2}\d{1,2}[:.：时時]\d{2}(?:[:：]\d\d)?\s?(?:Uhr|분|分)?\W*",
    re.IGNORECASE,
)
# How Chinese captions end: "圖／市府提供", "记者 张伟 摄".
_CAPTION = re.compile(
    r"(?:[图圖]片?(?:来源|來源|源)?[／/:：]\s?\S{2,16}|(?:记者|記者|通讯员|通訊員)\s?[\u4e00-\u9fff ]{2,10}[摄攝]|[／/][\u4e00-\u9fff]{2,8}[摄攝])[）)]?$"
)
_SIGNATURE = re.compile(r"(?:[\w.·-]+\s){0,3}[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OPENING = re.compile(r"[\W_]{0,6}(?:" + "|".join(_OPENINGS) + ")", re.IGNORECASE)


def is_boilerplate(line: str, *, link: float = 0.0) -> bool:
    """Tell a short line that only points elsewhere, sells, or claims rights; ``link`` is the share of it that is linked."""
    limit = 2 * _MAX_CHARS if link > 0.5 else _MAX_CHARS
    return len(line) <= limit and (_OPENING.match(line) is not None or _is_stray(line))


def _is_stray(line: str) -> bool:
    """Tell a signature by its mail address, a time alone, and a caption that lost its picture."""
    if "@" in line and _SIGNATURE.fullmatch(line):
        return True
    return (len(line) <= _STAMP_CHARS and _STAMP.fullmatch(line) is not None) or (not line.isascii() and _CAPTION.search(line) is not None)


def has_wall(text: str) -> bool:
    """Tell a text that has a wall in any line: nearly none has, and then its lines need not be asked one by one."""
    folded = text.casefold()
    return any(wall in folded for wall in _WALLS)


def is_wall(line: str) -> bool:
    """Tell a line that stands where an article is kept from readers without an account."""
    return len(line) < _WALL_CHARS and has_wall(line)
