// SPDX-License-Identifier: GPL-2.0-or-later
// What qualifiers and an identifier, or a word alone, mean on Ethernet, and what libpcap 1.10.3
// refuses of it. Mistakes are told and a node comes back all the same: the text goes on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/base/diagnostics.hpp"
#include "parser/parse.hpp"
#include "parser/pcap/builder.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/pcap/token.hpp"

namespace bpfw::parser::pcap {

enum class AddressType : std::uint8_t { None, Host, Net, Port, PortRange, Proto, Protochain };

// What stands before an identifier. Not said: nothing to its left had any.
struct Qualifiers {
    bool said = false;
    Protocol protocol = Protocol::None;
    Direction direction = Direction::None;
    AddressType type = AddressType::None;
};

// Where mistakes go, with the text they are in.
class Mistakes {
public:
    Mistakes(const Text& text, Diagnostics& diags) : text_(text), diags_(diags) {}
    Diagnostic& error(Range at, std::string what);
    [[nodiscard]] Span span(Range at) const;
    [[nodiscard]] std::string_view words(Range at) const;
    [[nodiscard]] unsigned count() const { return count_; }

private:
    const Text& text_;
    Diagnostics& diags_;
    unsigned count_ = 0;
};

// What earlier primitives of the text have done to the ones behind them.
class Encapsulation {
public:
    bool mpls = false;    // the network header is behind labels: no type field
    bool ppp = false;     // the link is PPP, in PPPoE
    bool geneve = false;  // offsets are known at run time only
    // Scratch words of classic BPF in use; false when there are no more.
    [[nodiscard]] bool take(unsigned words);
    void give(unsigned words) { words_ -= words; }

private:
    unsigned words_ = 0;
};

class Meaning {
public:
    Meaning(const Options& options, const Names& names, Mistakes& mistakes, Builder& builder)
        : options_(options), names_(names), mistakes_(mistakes), builder_(builder) {}

    // Identifiers: the qualifiers are those that count here, `at` is where the identifier stands.
    NodeId number(const Qualifiers& q, std::uint32_t value, Range at);
    NodeId name(const Qualifiers& q, std::string_view name, Range at);
    NodeId dotted(const Qualifiers& q, std::string_view address, Range at);
    NodeId dotted_net(const Qualifiers& q, std::string_view address, std::uint32_t length,
                      Range at);
    NodeId dotted_net(const Qualifiers& q, std::string_view address, std::string_view mask,
                      Range at);
    NodeId ipv6(const Qualifiers& q, std::string_view address, std::uint32_t length, Range at);
    NodeId mac(const Qualifiers& q, std::string_view address, Range at);
    NodeId arcnet(Range at);

    // Words without an identifier.
    NodeId protocol(Protocol protocol, Range at);
    NodeId broadcast(Protocol protocol, Range at);
    NodeId multicast(Protocol protocol, Range at);
    NodeId vlan(std::optional<std::uint32_t> id, Range at);
    NodeId mpls(std::optional<std::uint32_t> label, Range at);
    NodeId pppoe_discovery(Range at);
    NodeId pppoe_session(std::optional<std::uint32_t> id, Range at);
    NodeId geneve(std::optional<std::uint32_t> vni, Range at);
    NodeId llc(std::string_view type, Range at);  // "": any
    NodeId plain(const Primitive& value, Range at);

    // Arithmetic.
    ArithmeticId constant(std::uint32_t value, Range at);
    ArithmeticId frame_length(Range at);
    ArithmeticId load(Protocol protocol, ArithmeticId offset, std::uint32_t size, Range at);
    ArithmeticId binary(Operator op, ArithmeticId left, ArithmeticId right, Range at);
    ArithmeticId negated(ArithmeticId of, Range at);
    NodeId compare(Relation relation, ArithmeticId left, ArithmeticId right, Range at);

private:
    NodeId host4(const Qualifiers& q, std::uint32_t address, std::uint32_t mask, Range at);
    NodeId host6(const Qualifiers& q, const Address& address, unsigned length, Range at);
    NodeId host_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId ether_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId ether_host(const Qualifiers& q, const std::array<std::uint8_t, 6>& address, Range at);
    NodeId net_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId port(const Qualifiers& q, long first, long last, Protocol found, Range at);
    NodeId port_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId port_range_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId proto(const Qualifiers& q, std::uint32_t number, Range at);
    NodeId proto_name(const Qualifiers& q, std::string_view name, Range at);
    NodeId refuse(Range at, std::string what, std::string hint = "");
    NodeId unqualified(Range at);
    NodeId no_link_address(Range at);
    void need_link_type(Protocol protocol, Range at);
    void need_words(unsigned words, Range at);

    const Options& options_;
    const Names& names_;
    Mistakes& mistakes_;
    Builder& builder_;
    Encapsulation encapsulation_;
    bool told_words_ = false;
};

}  // namespace bpfw::parser::pcap
