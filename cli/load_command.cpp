// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw load`, `reload` and `unload`: files -> object -> enforced, whole or not at all.
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>

#include "cli/build.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"

namespace bpfw::cli {
namespace {

KernelLog kernel_log(const Options& options) {
    return options.verbose ? KernelLog::Show : KernelLog::Hide;
}

// A wrong name is the user's mistake; all of them are named.
Exit check_devices(const std::vector<std::string>& devices) {
    Exit code = Exit::Ok;
    for (const std::string& device : devices) {
        if (::if_nametoindex(device.c_str()) != 0) continue;
        fmt::print(stderr, "bpfw: no such device: '{}'\n", device);
        code = Exit::Mistake;
    }
    return code;
}

void print_hooks(const std::vector<runtime::HookReport>& hooks) {
    std::size_t widest = 6;
    for (const runtime::HookReport& hook : hooks) widest = std::max(widest, hook.device.size());
    fmt::print("{:{}}  {:7}  {:11}  {}\n", "DEVICE", widest, "HOOK", "MODE", "REASON");
    for (const runtime::HookReport& hook : hooks) {
        fmt::print("{:{}}  {:7}  {:11}  {}\n", hook.device, widest, hook.hook, hook.mode,
                   hook.reason.empty() ? "-" : hook.reason);
    }
}

// The compiling is done before the lock is asked for: others wait for the switch only.
Exit enforce(Input& input, const Options& options) {
    const Exit devices = check_devices(options.devices);
    const tl::expected<Built, Exit> built = build(input);
    if (!built) return built.error();
    if (devices != Exit::Ok) return devices;
    const Result<runtime::Lock> lock = runtime::Lock::take(options.wait);
    if (!lock) return report(lock.error(), kernel_log(options));
    runtime::LoadOptions how;
    how.devices = options.devices;
    how.mode = options.mode;
    const auto hooks = runtime::load(built->object, how);
    if (!hooks) return report(hooks.error(), kernel_log(options));
    print_hooks(*hooks);
    return Exit::Ok;
}

}  // namespace

Exit run_load(const Options& options) {
    Input input;
    read_rules(options.files, options.family, input);
    return enforce(input, options);
}

Exit run_reload(const Options& options) {
    Input input;
    const std::string directory = options.directory.empty() ? BPFW_CONFIG_DIR : options.directory;
    const std::vector<std::string> files =
        options.files.empty() ? configured_files(directory, input.diags) : options.files;
    if (files.empty() && !input.diags.has_errors()) {
        fmt::print(stderr,
                   "bpfw reload: no rules in {0}: neither rules.v4 nor rules.v6 nor rules.d/*\n"
                   "  hint: what runs stays as it is; `bpfw unload` takes it away\n",
                   directory);
        return Exit::Mistake;
    }
    read_rules(files, std::nullopt, input);
    return enforce(input, options);
}

Exit run_unload(const Options& options) {
    const Result<runtime::Lock> lock = runtime::Lock::take(options.wait);
    if (!lock) return report(lock.error(), KernelLog::Hide);
    const Result<void> done = runtime::unload();
    return done ? Exit::Ok : report(done.error(), KernelLog::Hide);
}

}  // namespace bpfw::cli
