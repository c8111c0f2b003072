// SPDX-License-Identifier: GPL-2.0-or-later
// The real machine: files, names, clock, and the kernel behind the Store; system_host() is
// the door.
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>

#include "compat/host.hpp"

namespace bpfw::compat {
namespace {

Result<std::string> read_text(const std::string& path) {
    if (path.empty()) {
        return std::string(std::istreambuf_iterator<char>(std::cin.rdbuf()), {});
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return failure("open", path, errno);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) return failure("read", path, errno);
    return text;
}

Result<void> write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file) return failure("open", path, errno);
    file << text;
    if (!file.flush()) return failure("write", path, errno);
    return {};
}

}  // namespace

Host system_host() {
    return {kernel_store(), system_lookup(), parser::system_names(),
            read_text,      write_text,      [] { return std::time(nullptr); }};
}

}  // namespace bpfw::compat
