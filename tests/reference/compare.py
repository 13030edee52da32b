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
BATCH = 100  # files in a folder


def items_of_ours(dump_items, folder, salvage):
    """What the C++ reader makes of each file of a folder: {name: [item]}."""
    options = ["--salvage"] if salvage else []
    output = subprocess.run([dump_items, *options, str(folder)], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    items = {}
    for item in map(json.loads, output.splitlines()):
        if item["kind"] == "file":
            own = items[item["name"]] = []
        else:
            own.append(item)
    return items


def items_of_reference(content, salvage):
    """What it should make of it: it knows no values of types that only a log describes."""
    items = [daybook_log.json_event(event) for event in daybook_log.read_log(content, salvage)]
    for item in items:
        if item["kind"] == "record" and item["type"] not in daybook_log.RECORD_TYPES:
            item["fields"] = None
    return items


def first_difference(ours, reference):
    """A text about the first item that differs, or None."""
    for number in range(max(len(ours), len(reference))):
        one, other = ours[number:number + 1], reference[number:number + 1]
        if one != other:
            return f"item {number}:\n   ours      {one}\n   reference {other}"
    return None


def compare_folder(dump_items, folder):
    """The differences in a folder as texts, and how many items of each kind were compared."""
    texts = []
    counts = collections.Counter()
    ours = {salvage: items_of_ours(dump_items, folder, salvage) for salvage in (False, True)}
    for path in sorted(folder.iterdir()):
        content = daybook_log.load(path)
        for salvage in (False, True):
            items = ours[salvage][path.name]
            counts.update(item["kind"] for item in items)
            counts["life"] += sum(len(item.get("lives") or []) for item in items)
            text = first_difference(items, items_of_reference(content, salvage))
            if text is not None:
                texts.append((path.name, f"salvage {salvage}, {text}"))
    return texts, counts


def joined_cases(files):
    """What cat makes of compressed files and others, sound or damaged where they meet: (what it is,
    its bytes).
    """
    for file in (pathlib.Path(name) for name in files if name.endswith(".zst")):
        packed = file.read_bytes()
        raw = file.with_suffix("").read_bytes()
        for rest in (packed, raw, b"no segment", b"\x28\xb5\x2f\xfd."):
            for cut in (0, 1, 7, len(packed) // 3):
                yield f"joined, {cut} bytes cut", packed[:len(packed) - cut] + rest
            damaged = bytearray(packed)
            damaged[-30] ^= 0x55
            damaged[len(packed) // 2] ^= 0x55
            yield "joined and damaged", packed + bytes(damaged) + rest


def other_version_cases(files):
    """Compressed files that say that they are of another version, sound or damaged: (what it is, its
    bytes).
    """
    for file in (pathlib.Path(name) for name in files if name.endswith(".zst")):
        data = bytearray(file.read_bytes())
        end = 8 + int.from_bytes(data[4:8], "little")
        data[12] = 2
        data[end - 4:end] = daybook_log.crc32c(data[:end - 4]).to_bytes(4, "little")
        yield "of another version", bytes(data)
        yield "of another version, cut", bytes(data[:-30])
        for place in (end + 3, len(data) // 3, len(data) // 2, len(data) - 200):
            damaged = bytearray(data)
            damaged[place] ^= 0x55
            yield f"of another version, byte {place}", bytes(damaged)


def make_cases(folder, write_cases, count, files):
    """Fills a folder; gives what each file in it is."""
    subprocess.run([write_cases, str(folder), count], check=True)
    manifest = folder / "manifest.jsonl"
    cases = {case["file"]: f'{case["kind"]}, {case["text"]}'
             for case in map(json.loads, manifest.read_text().splitlines())}
    manifest.unlink()
    for number, file in enumerate(files):
        name = f"file-{number}{''.join(pathlib.Path(file).suffixes)}"
        shutil.copyfile(file, folder / name)
        cases[name] = file
    for what, data in forged_cases.forged_cases(int(count)):
        (folder / what).write_bytes(data)
        cases[what] = "forged_cases.py"
    for number, (what, data) in enumerate([*joined_cases(files), *other_version_cases(files)]):
        name = f"joined-{number}"
        (folder / name).write_bytes(data)
        cases[name] = what
    return cases


def main(write_cases, dump_items, count, *files):
    """Compares, prints the first differences, and returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = make_cases(folder, write_cases, count, files)
        for number, case in enumerate(cases):
            batch = folder / f"batch-{number // BATCH}"
            batch.mkdir(exist_ok=True)
            (folder / case).rename(batch / case)
        with multiprocessing.Pool() as pool:
            results = pool.starmap(compare_folder,
                                   [(dump_items, batch) for batch in folder.glob("batch-*")],
                                   chunksize=1)
    differences = [text for texts, _ in results for text in texts]
    for case, text in differences[:SHOWN]:
        print(f"{case} ({cases[case]}), {text}")
    counts = sum((counts for _, counts in results), collections.Counter())
    print(f"{counts['end'] // 2} files read by both, each twice: {counts['record']} records, "
          f"{counts['life']} lives of LIVES and {counts['gap']} gaps; "
          f"{len(differences)} differences")
    return 1 if differences or counts["end"] != 2 * len(cases) else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
