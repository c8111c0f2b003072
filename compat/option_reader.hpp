// SPDX-License-Identifier: GPL-2.0-or-later
// The options of the save and restore commands, read as getopt_long(3) reads them (it keeps
// its state in globals and prints by itself, so it is not used).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpfw::compat {

enum class Argument : std::uint8_t { No, Required, Optional };

struct Option {
    char letter;
    std::string_view name;  // long form, "" when there is none
    Argument argument;
};

struct GivenOption {
    char letter;
    std::string argument;
};

// Options may stand behind other words; "--" ends them; long names may be abbreviated while
// they are unambiguous. An Optional argument of a letter may also be the next word when it is
// a number ("-w 5"), as iptables takes it.
struct OptionReader {
    OptionReader(const std::string& program, const std::vector<std::string>& words,
                 std::span<const Option> options);

    std::vector<GivenOption> given;
    std::vector<std::string> rest;
    std::string mistake;  // the first one, a line; "" when all is well
};

}  // namespace bpfw::compat
