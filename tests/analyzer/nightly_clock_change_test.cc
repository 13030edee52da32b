// The page for the morning in the weeks of a day of 23 or 25 hours: what it compares with are whole
// local days.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "program_runner.h"
#include "script.h"

namespace daybook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kSecondNs = 1'000'000'000;

// A month in Berlin, whose clocks are changed on one of its days at three o'clock of the old or the
// new time.
struct Month {
  std::string_view name;      // "2026-10"
  int64_t first_midnight_ns;  // of day 1
  uint64_t change_day;
  int64_t longer_by_hours;

  // Of the script's clock.
  uint64_t Ms(uint64_t day, uint64_t hour, uint64_t minute = 0, uint64_t second = 0) const {
    const bool is_behind = day > change_day || (day == change_day && hour >= 3);
    const uint64_t hours = (day - 1) * 24 + hour + (is_behind ? longer_by_hours : 0);
    return 5000 + ((hours * 60 + minute) * 60 + second) * 1000;
  }
};

// 2026-10-01 00:00 +02:00 and 2026-03-01 00:00 +01:00.
constexpr Month kAutumn{"2026-10", 1'790'805'600 * kSecondNs, 25, 1};
constexpr Month kSpring{"2026-03", 1'772'319'600 * kSecondNs, 29, -1};

class NightlyClockChangeTest : public ProgramRunner {
 protected:
  // Days `first` up to `end`, each with what `day` adds to an hour of it: in order of time.
  template <class Hour>
  void Write(const Month& month, uint64_t first, uint64_t end, const Hour& add) {
    month_ = &month;
    log_path_ = temp_ / fmt::format("log{}", ++logs_);
    Script script(log_path_, 0xB0, month.first_midnight_ns + Ns(month.Ms(first, 0)) - Ns(5000));
    script_ = &script;
    first_ms_ = month.Ms(first, 0) - 5000;
    script.Snapshot({{1, 0, 0, "systemd"}, {50, 0, 1, "cron"}});
    for (uint64_t day = first; day < end; ++day) {
      for (uint64_t hour = 0; hour < 24; ++hour) {
        add(day, hour);
        Live(day, hour, 45, 0, "tick");
      }
    }
    script.log().At(month.Ms(end, 0) - first_ms_);
    script.log().Filtered(std::nullopt);
  }

  void Live(uint64_t day, uint64_t hour, uint64_t minute, uint64_t second, std::string_view comm) {
    const uint64_t ms = month_->Ms(day, hour, minute, second) - first_ms_;
    const std::string exe = fmt::format("/usr/bin/{}", comm);
    script_->Fork(ms, ++last_pid_, 50, 0);
    script_->Exec(ms + 1, last_pid_, ms, {.comm = comm, .exe = exe, .args = comm});
    script_->Exit(ms + 100, last_pid_, ms, {.comm = comm, .cpu_us = 1000, .ppid = 50});
  }

  Answer Ask(uint64_t since_day, uint64_t until_day, const std::string& rest) const {
    return Run(fmt::format("report --log LOG --tz Europe/Berlin -S {0}-{1:02} -U {0}-{2:02} {3}",
                           month_->name, since_day, until_day, rest));
  }
  std::string Changes(uint64_t since_day, uint64_t until_day, const std::string& rest = "") const {
    return Ask(since_day, until_day,
               rest + " --section changes --output csv --no-header | cut -d, -f1,2")
        .out;
  }

 private:
  static int64_t Ns(uint64_t ms) { return static_cast<int64_t>(ms) * 1'000'000; }

  const Month* month_ = nullptr;
  Script* script_ = nullptr;
  uint64_t first_ms_ = 0;
  uint32_t last_pid_ = 1000;
  int logs_ = 0;
};

TEST_F(NightlyClockChangeTest, WhatRanSevenDaysBeforeIsNotNewBehindADayOf25Hours) {
  Write(kAutumn, 10, 29, [&](uint64_t day, uint64_t hour) {
    if (hour == 0 && (day == 12 || day == 19 || day == 26)) Live(day, 0, 0, 5, "fstrim");
  });
  const Answer answer = Ask(26, 27, "--section new_programs --fail-on new-program");
  EXPECT_EQ(answer.status, 0) << answer.out;
  EXPECT_THAT(answer.out, HasSubstr("compared with 2026-10-19 00:00:00 to 2026-10-26 00:00:00\n"));
}

TEST_F(NightlyClockChangeTest, WhatRanLongerAgoIsNewBehindADayOf23Hours) {
  Write(kSpring, 16, 31, [&](uint64_t day, uint64_t hour) {
    if ((day == 22 && hour == 23) || (day == 30 && hour == 12)) Live(day, hour, 30, 0, "fstrim");
  });
  const Answer answer = Ask(30, 31, "--section new_programs --fail-on new-program");
  EXPECT_EQ(answer.status, 1) << answer.out;
  EXPECT_THAT(answer.out, HasSubstr("compared with 2026-03-23 00:00:00 to 2026-03-30 00:00:00\n"));
}

TEST_F(NightlyClockChangeTest, WhatRanOnEachDayIsGoneAlsoBehindADayOf25Hours) {
  for (const uint64_t night : {24, 25, 26, 28, 30}) {
    Write(kAutumn, 10, night + 1, [&](uint64_t day, uint64_t hour) {
      if (day < night && hour == 0) Live(day, 0, 30, 0, "early");
      if (day < night && hour == 12) Live(day, 12, 30, 0, "noon");
      if (day < night && hour == 23) Live(day, 23, 30, 0, "late");
    });
    EXPECT_EQ(Changes(night, night + 1), "early,gone\nlate,gone\nnoon,gone\n") << night;
  }
}

TEST_F(NightlyClockChangeTest, WhatDidNotRunOnEachDayIsNotGoneBehindADayOf23Hours) {
  Write(kSpring, 16, 31, [&](uint64_t day, uint64_t hour) {
    if (day < 29 && hour == 23) Live(day, 23, 30, 0, "late");
    if (day < 30 && hour == 12) Live(day, 12, 30, 0, "noon");
  });
  EXPECT_EQ(Changes(30, 31), "noon,gone\n");
}

TEST_F(NightlyClockChangeTest, StretchesOfSeveralDaysAreOfLocalDaysToo) {
  Write(kAutumn, 10, 29, [&](uint64_t day, uint64_t hour) {
    if (hour == 0 && day % 2 == 1 && day < 27) Live(day, 0, 30, 0, "early");
  });
  EXPECT_EQ(Changes(27, 29, "--baseline 6d"), "early,gone\n");
}

// Nor is one of 24 hours too long for a day of 23.
TEST_F(NightlyClockChangeTest, ADayOf25HoursIsComparedWithTheDayBefore) {
  const auto nothing = [](uint64_t, uint64_t) {};
  Write(kAutumn, 20, 28, nothing);
  EXPECT_THAT(Ask(25, 26, "--baseline 1d").out,
              HasSubstr("compared with 2026-10-24 00:00:00 to 2026-10-25 00:00:00\n"));
  EXPECT_THAT(Ask(26, 27, "--baseline 1d").out,
              HasSubstr("compared with 2026-10-25 00:00:00 to 2026-10-26 00:00:00\n"));
  Write(kSpring, 24, 32, nothing);
  EXPECT_THAT(Ask(29, 30, "--baseline 1d").out,
              HasSubstr("compared with 2026-03-28 00:00:00 to 2026-03-29 00:00:00\n"));
  EXPECT_THAT(Ask(30, 31, "--baseline 1d").out,
              HasSubstr("compared with 2026-03-29 00:00:00 to 2026-03-30 00:00:00\n"));
}

// As long as the log has it.
TEST_F(NightlyClockChangeTest, TheFirstDayOfALogIsEnoughForADayOf25Hours) {
  Write(kAutumn, 24, 26, [&](uint64_t day, uint64_t hour) {
    if (day == 24 && hour == 12) Live(day, 12, 30, 0, "noon");
  });
  EXPECT_EQ(Changes(25, 26), "noon,gone\n");
}

TEST_F(NightlyClockChangeTest, PartsOfDaysAreComparedByTheHour) {
  Write(kAutumn, 16, 28, [](uint64_t, uint64_t) {});
  const auto compared = [&](const std::string& options) {
    return Run("report --log LOG --tz Europe/Berlin " + options).out;
  };
  EXPECT_THAT(compared("-S '2026-10-26 06:00' -U '2026-10-27 06:00'"),
              HasSubstr("compared with 2026-10-19 07:00:00 to 2026-10-26 06:00:00\n"));
  EXPECT_THAT(compared("-S 2026-10-26 -U '2026-10-26 06:00'"),
              HasSubstr("compared with 2026-10-19 01:00:00 to 2026-10-26 00:00:00\n"));
  EXPECT_THAT(compared("-S 2026-10-26 -U 2026-10-27 --baseline 36h"),
              HasSubstr("compared with 2026-10-24 13:00:00 to 2026-10-26 00:00:00\n"));
}

TEST_F(NightlyClockChangeTest, ABaselineThatIsShorterThanTheTimeIsToldFromAShortLog) {
  Write(kAutumn, 20, 28, [](uint64_t, uint64_t) {});
  const std::string is_short = "-- compared with nothing: --baseline is shorter than this time\n";
  const std::string lacks_log =
      "-- compared with nothing: the log has too little of the time before\n";
  EXPECT_THAT(Ask(27, 28, "--baseline 1h").out,
              AllOf(HasSubstr(is_short), Not(HasSubstr(lacks_log))));
  EXPECT_THAT(Ask(25, 27, "--baseline 1d").out, HasSubstr(is_short));
  EXPECT_THAT(Ask(10, 28, "").out, HasSubstr(is_short));
  EXPECT_THAT(Ask(20, 21, "").out, AllOf(HasSubstr(lacks_log), Not(HasSubstr(is_short))));
  EXPECT_THAT(Ask(20, 21, "--baseline 1h").out, HasSubstr(is_short));
  EXPECT_THAT(Ask(20, 21, "--baseline 0").out, Not(HasSubstr("compared with")));
}

}  // namespace
}  // namespace daybook
