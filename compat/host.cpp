// SPDX-License-Identifier: GPL-2.0-or-later
// argv[0] -> the face to show; run() is the library's door.
#include "compat/host.hpp"

namespace bpfw::compat {
namespace {

bool cut_suffix(std::string_view& name, std::string_view suffix) {
    if (name.size() < suffix.size() || name.substr(name.size() - suffix.size()) != suffix) {
        return false;
    }
    name.remove_suffix(suffix.size());
    return true;
}

}  // namespace

std::optional<Face> face_of(const std::string& argv0) {
    Face face;
    face.program = argv0.substr(argv0.rfind('/') + 1);
    std::string_view name = face.program;
    if (name.substr(0, 4) == "bpf-") name.remove_prefix(4);
    if (cut_suffix(name, "-save")) {
        face.role = Role::Save;
    } else if (cut_suffix(name, "-restore")) {
        face.role = Role::Restore;
    }
    if (name == "ip6tables") {
        face.family = parser::Family::Ipv6;
    } else if (name != "iptables") {
        return std::nullopt;
    }
    return face;
}

Answer run(const std::vector<std::string>& argv, const Host& host) {
    const auto face = face_of(argv.empty() ? "" : argv.front());
    if (!face) {
        return {"",
                "This program is called as bpf-iptables, bpf-iptables-save, bpf-iptables-restore\n"
                "or as one of their bpf-ip6tables twins.\n",
                Exit::Parameter};
    }
    const std::vector<std::string> words(argv.begin() + 1, argv.end());
    switch (face->role) {
        case Role::Command:
            return run_command(*face, words, host);
        case Role::Save:
            return run_save(*face, words, host);
        case Role::Restore:
            return run_restore(*face, words, host);
    }
    BPFW_BUG("role of the face");
}

}  // namespace bpfw::compat
