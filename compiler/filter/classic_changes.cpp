// SPDX-License-Identifier: GPL-2.0-or-later
// A classic program -> whether it may read what forwarding changes in the packet. What X can be is
// followed as a range, so that the usual load behind the IPv4 header is seen to be harmless. Door:
// reads_what_forwarding_changes() of classic.hpp.
#include <linux/filter.h>

#include <algorithm>
#include <array>
#include <limits>

#include "compiler/filter/classic_loads.hpp"

namespace bpfw::compiler::filter {
namespace {

using parser::ClassicInstruction;

constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kLinkBytes = 14;

// All that a register or a scratch word can hold.
struct Range {
    std::uint32_t least = 0;
    std::uint32_t most = kMost;
};

Range joined(const Range& a, const Range& b) {
    return {std::min(a.least, b.least), std::max(a.most, b.most)};
}

struct State {
    Range a{0, 0};
    Range x{0, 0};
    std::array<Range, BPF_MEMWORDS> words{};
};

State joined(const State& a, const State& b) {
    State out{joined(a.a, b.a), joined(a.x, b.x), {}};
    for (std::size_t word = 0; word < out.words.size(); ++word)
        out.words[word] = joined(a.words[word], b.words[word]);
    return out;
}

// Nothing known where it could wrap.
Range after(const ClassicInstruction& insn, const Range& a) {
    if (BPF_SRC(insn.code) == BPF_X) return {};
    switch (BPF_OP(insn.code)) {
        case BPF_ADD:
            return a.most <= kMost - insn.k ? Range{a.least + insn.k, a.most + insn.k} : Range{};
        case BPF_SUB:
            return a.least >= insn.k ? Range{a.least - insn.k, a.most - insn.k} : Range{};
        case BPF_AND:
            return {0, std::min(a.most, insn.k)};
        case BPF_RSH:
            return {a.least >> insn.k, a.most >> insn.k};
        case BPF_LSH:
            return a.most <= kMost >> insn.k ? Range{a.least << insn.k, a.most << insn.k} : Range{};
        default:
            return {};
    }
}

class Reading {
public:
    Reading(const ClassicProgram& program, parser::Family family)
        : program_(program), ipv4_(family == parser::Family::Ipv4), found_(program.size()) {}

    bool run() {
        found_[0] = State{};
        for (std::size_t at = 0; at < program_.size(); ++at) {
            if (!found_[at]) continue;
            State state = *found_[at];
            if (touches(program_[at], state)) return true;
            step(program_[at], state);
            go_on(program_[at], at, state);
        }
        return false;
    }

private:
    // IPv4's TTL and checksum; IPv6's hop limit.
    [[nodiscard]] bool changed(std::uint64_t first, std::uint64_t last) const {
        const auto holds = [&](std::uint64_t from, std::uint64_t to) {
            return first <= to && last >= from;
        };
        return ipv4_ ? holds(8, 8) || holds(10, 11) : holds(7, 7);
    }

    // Bytes first..last from that place on.
    [[nodiscard]] bool changed(const Place& place, std::uint64_t first, std::uint64_t last) const {
        if (place.kind == Place::Kind::Network) return changed(first, last);
        if (place.kind != Place::Kind::Link) return false;
        // A load from the link header runs on into the network header.
        if (last < kLinkBytes) return false;
        return changed(first < kLinkBytes ? 0 : first - kLinkBytes, last - kLinkBytes);
    }

    [[nodiscard]] bool touches(const ClassicInstruction& insn, const State& state) const {
        const Access access = access_of(insn);
        if (access.kind == Access::Kind::None) return false;
        const Place place = place_of(access.k);
        if (access.kind == Access::Kind::Fixed)
            return changed(place, place.offset, std::uint64_t{place.offset} + access.size - 1);
        // Where the sum of 32 bits can leave the place's part of the addresses, it may be anywhere.
        constexpr std::uint32_t kFarthest = 0xffff;
        if (state.x.most > kFarthest || place.offset > kFarthest ||
            place.kind == Place::Kind::Extension || place.kind == Place::Kind::Nowhere)
            return true;
        return changed(place, std::uint64_t{place.offset} + state.x.least,
                       std::uint64_t{place.offset} + state.x.most + access.size - 1);
    }

    void step(const ClassicInstruction& insn, State& state) const {
        switch (BPF_CLASS(insn.code)) {
            case BPF_LD:
                state.a = loaded(insn, state);
                break;
            case BPF_LDX:
                state.x = loaded(insn, state);
                break;
            case BPF_ST:
                state.words[insn.k] = state.a;
                break;
            case BPF_STX:
                state.words[insn.k] = state.x;
                break;
            case BPF_ALU:
                state.a = after(insn, state.a);
                break;
            case BPF_MISC:
                (BPF_MISCOP(insn.code) == BPF_TAX ? state.x : state.a) =
                    BPF_MISCOP(insn.code) == BPF_TAX ? state.a : state.x;
                break;
            default:
                break;
        }
    }

    [[nodiscard]] Range loaded(const ClassicInstruction& insn, const State& state) const {
        switch (BPF_MODE(insn.code)) {
            case BPF_IMM:
                return {insn.k, insn.k};
            case BPF_MEM:
                return state.words[insn.k];
            case BPF_MSH: {
                // The kernel takes no IPv4 header of less than 20 bytes.
                const Place place = place_of(insn.k);
                const bool header =
                    ipv4_ && place.kind == Place::Kind::Network && place.offset == 0;
                return {header ? 20U : 0U, 60};
            }
            case BPF_ABS:
            case BPF_IND: {
                const bool extension = BPF_MODE(insn.code) == BPF_ABS &&
                                       place_of(insn.k).kind == Place::Kind::Extension;
                if (extension || BPF_SIZE(insn.code) == BPF_W) return {};
                return {0, BPF_SIZE(insn.code) == BPF_B ? 0xffU : 0xffffU};
            }
            default:
                return {};
        }
    }

    void go_on(const ClassicInstruction& insn, std::size_t at, const State& state) {
        if (BPF_CLASS(insn.code) == BPF_RET) return;
        const Ways ways = ways_of(insn, at);
        for (const std::size_t to : {ways.first, ways.second})
            found_[to] = found_[to] ? joined(*found_[to], state) : state;
    }

    const ClassicProgram& program_;
    bool ipv4_;
    std::vector<std::optional<State>> found_;  // nothing: no way leads there
};

}  // namespace

bool reads_what_forwarding_changes(const ClassicProgram& program, parser::Family family) {
    return !fault_of(program) && Reading(program, family).run();
}

}  // namespace bpfw::compiler::filter
