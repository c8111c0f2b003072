// SPDX-License-Identifier: GPL-2.0-or-later
// The bpfw command. No signal handlers: an interrupted command leaves the old rules or the new
// ones because the switch is one store in the kernel.
#include "cli/commands.hpp"

int main(int argc, char** argv) {
    return static_cast<int>(bpfw::cli::run(std::vector<std::string>(argv + 1, argv + argc)));
}
