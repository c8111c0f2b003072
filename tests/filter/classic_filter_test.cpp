// SPDX-License-Identifier: GPL-2.0-or-later
// The sizes of our classic programs beside those of libpcap -O. What they answer, filter_diff_test
// compares.
#include <gtest/gtest.h>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "tests/filter/libpcap_oracle.hpp"
#include "tests/filter/parse_text.hpp"

namespace bpfw::test::filter {
namespace {

namespace ir = compiler::filter;

class Sizes : public testing::Test {
protected:
    // Ours minus libpcap's.
    int longer_by(const std::string& text) {
        const ParsedText parsed = parse_text(text);
        if (!parsed.expression || !oracle_.prepare(text)) {
            ADD_FAILURE() << text << parsed.complaint << oracle_.why();
            return 0;
        }
        std::string why;
        const auto graph = ir::optimise(ir::lower(*parsed.expression, ir::Lists::AsWritten, {}));
        const auto program = ir::to_classic(graph, 262144, why);
        EXPECT_TRUE(program) << text << why;
        if (!program) return 0;
        listing_ = ir::to_text(*program, ir::ClassicForm::Listing);
        return static_cast<int>(program->size()) - static_cast<int>(oracle_.optimised().size());
    }

    LibpcapOracle oracle_;
    std::string listing_;
};

TEST_F(Sizes, EverydayFiltersAreAsShortAsLibpcaps) {
    for (const char* text :
         {"ip",
          "tcp",
          "icmp",
          "arp",
          "udp port 53",
          "tcp port 80",
          "tcp dst port 22",
          "port 53",
          "host 10.1.1.1",
          "src host 10.1.1.1",
          "net 10.0.0.0/8",
          "src net 192.168.0.0/16 and dst port 443",
          "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
          "tcp[13] = 2",
          "icmp[icmptype] = icmp-echo",
          "ip6",
          "icmp6",
          "ip6 host 2001:db8::1",
          "vlan 100 and tcp port 80",
          "not port 22",
          "host 10.1.1.1 and not port 22",
          "portrange 6000-6063",
          "ether host 00:11:22:33:44:55",
          "ether multicast",
          "less 64",
          "tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
          "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
          "ip[6:2] & 0x1fff != 0",
          "mpls 100 and host 10.1.1.1",
          "ip proto 47",
          "broadcast or multicast"})
        EXPECT_LE(longer_by(text), 0) << text << "\n" << listing_;
}

// libpcap -O moves loads before others and leaves out loads of bytes that do not matter; on cut
// frames that shows, so we do neither.
TEST_F(Sizes, WhereLibpcapIsInexactItMayBeShorter) {
    for (const char* text : {"tcp port 80 or tcp port 443", "tcp dst port 80 or 443 or 8080",
                             "udp and not port 53 and not port 123", "ip6 net 2001:db8::/32",
                             "host 10.1.1.1 or host 10.1.1.2 or host 10.2.2.2", "geneve and ip"})
        EXPECT_LE(longer_by(text), 10) << text << "\n" << listing_;
}

}  // namespace
}  // namespace bpfw::test::filter
