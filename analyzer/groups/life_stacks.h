// What processes cost, summed by the names of all their ancestors. Memory is for the stacks that
// differ, not for the processes; there is a limit to that, and to the names in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "groups/life_groups.h"
#include "lives/lives.h"
#include "log/log_set.h"

namespace daybook {

// In the place of a name that is not told, and above a process whose parent the log does not tell.
inline constexpr std::string_view kUnknownFrame = "[unknown]";

// What costs something in a stack that is not kept any more.
inline constexpr std::string_view kOtherFrame = "[other]";

class LifeStacks {
 public:
  // Frames in all stacks: some 50 MiB. Who renames a shell again and again can make any number.
  static constexpr size_t kMostFrames = size_t{1} << 19;

  // Whether stacks begin with the name of the host.
  enum class Hosts : bool { kLeftOut, kShown };
  explicit LifeStacks(Hosts hosts, size_t most_frames = kMostFrames)
      : hosts_(hosts), most_frames_(most_frames) {}

  // Ancestors have the names by which they are known so far.
  void Add(const Boot& boot, const Life& life, uint64_t value);

  // Calls function(stack, value) for each stack, in the order in which they came: its frames from
  // the root on, escaped, with semicolons between.
  template <class Function>
  void ForEach(Function&& function) const {
    for (size_t node = 0; node < nodes_.size(); ++node) {
      if (nodes_[node].value) function(StackOf(node), *nodes_[node].value);
    }
    if (other_) function(std::string(kOtherFrame), *other_);
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  // Where a frame stands: below another one, with its name.
  struct Place {
    size_t parent;  // kNone at the root
    size_t name;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const {
      constexpr size_t kOdd = 0x9E37'79B9'7F4A'7C15;
      return place.parent * kOdd ^ place.name;
    }
  };
  struct Node {
    Place place;
    std::optional<uint64_t> value;  // of the processes that are called so there
  };

  // nullopt where it would be one more than are kept.
  std::optional<size_t> Enter(size_t parent, const Cell& name);
  std::optional<size_t> Find(const Boot& boot);
  std::string StackOf(size_t node) const;

  Hosts hosts_;
  size_t most_frames_;
  CellGroups names_;
  std::vector<Node> nodes_;
  std::unordered_map<Place, size_t, PlaceHash> places_;
  std::optional<uint64_t> other_;
  std::vector<const Life*> line_;  // up to the root
  bool is_cut_ = false;            // that line, above its last one
};

}  // namespace daybook
