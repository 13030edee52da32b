// The recorder's pinned maps, by bpf(2) itself: the recorder's own way to them is what is tested.
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "bpf/events.h"
#include "system/file_descriptor.h"

namespace daybook {

inline long Bpf(bpf_cmd command, bpf_attr attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof(attributes));
}

template <class Pointer>
uint64_t AddressOf(Pointer* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

inline FileDescriptor MapAt(const std::string& pin) {
  bpf_attr attributes = {};
  attributes.pathname = AddressOf(pin.c_str());
  return FileDescriptor(static_cast<int>(Bpf(BPF_OBJ_GET, attributes)));
}

// Gives the pinned map another name, too.
inline void PinAlsoAs(const std::string& pin, const std::string& name) {
  const FileDescriptor map = MapAt(pin);
  bpf_attr attributes = {};
  attributes.pathname = AddressOf(name.c_str());
  attributes.bpf_fd = static_cast<uint32_t>(map.get());
  ASSERT_EQ(Bpf(BPF_OBJ_PIN, attributes), 0) << strerror(errno);
}

inline long StateElement(bpf_cmd command, const std::string& state_pin, shared_state* state) {
  const FileDescriptor map = MapAt(state_pin);
  const uint32_t zero = 0;
  bpf_attr element = {};
  element.map_fd = static_cast<uint32_t>(map.get());
  element.key = AddressOf(&zero);
  element.value = AddressOf(state);
  return Bpf(command, element);
}

inline shared_state ReadState(const std::string& state_pin) {
  shared_state state = {};
  EXPECT_EQ(StateElement(BPF_MAP_LOOKUP_ELEM, state_pin, &state), 0) << strerror(errno);
  return state;
}

}  // namespace daybook
