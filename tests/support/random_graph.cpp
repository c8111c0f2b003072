// SPDX-License-Identifier: GPL-2.0-or-later
// Random filter graphs and frames.
#include "tests/support/random_graph.hpp"

#include <algorithm>

namespace bpfw::test {
namespace {

using namespace compiler::filter;

constexpr std::uint32_t kNumbers[] = {0,    1,      2,      4,      5,      6,          8,
                                      0x0f, 0x11,   0x14,   0x45,   0x86,   0xf0,       0xff,
                                      300,  0x0800, 0x0806, 0x86dd, 0xff00, 0x45000014, 0x80000000};

class Maker {
public:
    Maker(Random& random, std::size_t blocks) : random_(random), count_(blocks) {}
    Graph make();

private:
    std::uint32_t number() {
        return random_.percent(90) ? random_.pick(kNumbers) : random_.below(0x100000000U);
    }
    ValueId some() { return made_[random_.below(made_.size())]; }
    LoadSize size() {
        static constexpr LoadSize kSizes[] = {LoadSize::U8, LoadSize::U16, LoadSize::U32};
        return random_.pick(kSizes);
    }
    void make_values();
    ValueId value();
    void make_sets();
    Test test();
    Test compare();
    Block chained(std::size_t id);
    Target target(std::size_t from);

    Random& random_;
    std::size_t count_;
    Graph graph_;
    Values values_{graph_.values};
    std::vector<ValueId> made_;
    ValueId chained_ = kNoValue;  // what most blocks compare with a constant
};

void Maker::make_values() {
    for (std::uint32_t at = 0; at < 4; ++at)
        made_.push_back(values_.load(size(), kNoValue, random_.below(30)));
    const ValueId nibble = values_.binary(Operator::And, made_[0],
                                          values_.constant(random_.percent(50) ? 0x0fU : 0x07U));
    made_.push_back(values_.binary(Operator::ShiftLeft, nibble, values_.constant(2)));
    const std::uint32_t more = random_.below(10);
    for (std::uint32_t i = 0; i < more; ++i) made_.push_back(value());
    if (random_.percent(20)) made_.push_back(values_.add(FrameLength{}));
}

ValueId Maker::value() {
    if (random_.percent(30)) return values_.load(size(), some(), random_.below(20));
    const auto op = static_cast<Operator>(random_.below(11));
    const bool shift = op == Operator::ShiftLeft || op == Operator::ShiftRight;
    if (random_.percent(70))
        return values_.binary(op, some(), values_.constant(shift ? random_.below(34) : number()));
    return values_.binary(op, some(), some());
}

void Maker::make_sets() {
    for (const int kind : {0, 1, 2, 3}) {
        const std::uint8_t words = kind == 3 ? 2 : 1;
        std::vector<std::uint32_t> picked;
        const std::uint32_t size = random_.between(1, 12);
        for (std::uint32_t i = 0; i < size; ++i) picked.push_back(random_.pick(kNumbers));
        std::sort(picked.begin(), picked.end());
        Set set{words, {}};
        for (const std::uint32_t first : picked) {
            const std::uint32_t last = random_.percent(30) ? first + random_.below(4) : first;
            SetRange range{{first}, {last}};
            if (words == 2) range = {{first, 7}, {first, last < first ? 7 : 7 + last - first}};
            if (!set.ranges.empty() && (range.first <= set.ranges.back().last ||
                                        (words == 1 && first == set.ranges.back().last[0] + 1)))
                continue;
            set.ranges.push_back(range);
        }
        graph_.sets.push_back(set);
    }
}

Test Maker::compare() {
    const auto relation = static_cast<Relation>(random_.below(4));
    Compare compare{random_.percent(50) ? Relation::Equal : relation, some(),
                    values_.constant(number())};
    if (random_.percent(10)) compare.right = some();
    if (random_.percent(5)) std::swap(compare.left, compare.right);
    return compare;
}

Test Maker::test() {
    const std::uint32_t kind = random_.below(100);
    if (kind < 20) {
        const SetId set = random_.below(graph_.sets.size());
        Member member{{}, set};
        for (unsigned i = 0; i < graph_.sets[set].words; ++i) member.key.push_back(some());
        return member;
    }
    if (kind < 24) return IsOutbound{};
    if (kind < 27) return Log{random_.below(3)};
    if (kind < 30)
        return InProtochain{random_.percent(50) ? parser::Family::Ipv4 : parser::Family::Ipv6,
                            values_.constant(random_.below(10)),
                            static_cast<std::uint8_t>(number())};
    return compare();
}

Target Maker::target(std::size_t from) {
    const std::size_t to = from + 1 + random_.below(6);
    if (to >= count_ || random_.percent(10)) return give(random_.below(3));
    return to_block(static_cast<BlockId>(to));
}

Block Maker::chained(std::size_t id) {
    const Test equal =
        Compare{Relation::Equal, chained_,
                values_.constant(random_.percent(50) ? number() : random_.below(40))};
    const auto next = static_cast<BlockId>(id + 1);
    return {equal, random_.percent(50) ? give(1) : target(id),
            next < count_ ? to_block(next) : give(0), give(0), 0};
}

Graph Maker::make() {
    make_values();
    make_sets();
    if (random_.percent(25)) chained_ = some();
    graph_.origins = {{0, "rules", 1, 0, "first"}, {0, "rules", 2, 0, "second"}};
    std::size_t stretch_end = 0;
    for (std::size_t id = 0; id < count_; ++id) {
        if (id == stretch_end) stretch_end = id + 1 + random_.below(12);
        const Target abort =
            stretch_end < count_ ? to_block(static_cast<BlockId>(stretch_end)) : give(0);
        Block block{test(), target(id), target(id), random_.percent(90) ? abort : target(id),
                    random_.below(2)};
        if (chained_ != kNoValue && random_.percent(95)) {
            const Target same = block.abort;
            block = chained(id);
            block.abort = same;
        }
        graph_.blocks.push_back(block);
    }
    graph_.entry = count_ == 0 ? give(1) : to_block(0);
    return std::move(graph_);
}

}  // namespace

Graph random_graph(Random& random, std::size_t blocks) { return Maker(random, blocks).make(); }

std::vector<std::byte> random_frame(Random& random, std::size_t length) {
    std::vector<std::byte> bytes;
    while (bytes.size() < length) {
        const std::uint32_t number = random.pick(kNumbers);
        const unsigned wide = random.percent(40) ? 4 : random.percent(50) ? 2 : 1;
        for (unsigned i = wide; i-- > 0;) bytes.push_back(static_cast<std::byte>(number >> 8 * i));
    }
    bytes.resize(length);
    return bytes;
}

}  // namespace bpfw::test
