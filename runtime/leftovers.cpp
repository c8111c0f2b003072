// SPDX-License-Identifier: GPL-2.0-or-later
// Pins that protect nothing any more: found, removed, named (clean_leftovers). A living
// namespace's protection is never removed: when in doubt, the pins stay.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "runtime/hooks.hpp"
#include "runtime/pins.hpp"
#include "runtime/runtime.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

namespace fs = std::filesystem;
using Inodes = std::set<std::uint64_t>;

constexpr std::uint64_t kInitPidNamespace = 0xEFFFFFFC;  // include/linux/proc_ns.h

// What a process may take away while we read is no error here.
std::vector<fs::path> entries(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
        found.push_back(at->path());
    return found;
}

std::uint64_t inode_of(const fs::path& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// "net:[4026531840]" somewhere in the text: a held fd's link, or the root of an nsfs mount.
void take_net_inode(std::string_view text, Inodes& alive) {
    constexpr std::string_view kPrefix = "net:[";
    const std::size_t at = text.find(kPrefix);
    if (at == std::string_view::npos) return;
    std::uint64_t inode = 0;
    std::from_chars(text.data() + at + kPrefix.size(), text.data() + text.size(), inode);
    alive.insert(inode);
}

void take_mounts(const fs::path& process, Inodes& seen_mount_namespaces, Inodes& alive) {
    if (!seen_mount_namespaces.insert(inode_of(process / "ns/mnt")).second) return;
    std::ifstream mounts(process / "mountinfo");
    for (std::string line; std::getline(mounts, line);) take_net_inode(line, alive);
}

void take_process(const fs::path& process, Inodes& alive) {
    for (const fs::path& task : entries(process / "task")) alive.insert(inode_of(task / "ns/net"));
    for (const fs::path& fd : entries(process / "fd")) {
        std::error_code error;
        take_net_inode(fs::read_symlink(fd, error).native(), alive);
    }
}

// Every network namespace that a thread is in, a process holds open, or a mount keeps.
Inodes living_namespaces() {
    Inodes alive;
    Inodes mount_namespaces;
    for (const fs::path& process : entries("/proc")) {
        const std::string name = process.filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        take_process(process, alive);
        take_mounts(process, mount_namespaces, alive);
    }
    return alive;
}

bool is_gone(const Pins& pins, const PinName& pin) {
    const auto link = open_pin(pins.path(pin));
    const auto info = link ? link_info(link->get()) : tl::unexpected(link.error());
    return info && info->ifindex == 0;
}

// A link holds on to its living interface wherever that is; with links, they decide. Without
// any (a kernel without links), only who sees all processes may judge.
bool pins_are_dead(const Pins& pins) {
    std::vector<PinName> links = pins.list();
    const auto is_mark = [](const PinName& pin) { return pin.kind == PinKind::ClsactMark; };
    links.erase(std::remove_if(links.begin(), links.end(), is_mark), links.end());
    if (links.empty()) return inode_of("/proc/self/ns/pid") == kInitPidNamespace;
    return std::all_of(links.begin(), links.end(),
                       [&pins](const PinName& pin) { return is_gone(pins, pin); });
}

// Not ours. Our inode with another cookie belonged to a namespace before ours.
bool may_live(const NetnsKey& key, const NetnsKey& own, const Inodes& alive) {
    if (key.inode == own.inode && key.cookie != 0 && own.cookie != 0) return false;
    return alive.count(key.inode) != 0;
}

Result<void> clean_namespaces(const NetnsKey& own, std::vector<std::string>& removed) {
    const auto base = pin_base();
    if (!base) return tl::unexpected(base.error());
    // The candidates first: the search for living namespaces reads all of /proc.
    std::vector<std::pair<NetnsKey, Pins>> candidates;
    for (const fs::path& directory : entries(*base)) {
        const auto key = parse_netns_key(directory.filename().native());
        const Pins pins(directory);
        if (key && *key != own && pins_are_dead(pins)) candidates.emplace_back(*key, pins);
    }
    if (candidates.empty()) return {};
    const Inodes alive = living_namespaces();
    for (const auto& [key, pins] : candidates) {
        // Again, because a load may have come in between.
        if (may_live(key, own, alive) || !pins_are_dead(pins)) continue;
        if (auto done = pins.remove_all(); !done) return done;
        ::unlink(fmt::format("/run/bpfw/{}.lock", to_text(key)).c_str());
        removed.push_back(fmt::format("{}: its namespace is gone", pins.directory()));
    }
    return {};
}

void clean_own_links(const Pins& pins, std::vector<std::string>& removed) {
    for (const PinName& pin : pins.list()) {
        if (pin.kind == PinKind::ClsactMark || !is_gone(pins, pin)) continue;
        pins.remove(pin);
        removed.push_back(fmt::format("{}: its interface is gone", pins.path(pin)));
    }
}

}  // namespace

Result<std::vector<std::string>> clean_leftovers() {
    if (auto allowed = require_capabilities("clean leftovers"); !allowed)
        return tl::unexpected(allowed.error());
    const auto own = current_netns();
    if (!own) return tl::unexpected(own.error());
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    std::vector<std::string> removed;
    clean_own_links(*pins, removed);
    if (auto done = clean_namespaces(*own, removed); !done) return tl::unexpected(done.error());
    return removed;
}

}  // namespace bpfw::runtime
