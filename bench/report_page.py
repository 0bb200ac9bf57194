"""Makes DIRECTORY/index.html, one self-contained page, of DIRECTORY/results.json and machine.txt.

    report_page.py DIRECTORY [README]    README: gets the tables, between its two markers
"""
import html
import json
import math
import pathlib
import re
import sys

STYLE = """
body { font: 14px/1.45 sans-serif; max-width: 76em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { padding: .2em .6em; text-align: left; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums } .missed { color: #b00 } .met { color: #070 }
svg { background: #fafafa; margin: .5em 1em .5em 0 } svg text { font-size: 11px } pre { color: #666 }
"""
COLOURS = ("#247", "#b50", "#383", "#828", "#a33", "#557")
BEHIND = "Where it is behind"  # in bench/README.md
BEGIN, END = "<!-- tables: bench.sh --update-readme -->", "<!-- end of tables -->"


def text(x, y, content, colour="#444", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{html.escape(str(content))}</text>'


def line(x1, y1, x2, y2, colour="#ccc", width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def plot(title, body, width, height):
    return f'<figure style="display:inline-block;margin:0"><figcaption><b>{html.escape(title)}</b></figcaption>' \
           f'<svg width="{width}" height="{height}">{body}</svg></figure>'


def share_bar(row):
    """The share on a scale from 0 to 2, its interval as a line, its goal as a mark."""
    width, scale = 220, 110
    x = lambda share: max(0, min(width, share * scale))
    has_goal = row["goal"] is not None and not row["goal_is_value"]
    goal = line(x(row["goal"]), 0, x(row["goal"]), 14, "#b00", 2) if has_goal else ""
    return (f'<svg width="{width}" height="14" style="margin:0"><rect width="{x(row["share"])}" height="14" fill="#9bc"/>'
            + line(x(row["low"]), 7, x(row["high"]), 7, "#247") + line(scale, 0, scale, 14, "#888") + goal + "</svg>")


def split_name(row):
    """"K, zstd:level=3, set": what comes first, what is between, what is done."""
    parts = row["name"].split(", ")
    return parts[0], ", ".join(parts[1:-1]), parts[-1]


def ratio_against_speed(rows):
    """A point for each codec: speed on a logarithmic scale to the right, ratio upwards."""
    width, height, left, bottom = 620, 330, 46, 36
    out = []
    for content in sorted({split_name(row)[0] for row in rows}):
        for operation in dict.fromkeys(split_name(row)[2] for row in rows):
            points = [row for row in rows if split_name(row)[0] == content and split_name(row)[2] == operation]
            logs = [math.log10(max(row["value"], 1e-3)) for row in points]
            low, high = min(logs) - 0.1, max(logs + [math.log10(row["other"]) for row in points]) + 0.35
            most = max(row["ratio"] for row in points) * 1.08
            least = min(1.0, min(row["ratio"] for row in points))
            x = lambda value: left + (math.log10(value) - low) / (high - low) * (width - left - 10)
            y = lambda ratio: height - bottom - (ratio - least) / (most - least or 1) * (height - bottom - 16)
            body = [line(left, height - bottom, width, height - bottom, "#888"), line(left, 0, left, height - bottom, "#888")]
            for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
                if low <= math.log10(tick) <= high:
                    body += [line(x(tick), 0, x(tick), height - bottom), text(x(tick), height - bottom + 14, tick, anchor="middle")]
            for step in range(9):
                ratio = least + (most - least) * step / 8
                body.append(text(4, y(ratio) + 4, f"{ratio:.2f}"))
            body.append(text(width - 10, height - 6, "GB/s of raw bytes", anchor="end"))
            memcpy = sorted(row["other"] for row in points)[len(points) // 2]
            body += [line(x(memcpy), 0, x(memcpy), height - bottom, "#b50"), text(x(memcpy) - 4, 12, "memcpy", "#b50", "end")]
            for i, row in enumerate(sorted(points, key=lambda row: row["value"])):
                name = split_name(row)[1] + (f" (error {row['loss']:.2f})" if row["loss"] is not None else "")
                peer = name.startswith(("c-blosc", "lib"))
                body.append(f'<circle cx="{x(row["value"]):.1f}" cy="{y(row["ratio"]):.1f}" r="4" fill="{"#b50" if peer else "#247"}"/>')
                body.append(text(x(row["value"]) + 6, y(row["ratio"]) - 4 + 11 * (i % 2), name, "#b50" if peer else "#247"))
            out.append(plot(f"{content}: ratio against speed of {operation}", "".join(body), width, height))
    return "".join(out)


def curves(rows, title):
    """Shares in the order of growth, a line for sets and one for gets: flat is what one wants."""
    width, height, left = 560, 190, 40
    lines = {}
    for row in rows:
        if row["other"] is not None:
            lines.setdefault(row["name"].rsplit(", ", 1)[-1], []).append(row)
    most = max(1.2, max(row["high"] for points in lines.values() for row in points) * 1.1)
    y = lambda share: (height - 30) * (1 - share / most)
    body = []
    for share in [0.25 * i for i in range(1, int(most / 0.25) + 1)]:
        body += [line(left, y(share), width, y(share), "#888" if share == 1 else "#ddd"), text(4, y(share) + 4, f"{share:.2f}")]
    for colour, (name, points) in zip(COLOURS, lines.items()):
        step = (width - left - 70) / max(1, len(points) - 1)
        xs = [left + 14 + i * step for i in range(len(points))]
        for x, row in zip(xs, points):
            body.append(line(x, y(row["low"]), x, y(row["high"]), colour))
            body.append(text(x, height - 10, row["name"].split(",")[0], anchor="middle"))
        xy = " ".join(f"{x:.1f},{y(row['share']):.1f}" for x, row in zip(xs, points))
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{xy}"/>')
        body.append(text(xs[-1] + 6, y(points[-1]["share"]), name, colour))
    return plot(title, "".join(body), width, height)


def bars(rows, title, unit):
    """A bar for each row of what it comes to against one, with its interval."""
    width, left, step = 560, 250, 20
    most = max(2.0, max(row["high"] for row in rows))
    x = lambda share: left + share / most * (width - left - 10)
    body = []
    for i, row in enumerate(rows):
        top = i * step + 4
        body.append(f'<rect x="{left}" y="{top}" width="{x(row["share"]) - left:.1f}" height="12" fill="#9bc"/>')
        body += [line(x(row["low"]), top + 6, x(row["high"]), top + 6, "#247"), text(4, top + 10, row["name"])]
        if row["goal"] is not None and not row["goal_is_value"]:
            body.append(line(x(row["goal"]), top - 2, x(row["goal"]), top + 14, "#b00", 2))
    bottom = len(rows) * step + 14
    body += [text(x(tick), bottom, f"{tick}{unit}", anchor="middle") for tick in (0, 1, 2)]
    return plot(title, "".join(body), width, bottom + 8)


def plots(name, rows):
    if all(row["ratio"] is not None and row["against"] == "memcpy" for row in rows):
        return ratio_against_speed(rows)
    if name.startswith("As "):
        return curves(rows, "Share of the other's rate as work grows")
    if name.startswith("Two threads"):
        return bars(rows, "Speed of two threads, one thread is 1", "×")
    return ""


def cells(row):
    digits = lambda value: f"{value:.3g}"
    other = "" if row["other"] is None else digits(row["other"])
    share = "" if row["other"] is None else f'{row["share"]:.3f} ({row["low"]:.2f}–{row["high"]:.2f})'
    goal = "" if row["goal"] is None else f'{row["goal"]:.2f}' + (f' {row["unit"]}' if row["goal_is_value"] else "")
    codec = "" if row["ratio"] is None else f'{row["ratio"]:.2f}' + ("" if row["loss"] is None else f', error {row["loss"]:.3f}')
    return (f'<td>{html.escape(row["name"])}</td><td class="n">{digits(row["value"])} {html.escape(row["unit"])}</td>'
            f'<td>{html.escape(row["against"])}</td><td class="n">{other}</td><td class="n">{share}</td>'
            f'<td>{share_bar(row) if share else ""}</td><td class="n">{goal}</td>'
            f'<td class="{row["verdict"]}">{row["verdict"]}</td><td>{codec}</td>')


def behind():
    """The list of that name in the README beside this file, whose figures are of the tables there."""
    section = (pathlib.Path(__file__).parent / "README.md").read_text().split(f"## {BEHIND}\n")[1].split("\n## ")[0]
    items = re.sub("^- ", "<li>", html.escape(section), flags=re.MULTILINE)
    return "<ul>" + re.sub("`([^`]+)`", r"<code>\1</code>", items) + "</ul>"


def page(sections, left_out, machine):
    out = [f'<!doctype html><html lang="en"><meta charset="utf-8"><title>cinch, measured</title><style>{STYLE}</style>',
           f"<h1>cinch, measured</h1><pre>{html.escape(machine)}</pre>",
           "<p>Each row was measured in turns with what it is compared with, in one process, after a check that the answers "
           "are right. Share: cinch's rate divided by the other's, the median of the pairs, with the interval that holds "
           "all but the extremes. In the bars grey is parity, red the goal. "
           f"<a href='#behind'>{BEHIND}</a>, and why, is at the end.</p>"]
    out += [f"<p class='missed'>Left out: {html.escape(what)}</p>" for what in left_out]
    for name, rows in sections.items():
        out.append(f"<h2>{html.escape(name)}</h2>" + plots(name, rows))
        out.append("<table><tr><th>what<th>cinch<th>against<th><th>share<th><th>goal<th><th>ratio</tr>")
        out += [f"<tr>{cells(row)}</tr>" for row in rows]
        out.append("</table>")
    out.append(f"<h2 id='behind'>{BEHIND}, in the run whose tables are in bench/README.md</h2>" + behind())
    return "\n".join(out) + "</html>\n"


def update_readme(readme, machine, tables):
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    about = "".join(f"- {fact}\n" for fact in machine.splitlines())
    readme.write_text(f"{before}{BEGIN}\n\n{about}{tables}\n{END}{after}")


def main(directory, readme):
    results = json.loads((directory / "results.json").read_text())
    machine = (directory / "machine.txt").read_text()
    sections = {}
    for row in results["rows"]:
        sections.setdefault(row["section"], []).append(row)
    (directory / "index.html").write_text(page(sections, results["left_out"], machine))
    if readme:
        update_readme(readme, machine, (directory / "tables.md").read_text())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None)
