"""The HTML part of a mail: a message's body as a document that a phone and a dark screen can show."""

from __future__ import annotations

from markupsafe import Markup, escape

from monitor.model import Message

_STYLE = """
body{margin:0;padding:20px 16px;background:#fff;color:#1f2328;font:16px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",sans-serif}
div{max-width:640px;margin:0 auto}
a{color:#0b57d0;text-decoration:none}
.body>b:first-child{font-size:20px;line-height:1.3}
.body i{color:#57606a;font-style:normal;font-size:14px}
.footer{margin-top:28px;padding-top:12px;border-top:1px solid #d0d7de;color:#57606a;font-size:13px;line-height:1.45}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}a{color:#8ab4f8}.body i,.footer{color:#9aa4ad}.footer{border-color:#363c42}}
"""
_DOCUMENT = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>{title}</title><style>{style}</style></head>
<body><div class="body">
{body}
</div>
{footer}</body></html>
"""


def document(message: Message) -> str:
    """Return the whole document around a message in HTML."""
    footer = Markup("<br>\n").join(message.footer.splitlines())
    return _DOCUMENT.format(
        title=escape(message.title),
        style=_STYLE.strip(),
        body=message.body,
        footer=Markup('<div class="footer">{}</div>\n').format(footer) if footer else "",
    )
