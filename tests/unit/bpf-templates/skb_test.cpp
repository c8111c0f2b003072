// SPDX-License-Identifier: GPL-2.0-or-later
// What BPF_PROG_TEST_RUN cannot show: real skbs, whose headers lie outside the linear part,
// and frames of packet sockets at egress. Frames go from bpfw-skb-a to bpfw-skb-b, where the
// programs sit in clsact.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

struct VnetHeader {  // struct virtio_net_hdr: <linux/virtio_net.h> is no C++
    std::uint8_t flags;
    std::uint8_t gso_type;
    std::uint16_t hdr_len;
    std::uint16_t gso_size;
    std::uint16_t csum_start;
    std::uint16_t csum_offset;
};

class Skb : public KernelTest {
protected:
    void SetUp() override {
        KernelTest::SetUp();
        if (IsSkipped()) return;
        if (if_nametoindex("bpfw-skb-a") == 0) {
            ip("link add bpfw-skb-a mtu 9000 type veth peer name bpfw-skb-b mtu 9000");
            for (const char* end : {"bpfw-skb-a", "bpfw-skb-b"}) {
                write_sysctl(std::string("net/ipv6/conf/") + end + "/disable_ipv6", "1");
                ip(std::string("link set ") + end + " arp off up");
            }
        }
        harness_ = std::make_unique<Harness>(BPFW_NEEDS_TCP_OPTIONS | BPFW_NEEDS_MAC);
    }
    // Holds a clsact filter for as long as it lives.
    class Filter {
    public:
        Filter(int program, const char* device, bpf_tc_attach_point point) {
            hook_.sz = sizeof(hook_);
            hook_.ifindex = static_cast<int>(if_nametoindex(device));
            hook_.attach_point = point;
            LIBBPF_OPTS(bpf_tc_opts, options);
            options.prog_fd = program;
            const int made = bpf_tc_hook_create(&hook_);
            if ((made != 0 && made != -EEXIST) || bpf_tc_attach(&hook_, &options) != 0) {
                throw std::runtime_error("cannot attach to clsact");
            }
        }
        Filter(const Filter&) = delete;
        Filter& operator=(const Filter&) = delete;
        ~Filter() {
            hook_.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
            bpf_tc_hook_destroy(&hook_);
        }

    private:
        bpf_tc_hook hook_{};
    };
    // Only the first `linear` bytes land in the skb's linear part (packet_alloc_skb() of
    // net/packet/af_packet.c, for frames of at least a page).
    static void send(const Bytes& bytes, std::uint16_t linear) {
        const int fd = socket(AF_PACKET, SOCK_RAW, 0);
        const int on = 1;
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_protocol = htons(static_cast<std::uint16_t>(bytes[12] << 8 | bytes[13]));
        to.sll_ifindex = static_cast<int>(if_nametoindex("bpfw-skb-a"));
        VnetHeader header{};
        header.hdr_len = linear;
        Bytes message(sizeof(header));
        std::memcpy(message.data(), &header, sizeof(header));
        message.insert(message.end(), bytes.begin(), bytes.end());
        const ssize_t sent = sendto(fd, message.data(), message.size(), 0,
                                    reinterpret_cast<const sockaddr*>(&to), sizeof(to));
        ::close(fd);
        if (sent < 0) throw std::runtime_error(std::string("sendto: ") + std::strerror(errno));
    }
    Outcome sent(const Bytes& bytes, std::uint16_t linear) {
        harness_->prepare();
        send(bytes, linear);
        for (int i = 0; i < 200; ++i) {  // the receiving softirq may run a little later
            if (harness_->outcome().trace.reason != Harness::kNoReason) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return harness_->outcome();
    }

    std::unique_ptr<Harness> harness_;
};

TEST_F(Skb, HeadersOutsideTheLinearPart) {
    const Filter filter(harness_->program_fd(BPFW_PROG_TC_INGRESS), "bpfw-skb-b", BPF_TC_INGRESS);
    const Bytes options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    const Packet cases[] = {
        ip4({.dst = "255.255.255.255", .options = Bytes(40, 1)}) / tcp({.options = options}),
        ip4({.dst = "255.255.255.255"}) / udp(),
        ip6({.dst = "ff02::1"}) / ext6() / frag6({.more = true}) / tcp({.options = options}),
        ip6({.dst = "ff02::1"}) / ext6({.kind = 60, .data = Bytes(1000)}) / icmp6(),
        vlan({.id = 3}) / vlan({.id = 4}) / ip6({.dst = "ff02::1"}) / udp(),
        ip6({.dst = "ff02::1", .next = 60}) / raw({0xff, 0xff}),
    };
    for (const Packet& packet : cases) {
        // BPF_PROG_TEST_RUN takes no frame of a page, the packet socket splits no smaller one.
        const Packet headers = eth({.src = "02:00:00:00:00:07"}) / packet;
        Outcome linear = harness_->run(Entry::Ingress, frame(headers / payload(100)),
                                       {.ifindex = if_nametoindex("bpfw-skb-b")});
        linear.packet.length += 4900;
        const Bytes bytes = frame(headers / payload(5000));
        for (const std::uint16_t head : {std::uint16_t{14}, std::uint16_t{20}, std::uint16_t{40},
                                         std::uint16_t{60}, std::uint16_t{80}}) {
            const Outcome real = sent(bytes, head);
            ASSERT_NE(real.chain, "") << head;
            EXPECT_EQ(real.chain, linear.chain) << head;
            EXPECT_EQ(std::memcmp(&real.packet, &linear.packet, sizeof(real.packet)), 0) << head;
        }
    }
}

// A DHCP client's frames never were in iptables' OUTPUT.
TEST_F(Skb, FramesOfPacketSocketsAreNotOutput) {
    const Filter filter(harness_->program_fd(BPFW_PROG_TC_EGRESS), "bpfw-skb-a", BPF_TC_EGRESS);
    const Outcome got = sent(frame(eth() / ip4({.dst = "255.255.255.255"}) / udp()), 0);
    EXPECT_EQ(got.chain, "");
    EXPECT_EQ(got.trace.reason, static_cast<std::uint32_t>(BPFW_NOT_OURS));
}

TEST_F(Skb, ASocketsPacketIsOutput) {
    ip("address replace 10.3.0.1/24 dev bpfw-skb-a");
    ip("neighbour replace 10.3.0.2 lladdr 02:00:00:00:00:09 dev bpfw-skb-a");
    const Filter filter(harness_->program_fd(BPFW_PROG_TC_EGRESS), "bpfw-skb-a", BPF_TC_EGRESS);
    harness_->prepare();
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(4321);
    to.sin_addr.s_addr = htonl(0x0a030002);
    EXPECT_EQ(sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 1);
    ::close(fd);
    const Outcome got = harness_->outcome();
    EXPECT_EQ(got.chain, "bpfw_ipv4_output");
    EXPECT_EQ(got.packet.l4_dst, 17u << 16 | 4321);
    EXPECT_EQ(got.packet.length, 29u);
}

}  // namespace
}  // namespace bpfw::test
