// SPDX-License-Identifier: GPL-2.0-or-later
// The directory layout under the bpffs: bpfw/<namespace>/ holds the three maps of the root
// object, one link per interface and hook, and a directory per clsact qdisc we made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/base/result.hpp"
#include "runtime/netns.hpp"

namespace bpfw::runtime {

enum class PinKind : std::uint8_t { XdpLink, TcxIngressLink, TcxEgressLink, ClsactMark };

// "xdp-7", "tcx-in-7", "tcx-out-7", "clsact-7": the number is the interface's index.
struct PinName {
    PinKind kind = PinKind::XdpLink;
    std::uint32_t ifindex = 0;
    bool operator==(const PinName&) const = default;
};
std::string to_text(const PinName& pin);
std::optional<PinName> parse_pin_name(std::string_view text);

// Where our directory of all namespaces is: "/sys/fs/bpf/bpfw". `ip netns exec` hides
// /sys/fs/bpf under a fresh sysfs: then it is reached through /proc/1/root. Mounts a bpffs
// when there is none and the mount would outlive this process, else ENOENT.
Result<std::string> pin_base();

class Pins {
public:
    // The calling thread's namespace. Creates nothing.
    static Result<Pins> of_this_namespace();
    // Another namespace's directory, by its name under pin_base().
    explicit Pins(std::string directory) : directory_(std::move(directory)) {}

    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] std::string path(std::string_view name) const;
    [[nodiscard]] std::string path(const PinName& pin) const { return path(to_text(pin)); }
    [[nodiscard]] bool exists() const;

    // Makes the directory (0700) and its parent; fine when they are there.
    [[nodiscard]] Result<void> create() const;
    // Every link and clsact mark that is pinned.
    [[nodiscard]] std::vector<PinName> list() const;
    // Marks that the clsact qdisc of this interface is ours.
    void mark_clsact(std::uint32_t ifindex) const;
    // Whether the user named the interfaces (a mark in the directory).
    [[nodiscard]] bool devices_were_named() const;
    void mark_devices_named() const;
    void unmark_devices_named() const;
    // Unlinks a pin or removes a mark; fine when it is gone.
    void remove(const PinName& pin) const;
    // Removes the directory with all in it: a link that is still pinned goes off with it.
    [[nodiscard]] Result<void> remove_all() const;

private:
    std::string directory_;
};

}  // namespace bpfw::runtime
