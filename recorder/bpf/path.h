// The path of a file, from its names upwards. Not bpf_d_path(): the address space of another task
// may be freed while the iterator looks at it, and that helper would follow the stale pointer.
// bpf_probe_read_kernel() only fails.
#pragma once

#include "events.h"
#include "kernel_types.h"

enum {
  MAX_PATH_STEPS = 64,  // names and mount points
  NAME_LIMIT = 256,     // NAME_MAX, with the NUL
};

// A path is built from its end: bytes [begin, PATH_LIMIT) are filled. The rest is room, so that a
// name written at any masked position stays inside.
struct path_buffer {
  uint32_t begin;
  char bytes[PATH_LIMIT + NAME_LIMIT];
};

// False where the path is longer than the buffer, or unreadable.
static __always_inline bool prepend_name(struct path_buffer* path, struct dentry* dentry) {
  uint32_t length = BPF_CORE_READ(dentry, d_name.len);
  const unsigned char* name = BPF_CORE_READ(dentry, d_name.name);
  if (length >= NAME_LIMIT || length + 1 > path->begin) return false;
  length &= NAME_LIMIT - 1;  // for the verifier
  uint32_t begin = (path->begin - length - 1) & (PATH_LIMIT - 1);
  path->bytes[begin] = '/';
  if (bpf_probe_read_kernel(&path->bytes[begin + 1], length, name)) return false;
  path->begin = begin;
  return true;
}

// Length of the path of `file`; 0 where it could not be read.
static __always_inline uint32_t read_path(struct path_buffer* path, struct file* file) {
  struct dentry* dentry = BPF_CORE_READ(file, f_path.dentry);
  char* vfsmount = (char*)BPF_CORE_READ(file, f_path.mnt);
  struct mount* mount = (struct mount*)(vfsmount - bpf_core_field_offset(struct mount, mnt));
  path->begin = PATH_LIMIT;
  for (int i = 0; i < MAX_PATH_STEPS; ++i) {
    if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
      struct mount* outer = BPF_CORE_READ(mount, mnt_parent);
      if (outer == mount) return PATH_LIMIT - path->begin;
      dentry = BPF_CORE_READ(mount, mnt_mountpoint);
      mount = outer;
      continue;
    }
    if (!prepend_name(path, dentry)) return 0;
    struct dentry* parent = BPF_CORE_READ(dentry, d_parent);
    // In no folder: a memfd, or a file of a file system that is unmounted.
    if (parent == dentry) return PATH_LIMIT - path->begin;
    dentry = parent;
  }
  return 0;
}
