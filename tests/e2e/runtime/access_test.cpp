// SPDX-License-Identifier: GPL-2.0-or-later
// Where the runtime may not or cannot work as it likes: no root, no bpffs, `ip netns exec`.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

using lab::object_with;
using lab::plain_ruleset;

LoadOptions on_veth() {
    LoadOptions options;
    options.devices = {"in"};
    return options;
}

class AccessTest : public lab::Lab {
protected:
    // Runs `body` in a child and gives what it wrote: a mount namespace or a lost capability
    // is not for the test's own process.
    static std::string in_child(const std::function<std::string()>& body) {
        int ends[2] = {-1, -1};
        if (::pipe(ends) != 0) return "no pipe";
        const Fd reader(ends[0]);
        const pid_t child = ::fork();
        if (child == 0) {
            const std::string text = body();
            const ssize_t written = ::write(ends[1], text.data(), text.size());
            ::_exit(written < 0 ? 1 : 0);
        }
        ::close(ends[1]);
        std::string text(4096, '\0');
        const ssize_t got = ::read(reader.get(), text.data(), text.size());
        ::waitpid(child, nullptr, 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    static bool private_mounts() {
        return ::unshare(CLONE_NEWNS) == 0 &&
               ::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) == 0;
    }
    template <typename T>
    static std::string text_of(const Result<T>& result) {
        return result ? "ok" : to_text(result.error());
    }
};

TEST_F(AccessTest, without_root_every_command_says_what_it_needs) {
    const auto object = object_with(plain_ruleset());
    const std::string said = in_child([&object] {
        if (::setresuid(65534, 65534, 65534) != 0) return std::string("cannot give up root");
        return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", text_of(load(object, on_veth())),
                           text_of(unload()), text_of(current()), text_of(status()),
                           text_of(zero_counters({})), text_of(Lock::take(std::nullopt)),
                           text_of(Tester::open(object, {})));
    });
    std::size_t lines = 0;
    for (std::size_t at = said.find("needs root"); at != std::string::npos;
         at = said.find("needs root", at + 1))
        ++lines;
    EXPECT_EQ(lines, 7U) << said;
    EXPECT_NE(said.find("EPERM"), std::string::npos) << said;
}

// A pid namespace, so that there is an init whose root may be looked into; below it what
// `ip netns exec` does: a fresh sysfs, which hides the bpffs.
TEST_F(AccessTest, under_ip_netns_exec_the_pins_are_the_machines) {
    const auto object = object_with(plain_ruleset());
    const auto command = [&object] {
        if (!private_mounts() || ::umount2("/sys", MNT_DETACH) != 0 ||
            ::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0)
            return std::string("cannot hide the bpffs");
        return text_of(load(object, on_veth()));
    };
    const auto init = [&command] {
        if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) return std::string("cannot mount");
        return in_child(command);
    };
    const std::string said = in_child([&init] {
        if (!private_mounts() || ::unshare(CLONE_NEWPID) != 0) return std::string("no namespaces");
        return in_child(init);
    });
    EXPECT_EQ(said, "ok");
    EXPECT_EQ(send_from_peer(9, 3), 3);
    EXPECT_EQ(packets(0), 3U) << "the firewall died with the command";
}

TEST_F(AccessTest, without_a_bpffs_the_mount_command_is_named) {
    const auto object = object_with(plain_ruleset());
    const std::string said = in_child([&object] {
        // Neither ours nor init's can be seen, and a mount here would not last.
        const bool alone = private_mounts();
        bool away = false;  // it may be there twice
        while (alone && ::umount2("/sys/fs/bpf", MNT_DETACH) == 0) away = true;
        if (!away || ::mount("none", "/proc", "tmpfs", 0, nullptr) != 0)
            return std::string("cannot mount");
        return text_of(load(object, on_veth()));
    });
    EXPECT_NE(said.find("mount -t bpf bpf /sys/fs/bpf"), std::string::npos) << said;
    EXPECT_FALSE(*current());
}

}  // namespace
}  // namespace bpfw::runtime
