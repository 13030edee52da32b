#!/usr/bin/env python3
"""Whether each of the 47 scenarios has a test, and each test that scenarios.txt names is there."""

import pathlib
import re
import sys

COUNT = 47
HERE = pathlib.Path(__file__).parent
TEST = re.compile(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)")

known = set()
for source in HERE.parent.rglob("*.cc"):
    known |= {".".join(test) for test in TEST.findall(source.read_text())}

wrong = []
numbers = []
for line in (HERE / "scenarios.txt").read_text().splitlines():
    if line.startswith("#"):
        continue
    number, *words = line.split()
    names = [word for word in words if re.fullmatch(r"[A-Z]\w*\.\w+", word)]
    numbers.append(int(number))
    wrong += [f"{number}: no test is named {name}" for name in names if name not in known]
    if not names:
        wrong.append(f"{number}: no test")
if numbers != list(range(1, COUNT + 1)):
    wrong.append(f"not 1 to {COUNT}: {numbers}")
sys.exit("\n".join(wrong) or 0)
