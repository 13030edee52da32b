#!/usr/bin/python3
"""Holds the two readers against each other, file by file.

    compare.py WRITE_CASES DUMP_ITEMS COUNT [FILE...]

WRITE_CASES makes about COUNT damaged files; both readers read them, and the
FILEs too, with and without salvage. Of raw files every item must be the same.
What a damaged frame of a compressed file still gives depends on the decoder,
so there what the reference reader proves must be proved by the other one too,
unless the file is not damaged.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import daybook_log

SHOWN = 5


def items_of_ours(dump_items, path, salvage):
    """What the C++ reader makes of a file."""
    options = ["--salvage"] if salvage else []
    out = subprocess.run([dump_items, *options, str(path)], check=True,
                         capture_output=True, text=True).stdout
    items = [json.loads(line) for line in out.splitlines()]
    return [item for item in items if item["kind"] != "file"]


def items_of_reference(path, salvage):
    """What the reader written from the manual makes of it."""
    data, lacking = daybook_log.load(str(path))
    events = daybook_log.read_log(data, salvage, lacking)
    return [daybook_log.json_event(event) for event in events]


def first_difference(ours, reference):
    """The number of the first item that differs, or None."""
    for number in range(max(len(ours), len(reference))):
        if ours[number:number + 1] != reference[number:number + 1]:
            return number
    return None


def unproved(ours, reference):
    """Verified records of the reference that ours did not prove."""
    def proved(items):
        return {(item["type"], item["seq"], item["payload_hex"])
                for item in items
                if item["kind"] == "record" and item["proof"] == "verified"
                and item["seq"] is not None}
    return proved(reference) - proved(ours)


def compare(dump_items, path, salvage):
    """A text about the difference, or None."""
    ours = items_of_ours(dump_items, path, salvage)
    reference = items_of_reference(path, salvage)
    if path.suffix == ".zst":
        missing = unproved(ours, reference)
        return f"not proved: {sorted(missing)[:2]}" if missing else None
    number = first_difference(ours, reference)
    if number is None:
        return None
    return (f"item {number}:\n   ours      {ours[number:number + 1]}\n"
            f"   reference {reference[number:number + 1]}")


def main(write_cases, dump_items, count, *files):
    """Compares, prints the first differences, and returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([write_cases, folder, count], check=True)
        kinds = {}
        for line in (pathlib.Path(folder) / "manifest.jsonl").open():
            case = json.loads(line)
            kinds[case["file"]] = f'{case["kind"]}, {case["text"]}'
        paths = sorted(pathlib.Path(folder).glob("case-*"))
        paths += [pathlib.Path(file) for file in files]
        differences = 0
        for path in paths:
            for salvage in (False, True):
                text = compare(dump_items, path, salvage)
                if text is None:
                    continue
                differences += 1
                if differences <= SHOWN:
                    print(f"{path.name} ({kinds.get(path.name, path)}), "
                          f"salvage {salvage}: {text}")
    print(f"{len(paths)} files read by both, each twice; "
          f"{differences} differences")
    return 1 if differences or not paths else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
