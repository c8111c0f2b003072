// SPDX-License-Identifier: GPL-2.0-or-later
// What the iptables faces share: who was called, what the machine gives, where output goes.
#pragma once

#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "compat/lookup.hpp"
#include "compat/store.hpp"
#include "parser/ast.hpp"
#include "parser/base/result.hpp"
#include "parser/parse.hpp"

namespace bpfw::compat {

// iptables' exit codes (xtables.h enum xtables_exittype).
enum class Exit : int { Ok = 0, Other = 1, Parameter = 2, Version = 3, Resource = 4 };

inline constexpr const char* kVersion = "v1.8.9 (bpf)";

enum class Role : std::uint8_t { Command, Save, Restore };

// argv[0] -> face: "/usr/sbin/bpf-ip6tables-save" is IPv6's Save. `program` is its last part.
struct Face {
    Role role = Role::Command;
    parser::Family family = parser::Family::Ipv4;
    std::string program;
};
std::optional<Face> face_of(const std::string& argv0);

// The machine around a call; tests give their own.
struct Host {
    Store store;
    Lookup lookup;
    parser::Names names;
    // A file's whole text; an empty path is the standard input.
    std::function<Result<std::string>(const std::string& path)> read_text;
    std::function<Result<void>(const std::string& path, const std::string& text)> write_text;
    std::function<std::time_t()> now;
};
Host system_host();

// What a call has to say, and its exit code.
struct Answer {
    std::string out;
    std::string err;
    Exit exit = Exit::Ok;
};

// The one door: argv (argv[0] included) -> everything done and said.
Answer run(const std::vector<std::string>& argv, const Host& host);

// One per role; `words` is argv without argv[0].
Answer run_command(const Face& face, const std::vector<std::string>& words, const Host& host);
Answer run_save(const Face& face, const std::vector<std::string>& words, const Host& host);
Answer run_restore(const Face& face, const std::vector<std::string>& words, const Host& host);

}  // namespace bpfw::compat
