// How text is shown: by what people have said, and by what their terminal can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace daybook {

enum class ColorWish : uint8_t { kAuto, kAlways, kNever };
enum class Colors : bool { kNo, kYes };

// Without a wish, on terminals that know them and where NO_COLOR does not forbid it.
Colors ColorsFor(ColorWish wish, bool is_terminal);

// True where it can do more than show one line below the other.
bool IsTerminalAble();

// Behind what has no room: one that the locale's characters have.
std::string_view CutMarkOfLocale();

enum class Tone : uint8_t { kPlain, kHeading, kAlarm };
void AppendInTone(Tone tone, std::string_view text, std::string* out);

}  // namespace daybook
