"""Makes DIRECTORY/index.html, one self-contained page, of DIRECTORY/results.json and machine.txt."""
import html
import json
import pathlib
import sys

STYLE = """
body { font: 14px/1.45 sans-serif; max-width: 72em; margin: 2em auto; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { padding: .2em .6em; text-align: left; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums } .missed { color: #b00 } .met { color: #070 }
svg { background: #fafafa } pre { color: #666 }
"""


def bar(row):
    """The share on a scale from 0 to 2, its interval as a line, its goal as a mark."""
    width, scale = 220, 110
    x = lambda share: max(0, min(width, share * scale))
    goal = "" if row["goal"] is None else (
        f'<line x1="{x(row["goal"])}" x2="{x(row["goal"])}" y1="0" y2="14" stroke="#b00" stroke-width="2"/>')
    return (f'<svg width="{width}" height="14"><rect width="{x(row["share"])}" height="14" fill="#9bc"/>'
            f'<line x1="{x(row["low"])}" x2="{x(row["high"])}" y1="7" y2="7" stroke="#247"/>'
            f'<line x1="{scale}" x2="{scale}" y1="0" y2="14" stroke="#888"/>{goal}</svg>')


def cells(row):
    other = "" if row["other"] is None else f'{row["other"]:.3g}'
    share = "" if row["other"] is None else f'{row["share"]:.3f} ({row["low"]:.2f}–{row["high"]:.2f})'
    goal = "" if row["goal"] is None else f'{row["goal"]:.2f}'
    return (f'<td>{html.escape(row["name"])}</td><td class="n">{row["value"]:.3g} {html.escape(row["unit"])}</td>'
            f'<td>{html.escape(row["against"])}</td><td class="n">{other}</td><td class="n">{share}</td>'
            f'<td>{bar(row) if share else ""}</td><td class="n">{goal}</td>'
            f'<td class="{row["verdict"]}">{row["verdict"]}</td>')


def curve(rows, title):
    """Shares of one section in their order, a line for sets and one for gets: flat is what one wants."""
    width, height, left = 560, 160, 40
    lines = {}
    for row in rows:
        lines.setdefault(row["name"].rsplit(", ", 1)[-1], []).append(row)
    most = max(1.2, max(row["share"] for row in rows) * 1.1)
    out = [f'<h3>{html.escape(title)}</h3><svg width="{width}" height="{height + 30}">']
    for share in (0.5, 1.0):
        y = height - share / most * height
        out.append(f'<line x1="{left}" x2="{width}" y1="{y}" y2="{y}" stroke="#ccc"/><text x="0" y="{y + 4}">{share}</text>')
    for colour, (name, points) in zip(("#247", "#b50", "#383"), lines.items()):
        step = (width - left - 60) / max(1, len(points) - 1)
        xy = [(left + i * step, height - row["share"] / most * height) for i, row in enumerate(points)]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="' +
                   " ".join(f"{x:.1f},{y:.1f}" for x, y in xy) + '"/>')
        out.append(f'<text x="{xy[-1][0] + 6}" y="{xy[-1][1]}" fill="{colour}">{html.escape(name)}</text>')
        for (x, _), row in zip(xy, points):
            out.append(f'<text x="{x - 15}" y="{height + 20}" font-size="11">{html.escape(row["name"].split(",")[0])}</text>')
    return "".join(out) + "</svg>"


def main(directory):
    rows = json.loads((directory / "results.json").read_text())
    machine = (directory / "machine.txt").read_text()
    sections = {}
    for row in rows:
        sections.setdefault(row["section"], []).append(row)
    page = [f'<!doctype html><meta charset="utf-8"><title>cinch, measured</title><style>{STYLE}</style>',
            f"<h1>cinch, measured</h1><pre>{html.escape(machine)}</pre>",
            "<p>Each row was measured in turns with what it is compared with, in one process, after a check that the answers "
            "are right. Share: cinch's rate divided by the other's, median of the pairs, with the interval that holds all "
            "but the extremes. In the bars grey is parity, red the goal.</p>"]
    for name, group in sections.items():
        page.append(f"<h2>{html.escape(name)}</h2>")
        if name.startswith("As "):
            page.append(curve(group, "Share of the other's rate"))
        page.append("<table><tr><th>what<th>cinch<th>against<th><th>share<th><th>goal<th></tr>")
        page += [f"<tr>{cells(row)}</tr>" for row in group]
        page.append("</table>")
    (directory / "index.html").write_text("\n".join(page))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
