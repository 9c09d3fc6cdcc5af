"""Contact sheets as one self-contained web page: photos inside as data, a bar for each aspect's cosine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from string import Template

from data.errors import BadPhoto
from service.browsing import jpeg_of
from service.sheets import Picture, Sheet

SIDE = 320

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --paper: #f6f5f2; --ink: #201f1d; --soft: #706c65; --line: #dedbd5;
  --accent: #0c6a5e; --wrong: #a63c2c; }
@media (prefers-color-scheme: dark) { :root { --paper: #171615; --ink: #f1efeb; --soft: #a39f97;
  --line: #3a3835; --accent: #5cc4b3; --wrong: #e58a77; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem; background: var(--paper); color: var(--ink);
  font: 15px/1.4 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
p { margin: 0 0 1.5rem; color: var(--soft); }
main { display: grid; grid-template-columns: minmax(160px, 240px) 1fr; gap: 2rem; }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: 1.25rem; }
.asked { display: grid; gap: 1.25rem; align-content: start; border-right: 1px solid var(--line);
  padding-right: 2rem; }
figure { margin: 0; }
.frame { background: #fff; border: 1px solid var(--line); border-radius: 10px; aspect-ratio: 1;
  display: grid;
  place-items: center; overflow: hidden; color: #706c65; }
.query .frame { border: 3px solid var(--accent); } .unlike .frame { border: 3px solid var(--wrong); }
img { max-width: 100%; max-height: 100%; display: block; }
figcaption { padding-top: .5rem; overflow-wrap: anywhere; }
.top { display: flex; justify-content: space-between; gap: .5rem; font-weight: 600; }
.score { color: var(--accent); font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); font-size: .85rem; }
.bar { display: grid; grid-template-columns: 4.5rem 1fr 2.5rem; gap: .4rem; align-items: center;
  font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.bar i { display: block; height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; }
.bar b { display: block; height: 100%; background: var(--accent); }
@media (max-width: 640px) { body { padding: 1rem; } main { grid-template-columns: 1fr; }
  .asked { border: 0; padding: 0; max-width: 240px; } }
</style></head><body>
<h1>$title</h1><p>$subtitle</p>
$body
</body></html>
""")


def render(sheet: Sheet) -> str:
    """The page; it refers to nothing outside itself."""
    asked = [_figure(p, "query", "query") for p in sheet.queries]
    asked += [_figure(p, "unlike", "not like this") for p in sheet.negatives]
    hits = [_figure(p, "hit", str(n)) for n, p in enumerate(sheet.hits, 1)]
    found = "\n".join(hits) or '<p class="soft">no hits</p>'
    body = (
        f'<main><section class="asked" aria-label="query">{"".join(asked)}</section>\n'
        f'<section class="hits" aria-label="hits">{found}</section></main>'
    )
    return _page(sheet.title, sheet.subtitle, body)


def render_rows(title: str, subtitle: str, rows: Sequence[tuple[str, Sequence[Picture]]]) -> str:
    """A page of rows of pictures, each under a heading; it refers to nothing outside itself."""
    sections = [
        f'<h2>{escape(heading)}</h2>\n<section class="hits" aria-label="{escape(heading, quote=True)}">'
        + "\n".join(_figure(picture, "hit", str(place)) for place, picture in enumerate(pictures, 1))
        + "</section>"
        for heading, pictures in rows
    ]
    return _page(title, subtitle, "\n".join(sections) or '<p class="soft">none found</p>')


def _page(title: str, subtitle: str, body: str) -> str:
    return _PAGE.substitute(title=escape(title), subtitle=escape(subtitle), body=body)


def _figure(picture: Picture, kind: str, mark: str) -> str:
    score = f'<span class="score">{picture.score:.3f}</span>' if picture.score is not None else ""
    lines = [f'<div class="top"><span>{escape(picture.name)}</span>{score}</div>']
    lines += [f"<div>{escape(picture.text)}</div>"] if picture.text else []
    lines.append(f'<div class="soft">{escape(" · ".join(t for t in (mark, picture.note) if t))}</div>')
    lines += [_bar(name, cosine) for name, cosine in (picture.aspects or {}).items()]
    return (
        f'<figure class="{kind}"><div class="frame">{_image(picture)}</div>'
        f"<figcaption>{''.join(lines)}</figcaption></figure>"
    )


def _bar(name: str, cosine: float) -> str:
    width = round(100 * max(0.0, min(1.0, cosine)))
    return (
        f'<div class="bar"><span>{escape(name)}</span><i><b style="width:{width}%"></b></i>'
        f"<span>{cosine:.2f}</span></div>"
    )


def _image(picture: Picture) -> str:
    if picture.photo is None:
        return "no photo"
    try:
        data = base64.b64encode(jpeg_of(picture.photo, SIDE)).decode("ascii")
    except (BadPhoto, OSError):
        return "photo unreadable"
    return f'<img alt="{escape(picture.name, quote=True)}" src="data:image/jpeg;base64,{data}">'
