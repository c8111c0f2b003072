// SPDX-License-Identifier: GPL-2.0-or-later
// `iptables -L` and its kin, character by character: every expected text was captured from
// iptables-nft 1.8.9 for the same rules (with "ssh", "domain" and "localhost" as known names).
#include <gtest/gtest.h>

#include "compat/listing.hpp"
#include "tests/unit/compat/fake_host.hpp"

namespace bpfw::compat {
namespace {

struct Row {
    const char* name;
    const char* rule;     // words behind -A INPUT
    const char* numeric;  // the row of -L -n
    const char* named;    // the row of -L; "" when the test does not ask
    const char* program = "bpf-iptables";
};

std::string row(FakeMachine& machine, const Row& asked, const std::string& options) {
    std::string out = machine.call(asked.program, "-L INPUT 1" + options).out;
    if (!out.empty()) out.pop_back();
    return out;
}

class ListRow : public testing::TestWithParam<Row> {};
TEST_P(ListRow, IsLikeIptables) {
    FakeMachine machine;
    const Answer added =
        machine.call(GetParam().program, std::string("-A INPUT ") + GetParam().rule);
    ASSERT_EQ(added.exit, Exit::Ok) << added.err;
    EXPECT_EQ(row(machine, GetParam(), " -n"), GetParam().numeric);
    if (GetParam().named[0] != '\0') {
        EXPECT_EQ(row(machine, GetParam(), ""), GetParam().named);
    }
}

#define N4 "0.0.0.0/0            0.0.0.0/0            "
#define A4 "anywhere             anywhere             "
#define T "           "

const Row kIpPart[] = {
    {"source", "-s 1.2.3.4", T "0    --  1.2.3.4              0.0.0.0/0           ",
     T "all  --  1.2.3.4              anywhere            "},
    {"networks", "-s 10.0.0.0/8 -d 192.168.0.0/16",
     T "0    --  10.0.0.0/8           192.168.0.0/16      ", ""},
    {"negated_addresses", "! -s 1.2.3.4 ! -d 10.0.0.0/8",
     T "0    -- !1.2.3.4             !10.0.0.0/8          ", ""},
    {"odd_mask", "-d 123.123.123.123/255.255.255.1",
     T "0    --  0.0.0.0/0            123.123.123.1/255.255.255.1 ", ""},
    {"known_host", "-s 127.0.0.1", T "0    --  127.0.0.1            0.0.0.0/0           ",
     T "all  --  localhost            anywhere            "},
    {"protocol", "! -p udp", "          !17   --  0.0.0.0/0            0.0.0.0/0           ",
     "          !udp  --  anywhere             anywhere            "},
    {"protocol_without_name", "-p 200", T "200  --  0.0.0.0/0            0.0.0.0/0           ",
     T "200  --  anywhere             anywhere            "},
    {"fragment", "-f", T "0    -f  0.0.0.0/0            0.0.0.0/0           ", ""},
    {"no_fragment", "! -f", T "0    !f  0.0.0.0/0            0.0.0.0/0           ", ""},
    {"verdict", "-j ACCEPT", "ACCEPT     0    --  0.0.0.0/0            0.0.0.0/0           ",
     "ACCEPT     all  --  anywhere             anywhere            "},
};
const Row kTransport[] = {
    {"tcp_port", "-p tcp --dport 22", T "6    --  " N4 "tcp dpt:22",
     T "tcp  --  " A4 "tcp dpt:ssh"},
    {"tcp_ranges", "-p tcp --sport 1024:65535 --dport 80:90",
     T "6    --  " N4 "tcp spts:1024:65535 dpts:80:90", ""},
    {"tcp_negated", "-p tcp ! --dport 22 ! --sport 5:7", T "6    --  " N4 "tcp spts:!5:7 dpt:!22",
     ""},
    {"tcp_every_port", "-p tcp --dport 0:65535", T "6    --  " N4 "tcp", ""},
    {"tcp_syn", "-p tcp --syn", T "6    --  " N4 "tcp flags:0x17/0x02",
     T "tcp  --  " A4 "tcp flags:FIN,SYN,RST,ACK/SYN"},
    {"tcp_no_flags", "-p tcp ! --tcp-flags ALL NONE", T "6    --  " N4 "tcp flags:!0x3F/0x00",
     T "tcp  --  " A4 "tcp flags:!FIN,SYN,RST,PSH,ACK,URG/NONE"},
    {"tcp_option", "-p tcp ! --tcp-option 8 --syn",
     T "6    --  " N4 "tcp option=!8 flags:0x17/0x02", ""},
    {"udp", "-p udp --sport 53:55 ! --dport 100:200",
     T "17   --  " N4 "udp spts:53:55 dpts:!100:200",
     T "udp  --  " A4 "udp spts:domain:55 dpts:!100:200"},
    {"icmp_type", "-p icmp --icmp-type 8", T "1    --  " N4 "icmptype 8",
     T "icmp --  " A4 "icmp echo-request"},
    {"icmp_not_type", "-p icmp ! --icmp-type 8", T "1    --  " N4 "icmp !type 8",
     T "icmp --  " A4 "icmp !echo-request"},
    {"icmp_code", "-p icmp --icmp-type 3/1", T "1    --  " N4 "icmptype 3 code 1",
     T "icmp --  " A4 "icmp host-unreachable"},
    {"icmp_without_name", "-p icmp --icmp-type 40/3", T "1    --  " N4 "icmptype 40 code 3",
     T "icmp --  " A4 "icmptype 40 code 3"},
    {"icmp_any", "-p icmp --icmp-type any", T "1    --  " N4 "icmptype 255",
     T "icmp --  " A4 "icmp any"},
    {"multiport", "-p tcp -m multiport --sports 22,80:90,443",
     T "6    --  " N4 "multiport sports 22,80:90,443",
     T "tcp  --  " A4 "multiport sports ssh,80:90,443"},
    {"multiport_not", "-p udp -m multiport ! --ports 53,5353",
     T "17   --  " N4 "multiport ports  !53,5353", ""},
};
const Row kOthers[] = {
    {"iprange", "-m iprange ! --src-range 1.1.1.1-2.2.2.2 --dst-range 3.3.3.3-4.4.4.4",
     T "0    --  " N4 "source IP range ! 1.1.1.1-2.2.2.2 destination IP range 3.3.3.3-4.4.4.4", ""},
    {"mac", "-m mac --mac-source 00:11:22:aa:bb:cc", T "0    --  " N4 "MAC 00:11:22:aa:bb:cc", ""},
    {"not_mac", "-m mac ! --mac-source 00:11:22:aa:bb:cc",
     T "0    --  " N4 "MAC ! 00:11:22:aa:bb:cc", ""},
    {"comment", "-m comment --comment hello", T "0    --  " N4 "/* hello */", ""},
    {"length", "-m length --length 10", T "0    --  " N4 "length 10", ""},
    {"not_length", "-m length ! --length 10:20", T "0    --  " N4 "length !10:20", ""},
    {"ttl", "-m ttl ! --ttl-eq 5", T "0    --  " N4 "TTL match TTL != 5", ""},
    {"ttl_less", "-m ttl --ttl-lt 5", T "0    --  " N4 "TTL match TTL < 5", ""},
    {"tos", "-m tos --tos 0x10", T "0    --  " N4 "tos match0x10/0xff",
     T "all  --  " A4 "tos match0x10/0xff"},
    {"not_tos", "-m tos ! --tos 0x10/0x3f", T "0    --  " N4 "tos match!0x10/0x3f",
     T "all  --  " A4 "tos match! Minimize-Delay"},
    {"dscp", "-m dscp ! --dscp 10", T "0    --  " N4 "DSCP match !0x0a", ""},
    {"pkttype", "-m pkttype ! --pkt-type broadcast", T "0    --  " N4 "PKTTYPE != broadcast", ""},
    {"order", "-m comment --comment a -p tcp --dport 5 -j DROP",
     "DROP       6    --  " N4 "/* a */ tcp dpt:5", ""},
};
#define N6 "::/0                 ::/0                 "
const Row kIpv6[] = {
    {"long_address", "-s 2001:db8:1111:2222:3333:4444:5555:6666",
     T "0    --  2001:db8:1111:2222:3333:4444:5555:6666  ::/0                ", "",
     "bpf-ip6tables"},
    {"icmp", "-p icmpv6 ! --icmpv6-type 1/4", T "58   --  " N6 "ipv6-icmp !type 1 code 4",
     T "ipv6-icmp --  " A4 "ipv6-icmp !port-unreachable", "bpf-ip6tables"},
    {"icmp_without_name", "-p icmpv6 --icmpv6-type 255", T "58   --  " N6 "ipv6-icmptype 255",
     T "ipv6-icmp --  " A4 "ipv6-icmptype 255", "bpf-ip6tables"},
    {"hop_limit", "-m hl --hl-gt 6", T "0    --  " N6 "HL match HL > 6", "", "bpf-ip6tables"},
};
// Captured like the others, but for the NUL byte that iptables writes behind the program.
TEST(ListTable, Programs) {
    FakeMachine machine;
    machine.restore(
        "*filter\n-A INPUT -m bpf --bytecode \"2,48 0 0 9,6 0 0 1\" -p udp -j ACCEPT\n"
        "-A INPUT -m bpf --bytecode \"1,6 0 0 1\" -m comment --comment x\n"
        "-A INPUT -m pcap ! --filter \"tcp or udp\"\n-A INPUT -m pcap --filter arp\nCOMMIT\n");
    const std::string out = machine.iptables("-L INPUT -n").out;
    EXPECT_EQ(out.substr(std::min(out.find("ACCEPT     "), out.size())),
              "ACCEPT     17   --  0.0.0.0/0            0.0.0.0/0           match bpf 48 0 0 9,6 0 "
              "0 1\n" T
              "0    --  0.0.0.0/0            0.0.0.0/0           match bpf 6 0 0 1 /* x "
              "*/\n" T "0    --  " N4 "pcap ! \"tcp or udp\"\n" T "0    --  " N4 "pcap arp\n");
}

const auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(IpPart, ListRow, testing::ValuesIn(kIpPart), name_of);
INSTANTIATE_TEST_SUITE_P(Transport, ListRow, testing::ValuesIn(kTransport), name_of);
INSTANTIATE_TEST_SUITE_P(Others, ListRow, testing::ValuesIn(kOthers), name_of);
INSTANTIATE_TEST_SUITE_P(Ipv6, ListRow, testing::ValuesIn(kIpv6), name_of);

// FORWARD with counters of every magnitude, a chain, gotos.
FakeMachine sample() {
    FakeMachine machine;
    for (const char* words :
         {"-N user", "-A user -j RETURN", "-A INPUT -j user", "-A INPUT -p tcp --dport 1 -g user",
          "-N averylongchainname_x", "-A INPUT -j averylongchainname_x",
          "-A FORWARD -i eth0 -o eth1 -j ACCEPT",
          "-A FORWARD -i averylongifname -o a+ -c 99999 99999999 -j ACCEPT",
          "-A FORWARD ! -i averylongifname ! -o a -c 100000 999999999999 -j DROP",
          "-A FORWARD -c 123456789012 99999999999999999 -j DROP", "-P OUTPUT DROP"}) {
        const Answer answer = machine.iptables(words);
        EXPECT_EQ(answer.exit, Exit::Ok) << answer.err;
    }
    return machine;
}

TEST(ListTable, WholeTable) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.iptables("-L -n").out,
              "Chain INPUT (policy ACCEPT)\n"
              "target     prot opt source               destination         \n"
              "user       0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "user       6    --  0.0.0.0/0            0.0.0.0/0           [goto]  tcp dpt:1\n"
              "averylongchainname_x  0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "\n"
              "Chain FORWARD (policy ACCEPT)\n"
              "target     prot opt source               destination         \n"
              "ACCEPT     0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "ACCEPT     0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "DROP       0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "DROP       0    --  0.0.0.0/0            0.0.0.0/0           \n"
              "\n"
              "Chain OUTPUT (policy DROP)\n"
              "target     prot opt source               destination         \n"
              "\n"
              "Chain averylongchainname_x (1 references)\n"
              "target     prot opt source               destination         \n"
              "\n"
              "Chain user (2 references)\n"
              "target     prot opt source               destination         \n"
              "RETURN     0    --  0.0.0.0/0            0.0.0.0/0           \n");
}

TEST(ListTable, VerboseScales) {
    FakeMachine machine = sample();
    EXPECT_EQ(
        machine.iptables("-L FORWARD -n -v").out,
        "Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)\n"
        " pkts bytes target     prot opt in     out     source               destination         \n"
        "    0     0 ACCEPT     0    --  eth0   eth1    0.0.0.0/0            0.0.0.0/0           \n"
        "99999  100M ACCEPT     0    --  averylongifname a+      0.0.0.0/0            0.0.0.0/0    "
        "       \n"
        " 100K 1000G DROP       0    --  !averylongifname !a      0.0.0.0/0            0.0.0.0/0   "
        "        \n"
        " 123G 100000T DROP       0    --  *      *       0.0.0.0/0            0.0.0.0/0           "
        "\n");
}

TEST(ListTable, ExactAndLineNumbers) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.iptables("-vxn -L FORWARD --line-numbers").out,
              "Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)\n"
              "num      pkts      bytes target     prot opt in     out     source               "
              "destination         \n"
              "1           0        0 ACCEPT     0    --  eth0   eth1    0.0.0.0/0            "
              "0.0.0.0/0           \n"
              "2       99999 99999999 ACCEPT     0    --  averylongifname a+      0.0.0.0/0       "
              "     0.0.0.0/0           \n"
              "3      100000 999999999999 DROP       0    --  !averylongifname !a      0.0.0.0/0  "
              "          0.0.0.0/0           \n"
              "4    123456789012 99999999999999999 DROP       0    --  *      *       0.0.0.0/0   "
              "         0.0.0.0/0           \n");
}

TEST(ListTable, OneRuleAndNoRule) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.iptables("-L INPUT 1 -n -v --line-numbers").out,
              "1        0     0 user       0    --  *      *       0.0.0.0/0            "
              "0.0.0.0/0           \n");
    const Answer none = machine.iptables("-L INPUT 99");
    EXPECT_EQ(none.out, "");
    EXPECT_EQ(none.exit, Exit::Ok);
}

TEST(ListTable, PolicyCountersAreScaledToo) {
    FakeMachine machine;
    machine.ruleset.ipv4.chains[0].counters = {123456, 99999999};
    EXPECT_EQ(first_line(machine.iptables("-L INPUT -v").out),
              "Chain INPUT (policy ACCEPT 123K packets, 100M bytes)");
    EXPECT_EQ(first_line(machine.iptables("-L INPUT -v -x").out),
              "Chain INPUT (policy ACCEPT 123456 packets, 99999999 bytes)");
}

TEST(ListTable, ScaledColumnSteps) {
    EXPECT_EQ(scaled_column(0), "    0 ");
    EXPECT_EQ(scaled_column(99999), "99999 ");
    EXPECT_EQ(scaled_column(100000), " 100K ");
    EXPECT_EQ(scaled_column(100500), " 101K ");
    EXPECT_EQ(scaled_column(9999499), "9999K ");
    EXPECT_EQ(scaled_column(10000000), "  10M ");
    EXPECT_EQ(scaled_column(9999500000), "  10G ");
    EXPECT_EQ(scaled_column(99999999999999999), "100000T ");
}

TEST(PrintRules, WholeTableAndParts) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.iptables("-S").out,
              "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT DROP\n"
              "-N averylongchainname_x\n-N user\n"
              "-A INPUT -j user\n-A INPUT -p tcp -m tcp --dport 1 -g user\n"
              "-A INPUT -j averylongchainname_x\n"
              "-A FORWARD -i eth0 -o eth1 -j ACCEPT\n"
              "-A FORWARD -i averylongifname -o a+ -j ACCEPT\n"
              "-A FORWARD ! -i averylongifname ! -o a -j DROP\n"
              "-A FORWARD -j DROP\n"
              "-A user -j RETURN\n");
    EXPECT_EQ(machine.iptables("-S user").out, "-N user\n-A user -j RETURN\n");
    EXPECT_EQ(machine.iptables("-S FORWARD 2 -v").out,
              "-A FORWARD -i averylongifname -o a+ -c 99999 99999999 -j ACCEPT\n");
    EXPECT_EQ(machine.iptables("-S OUTPUT -v").out, "-P OUTPUT DROP -c 0 0\n");
    EXPECT_EQ(machine.iptables("-S INPUT 99").out, "");
}

TEST(EchoRule, VerboseCommandsSayTheRule) {
    FakeMachine machine;
    EXPECT_EQ(machine.iptables("-v -A INPUT -s 1.2.3.4 -p tcp --dport 7 -j ACCEPT").out,
              "ACCEPT  tcp opt -- in * out *  1.2.3.4  -> 0.0.0.0/0   tcp dpt:7\n");
    EXPECT_EQ(machine.iptables("-v -A INPUT").out,
              "  all opt -- in * out *  0.0.0.0/0  -> 0.0.0.0/0  \n");
    EXPECT_EQ(machine.call("bpf-ip6tables", "-A INPUT -v -s fe80::1 -p tcp -i eth0 -j ACCEPT").out,
              "ACCEPT  tcp opt -- in eth0 out *  fe80::1  -> ::/0  \n");
    EXPECT_EQ(machine.iptables("-v -N x").out, "");
    EXPECT_EQ(machine.iptables("-v -F x").out, "Flushing chain `x'\n");
    EXPECT_EQ(machine.iptables("-v -Z x").out, "Zeroing chain `x'\n");
    EXPECT_EQ(machine.iptables("-v -X").out, "Deleting chain `x'\n");
}

}  // namespace
}  // namespace bpfw::compat
