// The frozen facts of the format, version 1. The manual page daybook-log(5) is normative.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daybook/records.h"

namespace daybook {

// An ASCII byte followed by a bare UTF-8 continuation byte: never part of valid UTF-8 text, so a
// path or an argument cannot contain the cookie unless somebody wants it to.
inline constexpr uint8_t kCookie[2] = {0x2B, 0x91};

// Header: cookie 2, type 1, payload length 1.
inline constexpr size_t kHeaderBytes = sizeof(kCookie) + 1 + 1;
inline constexpr size_t kTypeOffset = 2;
inline constexpr size_t kLengthOffset = 3;

// A record whose length byte has this value goes on in CONT records; the last of them is shorter.
inline constexpr size_t kMaxPayloadBytes = 255;
// A CONT record: index 1, then this many bytes of the logical payload at most.
inline constexpr size_t kFragmentBytes = kMaxPayloadBytes - 1;
// The index is one byte of LEB128, so it wraps at 128.
inline constexpr uint32_t kFragmentIndexMask = 0x7F;

// Longest logical payload: longer ones are not written, and not assembled when read.
inline constexpr size_t kMaxLogicalBytes = 64 * 1024;

// Longest block: one that a record of the longest kind overran at the last moment, with its marks.
// A forged checkpoint cannot make a reader sum more than this.
inline constexpr size_t kMaxBlockBytes = 256 * 1024;
// The writer closes a block before it is longer than this, whatever it was asked for.
inline constexpr size_t kMaxBlockTarget = 64 * 1024;

// So many bytes for each byte there is may be walked, or looked at in advance, in vain. Damage
// never comes near; what bytes made for it cost beyond that is counted as not proved.
inline constexpr uint64_t kVainPasses = 16;

// Neither zeroed nor erased bytes are ever a record.
constexpr bool IsValidType(uint8_t type) { return type != 0x00 && type != 0xFF; }

// "DBK1", CR, LF, SUB, LF as a little-endian number.
inline constexpr uint64_t kSignature = 0x0A1A'0A0D'314B'4244;

inline constexpr uint32_t kMajorVersion = 1;
inline constexpr uint32_t kMinorVersion = 0;
inline constexpr uint32_t kTickNs = 1000;

// Records that only hold the segment together; they are not counted in record_count.
constexpr bool IsFraming(uint8_t type) {
  return type == Schema<Checkpoint>::kType || type == Schema<Mark>::kType ||
         type == Schema<Continuation>::kType;
}

// SEGMENT_START, INFO and SCHEMA records are repeated after this many bytes: 0.4 % of a segment.
inline constexpr uint64_t kCopyIntervalBytes = 1 << 20;

// A segment's file name: "daybook-<number, at least 8 digits>.dbk", compressed ".dbk.zst"; while
// that is being written, kTemporarySuffix stands behind it.
inline constexpr char kSegmentPrefix[] = "daybook-";
inline constexpr char kSegmentSuffix[] = ".dbk";
inline constexpr char kCompressedSuffix[] = ".dbk.zst";
inline constexpr char kTemporarySuffix[] = ".tmp";
inline constexpr int kSegmentDigits = 8;

// ---- The container of a compressed segment ----
//
// head, (frame description, zstd frame)*, index, seek table. Head, descriptions and index are
// skippable frames: this magic number and the length of what follows (both fixed32), then records
// relative to a base of zero, then kContainerFooterBytes: the length of the whole skippable frame,
// and the CRC32C of all of it before this sum (both fixed32).

inline constexpr uint32_t kContainerVersion = 1;
inline constexpr uint32_t kContainerMagic = 0x184D'2A5A;
inline constexpr size_t kSkippableHeaderBytes = 4 + 4;
inline constexpr size_t kContainerFooterBytes = 4 + 4;
inline constexpr uint32_t kZstdMagic = 0xFD2F'B528;

// A frame's content is cut behind the first block that reaches this length; where no block ends for
// long, it is cut at kMaxFrameBytes all the same. No frame of ours holds more.
inline constexpr size_t kFrameBytes = 256 * 1024;
inline constexpr size_t kMaxFrameBytes = 1024 * 1024;

// The standard seek table of zstd's seekable format, for other tools: the last frame of the file.
inline constexpr uint32_t kSeekTableMagic = 0x184D'2A5E;
inline constexpr uint32_t kSeekTableFooterMagic = 0x8F92'EAB1;

}  // namespace daybook
