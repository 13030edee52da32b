// Mutations that know what a record is: libFuzzer's own rarely leave a header, a length or a sum
// right. Linked into fuzz_forged with the `fuzz` preset.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "block.h"
#include "layout.h"
#include "reseal.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace daybook {
namespace {

using Record = std::vector<uint8_t>;  // header included; or a byte that is in none

std::vector<Record> Split(Bytes bytes) {
  std::vector<Record> records;
  for (size_t at = 0; at < bytes.size();) {
    const auto header = ReadHeader(bytes, at);
    const size_t end = header ? header->end : at + 1;
    const Bytes record = bytes.subspan(at, end - at);
    records.emplace_back(record.begin(), record.end());
    at = end;
  }
  return records;
}

void ChangePayload(Record* record) {
  if (record->size() < kHeaderBytes) return;
  const size_t length = record->size() - kHeaderBytes;
  record->resize(kHeaderBytes + kMaxPayloadBytes);
  const size_t now = LLVMFuzzerMutate(record->data() + kHeaderBytes, length, kMaxPayloadBytes);
  record->resize(kHeaderBytes + now);
  (*record)[kLengthOffset] = static_cast<uint8_t>(now);
}

void ChangeOne(std::vector<Record>* records, std::minstd_rand* random) {
  const auto any = [&] { return (*random)() % records->size(); };
  const size_t one = any();
  const auto at = records->begin() + static_cast<std::ptrdiff_t>(one);
  enum : size_t { kPayload, kType, kRemove, kRepeat, kSwap, kMoveRun, kChanges };
  switch ((*random)() % kChanges) {
    case kPayload:
      return ChangePayload(&*at);
    case kType:
      if (at->size() >= kHeaderBytes) (*at)[kTypeOffset] = static_cast<uint8_t>((*random)());
      return;
    case kRemove:
      records->erase(at);
      return;
    case kRepeat:
      records->insert(records->begin() + static_cast<std::ptrdiff_t>(any()), Record(*at));
      return;
    case kSwap:
      return std::swap(*at, (*records)[any()]);
    default:
      std::rotate(records->begin(), at, records->end());
  }
}

}  // namespace
}  // namespace daybook

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace daybook;
  std::minstd_rand random(seed);
  std::vector<uint8_t> bytes(data, data + size);
  if (size == 0 || random() % 8 == 0) {
    bytes.resize(max_size);
    bytes.resize(LLVMFuzzerMutate(bytes.data(), size, max_size));
  } else {
    std::vector<Record> records = Split(bytes);
    ChangeOne(&records, &random);
    bytes.clear();
    for (const Record& record : records) bytes.insert(bytes.end(), record.begin(), record.end());
  }
  const auto repair = random() % 3;
  if (repair != 0) bytes = Resealed(bytes, repair == 1 ? Reseal::kSums : Reseal::kPlaces);
  const size_t kept = std::min(bytes.size(), max_size);
  std::memcpy(data, bytes.data(), kept);
  return kept;
}
