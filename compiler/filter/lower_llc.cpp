// SPDX-License-Identifier: GPL-2.0-or-later
// What lies behind an 802.3 length: LLC's control byte, SNAP, ISO and IS-IS.
#include <array>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;

// IS-IS packet types (ISO 10589). 17, the point-to-point hello, is of both levels.
constexpr std::array<std::uint32_t, 5> kLevel1 = {15, 17, 18, 24, 26};
constexpr std::array<std::uint32_t, 5> kLevel2 = {16, 17, 20, 25, 27};
constexpr std::array<std::uint32_t, 3> kHello = {15, 16, 17};
constexpr std::array<std::uint32_t, 2> kLinkState = {18, 20};
constexpr std::array<std::uint32_t, 4> kSequence = {24, 25, 26, 27};
constexpr std::array<std::uint32_t, 2> kCompleteSequence = {24, 25};
constexpr std::array<std::uint32_t, 2> kPartialSequence = {26, 27};

// control & mask == value.
struct Control {
    std::uint32_t mask;
    std::uint32_t value;
};

Control control_of(pcap::LlcType type) {
    switch (type) {
        case pcap::LlcType::Any:
            return {0, 0};
        case pcap::LlcType::I:
            return {0x01, 0x00};
        case pcap::LlcType::S:
            return {0x03, 0x01};
        case pcap::LlcType::U:
            return {0x03, 0x03};
        case pcap::LlcType::Rr:
            return {0x0f, 0x01};
        case pcap::LlcType::Rnr:
            return {0x0f, 0x05};
        case pcap::LlcType::Rej:
            return {0x0f, 0x09};
        case pcap::LlcType::Ui:
            return {0xef, 0x03};
        case pcap::LlcType::Ua:
            return {0xef, 0x63};
        case pcap::LlcType::Disc:
            return {0xef, 0x43};
        case pcap::LlcType::Dm:
            return {0xef, 0x0f};
        case pcap::LlcType::Sabme:
            return {0xef, 0x6f};
        case pcap::LlcType::Test:
            return {0xef, 0xe3};
        case pcap::LlcType::Xid:
            return {0xef, 0xaf};
        case pcap::LlcType::Frmr:
            return {0xef, 0x87};
    }
    BPFW_BUG("llc type out of range");
}

}  // namespace

Target lower_is_length(Builder& b, const Link& link, const Ways& ways) {
    return b.compare_number(Relation::Greater, b.load(link.type, LoadSize::U16), 1500,
                            swapped(ways));
}

Target lower_snap(Builder& b, const Link& link, std::uint32_t organisation, std::uint32_t type,
                  const Ways& ways) {
    const std::uint32_t first = 0xaaaa0300U | organisation >> 16U;
    const std::uint32_t second = (organisation & 0xffffU) << 16U | type;
    const Target head = b.is(link.payload, LoadSize::U32, first, ways);
    return b.is(link.payload + 4, LoadSize::U32, second, {head, ways.no});
}

Target lower_llc(Builder& b, const Link& link, pcap::LlcType type, const Ways& ways) {
    const Control control = control_of(type);
    const Target asked =
        control.mask == 0 ? ways.yes
                          : b.is(link.payload + 2, LoadSize::U8, control.value, ways, control.mask);
    // 0xffff: Novell's frames have an 802.3 length too, and no LLC.
    const Target novell = b.is(link.payload, LoadSize::U16, 0xffff, {ways.no, asked});
    return lower_is_length(b, link, {novell, ways.no});
}

Target lower_iso(Builder& b, const Link& link, std::uint32_t number, const Ways& ways) {
    const Target found = b.is(link.payload + link.after_llc, LoadSize::U8, number, ways);
    return lower_link_type(b, link, 0xfe, {found, ways.no});
}

Target lower_isis(Builder& b, const Link& link, std::span<const std::uint32_t> types,
                  const Ways& ways) {
    Target at = ways.no;
    for (std::size_t i = types.size(); i > 0; --i) {
        at = b.is(link.payload + (link.after_llc + 4), LoadSize::U8, types[i - 1], {ways.yes, at});
    }
    return lower_iso(b, link, 0x83, {at, ways.no});
}

std::span<const std::uint32_t> isis_types(pcap::Protocol protocol) {
    if (protocol == pcap::Protocol::L1) {
        return kLevel1;
    }
    if (protocol == pcap::Protocol::L2) {
        return kLevel2;
    }
    if (protocol == pcap::Protocol::Iih) {
        return kHello;
    }
    if (protocol == pcap::Protocol::Lsp) {
        return kLinkState;
    }
    if (protocol == pcap::Protocol::Snp) {
        return kSequence;
    }
    if (protocol == pcap::Protocol::Csnp) {
        return kCompleteSequence;
    }
    if (protocol == pcap::Protocol::Psnp) {
        return kPartialSequence;
    }
    return {};
}

}  // namespace bpfw::compiler::filter
