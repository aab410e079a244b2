"""A chart as a page shows it: every number formatted, every point with its address; the template draws it as a table, and
a script makes the picture from that very table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from app.core.charts import TONES, Chart
from app.core.i18n import gettext as _
from app.core.web import present

LIBRARY = "vendor/chartjs-4.6.1/chart.umd.min.js"  # under static; loaded by pages that show a chart alone


@dataclass
class Point:
    """A number: ``value`` exact (for the script), ``text`` as people read it, ``url`` where it leads."""

    value: str
    text: str
    url: str | None = None


@dataclass
class PointRow:
    """What is counted under one label; ``title`` is the label in full."""

    label: str
    points: list[Point]
    title: str = ""


@dataclass
class Figure:
    """A chart with its table: ``heads`` are (name, tone) of each series, ``totals`` a last row (empty for none)."""

    title: str
    kind: str
    by: str
    heads: list[tuple[str, str]]
    rows: list[PointRow]
    totals: list[str] = field(default_factory=list)
    unit: str = ""
    summary: str = ""
    library: str = LIBRARY


def figure(title: str, chart: Chart) -> Figure:
    """``chart`` under ``title``, in the reader's language."""

    def text(value: int | Decimal) -> str:
        return present.number(value, chart.scale) if isinstance(value, Decimal) else present.number(int(value))

    heads = [(str(each.name), each.tone or TONES[at % len(TONES)]) for at, each in enumerate(chart.series)]
    rows = []
    for at, label in enumerate(chart.labels):
        points = [
            Point(format(each.values[at], "f" if isinstance(each.values[at], Decimal) else "d"),
                  text(each.values[at]), each.urls[at] if each.urls else None)
            for each in chart.series
        ]  # fmt: skip
        rows.append(PointRow(str(label), points, chart.titles[at] if chart.titles else ""))
    zero = Decimal(0) if chart.scale is not None else 0
    totals = [text(sum(each.values, zero)) for each in chart.series] if chart.total else []
    summary = _("A chart of %(count)s values. The arrow keys go through them; the same numbers stand in the table.",
                count=len(chart.labels) * len(chart.series))  # fmt: skip
    return Figure(title, chart.kind, str(chart.by), heads, rows, totals, chart.unit, summary)
