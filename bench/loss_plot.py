#!/usr/bin/env python3
"""Ratio of a lossy codec against its error, with what a model makes of it: KL divergence and perplexity.

    loss_plot.py --cinch build/release/bin/cinch --score MODEL.py [--codec quant] [--errors K:V,K:V,…] [--out NAME] CACHE…

Each CACHE is a .safetensors file with tensors layers.N.k and layers.N.v. For each pair of errors the cache is imported
into a store of its own, K and V by a rule each, and exported again; then `MODEL.py score CACHE EXPORTED` is run, which
prints one JSON object with kl_nats, ppl_exact, ppl, ppl_change_percent and top1_agreement. The ratio is that of the
tensors that the codec encoded, frames and all. Writes NAME.json and NAME.svg (default: loss) and prints a Markdown
table. Needs nothing but Python; what MODEL.py needs is its own affair.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

PAIRS = "0.04:0.06,0.06:0.10,0.08:0.10,0.08:0.15,0.12:0.20,0.15:0.30,0.20:0.35"


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def measure(args, cache, k, v, directory):
    """One cache with one pair of errors."""
    store, decoded = directory / "store", directory / "decoded.safetensors"
    rules = [f"--rule=*.k={args.codec}:error={k}", f"--rule=*.v={args.codec}:error={v}"]
    common = [args.cinch, "--store", f"rocksdb:{store}", "--json", *args.flags]
    summary = json.loads(run([*common, *rules, "import", cache]))
    run([*common, "export", decoded])
    parts = [part for part in summary["rules"] if part["loss"]]
    raw, stored = sum(p["raw_bytes"] for p in parts), sum(p["stored_bytes"] for p in parts)
    if not parts:
        sys.exit(f"{cache}: {args.codec} took none of its tensors")
    loss = {p["rule"]: p["loss"] for p in parts}
    found = json.loads(run([sys.executable, args.score, "score", cache, decoded]))
    return {"cache": Path(cache).stem, "error_k": k, "error_v": v, "ratio": raw / stored,
            "worst_row_k": loss["*.k"]["worst_row"], "worst_row_v": loss["*.v"]["worst_row"],
            "measured_k": loss["*.k"]["relative_error"], "measured_v": loss["*.v"]["relative_error"], **found}


def mean(points, k, v):
    """The mean of all caches for one pair of errors; of ratios the harmonic one, which is that of their bytes."""
    same = [p for p in points if (p["error_k"], p["error_v"]) == (k, v)]
    average = {key: sum(p[key] for p in same) / len(same) for key in
               ("kl_nats", "ppl_change_percent", "top1_agreement", "measured_k", "measured_v")}
    worst = {key: max(p[key] for p in same) for key in ("worst_row_k", "worst_row_v")}
    return {"error_k": k, "error_v": v, "ratio": len(same) / sum(1 / p["ratio"] for p in same), **average, **worst}


def table(means):
    lines = ["| error K, V | measured | worst row | ratio | KL, nats | perplexity | top-1 agrees |",
             "|---|---|---|---|---|---|---|"]
    for m in means:
        lines.append(f"| {m['error_k']:g}, {m['error_v']:g} | {m['measured_k']:.3f}, {m['measured_v']:.3f} "
                     f"| {m['worst_row_k']:.3f}, {m['worst_row_v']:.3f} | {m['ratio']:.2f} | {m['kl_nats']:.4f} "
                     f"| {m['ppl_change_percent']:+.2f} % | {100 * m['top1_agreement']:.1f} % |")
    return "\n".join(lines)


def panel(means, x, top, title, y_of, label_of):
    """One chart: y_of(mean) over the ratio, a labelled point for each pair of errors."""
    width, height, left = 620, 200, 80
    low, high = min(map(y_of, means)), max(map(y_of, means))
    span = (high - low) or 1
    at = lambda m: (left + x(m["ratio"]) * (width - 40), top + height - (y_of(m) - low) / span * (height - 40) - 10)
    out = [f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999"/>',
           f'<text x="{left}" y="{top - 8}" font-weight="bold">{title}</text>']
    out.append('<polyline fill="none" stroke="#1f77b4" stroke-width="2" points="' +
               " ".join(f"{a:.1f},{b:.1f}" for a, b in map(at, means)) + '"/>')
    for m in means:
        a, b = at(m)
        out.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="#1f77b4"/>')
        out.append(f'<text x="{a + 6:.1f}" y="{b - 6:.1f}">{label_of(m)}</text>')
    return out


def plot(means, title):
    ratios = [m["ratio"] for m in means]
    span = (max(ratios) - min(ratios)) or 1
    x = lambda ratio: 0.03 + 0.8 * (ratio - min(ratios)) / span
    pair = lambda m: f"{m['error_k']:g}/{m['error_v']:g}"
    body = [f'<text x="80" y="24" font-size="15">{title}</text>']
    body += panel(means, x, 60, "error of K (and V), measured", lambda m: m["measured_k"],
                  lambda m: f"{m['measured_k']:.3f}/{m['measured_v']:.3f}")
    body += panel(means, x, 300, "KL divergence, nats per token (logarithmic)",
                  lambda m: math.log(max(m["kl_nats"], 1e-6)), lambda m: f"{pair(m)}: {m['kl_nats']:.4f}")
    body += panel(means, x, 540, "perplexity, change in per cent", lambda m: m["ppl_change_percent"],
                  lambda m: f"{m['ppl_change_percent']:+.2f} %")
    for m in means:
        body.append(f'<text x="{80 + x(m["ratio"]) * 580:.1f}" y="762" text-anchor="middle">{m["ratio"]:.1f}×</text>')
    body.append('<text x="390" y="784" text-anchor="middle">ratio: raw bytes to stored ones</text>')
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="740" height="800" font-family="sans-serif" font-size="11">'
            '<rect width="740" height="800" fill="white"/>' + "".join(body) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cinch", required=True, help="the program")
    parser.add_argument("--score", required=True, help="the Python program that judges an exported cache")
    parser.add_argument("--codec", default="quant", help="a lossy codec with a parameter `error`")
    parser.add_argument("--errors", default=PAIRS, help="pairs for K and V")
    parser.add_argument("--out", default="loss", help="what the files written are called, without .svg")
    parser.add_argument("--flags", default=[], type=str.split, help='more for cinch, such as "--plugins DIR"')
    parser.add_argument("caches", nargs="+", metavar="CACHE")
    args = parser.parse_args()
    pairs = [tuple(float(x) for x in pair.split(":")) for pair in args.errors.split(",")]
    points = []
    for k, v in pairs:
        for cache in args.caches:
            with tempfile.TemporaryDirectory() as directory:
                points.append(measure(args, cache, k, v, Path(directory)))
            print(f"{args.codec} {k}/{v} {cache}: {points[-1]['ratio']:.2f}, KL {points[-1]['kl_nats']}", file=sys.stderr)
    means = [mean(points, k, v) for k, v in pairs]
    Path(args.out + ".json").write_text(json.dumps({"points": points, "means": means}, indent=1) + "\n")
    names = ", ".join(Path(cache).stem for cache in args.caches)
    Path(args.out + ".svg").write_text(plot(means, f"{args.codec}: ratio against error; {names}"))
    print(table(means))


if __name__ == "__main__":
    main()
