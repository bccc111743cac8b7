"""The table of a benchmark: Markdown, so that it reads in a terminal and on a page alike."""

import os

from .driver import geometric_mean

RIVALS = {
    "tf-onednn": "TF oneDNN",
    "tf-eigen": "TF Eigen",
    "product": "product alone",
    "scipy": "SciPy",
    "tutorial": "tutorial",
    "ours, 1 thread": "1 thread",
}


_PAGE = """\
# Time and memory of the NumPy layers

Made by `python -m benchmarks --page {path}`; the day, the processor and the versions are these:

{text}

Times are medians, taken in turn in one run: below 1 we are faster. Memory is beyond input and output.
The product alone is `np.matmul` on windows that are laid out already.
How it is measured, and why a figure is what it is: [the NumPy layers](layers.md).
"""


def page(report, path):
    """The tables as a Markdown page that says how it was made."""
    return _PAGE.format(path=path.replace(os.sep, "/"), text=text(report))


def text(report):
    """Ratios of our time to theirs: below 1 we are faster.  Memory is beyond input and output."""
    versions = dict(report["versions"])
    day = versions.pop("day")
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    head = f"{day}, {report['processor']}; {libraries}; our time / theirs, medians"
    parts = [head]
    for threads in sorted({row["threads"] for row in report["rows"]}):
        for direction in ("forward", "backward"):
            rows = [r for r in report["rows"] if (r["threads"], r["direction"]) == (threads, direction)]
            if rows:
                plural = "s" if threads > 1 else ""
                parts.append(f"**{direction.capitalize()}, {threads} thread{plural}**")
                parts.append(_table(rows))
    return "\n\n".join(parts)


def _table(rows):
    rivals = [r for r in RIVALS if any(r in row["results"] for row in rows)]
    lines = [["", "workload", "ours, ms", *(f"/ {RIVALS[r]}" for r in rivals), "memory, MB"]]
    for row in rows:
        ours = row["results"].get("ours", {})
        cells = [_ratio(row, rival) for rival in rivals]
        lines.append(
            [
                row["workload"],
                row["what"],
                f"{1000 * ours['seconds']:.3g}" if ours else "",
                *(_number(ratio) if ratio else "" for ratio in cells),
                f"{ours['extra'] / 1e6:.1f}" if ours else "",
            ]
        )
    means = []
    for rival in rivals:
        ratios = [r for r in (_ratio(row, rival) for row in rows if row["workload"] != "vgg16") if r]
        means.append(_number(geometric_mean(ratios)) if ratios else "")
    lines.append(["", "geometric mean of the layers", "", *means, ""])
    lines.insert(1, ["---"] * 3 + ["---:"] * (len(rivals) + 1))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(ratio):
    return f"{ratio:.2f}" if ratio >= 0.05 else f"{ratio:.1g}"


def _ratio(row, rival):
    ours, theirs = row["results"].get("ours", {}), row["results"].get(rival, {})
    return ours["seconds"] / theirs["seconds"] if "seconds" in ours and "seconds" in theirs else None
