// The parts of the kernel's structures that process.bpf.c reads, and no more. Only names and
// nesting count: libbpf replaces every offset by the running kernel's (CO-RE), so the build needs
// no kernel headers and no BTF. A field that a kernel may lack is tested with
// bpf_core_field_exists() before use.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The names under which bpf_helper_defs.h wants the fixed-width types.
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t __s64;
typedef uint16_t __be16;
typedef uint32_t __be32;
typedef uint32_t __wsum;

// They want the names above.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

// Constants of include/uapi/linux/bpf.h.
enum {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_F_MMAPABLE = 1 << 10,
  BPF_ANY = 0,
  BPF_NOEXIST = 1,
  BPF_RB_NO_WAKEUP = 1,
  BPF_RB_FORCE_WAKEUP = 2,
  BPF_RB_AVAIL_DATA = 0,
};

// Constants of the kernel's own headers; none has changed since 5.8.
enum {
  PIDTYPE_SID = 3,       // enum pid_type
  PF_FORKNOEXEC = 0x40,  // task_struct.flags
  PF_SUPERPRIV = 0x100,
  PF_KTHREAD = 0x200000,
  SIGNAL_GROUP_EXIT = 0x4,  // signal_struct.flags
  EXIT_ZOMBIE = 0x20,       // task_struct.exit_state
  ASU = 0x2,                // pacct_struct.ac_flag: a thread used superuser privileges
  MM_FILEPAGES = 0,         // enum
  MM_ANONPAGES = 1,
  MM_SHMEMPAGES = 3,
  ENOENT = 2,
  EEXIST = 17,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
  struct list_head* next;
};

typedef struct {
  int counter;
} atomic_t;

typedef struct {
  uint32_t val;
} kuid_t;

typedef struct {
  uint32_t val;
} kgid_t;

struct cred {
  kuid_t uid;
  kgid_t gid;
  kuid_t suid;
  kgid_t sgid;
  kuid_t euid;
  kgid_t egid;
};

struct upid {
  int nr;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];  // by level of pid namespace; [0] is the initial one
};

struct tty_driver {
  int major;
  int minor_start;
};

struct tty_struct {
  struct tty_driver* driver;
  int index;
};

struct pacct_struct {
  uint32_t ac_flag;
};

// Where CONFIG_TASK_XACCT and CONFIG_TASK_IO_ACCOUNTING are set.
struct task_io_accounting {
  uint64_t rchar;
  uint64_t wchar;
  uint64_t read_bytes;
  uint64_t write_bytes;
};

struct mm_struct;

struct signal_struct {
  atomic_t live;   // threads that have not yet begun to exit
  int nr_threads;  // threads in thread_head: the living, the exiting, and a zombie leader
  struct list_head thread_head;
  int group_exit_code;
  unsigned int flags;
  struct pid* pids[4];
  struct tty_struct* tty;
  // Sums over the threads that have left thread_head.
  uint64_t utime;
  uint64_t stime;
  unsigned long nvcsw;
  unsigned long nivcsw;
  unsigned long min_flt;
  unsigned long maj_flt;
  unsigned long maxrss;  // pages
  unsigned long long sum_sched_runtime;
  // Of the children that were waited for.
  uint64_t cutime;
  uint64_t cstime;
  unsigned long cmin_flt;
  unsigned long cnvcsw;
  unsigned long cnivcsw;
  struct task_io_accounting ioac;  // of both
  struct pacct_struct pacct;
  struct mm_struct* oom_mm;
};

struct sched_entity {
  uint64_t sum_exec_runtime;
};

struct kernfs_node {
  uint64_t id;
};

struct cgroup_root {
  int hierarchy_id;  // 0 is that of v2
};

struct cgroup;

struct cgroup_subsys_state {
  struct cgroup* cgroup;
  struct cgroup_subsys_state* parent;  // NULL in the root
};

struct cgroup {
  struct cgroup_subsys_state self;
  struct kernfs_node* kn;
  struct cgroup_root* root;
};

// Which numbers the controllers have in this kernel.
enum cgroup_subsys_id {
  memory_cgrp_id,
  pids_cgrp_id,
};

struct css_set {
  struct cgroup_subsys_state* subsys[1];  // by cgroup_subsys_id
  struct cgroup* dfl_cgrp;                // in the v2 hierarchy
};

struct task_struct {
  unsigned int flags;
  struct sched_entity se;
  struct mm_struct* mm;
  int exit_state;
  int exit_code;
  int pid;
  int tgid;
  struct task_struct* real_parent;
  struct task_struct* group_leader;
  struct list_head thread_node;
  uint64_t utime;
  uint64_t stime;
  unsigned long nvcsw;
  unsigned long nivcsw;
  uint64_t start_boottime;
  unsigned long min_flt;
  unsigned long maj_flt;
  const struct cred* real_cred;
  char comm[16];
  struct signal_struct* signal;
  kuid_t loginuid;
  unsigned int sessionid;
  struct pid* thread_pid;
  struct task_io_accounting ioac;
  unsigned int in_execve : 1;
  struct css_set* cgroups;
};

struct super_block {
  uint32_t s_dev;
};

struct inode {
  struct super_block* i_sb;
  unsigned long i_ino;
};

struct qstr {
  uint32_t len;
  const unsigned char* name;
};

struct dentry {
  struct dentry* d_parent;
  struct qstr d_name;
};

struct vfsmount {
  struct dentry* mnt_root;
};

struct mount {
  struct mount* mnt_parent;
  struct dentry* mnt_mountpoint;
  struct vfsmount mnt;
};

struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};

struct file {
  struct path f_path;
  struct inode* f_inode;
};

struct percpu_counter {
  int64_t count;  // without what is still with the CPUs
};

struct mm_struct {
  struct percpu_counter rss_stat[4];  // since 6.2; by MM_...
  unsigned long hiwater_rss;          // pages; as of the last time that some were given back
  unsigned long arg_start;
  unsigned long arg_end;
  struct file* exe_file;
};

struct linux_binprm {
  struct file* file;
  const char* filename;
};

struct trace_event_raw_sched_process_exit {
  bool group_dead;  // since 6.16
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
};

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
};

#pragma clang attribute pop
