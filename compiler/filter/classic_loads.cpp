// SPDX-License-Identifier: GPL-2.0-or-later
// A classic program -> which bytes of the packet it reads, and where looking for them once is
// enough. Door: classic_loads.hpp.
#include "compiler/filter/classic_loads.hpp"

#include <linux/filter.h>

#include <algorithm>
#include <limits>

namespace bpfw::compiler::filter {
namespace {

using parser::ClassicInstruction;

constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
constexpr auto kExtensions = static_cast<std::uint32_t>(SKF_AD_OFF);
constexpr auto kFromNetwork = static_cast<std::uint32_t>(SKF_NET_OFF);
constexpr auto kFromLink = static_cast<std::uint32_t>(SKF_LL_OFF);

std::uint32_t size_of(std::uint16_t code) {
    switch (BPF_SIZE(code)) {
        case BPF_B:
            return 1;
        case BPF_H:
            return 2;
        default:
            return 4;
    }
}

// Bytes from the network header on that a load at a fixed offset needs; 0 when it is none, or
// goes beyond `reach`.
std::uint32_t extent_of(const ClassicInstruction& insn, std::uint32_t reach) {
    const Access access = access_of(insn);
    if (access.kind != Access::Kind::Fixed) return 0;
    const Place place = place_of(access.k);
    if (place.kind == Place::Kind::Extension)
        return access.k == kExtensions + SKF_AD_PROTOCOL ? 1 : 0;
    const bool near = place.kind == Place::Kind::Network && place.offset <= reach;
    return near && place.offset + access.size <= reach ? place.offset + access.size : 0;
}

// Bytes that every way from an instruction reads, unless it ends without a match: a load that
// fails, a division by 0 and `ret 0` end all alike.
std::vector<std::uint32_t> anticipated(const ClassicProgram& program, std::uint32_t reach) {
    std::vector<std::uint32_t> out(program.size(), 0);
    for (std::size_t at = program.size(); at-- > 0;) {
        const ClassicInstruction& insn = program[at];
        if (BPF_CLASS(insn.code) == BPF_RET) {
            out[at] = insn.code == (BPF_RET | BPF_K) && insn.k == 0 ? kNoLimit : 0;
            continue;
        }
        const Ways ways = ways_of(insn, at);
        const std::uint32_t behind = std::min(out[ways.first], out[ways.second]);
        out[at] = std::max(extent_of(insn, reach), behind);
    }
    return out;
}

}  // namespace

Ways ways_of(const ClassicInstruction& insn, std::size_t at) {
    if (BPF_CLASS(insn.code) != BPF_JMP) return {at + 1, at + 1};
    if (BPF_OP(insn.code) == BPF_JA) return {at + 1 + insn.k, at + 1 + insn.k};
    return {at + 1 + insn.jt, at + 1 + insn.jf};
}

Place place_of(std::uint32_t k) {
    if (k <= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()))
        return {Place::Kind::Network, k};
    if (k >= kExtensions) return {Place::Kind::Extension, k - kExtensions};
    if (k >= kFromNetwork) return {Place::Kind::Network, k - kFromNetwork};
    if (k >= kFromLink) return {Place::Kind::Link, k - kFromLink};
    return {};
}

Access access_of(const ClassicInstruction& insn) {
    if (insn.code == (BPF_LDX | BPF_B | BPF_MSH)) {
        // The kernel looks for no extension here: it reads that far behind the network header.
        const std::uint32_t k = insn.k >= kExtensions ? insn.k - kFromNetwork : insn.k;
        return {Access::Kind::Fixed, 1, k};
    }
    if (BPF_CLASS(insn.code) != BPF_LD) return {};
    if (BPF_MODE(insn.code) == BPF_ABS) return {Access::Kind::Fixed, size_of(insn.code), insn.k};
    if (BPF_MODE(insn.code) == BPF_IND) return {Access::Kind::Variable, size_of(insn.code), insn.k};
    return {};
}

std::vector<std::uint32_t> looks(const ClassicProgram& program, std::uint32_t reach) {
    const std::vector<std::uint32_t> ahead = anticipated(program, reach);
    std::vector<std::uint32_t> known(program.size(), kNoLimit);
    std::vector<std::uint32_t> out(program.size(), 0);
    known[0] = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const ClassicInstruction& insn = program[at];
        std::uint32_t found = known[at];
        if (const std::uint32_t extent = extent_of(insn, reach); extent > found) {
            // `ahead` has no limit when every way ends without a match.
            out[at] = ahead[at] == kNoLimit ? extent : ahead[at];
            found = out[at];
        }
        if (BPF_CLASS(insn.code) == BPF_RET) continue;
        const Ways ways = ways_of(insn, at);
        known[ways.first] = std::min(known[ways.first], found);
        known[ways.second] = std::min(known[ways.second], found);
    }
    return out;
}

}  // namespace bpfw::compiler::filter
