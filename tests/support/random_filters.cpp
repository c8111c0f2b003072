// SPDX-License-Identifier: GPL-2.0-or-later
// Seed -> expression or bytecode. Doors: random_pcap_match(), random_bpf_match().
#include "tests/support/random_filters.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>

#include <string>

#include "compiler/filter/classic.hpp"
#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"
#include "tests/support/pools.hpp"
#include "tests/support/random_classic.hpp"

namespace bpfw::test {
namespace {

using namespace parser;
using compiler::filter::ClassicProgram;

std::string address_text(Family family, Random& random) {
    char text[INET6_ADDRSTRLEN] = {};
    const Address address = random.pick(addresses(family));
    ::inet_ntop(family == Family::Ipv4 ? AF_INET : AF_INET6, address.bytes.data(), text,
                sizeof text);
    return text;
}

const char* direction(Random& random) {
    static const std::vector<const char*> words = {"", "src ", "dst ", "src or dst ",
                                                   "src and dst "};
    return random.pick(words);
}

std::string byte_test(Random& random) {
    static const std::vector<const char*> loads = {
        "ether[12:2]",    "ip[0]",   "ip[8]",        "ip[2:2]",   "ip6[6]",
        "ip6[40]",        "tcp[13]", "tcp[2:2]",     "udp[4:2]",  "icmp[0]",
        "ip[ip[0]&15*4]", "len",     "ether[len-1]", "tcp[12]>>4"};
    static const std::vector<const char*> relations = {"=", "!=", ">", "<", ">=", "<="};
    static const std::vector<std::uint32_t> numbers = {0, 1, 2, 6, 8, 17, 40, 64, 255, 2048, 0x45};
    return fmt::format("{} {} {}", random.pick(loads), random.pick(relations),
                       random.pick(numbers));
}

std::string primitive(Family family, Random& random) {
    static const std::vector<const char*> plain = {"ip",
                                                   "ip6",
                                                   "tcp",
                                                   "udp",
                                                   "icmp",
                                                   "icmp6",
                                                   "sctp",
                                                   "arp",
                                                   "vlan",
                                                   "igmp",
                                                   "less 60",
                                                   "greater 100",
                                                   "ether broadcast",
                                                   "ether multicast",
                                                   "ip multicast",
                                                   "inbound",
                                                   "outbound",
                                                   "ip6 protochain 6",
                                                   "ip protochain 17"};
    switch (random.below(6)) {
        case 0:
            return random.pick(plain);
        case 1:
            return fmt::format("{}host {}", direction(random), address_text(family, random));
        case 2:
            return fmt::format("{}port {}", direction(random), random.pick(kPorts));
        case 3:
            return fmt::format("{}portrange {}-{}", direction(random), random.pick(kPorts),
                               random.pick(kPorts));
        case 4:
            return fmt::format("{} proto {}", family == Family::Ipv4 ? "ip" : "ip6",
                               random.pick(protocols(family)));
        default:
            return byte_test(random);
    }
}

std::string expression(Family family, Random& random, unsigned depth) {
    if (depth == 0 || random.percent(30)) return primitive(family, random);
    if (random.percent(20)) return fmt::format("not ({})", expression(family, random, depth - 1));
    return fmt::format("({}) {} ({})", expression(family, random, depth - 1),
                       random.percent(65) ? "or" : "and", expression(family, random, depth - 1));
}

// Loads one field and compares it with a value of the pools.
ClassicProgram field_test(Family family, Random& random) {
    const bool ipv4 = family == Family::Ipv4;
    const Address address = random.pick(addresses(family));
    const std::uint32_t word = static_cast<std::uint32_t>(address.bytes[0]) << 24 |
                               static_cast<std::uint32_t>(address.bytes[1]) << 16 |
                               static_cast<std::uint32_t>(address.bytes[2]) << 8 | address.bytes[3];
    ClassicProgram program;
    switch (random.below(4)) {
        case 0:
            program = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, ipv4 ? 12u : 8u},
                       {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, word}};
            break;
        case 1:
            program = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, ipv4 ? 9u : 6u},
                       {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, random.pick(protocols(family))}};
            break;
        case 2:
            program = {{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
                       {BPF_JMP | BPF_JGT | BPF_K, 0, 1, random.between(20, 100)}};
            break;
        default:
            program = {{BPF_LD | BPF_H | BPF_ABS, 0, 0, ipv4 ? 22u : 42u},
                       {BPF_JMP | BPF_JGE | BPF_K, 0, 1, random.pick(kPorts)}};
            break;
    }
    program.push_back({BPF_RET | BPF_K, 0, 0, random.percent(50) ? 1u : 0u});
    program.push_back({BPF_RET | BPF_K, 0, 0, program.back().k != 0 ? 0u : 0xffffu});
    return program;
}

}  // namespace

PcapMatch random_pcap_match(Family family, Random& random) {
    static const Names names = system_names();
    // Some of the texts are refused (tcp after mpls, a portrange without a meaning): another one.
    while (true) {
        const std::string text = expression(family, random, 3);
        Diagnostics diags;
        auto parsed = pcap::parse({text, {}}, {}, names, diags);
        if (!parsed) continue;
        return {random.percent(25) ? Sense::IsNot : Sense::Is, std::move(*parsed), {}};
    }
}

BpfMatch random_bpf_match(Family family, Hook hook, Random& random) {
    const ClassicTaste taste{.extensions = ClassicTaste::Extensions::Translated};
    while (true) {
        BpfMatch match;
        match.program =
            random.percent(60) ? field_test(family, random) : random_classic(random, taste);
        const bool changed = compiler::filter::reads_what_forwarding_changes(match.program, family);
        if (hook != Hook::Forward || !changed) return match;
    }
}

}  // namespace bpfw::test
