"""The whole chain: functions/s, and the peak memory of each service at 1 x and 10 x the input.

    python benchmarks/chain.py [SOURCE_FOLDER]

SOURCE_FOLDER is the standard library of this Python by default. 10 x is ten copies of it in which
every module-level function has another name, so that none is a duplicate. Memory is flat if the
ratio of a service stays near 1 while its input grows tenfold.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from c2c_stream.topics import SERVICES

LOOK_S = 0.05


def main(source: Path) -> None:
    """Run the chain on `source` and on ten copies of it, and print the table."""
    files = sorted(p for p in source.rglob("*.py") if "site-packages" not in p.parts)
    with tempfile.TemporaryDirectory() as folder:
        report_1, peaks_1 = run(copied(files, source, Path(folder, "x1"), 1))
        report_10, peaks_10 = run(copied(files, source, Path(folder, "x10"), 10))
    print(f"{len(files):,} files of {source.name}, {os.cpu_count()} cores")
    print(f"{'':<12}{'1 x':>12}{'10 x':>12}{'ratio':>8}")
    for name, values in rows(report_1, report_10):
        print(f"{name:<12}{values[0]:>12,.0f}{values[1]:>12,.0f}{values[1] / values[0]:>8.2f}")
    print("peak memory, MB")
    for service in SERVICES:
        one, ten = peaks_1[service] / 1024, peaks_10[service] / 1024
        print(f"{service:<12}{one:>12.0f}{ten:>12.0f}{ten / one:>8.2f}")


def copied(files: list[Path], source: Path, target: Path, times: int) -> Path:
    """Copy files into a folder, `times` over, with the functions of each copy named apart."""
    for copy in range(times):
        for file in files:
            to = target / f"copy{copy}" / file.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(renamed(file.read_bytes(), b"_%d" % copy))
    return target


def renamed(content: bytes, suffix: bytes) -> bytes:
    """Return a file in which each function of the module has `suffix` behind its name."""
    names = set(re.findall(rb"^def (\w+)", content, re.MULTILINE))
    if not names:
        return content
    words = rb"\b(" + b"|".join(sorted(names)) + rb")\b"
    return re.sub(words, rb"\1" + suffix, content)


def run(source: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Run the chain; return its report, and each service's peak resident memory in KiB."""
    out = source.with_name(f"{source.name}-out")
    command = [sys.executable, "-m", "c2c_stream.cli", "run", str(source), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        peaks = dict.fromkeys(SERVICES, 0)
        while process.poll() is None:
            for service, peak in peaks_of(process.pid):
                peaks[service] = max(peaks[service], peak)
            time.sleep(LOOK_S)
        assert process.stdout
        return json.load(process.stdout), peaks


def peaks_of(parent: int) -> list[tuple[str, int]]:
    """Return the peak of every running service: /proc's VmHWM, kept by the kernel."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            arguments = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue
        service = next((name for name in SERVICES if name in arguments), None)
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
        if service and peak:
            found.append((service, int(peak.split()[1])))
    return found


def rows(one: dict[str, Any], ten: dict[str, Any]) -> list[tuple[str, tuple[float, float]]]:
    """Return the lines of the table above the memory."""
    reports = (one, ten)

    def pair(of: Any) -> tuple[float, float]:
        return of(reports[0]), of(reports[1])

    return [
        ("files", pair(lambda r: r["stages"]["ingester"]["out"])),
        ("found", pair(lambda r: r["stages"]["collector"]["found"])),
        ("candidates", pair(lambda r: r["stages"]["curator"]["out"])),
        ("rows", pair(lambda r: r["samples"])),
        ("seconds", pair(lambda r: r["seconds"])),
        ("found/s", pair(lambda r: r["stages"]["collector"]["found"] / r["seconds"])),
        ("bundles/s", pair(lambda r: r["stages"]["curator"]["out"] / r["seconds"])),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("stdlib")))
