// SPDX-License-Identifier: GPL-2.0-or-later
// The real machine: files, names, clock, and the kernel behind the Store; system_host() is
// the door.
#include <cerrno>
#include <fstream>
#include <iostream>
#include <sstream>

#include "compat/host.hpp"

namespace bpfw::compat {
namespace {

// Through operator<<, which turns an exception of the buffer (a directory's, libstdc++) into
// a state; an empty file is no failure.
Result<std::string> read_all(std::istream& from, const std::string& name) {
    std::ostringstream text;
    errno = 0;
    text << from.rdbuf();
    if (text.bad() || errno != 0) return failure("read", name, errno != 0 ? errno : EIO);
    return std::move(text).str();
}

Result<std::string> read_text(const std::string& path) {
    if (path.empty()) return read_all(std::cin, "standard input");
    std::ifstream file(path, std::ios::binary);
    if (!file) return failure("open", path, errno);
    return read_all(file, path);
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
