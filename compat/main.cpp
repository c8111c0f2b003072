// SPDX-License-Identifier: GPL-2.0-or-later
// bpf-iptables and its five other names: one binary.
#include <cstdio>
#include <string>
#include <vector>

#include "compat/host.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv, argv + argc);
    const bpfw::compat::Answer answer = bpfw::compat::run(words, bpfw::compat::system_host());
    std::fwrite(answer.out.data(), 1, answer.out.size(), stdout);
    std::fwrite(answer.err.data(), 1, answer.err.size(), stderr);
    if (std::fflush(stdout) != 0) return static_cast<int>(bpfw::compat::Exit::Other);
    return static_cast<int>(answer.exit);
}
