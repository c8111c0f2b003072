// SPDX-License-Identifier: GPL-2.0-or-later
// A machine in memory for the iptables faces: a ruleset, its counters, two names, one file.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "compat/host.hpp"
#include "runtime/ruleset_text.hpp"

namespace bpfw::compat {

struct FakeMachine {
    compiler::Ruleset ruleset;
    std::map<std::string, std::string> files;
    int writes = 0;
    bool busy = false;          // another holds the lock
    int refuse_with = 0;        // errno of every access; 0: none
    std::string refuse_log;     // the kernel's log that goes with it
    std::string compile_error;  // what the compiler says to everything; "": nothing

    // The counters of slots that go on are those of the same line of the old ruleset.
    Result<void> write(const WriteRequest& request, parser::Diagnostics& diags) {
        if (!compile_error.empty()) {
            diags.error({}, compile_error);
            return {};
        }
        if (request.effect == Effect::Try) return {};
        compiler::Ruleset next = request.ruleset;
        const auto old_slots = counter_slots(ruleset);
        const auto slots = counter_slots(next);
        const auto carried = runtime::match_slots(runtime::slot_lines(to_text(ruleset)),
                                                  runtime::slot_lines(to_text(next)));
        for (std::size_t i = 0; i < slots.size(); ++i) {
            *slots[i] = {};
            if (carried[i]) *slots[i] = *old_slots[*carried[i]];
            if (request.start[i]) *slots[i] = *request.start[i];
        }
        ruleset = std::move(next);
        ++writes;
        return {};
    }

    [[nodiscard]] Store store() {
        return {[this](parser::Sources&) -> Result<compiler::Ruleset> {
                    if (refuse_with != 0)
                        return failure("read", "ruleset", refuse_with, "", refuse_log);
                    return ruleset;
                },
                [this](const WriteRequest& request, parser::Diagnostics& diags) {
                    return write(request, diags);
                },
                [this](const std::vector<std::uint32_t>& slots) -> Result<void> {
                    const auto all = counter_slots(ruleset);
                    for (const std::uint32_t slot : slots) *all[slot] = {};
                    return {};
                },
                [this](std::optional<int>) -> Result<std::shared_ptr<void>> {
                    if (busy) return failure("lock", "rules", EAGAIN);
                    return std::make_shared<int>(0);
                }};
    }

    [[nodiscard]] Host host() {
        Host host;
        host.store = store();
        host.lookup = {[](std::uint16_t port, std::string_view protocol) -> std::string {
                           if (port == 22 && protocol == "tcp") return "ssh";
                           if (port == 53) return "domain";
                           return "";
                       },
                       [](const parser::Address& address, parser::Family family) -> std::string {
                           const bool loopback = address.bytes[0] == 127;
                           return family == parser::Family::Ipv4 && loopback ? "localhost" : "";
                       }};
        host.names = {
            [](std::string_view name, std::string_view) -> std::optional<std::uint16_t> {
                if (name == "ssh") return std::uint16_t{22};
                return std::nullopt;
            },
            [](std::string_view name) -> std::optional<std::uint8_t> {
                if (name == "tcp") return std::uint8_t{6};
                if (name == "udp") return std::uint8_t{17};
                if (name == "icmp") return std::uint8_t{1};
                return std::nullopt;
            },
            [](std::string_view, parser::Family) { return std::vector<parser::Address>(); }};
        host.read_text = [this](const std::string& path) -> Result<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) return failure("open", path, ENOENT);
            return found->second;
        };
        host.write_text = [this](const std::string& path, const std::string& text) -> Result<void> {
            files[path] = text;
            return {};
        };
        host.now = [] { return std::time_t{0}; };
        return host;
    }

    // Words divided by single blanks; `program` is argv[0].
    Answer call(const std::string& program, const std::string& words) {
        std::vector<std::string> argv{program};
        std::size_t at = 0;
        while (at < words.size()) {
            const std::size_t end = std::min(words.find(' ', at), words.size());
            argv.push_back(words.substr(at, end - at));
            at = end + 1;
        }
        return run(argv, host());
    }
    Answer iptables(const std::string& words) { return call("bpf-iptables", words); }
    Answer restore(const std::string& text, const std::string& words = "") {
        files[""] = text;
        return call("bpf-iptables-restore", words);
    }
    // All of the IPv4 rules as -S prints them.
    std::string rules() { return iptables("-S").out; }
};

inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace bpfw::compat
