// SPDX-License-Identifier: GPL-2.0-or-later
// Our parser and libpcap take and refuse the same expressions: random ones, and those with words
// left out, doubled, exchanged or put in. No frames: what is meant is the other tests' matter.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <nss.h>

#include "parser/pcap/pcap.hpp"
#include "tests/filter/expressions.hpp"
#include "tests/filter/libpcap_oracle.hpp"

namespace bpfw::test::filter {
namespace {

using parser::Address;

constexpr std::uint32_t kUnknown = PCAP_NETMASK_UNKNOWN;

// Ours, with this machine's names.
class Ours {
public:
    bool accepts(const std::string& text, std::uint32_t netmask) {
        parser::pcap::Options options;
        if (netmask != kUnknown) {
            options.netmask = Address{};
            for (unsigned i = 0; i < 4; ++i)
                options.netmask->bytes[i] = static_cast<std::uint8_t>(netmask >> (24 - 8 * i));
        }
        parser::Diagnostics diags;
        const parser::Span whole{0, 0, static_cast<std::uint32_t>(text.size())};
        const auto parsed = parser::pcap::parse({text, whole}, options, names_, diags);
        EXPECT_NE(parsed.has_value(), diags.has_errors()) << text;
        if (!parsed) why_ = diags.all().front().text();
        if (parsed) reprint(*parsed, text, options);
        return parsed.has_value();
    }
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    void reprint(const parser::pcap::Expression& expression, const std::string& text,
                 const parser::pcap::Options& options) {
        parser::Diagnostics diags;
        const std::string printed = parser::pcap::to_text(expression);
        const auto again = parser::pcap::parse({printed, {}}, options, {}, diags);
        EXPECT_TRUE(again && *again == expression) << text << "\nprinted as\n" << printed;
    }

    parser::Names names_ = parser::system_names();
    std::string why_;
};

class Theirs {
public:
    Theirs() : handle_(pcap_open_dead(DLT_EN10MB, 262144)) {}
    Theirs(const Theirs&) = delete;
    Theirs& operator=(const Theirs&) = delete;
    ~Theirs() { pcap_close(handle_); }

    // Unoptimised: the optimiser refuses more, and says other things.
    bool accepts(const std::string& text, std::uint32_t netmask) {
        bpf_program program{};
        if (pcap_compile(handle_, &program, text.c_str(), 0, htonl(netmask)) != 0) return false;
        pcap_freecode(&program);
        return true;
    }
    [[nodiscard]] const char* why() const { return pcap_geterr(handle_); }

private:
    pcap_t* handle_;
};

// What random expressions hold seldom or never, as a place to begin from.
const char* const kSeeds[] = {
    "port (80 or (443 and not 22)) or 8080",
    "tcp port 22 and (udp or icmp) or not 443 = 443",
    "host ((10.1.1.1) or 10.1.1.2)",
    "port ((80) or (443))",
    "(port 80) or (not port 443 and (22 or 23))",
    "src or dst net 10.1 mask 255.255",
    "dst and src portrange http-https or ftp",
    "ip6 net 2001:db8::/32 or fe80::1",
    "ether src 00:11:22:33:44:55 or 0011.2233.4455",
    "decnet src 1.2 or 10",
    "net loopback or host localhost",
    "arp host localhost or rarp net 10",
    "ether proto \\ip or loopback or 0x800 or isis proto 15",
    "iso proto \\clnp or esis or \\isis",
    "ip proto \\tcp or (udp or not 47)",
    "ip6 protochain 6 or protochain \\udp or 17 or 1",
    "vlan 5 and vlan and mpls 16 and mpls and tcp port 80",
    "pppoes 5 and ip host 10.1.1.1 or pppoed",
    "pppoes and geneve 10 and vlan and ether host 1:2:3:4:5:6 and llc",
    "geneve and geneve and geneve and geneve and geneve and tcp",
    "mpls and ether proto 0x800 or geneve and ip6 host ::1",
    "ip broadcast or ether multicast or ip6 multicast",
    "less 100 and greater 50 or byte 12 & 8 or byte 1 = 2",
    "llc rnr or llc ui or llc",
    "inbound or outbound and ifindex 2",
    "1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + (1 + 1)))))))))))))) = 1",
    "ip[ip[ip[ip[0]:2]:4] + 1] & 0xf != 5 and -1 % 2 ^ 3 = - -(4)",
    "1 / ip[2] << ether[31] >> 1 % tcp[1:2] | 5 & 6 * 7 <= len",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not icmp[icmptype] = icmp-echo",
};

struct Tally {
    unsigned accepted = 0;
    unsigned refused = 0;
    unsigned differ = 0;
};

void compare(const std::string& text, std::uint32_t netmask, Ours& ours, Theirs& theirs,
             Tally& tally) {
    const bool we_accept = ours.accepts(text, netmask);
    const bool they_accept = theirs.accepts(text, netmask);
    ++(they_accept ? tally.accepted : tally.refused);
    if (we_accept == they_accept) return;
    ++tally.differ;
    ADD_FAILURE() << (they_accept ? "libpcap accepts, we say " + ours.why()
                                  : std::string("we accept, libpcap says ") + theirs.why())
                  << ":\n"
                  << text;
}

std::string random_text(Random& random) {
    std::string text =
        random.percent(35) ? std::string(random.pick(kSeeds)) : random_expression(random);
    for (std::uint32_t changes = random.below(4); changes > 0; --changes)
        text = mutated(text, random);
    return text;
}

TEST(Acceptance, is_that_of_libpcap) {
    // Later versions refuse and accept other things; 1.10.x is what we follow.
    const std::string version = pcap_lib_version();
    if (version.find("libpcap version 1.10.") == std::string::npos)
        GTEST_SKIP() << "needs libpcap 1.10.x, this is " << version;
    // Host names are those of /etc/hosts: no other machine is asked.
    ASSERT_EQ(__nss_configure_lookup("hosts", "files"), 0);
    Ours ours;
    Theirs theirs;
    Tally tally;
    Random random(11);
    for (const char* seed : kSeeds) compare(seed, kUnknown, ours, theirs, tally);
    constexpr unsigned kTried = 30000;
    for (unsigned i = 0; i < kTried && tally.differ < 20; ++i) {
        const std::string text = random_text(random);
        compare(text, random.percent(50) ? kUnknown : kNetmask, ours, theirs, tally);
    }
    std::printf("accepted by both %u, refused by both %u, differ %u\n", tally.accepted,
                tally.refused, tally.differ);
    EXPECT_GT(tally.accepted, kTried / 4);
    EXPECT_GT(tally.refused, kTried / 4);
}

}  // namespace
}  // namespace bpfw::test::filter
