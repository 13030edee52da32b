#include "log/segment_head.h"

#include "daybook/reader.h"
#include "log/record_facts.h"
#include "text/names.h"

namespace daybook {

SegmentHead ReadSegmentHead(const std::string& path) {
  SegmentHead head;
  auto reader = SegmentReader::Open(path);
  if (!reader) return head;
  for (Item item = reader->Next(); !std::holds_alternative<End>(item); item = reader->Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (Info info; record != nullptr && record->As(&info)) {
      head.is_imported |= info.key == kImportedFrom;
      if (info.key != "hostname") continue;
      head.host = info.value;
      return head;
    }
    if (record != nullptr && record->type == Schema<Clock>::kType) break;  // behind the head
  }
  const auto& segment = reader->segment();
  if (segment) head.host = NameWithout(*segment).value_or("");
  return head;
}

std::optional<std::string> NameWithout(const SegmentStart& segment) {
  if (segment.host_id != Id128{}) return HexId(segment.host_id);
  // Else its head is gone, which may have named the host.
  if (segment.boot_id != Id128{}) return HexId(segment.stream_id);
  return std::nullopt;
}

}  // namespace daybook
