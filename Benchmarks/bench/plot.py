"""Line plots as SVG, by hand: a logarithmic scale of latencies, a line for each target, its name at the line's end."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 78, 200, 74, 62
STYLES = {
    "runstream": ("runstream", "#d9480f", 3.5, ""),
    "floor-send": ("one send per event (C)", "#495057", 2, "6 4"),
    "floor-log": ("one log, cursors (C)", "#1971c2", 2, "6 4"),
    "nchan": ("nginx + nchan", "#2f9e44", 2, ""),
}
LABEL_HEIGHT = 17


class Scale:
    """A logarithmic axis from values to pixels."""

    def __init__(self, values, start, end):
        low, high = math.log10(min(values)), math.log10(max(values))
        self.low, self.span, self.start, self.end = low, max(high - low, 1e-9), start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / self.span * (self.end - self.start)


def number(value):
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def decades(values):
    """The steps 1, 2 and 5 of each decade that hold all values."""
    steps = [mantissa * 10.0 ** exponent for exponent in range(-2, 6) for mantissa in (1, 2, 5)]
    low = max(step for step in steps if step <= min(values))
    high = min(step for step in steps if step >= max(values))
    chosen = [step for step in steps if low <= step <= high]
    if len(chosen) <= 12:
        return chosen
    return [10.0 ** exponent for exponent in range(math.floor(math.log10(low)), math.ceil(math.log10(high) - 1e-9) + 1)]


def spread(wanted, lowest):
    """Label positions near the wanted ones, none over another."""
    placed, order = {}, sorted(wanted, key=wanted.get)
    for name in order:
        placed[name] = max(wanted[name], max(placed.values(), default=-LABEL_HEIGHT) + LABEL_HEIGHT)
    excess = max(placed.values()) - lowest
    for name in reversed(order):
        if excess <= 0:
            break
        placed[name] -= excess
    return placed


def text(x, y, words, size=13, anchor="start", colour="#343a40", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{escape(words)}</text>'


def line_plot(title, subtitle, x_label, positions, ticks, series):
    """`positions` maps an x to pixels; `ticks` are (x, words); `series` is {target: [(x, milliseconds)]}."""
    values = [max(value, 0.01) for points in series.values() for _, value in points]
    grid = decades(values)
    scale = Scale(grid, HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="system-ui, sans-serif">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             text(LEFT, 28, title, 18, weight="600"), text(LEFT, 50, subtitle, 13, colour="#868e96")]
    for value in grid:
        y = scale.at(value)
        parts += [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e9ecef"/>', text(LEFT - 10, y + 4, number(value), 12, "end")]
    for x, words in ticks:
        at = positions(x)
        parts += [f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 5}" stroke="#adb5bd"/>',
                  text(at, HEIGHT - BOTTOM + 21, words, 12, "middle")]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, 13, "middle"))
    names = [name for name in STYLES if series.get(name)]
    labels = spread({name: scale.at(max(series[name][-1][1], 0.01)) for name in names}, HEIGHT - BOTTOM)
    for name in reversed(names):
        words, colour, width, dashes = STYLES[name]
        points = [(positions(x), scale.at(max(value, 0.01))) for x, value in series[name]]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}" stroke-linejoin="round"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width}" fill="{colour}"/>' for x, y in points]
        parts.append(text(points[-1][0] + 12, labels[name] + 4, words, 13, colour=colour, weight="600" if name == "runstream" else "normal"))
    return "\n".join([*parts, "</svg>", ""])


def over_streams(title, subtitle, series):
    counts = sorted({x for points in series.values() for x, _ in points})
    scale = Scale(counts, LEFT + 14, WIDTH - RIGHT - 14)
    return line_plot(title, subtitle, "concurrent streams", scale.at, [(count, f"{count:,}") for count in counts], series)


def over_quantiles(title, subtitle, series):
    """`series` is {target: quantiles}."""
    names = [("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max")]
    step = (WIDTH - RIGHT - LEFT - 28) / (len(names) - 1)
    lines = {target: [(index, quantiles[name]) for index, (name, _) in enumerate(names)] for target, quantiles in series.items()}
    return line_plot(title, subtitle, "quantile of all deliveries", lambda index: LEFT + 14 + index * step,
                     [(index, words) for index, (_, words) in enumerate(names)], lines)
