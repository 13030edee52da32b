#!/usr/bin/python3
"""Holds the two readers against each other, file by file.

    compare.py WRITE_CASES DUMP_ITEMS COUNT [FILE...]

WRITE_CASES makes about COUNT damaged files, forged_cases.py COUNT others; both readers read them,
and the FILEs too, with and without salvage. Every item must be the same. Exit status: 0 if so, 1 if
not.
"""

import collections
import json
import multiprocessing
import pathlib
import shutil
import subprocess
import sys
import tempfile

import daybook_log
import forged_cases

SHOWN = 10


def lines_of_ours(dump_items, folder, salvage):
    """What the C++ reader makes of each file of a folder: {name: [item]}."""
    options = ["--salvage"] if salvage else []
    command = [dump_items, *options, str(folder)]
    items = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            item = json.loads(line)
            if item["kind"] == "file":
                own = items[item["name"]] = []
            else:
                own.append(item)
    if process.returncode != 0:
        sys.exit(f"compare.py: {' '.join(command)} failed")
    return items


def first_difference(ours, reference):
    """A text about the first item that differs, or None."""
    for number in range(max(len(ours), len(reference))):
        one, other = ours[number:number + 1], reference[number:number + 1]
        if one != other:
            return f"item {number}:\n   ours      {one}\n   reference {other}"
    return None


def item_of(event):
    """What the C++ reader should print; it knows no values of types that only the log describes."""
    item = daybook_log.json_event(event)
    if item.get("type") not in daybook_log.RECORD_TYPES and "fields" in item:
        item["fields"] = None
    return item


def compare(path, ours):
    """What the two readers see differently in a file, without and with salvage."""
    content = daybook_log.load(path)
    texts = []
    for salvage in (False, True):
        events = daybook_log.read_log(content, salvage)
        text = first_difference(ours[salvage], [item_of(event) for event in events])
        if text is not None:
            texts.append(f"salvage {salvage}: {text}")
    return texts


def main(write_cases, dump_items, count, *files):
    """Compares, prints the first differences, and returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([write_cases, name, count], check=True)
        with (folder / "manifest.jsonl").open() as manifest:
            cases = {case["file"]: f'{case["kind"]}, {case["text"]}'
                     for case in map(json.loads, manifest)}
        for number, file in enumerate(files):
            copy = f"file-{number}{pathlib.Path(file).suffix}"
            shutil.copyfile(file, folder / copy)
            cases[copy] = file
        for number, (what, data) in enumerate(forged_cases.forged_cases(int(count))):
            (folder / f"forged-{number:06}").write_bytes(data)
            cases[f"forged-{number:06}"] = what
        ours = [lines_of_ours(dump_items, folder, salvage) for salvage in (False, True)]
        arguments = [(folder / case, [items[case] for items in ours]) for case in cases]
        with multiprocessing.Pool() as pool:
            results = pool.starmap(compare, arguments, chunksize=8)
    differing = [(case, text) for case, texts in zip(cases, results) for text in texts]
    for case, text in differing[:SHOWN]:
        print(f"{case} ({cases[case]}), {text}")
    counts = collections.Counter(item["kind"] for items in ours for file in items.values()
                                 for item in file)
    print(f"{len(cases)} files read by both, each twice: {counts['record']} records and "
          f"{counts['gap']} gaps; {len(differing)} differences")
    return 1 if differing or not cases else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
