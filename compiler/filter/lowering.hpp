// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of lowering share: where the headers lie as the text has it so far (Link), and
// the Builder, which makes blocks from the last to the first. Only lower*.cpp include this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/filter/graph.hpp"
#include "compiler/filter/lower.hpp"
#include "parser/pcap/expression.hpp"

namespace bpfw::compiler::filter {

// A place in the frame: a value (kNoValue: 0) and a constant.
struct Offset {
    ValueId base = kNoValue;
    std::uint32_t offset = 0;
};
// The constant wraps, as libpcap's does while it compiles.
inline Offset operator+(Offset at, std::uint32_t bytes) { return {at.base, at.offset + bytes}; }

// Where vlan, mpls, pppoes and geneve, in the order of the text, have moved the headers to.
struct Link {
    enum class Kind : std::uint8_t { Ethernet, Ppp };
    Kind kind = Kind::Ethernet;
    Offset header;                  // ether[0]
    Offset type{kNoValue, 12};      // EtherType or PPP protocol
    Offset payload{kNoValue, 14};   // LLC, or the first MPLS label, or the network header
    std::uint32_t network = 0;      // the network header, from the payload on
    std::uint32_t after_llc = 3;    // the ISO header, from the payload on
    std::uint32_t labels = 0;       // of MPLS
    std::uint32_t geneves = 0;      // how many `geneve` there were
    ValueId inner_type = kNoValue;  // Geneve's protocol type, when directly inside of one
    ValueId guard = kNoValue;       // see guarded() in lower_geneve.cpp
};
inline Offset network(const Link& link, std::uint32_t bytes) {
    return link.payload + (link.network + bytes);
}

// Where a test leads.
struct Ways {
    Target yes;
    Target no;
};
inline Ways swapped(const Ways& ways) { return {ways.no, ways.yes}; }

// Where the graph will run.
enum class Hook : std::uint8_t { Any, Ingress };

// Blocks are added before those that lead to them, and turned around by finish().
class Builder {
public:
    Builder(Graph& graph, Lists form) : values(graph.values), lists(form), graph_(graph) {}

    Values values;
    Lists lists;
    Target abort;  // of the expression that is being lowered
    Hook hook = Hook::Any;

    // Blocks added from here on belong to it.
    void begin(LineMark origin);
    Target add(Test test, const Ways& ways) { return add(std::move(test), ways, abort); }
    Target add(Test test, const Ways& ways, const Target& on_abort);
    SetId add_set(Set set);
    void finish(const Target& entry);

    ValueId load(const Offset& at, LoadSize size) { return values.load(size, at.base, at.offset); }
    Target compare(Relation relation, ValueId left, ValueId right, const Ways& ways);
    Target compare_number(Relation relation, ValueId left, std::uint32_t right, const Ways& ways) {
        return compare(relation, left, values.constant(right), ways);
    }
    // The number at `at`, masked, is `number`.
    Target is(const Offset& at, LoadSize size, std::uint32_t number, const Ways& ways,
              std::uint32_t mask = 0xffffffff);
    // Goes on to `next` when the bytes are there, else to `on_abort`.
    Target needs(const Offset& at, LoadSize size, const Target& next, const Target& on_abort);

private:
    Graph& graph_;
    bool used_ = false;  // the last origin has a block
};

// Tests a field of the source or of the destination.
using Side = std::function<Target(bool source, const Ways& ways)>;
Target lower_sides(parser::pcap::Direction direction, const Side& test, const Ways& ways);

// All lower_...() return the target that the test begins at. Those that take a function find the
// header that a primitive asks about; the function lowers what it asks there.

// lower_link.cpp
Target lower_link_type(Builder& b, const Link& link, std::uint32_t type, const Ways& ways);
Target lower_vlan(Builder& b, const Link& link, const parser::pcap::Vlan& vlan, const Ways& ways);
Target lower_mpls(Builder& b, const Link& link, const parser::pcap::Mpls& mpls, const Ways& ways);
Target lower_pppoe_session(Builder& b, const Link& link, const parser::pcap::PppoeSession& session,
                           const Ways& ways);
// What `primitive` makes of `link` for the text after it.
Link behind(Builder& b, const Link& link, const parser::pcap::Primitive& primitive);

// lower_geneve.cpp
Target lower_geneve(Builder& b, const Link& link, const parser::pcap::Geneve& geneve,
                    const Ways& ways);
Link behind_geneve(Builder& b, const Link& link, const parser::pcap::Geneve& geneve);
// For text that is also reached where the `geneve` before it did not match: a load at an inner
// offset aborts unless the frame is what it asked for.
Link guarded(Builder& b, Link link);

// lower_llc.cpp
Target lower_is_length(Builder& b, const Link& link, const Ways& ways);
Target lower_snap(Builder& b, const Link& link, std::uint32_t organisation, std::uint32_t type,
                  const Ways& ways);
Target lower_llc(Builder& b, const Link& link, parser::pcap::LlcType type, const Ways& ways);
Target lower_iso(Builder& b, const Link& link, std::uint32_t number, const Ways& ways);
Target lower_isis(Builder& b, const Link& link, std::span<const std::uint32_t> types,
                  const Ways& ways);
// The types of IS-IS packets that a word like `l1` or `csnp` stands for; none: no such word.
std::span<const std::uint32_t> isis_types(parser::pcap::Protocol protocol);

// lower_protocol.cpp
Target lower_protocol(Builder& b, const Link& link, parser::pcap::Protocol protocol,
                      const Ways& ways);
Target lower_proto(Builder& b, const Link& link, const parser::pcap::Proto& proto,
                   const Ways& ways);
Target lower_protochain(Builder& b, const Link& link, const parser::pcap::Protochain& chain,
                        const Ways& ways);
Target lower_broadcast(Builder& b, const Link& link, const parser::pcap::Broadcast& broadcast,
                       const Ways& ways);
Target lower_multicast(Builder& b, const Link& link, const parser::pcap::Multicast& multicast,
                       const Ways& ways);
// `tcp` is `proto 6`, `icmp` is `ip proto 1`; nothing for a protocol that is not one of IP's.
std::optional<parser::pcap::Proto> as_proto(parser::pcap::Protocol protocol);
// The byte that holds an IP protocol's number.
using NumberTest = std::function<Target(const Offset& number, const Ways& ways)>;
Target lower_ip_number(Builder& b, const Link& link, parser::pcap::Protocol protocol,
                       const NumberTest& test, const Ways& ways);

// lower_address.cpp
Target lower_host(Builder& b, const Link& link, const parser::pcap::Host& host, const Ways& ways);
Target lower_net(Builder& b, const Link& link, const parser::pcap::Net& net, const Ways& ways);
Target lower_ethernet_host(Builder& b, const Link& link, const parser::pcap::EthernetHost& host,
                           const Ways& ways);
using AddressTest =
    std::function<Target(const Offset& source, const Offset& destination, const Ways& ways)>;
Target lower_ipv4_addresses(Builder& b, const Link& link, parser::pcap::Protocol protocol,
                            const AddressTest& test, const Ways& ways);
Target lower_ipv6_addresses(Builder& b, const Link& link, const AddressTest& test,
                            const Ways& ways);
Target lower_ethernet_addresses(Builder& b, const Link& link, const AddressTest& test,
                                const Ways& ways);
using Words = std::array<std::uint32_t, 4>;
Words words_of(const parser::Address& address);  // IPv4: in [0]
// Every word, from the first on.
Target lower_is_address(Builder& b, const Offset& at, const Words& address, const Words& mask,
                        std::size_t words, const Ways& ways);

// lower_port.cpp
Offset transport(Builder& b, const Link& link);  // IPv4: behind the header's options
Target lower_not_fragment(Builder& b, const Link& link, const Ways& ways);
Target lower_port(Builder& b, const Link& link, const parser::pcap::Port& port, const Ways& ways);
Target lower_ports(Builder& b, const Link& link, parser::pcap::Protocol protocol,
                   const AddressTest& test, const Ways& ways);
Target lower_is_port(Builder& b, const Offset& at, const parser::PortRange& ports,
                     const Ways& ways);

// lower_arithmetic.cpp
Target lower_compare(Builder& b, const Link& link, const parser::pcap::Expression& expression,
                     const parser::pcap::Compare& compare, const Ways& ways);

// lower_sets.cpp
// How many of a list of `or`, from its front on, can be asked together as sets. nullptr: cannot.
std::size_t list_length(std::span<const parser::pcap::Primitive* const> of);
// `ways.yes` when one of them holds; list_length() says all of them.
Target lower_list(Builder& b, const Link& link, std::span<const parser::pcap::Primitive* const> of,
                  const Ways& ways);

// lower_sets6.cpp
struct Ipv6List {
    SetId set = 0;
    std::span<const SetRange> ranges;  // in the order of the text
};
Target lower_ipv6_list(Builder& b, const Ipv6List& list, parser::pcap::Direction direction,
                       const Offset& source, const Offset& destination, const Ways& ways);

}  // namespace bpfw::compiler::filter
