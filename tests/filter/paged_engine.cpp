// SPDX-License-Identifier: GPL-2.0-or-later
// The engine that sends real frames: written to a tap device whose skbs have but a few linear
// bytes and the rest in pages, with the outermost tag taken out by the kernel, then judged at TC
// ingress. What the filter lets through is counted behind it.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf-templates/abi.h"
#include "tests/differential/netns.hpp"
#include "tests/filter/filter_object.hpp"

namespace bpfw::test::filter {
namespace {

constexpr const char* kDevice = "tap0";

ifreq named() {
    ifreq request{};
    std::strncpy(request.ifr_name, kDevice, sizeof request.ifr_name - 1);
    return request;
}

// One segment of a write becomes the linear part, each further one a page.
Result<Descriptor> open_tap() {
    Descriptor tap(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (tap.get() < 0) return failure("open", "/dev/net/tun", errno);
    ifreq request = named();
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS;
    if (::ioctl(tap.get(), TUNSETIFF, &request) != 0) return failure("make tap", kDevice, errno);
    return tap;
}

// GRO would pull headers into the linear part.
Result<std::uint32_t> set_up() {
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value gro{ETHTOOL_SGRO, 0};
    ifreq request = named();
    request.ifr_data = reinterpret_cast<char*>(&gro);
    if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0)
        return failure("switch off GRO of", kDevice, errno);
    request = named();
    request.ifr_flags = IFF_UP | IFF_PROMISC;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
        return failure("set up", kDevice, errno);
    if (::ioctl(socket.get(), SIOCGIFINDEX, &request) != 0) return failure("find", kDevice, errno);
    return static_cast<std::uint32_t>(request.ifr_ifindex);
}

class PagedEngine : public Engine {
public:
    PagedEngine(Namespace where, Descriptor tap, std::uint32_t ifindex,
                std::shared_ptr<FilterObject> loaded, BpfObject counter)
        : where_(std::move(where)),
          tap_(std::move(tap)),
          ifindex_(ifindex),
          loaded_(std::move(loaded)),
          counter_(std::move(counter)) {
        passed_ = bpf_object__find_map_fd_by_name(counter_.get(), "passed");
    }
    [[nodiscard]] std::string_view name() const override { return "tc, paged"; }

    Result<void> prepare(const Subject& subject) override {
        // The device has another number than the expression was made for.
        if (subject.text.find("ifindex") != std::string::npos)
            return failure("run", "ifindex", ENOTSUP);
        if (auto ready = loaded_->load(subject); !ready) return ready;
        const Inside inside(where_);
        return attach(loaded_->program(BPFW_PROG_FILTER_TC), kFilterPriority);
    }

    Result<void> attach_counter() {
        const Inside inside(where_);
        bpf_tc_hook hook = ingress();
        if (const int error = bpf_tc_hook_create(&hook); error != 0)
            return failure("make clsact on", kDevice, -error);
        return attach(program_of(counter_, "count"), kCounterPriority);
    }

    Verdict judge(const Sample& sample) override {
        const std::size_t size = sample.bytes.size();
        if (sample.length != size || size < kHeader || size > kLongest) return Verdict::NotRun;
        // The kernel drops it before we see it.
        if (size < kTagged && is_tagged(sample.bytes)) return Verdict::NotRun;
        const std::uint64_t before = passed();
        write(sample.bytes);
        return passed() == before ? Verdict::Yes : Verdict::No;
    }

private:
    static constexpr std::size_t kHeader = 14;
    static constexpr std::size_t kTagged =
        20;  // skb_vlan_untag() wants the first word behind the tag
    static constexpr std::size_t kLongest = 12000;
    static constexpr std::size_t kPage = 4096;
    static constexpr std::uint32_t kFilterPriority = 1;
    static constexpr std::uint32_t kCounterPriority = 2;

    [[nodiscard]] bpf_tc_hook ingress() const {
        bpf_tc_hook hook{};
        hook.sz = sizeof hook;
        hook.ifindex = static_cast<int>(ifindex_);
        hook.attach_point = BPF_TC_INGRESS;
        return hook;
    }

    Result<void> attach(int program, std::uint32_t priority) {
        bpf_tc_hook hook = ingress();
        bpf_tc_opts options{};
        options.sz = sizeof options;
        options.prog_fd = program;
        options.handle = 1;
        options.priority = priority;
        options.flags = BPF_TC_F_REPLACE;
        if (const int error = bpf_tc_attach(&hook, &options); error != 0)
            return failure("attach to", kDevice, -error);
        return {};
    }

    [[nodiscard]] std::uint64_t passed() const {
        const std::uint32_t zero = 0;
        std::uint64_t count = 0;
        if (bpf_map_lookup_elem(passed_, &zero, &count) != 0) BPFW_BUG("no counter");
        return count;
    }

    void write(const Bytes& bytes) const {
        const std::size_t size = bytes.size();
        const std::size_t spread = std::min<std::size_t>(size, 120) - kHeader + 1;
        std::size_t at = kHeader + (size * 7 + bytes[size / 2]) % spread;
        auto* const data = const_cast<std::uint8_t*>(bytes.data());  // iovec knows no const
        std::vector<iovec> parts = {{data, at}};
        for (std::size_t page = std::max<std::size_t>(1, (size - at) / 2); at < size;) {
            const std::size_t part = std::min({page, kPage, size - at});
            parts.push_back({data + at, part});
            at += part;
        }
        if (::writev(tap_.get(), parts.data(), static_cast<int>(parts.size())) < 0)
            BPFW_BUG(std::string("write to a tap device: ") + std::strerror(errno));
    }

    Namespace where_;
    Descriptor tap_;
    std::uint32_t ifindex_;
    std::shared_ptr<FilterObject> loaded_;
    BpfObject counter_;
    int passed_ = -1;
};

Result<std::unique_ptr<Engine>> open_engine(const std::shared_ptr<FilterObject>& loaded) {
    auto where = Namespace::create();
    if (!where) return tl::unexpected(where.error());
    auto counter = open_object(BPFW_SKB_WRAPPER_OBJECT);
    if (!counter) return tl::unexpected(counter.error());
    std::unique_ptr<PagedEngine> engine;
    {
        const Inside inside(*where);
        auto tap = open_tap();
        if (!tap) return tl::unexpected(tap.error());
        const auto ifindex = set_up();
        if (!ifindex) return tl::unexpected(ifindex.error());
        engine = std::make_unique<PagedEngine>(std::move(*where), std::move(*tap), *ifindex, loaded,
                                               std::move(*counter));
    }
    if (auto attached = engine->attach_counter(); !attached)
        return tl::unexpected(attached.error());
    return engine;
}

}  // namespace

void add_paged_engine(std::vector<std::unique_ptr<Engine>>& engines,
                      const std::shared_ptr<FilterObject>& loaded,
                      std::vector<std::string>& missing) {
    auto engine = open_engine(loaded);
    if (engine) {
        engines.push_back(std::move(*engine));
    } else {
        missing.push_back("tc, paged: " + to_text(engine.error()));
    }
}

}  // namespace bpfw::test::filter
