#!/usr/bin/env bats
# What daybook says of compressed segments: the same as of raw ones, and what is wrong with them.

load helper

setup() {
  log=$BATS_TEST_TMPDIR/sample.dbk.zst
  cp "$sample.zst" "$log"
  size=$(stat -c %s "$log")
}

rows() {
  "$DAYBOOK" list --log "$1" --columns proc_id,args --output jsonl
}

# `change OFFSET COUNT`: so many bytes become other ones.
change() {
  /usr/bin/python3 - "$log" "$1" "$2" <<'PYTHON'
import sys
path, offset, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path, 'r+b') as file:
    file.seek(offset)
    old = file.read(count)
    file.seek(offset)
    file.write(bytes(byte ^ 0x55 for byte in old))
PYTHON
}

@test "zstd makes the raw segment of it, bit for bit" {
  zstd -dqc "$log" | cmp - "$sample"
}

@test "another library reads it, as a whole and by the seek table" {
  run -0 /usr/bin/python3 - "$log" "$sample" <<'PYTHON'
import io, struct, sys
import zstandard

data = open(sys.argv[1], 'rb').read()
raw = open(sys.argv[2], 'rb').read()
reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
assert reader.read() == raw

count, descriptor, magic = struct.unpack('<IBI', data[-9:])
assert magic == 0x8F92EAB1 and descriptor == 0
begin = len(data) - 9 - 8 * count
assert struct.unpack('<II', data[begin - 8:begin]) == (0x184D2A5E, 8 * count + 9)
position = content = 0
for i in range(count):
    compressed, plain = struct.unpack_from('<II', data, begin + 8 * i)
    if plain:
        frame = data[position:position + compressed]
        parameters = zstandard.get_frame_parameters(frame)
        assert parameters.content_size == plain and parameters.has_checksum
        piece = zstandard.ZstdDecompressor().decompress(frame)
        assert piece == raw[content:content + plain]
    position += compressed
    content += plain
assert position == begin - 8 and content == len(raw)
PYTHON
}

@test "every report is the same as that of the raw segment" {
  for verb in list summary tree dump; do
    same "$("$DAYBOOK" "$verb" --log "$sample")" "$("$DAYBOOK" "$verb" --log "$log")"
  done
}

@test "it may come through a pipe" {
  run -0 "$DAYBOOK" list --log - <"$log"
  same "$("$DAYBOOK" list --log "$sample")" "$output"
}

@test "bytes that follow it are told, as those behind a raw one" {
  printf 'no segment' >"$BATS_TEST_TMPDIR/garbage"
  for file in "$sample" "$log"; do
    cat "$file" "$BATS_TEST_TMPDIR/garbage" >"$BATS_TEST_TMPDIR/joined"
    run -4 --separate-stderr "$DAYBOOK" summary --log "$BATS_TEST_TMPDIR/joined"
    has "${lines[-1]}" "damaged 10 bytes, gaps 1"
    run -4 --separate-stderr "$DAYBOOK" summary --log - <"$BATS_TEST_TMPDIR/joined"
    has "${lines[-1]}" "damaged 10 bytes, gaps 1"
  done
}

@test "segments behind it in the same stream are read, compressed or not" {
  for file in "$sample" "$log"; do
    cat "$log" "$log" "$file" >"$BATS_TEST_TMPDIR/joined"
    run -0 --separate-stderr "$DAYBOOK" summary --log - <"$BATS_TEST_TMPDIR/joined"
    has "${lines[-1]}" "repeated"
    same "$(rows "$sample")" "$(rows "$BATS_TEST_TMPDIR/joined")"
  done
}

@test "a segment that stands there raw and compressed is read once" {
  mkdir "$BATS_TEST_TMPDIR/both"
  cp "$sample" "$BATS_TEST_TMPDIR/both/daybook-00000001.dbk"
  cp "$log" "$BATS_TEST_TMPDIR/both/daybook-00000001.dbk.zst"
  cp "$log" "$BATS_TEST_TMPDIR/both/daybook-00000001.dbk.zst.tmp"
  same "$(rows "$sample")" "$(rows "$BATS_TEST_TMPDIR/both")"
  rm "$BATS_TEST_TMPDIR/both/daybook-00000001.dbk"
  same "$(rows "$sample")" "$(rows "$BATS_TEST_TMPDIR/both")"
}

@test "damage to a frame costs that frame at most" {
  change $((size / 2)) 8
  run -4 --separate-stderr "$DAYBOOK" list --log "$log" --columns proc_id,args --output jsonl
  ((${#lines[@]} > 100))
  run -0 jq -ne --slurpfile all <(rows "$sample") --slurpfile rest <(rows "$log" 2>/dev/null) '
    (($rest | map(.proc_id)) - ($all | map(.proc_id)) | length) == 0'
}

@test "damage to the first bytes, or to the last ones, costs nothing" {
  for offset in 0 4 20 $((size - 1)) $((size - 20)) $((size - 200)); do
    cp "$sample.zst" "$log"
    change "$offset" 1
    same "$(rows "$sample")" "$(rows "$log" 2>/dev/null)"
  done
}

@test "one that is cut off has what came before" {
  truncate -s $((size / 2)) "$log"
  run --separate-stderr "$DAYBOOK" list --log "$log" --columns proc_id --output jsonl
  ((status == 4))
  ((${#lines[@]} > 30))
}
