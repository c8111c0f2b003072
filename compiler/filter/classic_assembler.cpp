// SPDX-License-Identifier: GPL-2.0-or-later
// Classic instructions with labels -> a classic program. Door: ClassicAssembler.
#include "compiler/filter/classic_assembler.hpp"

#include <linux/filter.h>

#include <map>
#include <tuple>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kFarthest = 255;  // of jt and jf

parser::ClassicInstruction instruction(unsigned code, std::uint32_t k) {
    return {static_cast<std::uint16_t>(code), 0, 0, k};
}

}  // namespace

ClassicLabel ClassicAssembler::label() {
    labels_.push_back(kNone);
    return static_cast<ClassicLabel>(labels_.size() - 1);
}

void ClassicAssembler::bind(ClassicLabel label) {
    labels_[label] = static_cast<std::uint32_t>(items_.size());
}

void ClassicAssembler::emit(unsigned code, std::uint32_t k) {
    items_.push_back({.insn = instruction(code, k)});
}

void ClassicAssembler::branch(unsigned code, std::uint32_t k, ClassicLabel yes, ClassicLabel no) {
    items_.push_back({.insn = instruction(code, k), .yes = yes, .no = no});
}

void ClassicAssembler::ja(ClassicLabel to) {
    items_.push_back({.insn = instruction(BPF_JMP | BPF_JA, 0), .yes = to});
}

void ClassicAssembler::store(std::uint32_t word, std::uint32_t tag) {
    items_.push_back({.insn = instruction(BPF_ST, word), .tag = tag});
}

std::uint32_t ClassicAssembler::size_of(const Item& item) const {
    if (item.dropped) return 0;
    return 1U + (item.far_yes ? 1U : 0U) + (item.far_no ? 1U : 0U);
}

void ClassicAssembler::place() {
    places_.clear();
    std::uint32_t at = 0;
    for (const Item& item : items_) {
        places_.push_back(at);
        at += size_of(item);
    }
    places_.push_back(at);
}

void ClassicAssembler::follow_labels() {
    for (std::uint32_t at = 0; at < items_.size(); ++at) {
        for (std::uint32_t* to : {&items_[at].yes, &items_[at].no}) {
            if (*to == kNone) continue;
            *to = labels_[*to];
            if (*to == kNone || *to <= at) BPFW_BUG("a classic jump that is not forward");
        }
    }
}

// From the end on, items that do the same from there to a return get one number; ways then lead
// to the last of them.
void ClassicAssembler::share() {
    using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;
    std::map<Key, std::uint32_t> numbers;
    std::vector<std::uint32_t> last;                              // item, by number
    std::vector<std::uint32_t> number(items_.size() + 1, kNone);  // by item
    for (auto at = static_cast<std::uint32_t>(items_.size()); at-- > 0;) {
        Item& item = items_[at];
        const std::uint32_t yes = item.yes == kNone ? kNone : number[item.yes];
        const std::uint32_t no = item.no == kNone ? kNone : number[item.no];
        const bool jumps = item.yes != kNone;
        if (item.dropped || (jumps && (item.no == kNone || yes == no))) {
            number[at] = item.dropped ? number[at + 1] : yes;
        } else {
            const bool ends = BPF_CLASS(item.insn.code) == BPF_RET;
            const Key key{item.insn.code, item.insn.k,
                          jumps  ? yes
                          : ends ? kNone
                                 : number[at + 1],
                          no};
            const auto [found, is_new] =
                numbers.emplace(key, static_cast<std::uint32_t>(last.size()));
            if (is_new) last.push_back(at);
            number[at] = found->second;
        }
        if (!jumps) continue;
        item.yes = last[yes];
        if (yes == no) item = {.insn = instruction(BPF_JMP | BPF_JA, 0), .yes = item.yes};
        if (item.no != kNone) item.no = last[no];
    }
}

void ClassicAssembler::drop_unreached() {
    std::vector<bool> reached(items_.size() + 1, false);
    reached[0] = true;
    for (std::uint32_t at = 0; at < items_.size(); ++at) {
        Item& item = items_[at];
        if (!reached[at]) {
            item.dropped = true;
            continue;
        }
        if (item.yes != kNone) reached[item.yes] = true;
        if (item.no != kNone) reached[item.no] = true;
        const bool goes_on = item.dropped || item.yes == kNone;
        if (goes_on && BPF_CLASS(item.insn.code) != BPF_RET) reached[at + 1] = true;
    }
    // A ja over nothing.
    for (std::uint32_t at = 0; at < items_.size(); ++at) {
        Item& item = items_[at];
        if (item.dropped || item.yes == kNone || item.no != kNone) continue;
        std::uint32_t next = at + 1;
        while (next < item.yes && items_[next].dropped) ++next;
        item.dropped = next == item.yes;
    }
}

// A way is direct, by a ja to the same place that stands within reach, or by a ja of its own. From
// the end on, as the ja's that can be used are those behind.
bool ClassicAssembler::route() {
    std::map<std::uint32_t, std::uint32_t> nearest;  // by where it leads: a ja's place
    bool changed = false;
    for (std::size_t at = items_.size(); at-- > 0;) {
        Item& item = items_[at];
        if (item.dropped || item.no == kNone) continue;
        const std::uint32_t behind = places_[at] + 1;
        const auto way = [&](std::uint32_t to, bool& far) -> std::uint8_t {
            if (!far && places_[to] - behind <= kFarthest)
                return static_cast<std::uint8_t>(places_[to] - behind);
            const auto found = nearest.find(to);
            if (!far && found != nearest.end() && found->second - behind <= kFarthest)
                return static_cast<std::uint8_t>(found->second - behind);
            changed = changed || !far;
            far = true;
            return 0;
        };
        item.insn.jt = way(item.yes, item.far_yes);
        item.insn.jf = way(item.no, item.far_no);
        if (item.far_yes) nearest[item.yes] = behind;
        if (item.far_no) {
            item.insn.jf = item.far_yes ? 1 : 0;
            nearest[item.no] = behind + item.insn.jf;
        }
    }
    return changed;
}

ClassicProgram ClassicAssembler::finish() && {
    follow_labels();
    share();
    drop_unreached();
    do place();
    while (route());
    ClassicProgram out;
    const auto put_ja = [&](std::uint32_t to) {
        const auto next = static_cast<std::uint32_t>(out.size()) + 1;
        out.push_back(instruction(BPF_JMP | BPF_JA, places_[to] - next));
    };
    for (const Item& item : items_) {
        if (item.dropped) continue;
        if (item.no == kNone && item.yes != kNone) {
            put_ja(item.yes);
            continue;
        }
        out.push_back(item.insn);
        if (item.far_yes) put_ja(item.yes);
        if (item.far_no) put_ja(item.no);
    }
    return out;
}

}  // namespace bpfw::compiler::filter
