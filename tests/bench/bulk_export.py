"""A bulk export read and judged, beside curl and a plain JSON parse of each line: seconds, ratio, peak memory.

    make bench            or        python tests/bench/bulk_export.py [--resources N]

Two sizes (a tenth, and all of it), so that memory that grows with the export would show. Beside the time on the clock
stands that of the processor: where other work runs, only the second can be compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

NDJSON = "application/fhir+ndjson"
MEBIBYTE = 2**20


class _Files(SimpleHTTPRequestHandler):
    """The files of a folder, as NDJSON."""

    extensions_map = {".ndjson": NDJSON}  # noqa: RUF012

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


def main() -> None:
    """Prints a row per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=200_000)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--plain", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plain:
        print(json.dumps(_plain(given.plain)))
        return
    if given.read:
        print(json.dumps(_judged(given.read, given.resources)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=name))
        Thread(target=server.serve_forever, daemon=True).start()
        for count in (given.resources // 10, given.resources):
            _row(folder, f"http://127.0.0.1:{server.server_port}", count)


def _row(folder: Path, base_url: str, count: int) -> None:
    file = folder / "0.ndjson"
    _write(file, count)
    words = [sys.executable, __file__, "--resources", str(count)]
    plain = _told([*words, "--plain", f"{base_url}/0.ndjson"])
    judged = _told([*words, "--read", base_url])
    ratios = [judged[each] / plain[each] for each in ("seconds", "processor")]
    print(
        f"{count:>8} resources, {file.stat().st_size / MEBIBYTE:.0f} MiB: curl and JSON {plain['seconds']:.2f} s, "
        f"judged {judged['seconds']:.2f} s, ratio {ratios[0]:.2f} (processor {ratios[1]:.2f}), "
        f"peak {judged['peak']:.0f} MiB, {judged['strangers']:.0f} stranger"
    )


def _told(words: list[str]) -> dict[str, float]:
    """What a process of its own measured."""
    found: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return found


def _spent(began: float) -> dict[str, float]:
    """Seconds since, and those of the processor in this process and those that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"seconds": time.perf_counter() - began, "processor": sum(each.ru_utime + each.ru_stime for each in used)}


def _judged(base_url: str, count: int) -> dict[str, float]:
    """The export read by the harness in this process: seconds, peak MiB, strangers found."""
    from conformance.apis.bulk_manifest import ListedFile, Manifest
    from conformance.apis.harvest import Harvest
    from conformance.exchange import Exchange
    from conformance.flows.bulk_files import Reader
    from conformance.target import Api, Target
    from conformance.wire.payer import Request, Wire

    began = time.perf_counter()
    harvest = Harvest(frozenset({"Patient/member"}), base_url)
    manifest = Manifest(
        "", "", requires_token=False, output=(ListedFile("output[0]", "Observation", f"{base_url}/0.ndjson", count),)
    )
    with tempfile.TemporaryDirectory() as name, Wire(Target(name="x"), journal=lambda _each: None) as wire:

        def fetch(url: str, token: str, file: Path, most: int, headers: dict[str, str]) -> Exchange:
            asked = Request("bulk.file", "GET", url, headers=headers, token=token, into=file, most=most, seconds=600.0)
            return wire.send(base_url, Api("payer-to-payer"), asked)

        [read] = Reader(base_url, fetch, Path(name), harvest.add).read(manifest, base_url)
    if read.faults or read.unread:
        sys.exit(f"{read.faults} {read.unread}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**_spent(began), "peak": peak, "strangers": harvest.strangers.total}


def _plain(url: str) -> dict[str, float]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "curl.ndjson"
        subprocess.run(["curl", "-sS", "-o", str(file), url], check=True)
        with file.open("rb") as lines:
            for line in lines:
                json.loads(line)
    return _spent(began)


def _write(file: Path, count: int) -> None:
    with file.open("wb") as lines:
        for number in range(count):
            lines.write(_observation(number, "member" if number != count // 3 else "somebody-else"))


def _observation(number: int, patient: str) -> bytes:
    """One laboratory result of about 2 kB, as US Core has it."""
    quantity = {"value": number % 300, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    found = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {
            "lastUpdated": "2026-03-01T06:00:00Z",
            "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/x"],
        },
        "status": "final",
        "category": [{"coding": [{"system": "http://example.org/category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2093-3"}], "text": "Cholesterol"},
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": f"Encounter/e{number}"},
        "effectiveDateTime": "2025-11-04T09:30:00Z",
        "valueQuantity": quantity,
        "referenceRange": [{"low": quantity, "high": quantity, "text": "as usual"} for _ in range(4)],
        "component": [{"code": {"text": f"part {part}"}, "valueQuantity": quantity} for part in range(4)],
        "note": [{"text": "A note of the laboratory. " * 14}],
    }
    return json.dumps(found).encode() + b"\n"


if __name__ == "__main__":
    main()
