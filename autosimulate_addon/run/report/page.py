"""report.html: one file without links, scripts or fonts of its own, that opens anywhere."""

from __future__ import annotations

import base64
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape

from matplotlib.figure import Figure

from ...protocol.numbers import Agreement, Coordinate, Row
from ...protocol.words import duration, percent
from . import agreement, intervals, layout, matching
from .distributions import SURE_LEGEND, change
from .poster import facts, predictions_title
from .record import RunRecord, why_no_influence
from .style import CONTROL, LEARNED, OUTCOME, shorten
from .verdict import judge, opening, row_name

_CSS = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #f4f5f7; color: #1f2933; font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }}
main {{ max-width: 1320px; margin: 0 auto; padding: 32px 24px 64px; }}
header p.brand {{ margin: 0; color: #697586; font-weight: 600; letter-spacing: .02em; }}
header p.facts {{ margin: 4px 0 0; color: #697586; }}
h1 {{ margin: 4px 0 0; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }}
h2 {{ margin: 0 0 12px; font-size: 17px; }}
section {{ background: #fff; border: 1px solid #e6e8eb; border-radius: 10px; padding: 20px 24px; margin-top: 18px; }}
.verdict {{ border-left-width: 6px; }}
.verdict p {{ margin: 0; }} .verdict p.headline {{ font-size: 20px; font-weight: 700; margin-bottom: 8px; }}
img {{ display: block; max-width: 100%; height: auto; }}
img.wide {{ width: 100%; }}
.sheets {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 20px; }}
.sheets img {{ width: 100%; image-rendering: pixelated; border-radius: 4px; }}
figure {{ margin: 0; }} figcaption {{ font-weight: 600; margin-bottom: 6px; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
table.full {{ width: 100%; }}
th, td {{ text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid #eef0f2; vertical-align: top; }}
th {{ color: #697586; font-weight: 600; font-size: 13px; white-space: nowrap; }}
td.n, th.n {{ text-align: right; white-space: nowrap; }}
tr.learned td {{ font-weight: 700; color: {LEARNED}; }}
td {{ overflow-wrap: anywhere; }}
.before {{ color: {CONTROL}; font-weight: 700; }} .after {{ color: {LEARNED}; font-weight: 700; }}
dl {{ margin: 0; columns: 2 340px; column-gap: 40px; }}
dl div {{ display: flex; gap: 14px; padding: 4px 0; border-bottom: 1px solid #eef0f2; break-inside: avoid; }}
dt {{ color: #697586; flex: 0 0 140px; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
.quiet {{ color: #697586; }} p.quiet {{ margin: 10px 0 0; }} details {{ margin-top: 12px; }}
summary {{ cursor: pointer; color: #697586; }} ul {{ margin: 0; padding-left: 20px; }}
"""


def render(record: RunRecord) -> str:
    """The page as text. Everything that came from a file is escaped."""
    verdict = judge(record)
    lead = opening(record.numbers, record.photographs)
    below = f"{verdict.headline} {verdict.detail}" if lead else verdict.detail
    title = escape(record.name)
    parts = [
        f'<header><p class="brand">AutoSimulate</p><h1>{title}</h1>'
        f'<p class="facts">{escape(facts(record))}</p></header>',
        f'<section class="verdict" style="border-left-color:{OUTCOME[verdict.outcome]}">'
        f'<p class="headline" style="color:{OUTCOME[verdict.outcome]}">{escape(lead or verdict.headline)}</p>'
        f'<p>{escape(below)}</p></section>',
        _section("Against the null control",
                 _svg(_curves(record), f"Validation loss and {record.metric} by images rendered, and the comparison of "
                                       "fresh networks")),
        _scores(record), _certainty(record), _matching(record), _distributions(record),
        _sheets(record), _predictions(record), _influence(record), _health(record), _config(record),
    ]
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title} · AutoSimulate</title><style>{_CSS}</style></head>\n<body><main>\n"
            + "\n".join(part for part in parts if part) + "\n</main></body></html>\n")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _table(head: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]], numeric_from: int = 99, full: bool = True
           ) -> str:
    """Cells are escaped here. Each row: (css class, cells); columns from ``numeric_from`` on are right-aligned."""
    def cells(tag: str, values: Iterable[str]) -> str:
        return "".join(f'<{tag}{" class=n" if column >= numeric_from else ""}>{escape(str(value))}</{tag}>'
                       for column, value in enumerate(values))
    body = "".join(f'<tr{f" class={css}" if css else ""}>{cells("td", values)}</tr>' for css, values in rows)
    head = cells("th", head)
    return (f'<div class="scroll"><table{" class=full" if full else ""}>'
            f'{f"<thead><tr>{head}</tr></thead>" if head else ""}<tbody>{body}</tbody></table></div>')


@layout.styled
def _curves(record: RunRecord) -> Figure:
    figure = layout.figure(layout.CURVES_HEIGHT + 1.0)
    layout.curve_row(figure, 0.4, record)
    return figure


@layout.styled
def _panels(record: RunRecord) -> Figure:
    figure = layout.figure(layout.panel_rows(len(record.free)) * layout.PANEL_PITCH + 0.15)
    layout.panel_grid(figure, 0.5, record.free, record.sure)
    return figure


@layout.styled
def _svg(figure: Figure, description: str) -> str:
    """As an image, not inline: names from a scene could not become markup even if they wanted to."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _image(buffer.getvalue(), "image/svg+xml", description, "wide")


def _image(data: bytes, kind: str, description: str, css: str = "") -> str:
    return (f'<img{f" class={css}" if css else ""} alt="{escape(description)}" '
            f'src="data:{kind};base64,{base64.b64encode(data).decode("ascii")}">')


def _scores(record: RunRecord) -> str:
    numbers = record.numbers
    if not numbers.rows:
        return ""
    names = list(dict.fromkeys(name for row in numbers.rows.values() for name in row.per_class))
    also = list(dict.fromkeys(name for row in numbers.rows.values() for name in row.also))
    decided = any(not math.isnan(row.decided_metric) for row in numbers.rows.values())
    rows = [("learned" if name == "learned" else "",
             [row_name(name, numbers.rows), _with_spread(row.metric, row.metrics),
              *([_with_spread(row.decided_metric, row.decided_metrics)] if decided else []),
              *(percent(row.also.get(each, math.nan)) for each in also),
              _loss_with_spread(row), *(percent(row.per_class.get(each, math.nan)) for each in names)])
            for name, row in numbers.rows.items()]
    columns = [record.metric, *([f"{record.metric}, decided"] if decided else []), *also, "loss", *names]
    remarks = "".join(f'<p class="quiet">{escape(text)}</p>' for text in _remarks(record, decided))
    return _section("Fresh networks", _table(["distributions", *columns], rows, 1) + remarks)


def _remarks(record: RunRecord, decided: bool) -> Iterator[str]:
    """What the table of fresh networks means."""
    numbers = record.numbers
    several = max(len(row.metrics) for row in numbers.rows.values())
    if numbers.images:
        networks = f"the mean of {several} networks, each" if several > 1 else "a network"
        yield (f"Each row is {networks} trained from scratch on {numbers.images:,} images drawn from those "
               f"distributions, scored on the {numbers.split} images.")
    if several > 1:
        yield ("± is the standard deviation between the networks of a row: two rows that are nearer to each other are "
               "level. Other photographs would say otherwise by more than that.")
    if "real only" in numbers.rows:
        yield ('Networks of the rows "both" are trained on renders and on the real images of --real, which have half '
               'of the weight; those of "real only" on nothing but these, those of "synthetic only" on renders alone.')
    if decided:
        yield (f"{record.metric} is that of the likeliest class of each pixel; decided, with one bias for each class "
               "added, which was chosen on the validation images: the likeliest class wanders with the share of "
               "foreground in the renders.")


def _with_spread(value: float, each: list[float]) -> str:
    spread = Row.spread(each)
    return percent(value) if math.isnan(spread) else f"{100 * value:.1f} ± {100 * spread:.1f} %"


def _loss_with_spread(row: Row) -> str:
    spread = Row.spread(row.losses)
    loss = "–" if math.isnan(row.loss) else f"{row.loss:.4f}"
    return loss if math.isnan(spread) else f"{loss} ± {spread:.4f}"


def _certainty(record: RunRecord) -> str:
    """Which coordinates moved, and whether that is told from chance."""
    found = record.agreement
    if found is None or not any(each.asked for each in found.coordinates):
        return ""
    texts = [text for text in (agreement.told(found), agreement.cosines(found)) if text]
    body = "".join(f"<p>{escape(text)}</p>" for text in texts)
    if shown := intervals.shown(found):
        body += _svg(_intervals(found), "The interval of every coordinate's slope")
        if len(shown) < sum(not math.isnan(each.slope) for each in found.coordinates):
            body += f'<p class="quiet">The {len(shown)} that stand out most; the table has all.</p>'
    rows = [("", [each.name, f"{each.start:.4g}", f"{each.end:.4g}", _interval(each),
                  "–" if math.isnan(each.matched) else f"{each.matched:+.1f}",
                  "yes" if each.sure else "no" if each.asked else "not asked"]) for each in found.coordinates]
    return _section("How sure", body + "<details><summary>As a table</summary>" + _table(
        ["coordinate", "from", "to", "slope, 95 % interval", "matching, standard errors", "told from chance"], rows, 1)
        + "</details>")


@layout.styled
def _intervals(found: Agreement) -> Figure:
    return intervals.draw(found)


def _interval(coordinate: Coordinate) -> str:
    if math.isnan(coordinate.slope):
        return "–"
    low, high = coordinate.interval
    return f"{low:+.3f} to {high:+.3f}"


def _matching(record: RunRecord) -> str:
    matched = matching.summary(record.iterations)
    if matched is None:
        return ""
    whole = {name: (before, matched.after[name]) for name, before in matched.before.items()}
    rows = [("", [f"{group}{name}", *(f"{value:.3f}" for value in pair)])
            for group, pairs in (("", whole), ("labels of ", matched.classes), ("features of ", matched.scales))
            for name, pair in pairs.items()]
    moved = [("", [each.coordinate, f"{each.start:.4g}", f"{each.end:.4g}", f"{each.z:+.1f}"])
             for each in matched.moved]
    told = f"{matching.left(matched)} It ended as {matching.ENDED[matched.ended]}."
    if matched.unheard:
        told += f" {matching.needed(matched.unheard)}"
    told = f"{told} {matching.sizes(matched.areas)}".strip()
    return _section(
        f"Matched on {matched.renders:,} renders, without a network",
        _table(["distance to the photographs (MMD²)", "before", "after"], rows, 1, full=False)
        + (_table(["what moved", "from", "to", "standard errors"], moved, 1, full=False) if moved else
           '<p class="quiet">Nothing moved.</p>') + f'<p class="quiet">{escape(told)}</p>')


def _distributions(record: RunRecord) -> str:
    if not record.distributions:
        return ""
    rows = [("", [d.label + (" (locked)" if d.locked else ""), d.family, change(d)]) for d in record.distributions]
    return _section('Distributions, <span class="before">before</span> and <span class="after">after</span>',
                    _svg(_panels(record), "Every distribution before and after the run")
                    + (f'<p class="quiet">{SURE_LEGEND}</p>' if record.sure else "")
                    + f"<details><summary>{_table_title(record)}</summary>"
                    + _table(["property", "family", "mean ± standard deviation, or the likeliest choice"], rows)
                    + "</details>")


def _table_title(record: RunRecord) -> str:
    locked = len(record.distributions) - len(record.free)
    return f"As a table, with {locked} that were locked" if locked else "As a table"


def _sheets(record: RunRecord) -> str:
    titles = {"start": "At the start", "end": "At the end"}
    labels = "boxes" if record.settings.get("task") == "detection" else "masks"
    figures = [f"<figure><figcaption>{titles[name]}</figcaption>"
               f'{_image(path.read_bytes(), "image/png", titles[name])}</figure>'
               for name, path in record.sheets.items() if name in titles]
    return _section(f"Samples with their {labels}", f'<div class="sheets">{"".join(figures)}</div>') if figures else ""


def _predictions(record: RunRecord) -> str:
    path = record.sheets.get("predictions")
    if path is None:
        return ""
    return _section(predictions_title(record), _image(
        path.read_bytes(), "image/png", "Validation images, their labels and what networks see", "wide"))


def _influence(record: RunRecord) -> str:
    """The influence sheet; where the method can have none, the sentence that says so."""
    path = record.sheets.get("influence")
    if path is not None:
        return _section("Which pixels helped", _image(path.read_bytes(), "image/png", "Which pixels helped", "wide"))
    asked = record.settings
    sentence = why_no_influence(str(asked.get("method") or "autosimulate"), str(asked.get("approximation") or ""))
    return _section("Which pixels helped", f'<p class="quiet">{escape(shorten(sentence, 300))}</p>') if sentence else ""


def _health(record: RunRecord) -> str:
    rows = []
    if record.iterations:
        statuses = Counter(i.status for i in record.iterations if i.status)
        if statuses:
            rows.append(("", ["Linear solves",
                              ", ".join(f"{name}: {count}" for name, count in statuses.most_common())]))
        totals: Counter[str] = Counter()
        for iteration in record.iterations:
            totals.update({name: value for name, value in iteration.seconds.items() if not math.isnan(value)})
        whole = sum(totals.values())
        if whole > 0:
            rows.append(("", ["Time in iterations", ", ".join(
                f"{name} {duration(value)} ({value / whole:.0%})" for name, value in totals.most_common())]))
        measured = [i for i in record.iterations if not math.isnan(i.val_metric)]
        if measured:
            best = max(measured, key=lambda i: i.val_metric)
            numbers = (f"{record.metric} {percent(best.val_metric)}, loss {best.val_loss:.3f}, after "
                       f"{best.images:,.0f} images")
            rows.append(("", ["Best running network", numbers]))
    problems = "".join(f"<li>{escape(shorten(text, 1000))}</li>" for text in record.problems)
    body = (_table([], rows, full=False) if rows else "") + (f"<ul>{problems}</ul>" if problems else "")
    return _section("How it went", body) if body else ""


def _config(record: RunRecord) -> str:
    shown = {name: value for name, value in record.settings.items() if name not in ("format", "version")}
    rows = "".join(f"<div><dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_setting(value))}</dd></div>"
                   for name, value in shown.items()
                   if value is not None and value != "" and not isinstance(value, (dict, list)))
    return _section("Settings and seeds", f"<dl>{rows}</dl>") if rows else ""


def _setting(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else shorten(str(value), 300)
