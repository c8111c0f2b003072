// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> Graph in which a value is not compared with many constants one after the other: those
// that lead to one target become a set, the others a balanced tree; few of them are asked in the
// order in which traffic is likely to have them. gather_chains() is the door.
#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/filter/passes.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::size_t kLeastSet = 8;   // constants with one target
constexpr std::size_t kLeastTree = 8;  // constants with several
constexpr std::size_t kLeaf = 3;       // compares in a row at the end of the tree's branches
constexpr BlockId kNew = 0x80000000;   // a target in the new blocks, not in the old ones

struct Case {
    std::uint32_t constant = 0;
    Target to;
    std::uint32_t origin = 0;
};

// Block after block by `no`, all about one value.
struct Chain {
    ValueId value = 0;
    std::vector<Case> cases;  // one for each block
    std::vector<BlockId> blocks;
    Target otherwise;
    Target abort;  // the first's: what it loads is there for the others
};

class Gathering {
public:
    explicit Gathering(Graph graph)
        : graph_(std::move(graph)),
          values_(graph_.values),
          ways_into_(graph_.blocks.size()),
          gathered_(graph_.blocks.size()),
          moved_(graph_.blocks.size()) {}

    Graph run() &&;

private:
    [[nodiscard]] std::optional<Case> case_of(BlockId block, ValueId& value) const;
    [[nodiscard]] Chain chain_from(BlockId block) const;
    void count_ways();
    bool replace(const Chain& chain);
    bool reorder(Chain chain);
    void put(const Test& test, Target yes, Target no, Target abort, std::uint32_t origin) {
        out_.push_back({test, yes, no, abort, origin});
    }
    // The one behind that which is put next.
    [[nodiscard]] Target next_block() const {
        return to_block(kNew | static_cast<BlockId>(out_.size() + 1));
    }
    void put_equal(const Chain& chain, const Case& one, const Target& no) {
        put(Compare{Relation::Equal, chain.value, values_.constant(one.constant)}, one.to, no,
            chain.abort, one.origin);
    }
    Test set_test(ValueId value, const std::vector<Case>& cases);
    void put_tree(const Chain& chain, std::span<const Case> cases);
    void rename(Target& to) const;

    Graph graph_;
    Values values_;
    std::vector<std::uint32_t> ways_into_;
    std::vector<std::uint8_t> gathered_;
    std::vector<BlockId> moved_;  // old number -> new one
    std::vector<Block> out_;
};

void Gathering::count_ways() {
    const auto count = [&](const Target& to) {
        if (to.kind == Target::Kind::Block) ++ways_into_[to.value];
    };
    count(graph_.entry);
    for (const Block& block : graph_.blocks) {
        count(block.yes);
        count(block.no);
        count(block.abort);
    }
}

// `value == constant`; kNoValue stands for any value.
std::optional<Case> Gathering::case_of(BlockId id, ValueId& value) const {
    const Block& block = graph_.blocks[id];
    const auto* compare = std::get_if<Compare>(&block.test);
    if (compare == nullptr || compare->relation != Relation::Equal) return std::nullopt;
    const auto* constant = std::get_if<Constant>(&graph_.values[compare->right]);
    if (constant == nullptr || (value != kNoValue && value != compare->left)) return std::nullopt;
    value = compare->left;
    return Case{constant->value, block.yes, block.origin};
}

Chain Gathering::chain_from(BlockId first) const {
    Chain chain{kNoValue, {}, {}, to_block(first), graph_.blocks[first].abort};
    while (chain.otherwise.kind == Target::Kind::Block) {
        const BlockId id = chain.otherwise.value;
        if (gathered_[id] != 0) break;
        const auto next = case_of(id, chain.value);
        if (!next) break;
        chain.cases.push_back(*next);
        chain.blocks.push_back(id);
        chain.otherwise = graph_.blocks[id].no;
    }
    return chain;
}

// Of two equal constants the first counts.
std::vector<Case> sorted(std::vector<Case> cases) {
    std::stable_sort(cases.begin(), cases.end(),
                     [](const Case& a, const Case& b) { return a.constant < b.constant; });
    cases.erase(std::unique(cases.begin(), cases.end(),
                            [](const Case& a, const Case& b) { return a.constant == b.constant; }),
                cases.end());
    return cases;
}

// IPv4 and TCP are the most frequent EtherType and protocol, IPv6 and UDP come next. What else
// these numbers may stand for is asked in any order as well.
unsigned rank(const Case& one) {
    constexpr std::uint32_t kIpv4 = 0x800;
    constexpr std::uint32_t kIpv6 = 0x86dd;
    constexpr std::uint32_t kTcp = 6;
    constexpr std::uint32_t kUdp = 17;
    if (one.constant == kIpv4 || one.constant == kTcp) return 0;
    return one.constant == kIpv6 || one.constant == kUdp ? 1 : 2;
}

Test Gathering::set_test(ValueId value, const std::vector<Case>& cases) {
    Set set{1, {}};
    for (const Case& one : cases) {
        if (!set.ranges.empty() && set.ranges.back().last[0] + 1 == one.constant)
            set.ranges.back().last[0] = one.constant;
        else
            set.ranges.push_back({{one.constant}, {one.constant}});
    }
    graph_.sets.push_back(std::move(set));
    return Member{{value}, static_cast<SetId>(graph_.sets.size() - 1)};
}

// Both halves of a branch lie behind it; the abort of all but the chain's first is never taken.
void Gathering::put_tree(const Chain& chain, std::span<const Case> cases) {
    if (cases.size() > kLeaf) {
        const std::size_t middle = cases.size() / 2;
        const std::size_t at = out_.size();
        const Compare compare{Relation::GreaterEqual, chain.value,
                              values_.constant(cases[middle].constant)};
        put(compare, {}, next_block(), chain.abort, cases[middle].origin);
        put_tree(chain, cases.first(middle));
        out_[at].yes = to_block(kNew | static_cast<BlockId>(out_.size()));
        put_tree(chain, cases.subspan(middle));
        return;
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const bool last = i + 1 == cases.size();
        put_equal(chain, cases[i], last ? chain.otherwise : next_block());
    }
}

bool Gathering::replace(const Chain& chain) {
    const auto key = [](const Target& to) { return std::pair(to.kind, to.value); };
    std::map<std::pair<Target::Kind, std::uint32_t>, std::vector<Case>> by_target;
    for (const Case& one : sorted(chain.cases)) by_target[key(one.to)].push_back(one);
    std::vector<Case> rest;
    std::vector<const std::vector<Case>*> sets;
    for (const auto& [target, cases] : by_target) {
        if (cases.size() >= kLeastSet)
            sets.push_back(&cases);
        else
            rest.insert(rest.end(), cases.begin(), cases.end());
    }
    if (sets.empty() && rest.size() < kLeastTree) return false;
    std::sort(rest.begin(), rest.end(),
              [](const Case& a, const Case& b) { return a.constant < b.constant; });
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const bool last = i + 1 == sets.size() && rest.empty();
        const Target next = last ? chain.otherwise : next_block();
        const Case& first = sets[i]->front();
        put(set_test(chain.value, *sets[i]), first.to, next, chain.abort, first.origin);
    }
    if (!rest.empty()) put_tree(chain, rest);
    return true;
}

// As far as nothing else leads into the chain.
bool Gathering::reorder(Chain chain) {
    std::size_t alone = 1;
    while (alone < chain.blocks.size() && ways_into_[chain.blocks[alone]] == 1) ++alone;
    chain.cases.resize(alone);
    chain.blocks.resize(alone);
    const auto before = [](const Case& a, const Case& b) { return rank(a) < rank(b); };
    if (std::is_sorted(chain.cases.begin(), chain.cases.end(), before)) return false;
    std::stable_sort(chain.cases.begin(), chain.cases.end(), before);
    const Target otherwise = graph_.blocks[chain.blocks.back()].no;
    for (std::size_t i = 0; i < alone; ++i) {
        gathered_[chain.blocks[i]] = 1;
        put_equal(chain, chain.cases[i], i + 1 == alone ? otherwise : next_block());
    }
    return true;
}

void Gathering::rename(Target& to) const {
    if (to.kind == Target::Kind::Block)
        to.value = (to.value & kNew) != 0 ? to.value & ~kNew : moved_[to.value];
}

Graph Gathering::run() && {
    count_ways();
    for (BlockId id = 0; id < graph_.blocks.size(); ++id) {
        moved_[id] = static_cast<BlockId>(out_.size());
        const Chain chain = chain_from(id);
        bool replaced = false;
        if (chain.cases.size() >= std::min(kLeastSet, kLeastTree)) {
            // Where something else leads into the chain, its blocks stay, too.
            for (const BlockId block : chain.blocks) gathered_[block] = 1;
            replaced = replace(chain);
        } else if (!chain.cases.empty()) {
            replaced = reorder(chain);
        }
        if (!replaced) out_.push_back(graph_.blocks[id]);
    }
    graph_.blocks = std::move(out_);
    rename(graph_.entry);
    for (Block& block : graph_.blocks) {
        rename(block.yes);
        rename(block.no);
        rename(block.abort);
    }
    return compact(std::move(graph_));
}

}  // namespace

Graph gather_chains(Graph graph) { return Gathering(std::move(graph)).run(); }

}  // namespace bpfw::compiler::filter
