// SPDX-License-Identifier: GPL-2.0-or-later
// Name -> tap device.
#include "tests/differential/tap.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace bpfw::test {

Result<Descriptor> open_tap(const std::string& name) {
    Descriptor tap(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (tap.get() < 0) return failure("open", "/dev/net/tun", errno);
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    if (::ioctl(tap.get(), TUNSETIFF, &request) != 0) return failure("create tap", name, errno);
    return tap;
}

}  // namespace bpfw::test
