"""A page without scripts: signing in, and refusals that a person reads."""

from html import escape

from fastapi.responses import HTMLResponse

from narrowgate_console.words import HTML_LANGUAGE, Language

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>Narrowgate · {title}</title><style>
:root {{ color-scheme: light dark; --ground: #f3f5f8; --panel: #fff; --edge: #dfe4ea; --quiet: #5b6778;
--accent: #1f5fbf; --bad: #b3261e }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #10151c; --panel: #19212b; --edge: #2a3441;
--quiet: #9aa6b6; --accent: #7fb2ff; --bad: #ff8a80 }} }}
body {{ font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
background: var(--ground); min-height: 90vh; display: grid; place-items: center; margin: 0 }}
main {{ background: var(--panel); border: 1px solid var(--edge); border-radius: 12px; padding: 28px 32px;
width: min(21rem, 78vw) }}
h1 {{ font-size: 1.4rem; margin: 0; letter-spacing: -.01em }} h2 {{ font-size: 1rem; font-weight: 500;
color: var(--quiet); margin: 0 0 1.2rem }}
label {{ display: block; font-size: .85rem; color: var(--quiet); margin-bottom: .9rem }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: 9px 11px; border-radius: 8px;
border: 1px solid var(--edge); margin-top: 4px }}
button {{ background: var(--accent); color: var(--panel); border: 0; font-weight: 600; cursor: pointer }}
.fault {{ color: var(--bad); font-size: .88rem; margin: 0 0 .6rem; min-height: 1.3em }}
a {{ color: var(--accent) }}
</style></head><body><main><h1>Narrowgate</h1><h2>{title}</h2>{content}</main></body></html>
"""


def plain_page(title: str, content: str, language: Language, status: int) -> HTMLResponse:
    """Give a page.

    Args:
        title: what it is, as text.
        content: HTML.
        language: of the page.
        status: of the answer.
    """
    html = _PAGE.format(language=HTML_LANGUAGE[language], title=escape(title), content=content)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
