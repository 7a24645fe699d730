#!/usr/bin/env python3
"""Our search and training step beside PyTorch's, window by window in alternation.

Both run as processes that stay alive; one of them computes at a time. Every round measures each case
once, in an order drawn anew. README.md beside this file says what the columns mean.

    cargo build --release
    python3 benches/compare.py --out comparison.json
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent / "target" / "release" / "semantic-inpaint"
MODES = "eager,frozen,frozen-channels-last,frozen-bf16,frozen-channels-last-bf16,compiled-channels-last"
# On a GPU, PyTorch convolves in tf32 unless it is told not to.
CUDA_MODES = "eager,eager-f32,frozen-channels-last-bf16,graphs-channels-last,graphs-channels-last-bf16"

# A load above this is not our start alone.
BUSY = 0.5


class Worker:
    """A process that runs a window of one of its cases at a time."""

    def __init__(self, name, command):
        self.name = name
        pipe = subprocess.PIPE
        try:
            # Ctrl-C reaches this script alone; the workers end with their stdin.
            self.process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, text=True, start_new_session=True
            )
        except OSError as error:
            sys.exit(f"error: {command[0]}: {error.strerror}: see --help")
        self.greeting = self.read()
        # A copy is measured for `bench` alone.
        cases = [info for info in self.greeting["cases"] if info["work"] != "copy"]
        self.cases = {f"{name}/{info['case']}": info for info in cases}

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.name} ended with code {self.process.wait()}: see its last lines")
        return json.loads(line)

    def run(self, case, seconds):
        """One window: `ms` per iteration, `iterations`, `steal`."""
        print(self.cases[case]["case"], seconds, file=self.process.stdin, flush=True)
        answer = self.read()
        return {key: answer[key] for key in ("ms", "iterations", "steal")}

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--program", default=str(PROGRAM), help="our program (default: the release build)")
    add("--python", default=sys.executable, help="a Python that has torch (default: this one)")
    add("--batches", default="1,8,64")
    add("--modes", help="also: compiled-channels-last-bf16 (default: %s, on cuda %s)" % (MODES, CUDA_MODES))
    add("--width", type=int, default=64, help="base width of the networks (default: %(default)s)")
    add("--image-size", type=int, default=64, help="in pixels (default: %(default)s)")
    add("--device", default="cpu", help="cpu or cuda (default: %(default)s)")
    add("--threads", type=int, help="of both (default: what each chooses)")
    add("--no-train", dest="train", action="store_false", help="leave out the training step")
    add("--graph", action="store_true", help="also time our plain graph, which is slow")
    add("--rounds", type=int, default=20, help="windows of each case (default: %(default)s)")
    add("--window", type=float, default=0.25, help="seconds of a window (default: %(default)s)")
    add("--pause", type=float, default=0.02, help="seconds between windows, in which threads of the "
        "last one fall asleep (default: %(default)s)")
    add("--max-steal", type=float, default=0.05, help="windows with a greater share are discarded "
        "(default: %(default)s)")
    add("--seed", type=int, default=0, help="of the order (default: %(default)s)")
    add("--out", type=Path, help="write every window to this JSON file")
    parsed = parser.parse_args()
    if parsed.modes is None:
        parsed.modes = CUDA_MODES if parsed.device.startswith("cuda") else MODES
    if parsed.rounds < 1:
        parser.error("--rounds must be at least 1")
    return parsed


def start(options):
    """Our program and PyTorch with the same sizes."""
    common = ["--batches", options.batches, "--width", str(options.width)]
    common += ["--image-size", str(options.image_size), "--device", options.device]
    if options.threads:
        common += ["--threads", str(options.threads)]
    if options.train:
        common.append("--train")
    graph = ["--graph"] if options.graph else []
    torch_worker = [options.python, str(HERE / "torch_worker.py"), "--modes", options.modes]
    return [
        Worker("ours", [options.program, "bench", "--serve", *common, *graph]),
        Worker("torch", [*torch_worker, *common]),
    ]


def measure(workers, options):
    """The windows of every case by round. Ctrl-C ends the measurement, not the report."""
    where = {case: worker for worker in workers for case in worker.cases}
    windows = {case: [] for case in where}
    order, draw = list(where), random.Random(options.seed)
    started = time.monotonic()
    try:
        for done, case in enumerate(order, 1):
            print(f"\x1b[Kwarming up {done}/{len(order)} {case}", end="\r", file=sys.stderr)
            where[case].run(case, 0.0)
        started = time.monotonic()
        for number in range(options.rounds):
            draw.shuffle(order)
            for case in order:
                time.sleep(options.pause)
                windows[case].append({"round": number, **where[case].run(case, options.window)})
            left = (time.monotonic() - started) * (options.rounds / (number + 1) - 1)
            progress = f"round {number + 1}/{options.rounds}, {left / 60:.1f} min left"
            print(f"\x1b[K{progress}", end="\r", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopping, the report has what was measured", file=sys.stderr)
    print(file=sys.stderr)
    return windows


def is_quiet(window, max_steal):
    return window["steal"] is None or window["steal"] <= max_steal


def quartiles(values):
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def summarize(info, windows, max_steal):
    """The numbers of one case: of its quiet windows, but the mean steal of all."""
    quiet = {w["round"]: w["ms"] for w in windows if is_quiet(w, max_steal)}
    steal = [w["steal"] for w in windows if w["steal"] is not None]
    summary = {
        **info,
        "windows": len(windows),
        "kept": len(quiet),
        "mean_steal": statistics.fmean(steal) if steal else None,
        "ms_by_round": quiet,
    }
    if quiet:
        low, median, high = quartiles(list(quiet.values()))
        summary |= {"min_ms": min(quiet.values()), "median_ms": median, "quartiles_ms": [low, high]}
    return summary


def summarize_all(workers, windows, max_steal):
    summaries = [
        summarize({"name": name, "who": worker.name, **info}, windows[name], max_steal)
        for worker in workers
        for name, info in worker.cases.items()
    ]
    # PyTorch does the same useful work; only our program counts it.
    gflop = {work_of(s): s["gflop_per_iteration"] for s in summaries if s["who"] == "ours"}
    products = {s["precision"]: s for s in summaries if s["work"] == "product" and s["kept"]}
    for summary in summaries:
        summary["fastest"] = summary is fastest_like(summary, summaries)
        summary["gflop_per_s"] = summary["share_of_product"] = None
        if summary["kept"]:
            summary["gflop_per_s"] = 1e3 * gflop[work_of(summary)] / summary["min_ms"]
            # Of the same precision, or else of f32.
            product = products.get(multiplied(summary), products.get("f32"))
            if product:
                rate = 1e3 * product["gflop_per_iteration"] / product["min_ms"]
                summary["share_of_product"] = summary["gflop_per_s"] / rate
    return sorted(summaries, key=order_of_rows)


def multiplied(summary):
    """What is multiplied: a precision of ours may say what it is made for, `bf16-throughput`."""
    return summary["precision"].split("-")[0]


def fastest_like(summary, summaries):
    """The fastest PyTorch mode of the same work, batch and precision, if any was measured."""
    def kind(other):
        return [other[key] for key in ("who", "work", "batch", "precision")]

    same = [s for s in summaries if s["who"] == "torch" and kind(s) == kind(summary) and s["kept"]]
    return min(same, key=lambda other: other["median_ms"], default=None)


def order_of_rows(summary):
    return summary["work"], summary["batch"] or 0, summary["who"], summary["precision"]


def ratios(summaries):
    """How many times as fast as PyTorch ours is, for each pair of cases that do the same."""
    ours = [s for s in summaries if s["who"] == "ours" and s["kept"]]
    theirs = [s for s in summaries if s["who"] == "torch" and s["kept"]]
    return [ratio(o, t) for o in ours for t in theirs if work_of(o) == work_of(t)]


def work_of(summary):
    work = "search" if summary["work"] == "graph" else summary["work"]
    return work, summary["batch"]


def ratio(ours, theirs):
    rounds = ours["ms_by_round"].keys() & theirs["ms_by_round"].keys()
    by_round = [theirs["ms_by_round"][r] / ours["ms_by_round"][r] for r in rounds]
    low, median, high = quartiles(by_round) if by_round else [None] * 3
    return {
        "ours": ours,
        "theirs": theirs,
        "of_minima": theirs["min_ms"] / ours["min_ms"],
        "of_medians": theirs["median_ms"] / ours["median_ms"],
        "rounds": len(rounds),
        "median_by_round": median,
        "quartiles_by_round": [low, high],
    }


def label(summary):
    if summary["who"] == "ours":
        return f"ours {summary['work']} {summary['precision']}"
    mark = " (fastest)" if summary["fastest"] else ""
    return f"PyTorch {summary['work']} {summary['mode']}{mark}"


def table(columns, rows):
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def report(summaries, workers, options):
    """The tables as lines of Markdown."""
    shapes = f"{options.image_size}x{options.image_size}, base width {options.width}"
    yield f"DCGAN {shapes}; {cpu_name()}; {platform.platform()}"
    for worker in workers:
        about = worker.greeting
        yield f"{about['program']} {about['version']}: {about['device']}, {about['threads']} threads"
    yield f"Windows of {options.window} s; those with a steal above {options.max_steal:.0%} discarded"
    if options.load_before is not None:
        yield f"Load before the start: {options.load_before:.1f}"
    yield ""
    columns = ["case", "batch", "min ms", "median ms", "quartiles", "images/s", "GFLOP/s", "share"]
    columns += ["steal", "kept"]
    yield from table(columns, map(timing_row, summaries))
    columns = ["ours", "PyTorch", "batch", "of minima", "of medians", "by round", "quartiles", "rounds"]
    yield from table(columns, map(ratio_row, ratios(summaries)))


def timing_row(summary):
    batch = summary["batch"]
    numbers = ["-"] * 6
    if summary["kept"]:
        median, (low, high) = summary["median_ms"], summary["quartiles_ms"]
        numbers = [
            f"{summary['min_ms']:.2f}",
            f"{median:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{1e3 * batch / median:.1f}" if batch else "-",
            f"{summary['gflop_per_s']:.1f}",
            percent(summary["share_of_product"]),
        ]
    kept = f"{summary['kept']}/{summary['windows']}"
    return [label(summary), batch or "-", *numbers, percent(summary["mean_steal"]), kept]


def percent(share):
    return "-" if share is None else f"{share:.0%}"


def ratio_row(found):
    by_round = ["-"] * 2
    if found["rounds"]:
        low, high = found["quartiles_by_round"]
        by_round = [f"{found['median_by_round']:.2f}", f"{low:.2f} to {high:.2f}"]
    whole = [f"{found['of_minima']:.2f}", f"{found['of_medians']:.2f}"]
    ours, theirs = found["ours"], found["theirs"]
    return [label(ours), label(theirs), ours["batch"], *whole, *by_round, found["rounds"]]


def load():
    """Processes that wanted to run, mean of the last minute; None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def document(summaries, workers, options, windows):
    """Everything that was measured, for other programs."""
    hidden = {"name", "ms_by_round"}
    cases = {s["name"]: {k: v for k, v in s.items() if k not in hidden} for s in summaries}
    for name, case in cases.items():
        case["windows"] = windows[name]
    named = [{**r, "ours": r["ours"]["name"], "theirs": r["theirs"]["name"]} for r in ratios(summaries)]
    return {
        "machine": {"cpu": cpu_name(), "system": platform.platform()},
        "options": vars(options),
        "programs": [{k: v for k, v in worker.greeting.items() if k != "cases"} for worker in workers],
        "cases": cases,
        "ratios": named,
    }


def main():
    options = arguments()
    options.load_before = load()
    if options.load_before and options.load_before > BUSY:
        print(f"warning: other processes are running (load {options.load_before:.1f}), which slows "
              "both sides, and not alike: stop them", file=sys.stderr)
    workers = start(options)
    windows = measure(workers, options)
    for worker in workers:
        worker.end()
    summaries = summarize_all(workers, windows, options.max_steal)
    print("\n".join(report(summaries, workers, options)))
    if options.out:
        found = document(summaries, workers, options, windows)
        options.out.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
