// The tables of the page for the morning: what somebody should look at, then what there was.
#pragma once

#include "report.h"
#include "table/table.h"

namespace daybook {

inline constexpr Column kCoverageColumns[] = {{"what", Kind::kString, 1},
                                              {"times", Kind::kNumber, 2},
                                              {"lost", Kind::kNumber, 3},
                                              {"bytes", Kind::kBytes, 4},
                                              {"duration_us", Kind::kMicroseconds, 5},
                                              {"first_time", Kind::kTime, 6},
                                              {"last_time", Kind::kTime, 7},
                                              {"host", Kind::kString, 8}};
inline constexpr Column kAbnormalColumns[] = {
    {"comm", Kind::kString, 2},    {"job", Kind::kString, 3},
    {"status", Kind::kString, 4},  {"core", Kind::kBool, 5},
    {"oom", Kind::kBool, 6},       {"count", Kind::kNumber, 7},
    {"first_time", Kind::kTime},   {"last_time", Kind::kTime, 8},
    {"args", Kind::kArguments, 9}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kLoopColumns[] = {{"comm", Kind::kString, 2},
                                          {"parent", Kind::kString, 3},
                                          {"status", Kind::kString, 4},
                                          {"count", Kind::kNumber, 5},
                                          {"most_per_minute", Kind::kNumber, 6},
                                          {"first_time", Kind::kTime, 7},
                                          {"last_time", Kind::kTime, 8},
                                          {"args", Kind::kArguments, 9},
                                          {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kProgramColumns[] = {
    {"program", Kind::kString, 2},      {"count", Kind::kNumber, 3},
    {"cpu_us", Kind::kMicroseconds, 5}, {"first_time", Kind::kTime, 6},
    {"user", Kind::kUser, 7},           {"uid", Kind::kNumber},
    {"parent", Kind::kString, 8},       {"args", Kind::kArguments, 9},
    {"failed", Kind::kNumber, 4},       {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kUserColumns[] = {{"user", Kind::kUser, 2},
                                          {"uid", Kind::kNumber},
                                          {"count", Kind::kNumber, 3},
                                          {"cpu_us", Kind::kMicroseconds, 4},
                                          {"first_time", Kind::kTime, 5},
                                          {"comm", Kind::kString, 6},
                                          {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kChangeColumns[] = {{"comm", Kind::kString, 2},
                                            {"change", Kind::kString, 3},
                                            {"expected", Kind::kNumber, 4},
                                            {"count", Kind::kNumber, 5},
                                            {"expected_cpu_us", Kind::kMicroseconds, 10},
                                            {"cpu_us", Kind::kMicroseconds, 11},
                                            {"expected_failed", Kind::kNumber, 6},
                                            {"failed", Kind::kNumber, 7},
                                            {"old_mean_elapsed_us", Kind::kMicroseconds, 8},
                                            {"mean_elapsed_us", Kind::kMicroseconds, 9},
                                            {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kJobChangeColumns[] = {{"kind", Kind::kString, 2},
                                               {"job", Kind::kString, 13},
                                               {"change", Kind::kString, 3},
                                               {"old_runs", Kind::kNumber, 4},
                                               {"old_failed", Kind::kNumber, 5},
                                               {"runs", Kind::kNumber, 6},
                                               {"failed", Kind::kNumber, 7},
                                               {"status", Kind::kString, 8},
                                               {"pid", Kind::kNumber, 9},
                                               {"failed_time", Kind::kTime, 10},
                                               {"old_mean_elapsed_us", Kind::kMicroseconds, 11},
                                               {"mean_elapsed_us", Kind::kMicroseconds, 12},
                                               {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kIdentityColumns[] = {
    {"change", Kind::kString, 2},    {"from_user", Kind::kUser, 3},
    {"from_uid", Kind::kNumber},     {"user", Kind::kUser, 4},
    {"uid", Kind::kNumber},          {"comm", Kind::kString, 5},
    {"count", Kind::kNumber, 6},     {"first_time", Kind::kTime, 7},
    {"ancestors", Kind::kString, 8}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kTotalColumns[] = {{"processes", Kind::kNumber, 2},
                                           {"running", Kind::kNumber, 3},
                                           {"failed", Kind::kNumber, 4},
                                           {"cpu_us", Kind::kMicroseconds, 6},
                                           {"cpu_within_us", Kind::kMicroseconds, 5},
                                           {"utime_us", Kind::kMicroseconds, 7},
                                           {"stime_us", Kind::kMicroseconds, 8},
                                           {"maxrss_kib", Kind::kKibibytes, 9},
                                           {"read_bytes", Kind::kBytes, 10},
                                           {"write_bytes", Kind::kBytes, 11},
                                           {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kFailureColumns[] = {
    {"comm", Kind::kString, 2},    {"status", Kind::kString, 3},
    {"count", Kind::kNumber, 4},   {"of", Kind::kNumber, 5},
    {"first_time", Kind::kTime},   {"last_time", Kind::kTime, 6},
    {"args", Kind::kArguments, 7}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kTopColumns[] = {
    {"comm", Kind::kString, 2},          {"count", Kind::kNumber, 3},
    {"failed", Kind::kNumber, 4},        {"cpu_within_us", Kind::kMicroseconds, 5},
    {"within_share", Kind::kPercent, 6}, {"cpu_us", Kind::kMicroseconds},
    {"cpu_share", Kind::kPercent},       {"mean_cpu_us", Kind::kMicroseconds, 7},
    {"maxrss_kib", Kind::kKibibytes, 8}, {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kTopUserColumns[] = {{"user", Kind::kUser, 2},
                                             {"uid", Kind::kNumber},
                                             {"count", Kind::kNumber, 3},
                                             {"failed", Kind::kNumber, 4},
                                             {"cpu_within_us", Kind::kMicroseconds, 5},
                                             {"within_share", Kind::kPercent, 6},
                                             {"cpu_us", Kind::kMicroseconds},
                                             {"cpu_share", Kind::kPercent},
                                             {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kJobColumns[] = {
    {"kind", Kind::kString, 2},          {"job", Kind::kString, 8},
    {"runs", Kind::kNumber, 3},          {"processes", Kind::kNumber, 4},
    {"failed", Kind::kNumber, 5},        {"cpu_within_us", Kind::kMicroseconds, 6},
    {"within_share", Kind::kPercent, 7}, {"cpu_us", Kind::kMicroseconds},
    {"cpu_share", Kind::kPercent},       {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};
inline constexpr Column kSpawnerColumns[] = {{"spawner", Kind::kString, 2},
                                             {"births", Kind::kNumber, 3},
                                             {"births_share", Kind::kPercent, 4},
                                             {"short", Kind::kNumber, 5},
                                             {"failed", Kind::kNumber, 6},
                                             {"cpu_us", Kind::kMicroseconds, 7},
                                             {"host", Kind::kString, 1, Shown::kOfSeveralHosts}};

inline constexpr Section kNightSections[] = {
    {"coverage", "Not in the log", kCoverageColumns, "", true},
    {"abnormal_ends", "Ended by a signal, with a core dump or without memory", kAbnormalColumns,
     "-count", true},
    {"crash_loops", "Crash loops", kLoopColumns, "-count", true},
    {"new_programs", "New programs", kProgramColumns, "first_time", true},
    {"new_users", "New users", kUserColumns, "first_time", true},
    {"changes", "More often, slower, costlier, failing or gone", kChangeColumns, "-cpu_us", true},
    {"job_changes", "Jobs that are failing, slower or gone", kJobChangeColumns, "-failed", true},
    {"new_identities", "New changes of identity", kIdentityColumns, "first_time", true},
    {"totals", "Totals", kTotalColumns},
    {"failures", "Failed", kFailureColumns, "-count"},
    {"programs", "Programs by CPU time", kTopColumns, "-cpu_within_us"},
    {"users", "Users by CPU time", kTopUserColumns, "-cpu_within_us"},
    {"jobs", "Jobs by CPU time", kJobColumns, "-cpu_within_us"},
    {"spawners", "Who makes processes", kSpawnerColumns, "-births"}};

}  // namespace daybook
