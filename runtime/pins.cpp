// SPDX-License-Identifier: GPL-2.0-or-later
// Finds (or mounts) the bpffs and keeps our directory of pins in it. No fd is held here:
// a pin is a path.
#include "runtime/pins.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr const char* kBpffs = "/sys/fs/bpf";
constexpr const char* kBpffsOfInit = "/proc/1/root/sys/fs/bpf";

constexpr const char* kNamedMark = "devices-named";

struct KindPrefix {
    PinKind kind;
    std::string_view prefix;
};
constexpr KindPrefix kPrefixes[] = {
    {PinKind::XdpLink, "xdp-"},
    {PinKind::TcxIngressLink, "tcx-in-"},
    {PinKind::TcxEgressLink, "tcx-out-"},
    {PinKind::ClsactMark, "clsact-"},
};

bool is_bpffs(const char* path) {
    struct statfs status = {};
    return ::statfs(path, &status) == 0 &&
           static_cast<std::uint32_t>(status.f_type) == BPF_FS_MAGIC;
}

// A bpffs mounted in a private mount namespace dies with the last process in it, and our
// firewall with it: only a mount beside init's lasts.
bool mount_would_last() {
    struct stat own = {};
    struct stat init = {};
    return ::stat("/proc/self/ns/mnt", &own) == 0 && ::stat("/proc/1/ns/mnt", &init) == 0 &&
           own.st_ino == init.st_ino;
}

Result<void> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return refused("create directory", path, errno);
    return {};
}

}  // namespace

std::string to_text(const PinName& pin) {
    for (const KindPrefix& entry : kPrefixes)
        if (entry.kind == pin.kind) return fmt::format("{}{}", entry.prefix, pin.ifindex);
    BPFW_BUG("a pin of unknown kind");
}

std::optional<PinName> parse_pin_name(std::string_view text) {
    for (const KindPrefix& entry : kPrefixes) {
        if (text.substr(0, entry.prefix.size()) != entry.prefix) continue;
        PinName pin = {.kind = entry.kind, .ifindex = 0};
        const char* end = text.data() + text.size();
        const auto number = std::from_chars(text.data() + entry.prefix.size(), end, pin.ifindex);
        if (number.ec == std::errc() && number.ptr == end) return pin;
    }
    return std::nullopt;
}

Result<std::string> pin_base() {
    if (is_bpffs(kBpffs)) return fmt::format("{}/bpfw", kBpffs);
    if (is_bpffs(kBpffsOfInit)) return fmt::format("{}/bpfw", kBpffsOfInit);
    if (mount_would_last() && ::mount("bpf", kBpffs, "bpf", 0, "mode=0700") == 0)
        return fmt::format("{}/bpfw", kBpffs);
    // One mounted where it would not last helps nobody.
    return failure("find the bpffs", kBpffs, ENOENT,
                   mount_would_last()
                       ? "no bpffs there: mount -t bpf bpf /sys/fs/bpf"
                       : "no bpffs in this mount namespace: `ip netns exec` hides it, "
                         "`nsenter --net=/run/netns/NAME` does not; or, outside of it: "
                         "mount -t bpf bpf /sys/fs/bpf");
}

Result<Pins> Pins::of_this_namespace() {
    const auto base = pin_base();
    if (!base) return tl::unexpected(base.error());
    const auto key = current_netns();
    if (!key) return tl::unexpected(key.error());
    return Pins(fmt::format("{}/{}", *base, to_text(*key)));
}

std::string Pins::path(std::string_view name) const {
    return fmt::format("{}/{}", directory_, name);
}

bool Pins::exists() const { return ::access(directory_.c_str(), F_OK) == 0; }

Result<void> Pins::create() const {
    const std::string parent = std::filesystem::path(directory_).parent_path();
    if (auto made = make_directory(parent); !made) return made;
    return make_directory(directory_);
}

std::vector<PinName> Pins::list() const {
    std::vector<PinName> found;
    DIR* directory = ::opendir(directory_.c_str());
    if (directory == nullptr) return found;
    while (const dirent* entry = ::readdir(directory))
        if (const auto pin = parse_pin_name(entry->d_name)) found.push_back(*pin);
    ::closedir(directory);
    return found;
}

void Pins::mark_clsact(std::uint32_t ifindex) const {
    const PinName mark = {.kind = PinKind::ClsactMark, .ifindex = ifindex};
    ::mkdir(path(mark).c_str(), 0700);
}

bool Pins::devices_were_named() const { return ::access(path(kNamedMark).c_str(), F_OK) == 0; }

void Pins::mark_devices_named() const { ::mkdir(path(kNamedMark).c_str(), 0700); }

void Pins::unmark_devices_named() const { ::rmdir(path(kNamedMark).c_str()); }

void Pins::remove(const PinName& pin) const {
    const std::string name = path(pin);
    if (pin.kind == PinKind::ClsactMark)
        ::rmdir(name.c_str());
    else
        ::unlink(name.c_str());
}

Result<void> Pins::remove_all() const {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
    if (error) return refused("remove", directory_, error.value());
    // Only when no other namespace has pins.
    ::rmdir(std::filesystem::path(directory_).parent_path().c_str());
    return {};
}

}  // namespace bpfw::runtime
