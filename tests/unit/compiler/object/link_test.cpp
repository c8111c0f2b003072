// SPDX-License-Identifier: GPL-2.0-or-later
// What can be seen in the linked object without a kernel.
#include "compiler/object/link.hpp"

#include <bpf/btf.h>
#include <elf.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>

#include "compiler/object/btf_ext.hpp"
#include "compiler/object/elf.hpp"
#include "tests/unit/compiler/object/sample.hpp"

namespace bpfw::compiler {
namespace {

ElfObject linked(const Program& program) {
    const auto bytes = link_object(sample::test_template(), program);
    EXPECT_TRUE(bytes.has_value());
    return read_elf(*bytes);
}

const ElfSection& section(const ElfObject& object, std::string_view name) {
    return object.sections.at(object.find_section(name));
}

const ElfSymbol& symbol(const ElfObject& object, std::string_view name) {
    for (const ElfSymbol& one : object.symbols)
        if (one.name == name) return one;
    throw std::out_of_range(std::string(name));
}

using Btf = std::unique_ptr<btf, decltype(&btf__free)>;
Btf types(const ElfObject& object) {
    const auto& bytes = section(object, ".BTF").bytes;
    return {btf__new(bytes.data(), static_cast<std::uint32_t>(bytes.size())), btf__free};
}

TEST(Link, ChainFunctionsAreDefinedBehindTheTemplatesOwn) {
    const ElfObject object = linked(sample::program());
    const std::size_t text = object.find_section(".text");
    const ElfSymbol& own = symbol(object, "needs_plus");
    for (const std::string& name : sample::kChains) {
        const ElfSymbol& chain = symbol(object, name);
        EXPECT_EQ(chain.section, text);
        EXPECT_EQ(chain.size, 2 * 8U);
        EXPECT_EQ(chain.info, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
        EXPECT_GT(chain.value, own.value);
    }
    for (const ElfSymbol& one : object.symbols) EXPECT_NE(one.section, ElfSymbol::kUndefined);
}

TEST(Link, RelocationsOfTheTemplateAreKept) {
    const ElfObject before = read_elf(sample::test_template());
    const ElfObject after = linked(sample::program());
    for (const char* name : {".text", "xdp", "tc"}) {
        const auto& old = section(before, name).relocations;
        const auto& now = section(after, name).relocations;
        ASSERT_FALSE(old.empty()) << name;
        ASSERT_EQ(old.size(), now.size()) << name;
        for (std::size_t i = 0; i < old.size(); ++i) {
            EXPECT_EQ(old[i].offset, now[i].offset);
            EXPECT_EQ(old[i].type, now[i].type);
            EXPECT_EQ(before.symbols[old[i].symbol].name, after.symbols[now[i].symbol].name);
        }
    }
}

TEST(Link, NeedsAndTheRulesetTextAreInTheirSections) {
    const ElfObject object = linked(sample::program());
    bpfw_config config{};
    std::memcpy(&config, section(object, ".rodata").bytes.data(), sizeof(config));
    EXPECT_EQ(config.needs, BPFW_NEEDS_MAC);
    EXPECT_EQ(config.force_hook, BPFW_HOOK_AUTO);
    const auto& bytes = section(object, BPFW_RULESET_SECTION).bytes;
    EXPECT_EQ(bytes.size() % 8, 0U);
    EXPECT_EQ(bytes.back(), std::byte{0});
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data())),
              BPFW_RULESET_MAGIC + sample::program().ruleset);
}

// bpfw_trace has max_entries 1 as well, and shares its type with bpfw_counters in the template.
TEST(Link, OnlyTheCountersGrow) {
    const ElfObject object = linked(sample::program());
    const Btf all = types(object);
    const auto entries = [&](const char* map) {
        const int id = btf__find_by_name_kind(all.get(), map, BTF_KIND_VAR);
        const btf_type* definition =
            btf__type_by_id(all.get(), btf__type_by_id(all.get(), static_cast<unsigned>(id))->type);
        for (unsigned i = 0; i < btf_vlen(definition); ++i) {
            const btf_member& member = btf_members(definition)[i];
            if (std::string_view(btf__name_by_offset(all.get(), member.name_off)) != "max_entries")
                continue;
            const btf_type* pointer = btf__type_by_id(all.get(), member.type);
            return btf_array(btf__type_by_id(all.get(), pointer->type))->nelems;
        }
        return 0U;
    };
    EXPECT_EQ(entries(BPFW_MAP_COUNTERS), 40U);
    EXPECT_EQ(entries(BPFW_MAP_TRACE), 1U);
}

TEST(Link, FunctionsHaveTheChainPrototypeAndGlobalLinkage) {
    Program program = sample::program();
    program.functions.push_back(sample::constant("user_chain_1", 3, 90));
    const ElfObject object = linked(program);
    const Btf all = types(object);
    for (const Function& function : program.functions) {
        const int id = btf__find_by_name_kind(all.get(), function.name.c_str(), BTF_KIND_FUNC);
        ASSERT_GT(id, 0) << function.name;
        const btf_type* found = btf__type_by_id(all.get(), static_cast<unsigned>(id));
        EXPECT_EQ(btf_vlen(found), BTF_FUNC_GLOBAL);  // a FUNC's linkage
        const btf_type* prototype = btf__type_by_id(all.get(), found->type);
        ASSERT_EQ(btf_vlen(prototype), 1U);
        EXPECT_STREQ(btf__name_by_offset(all.get(), btf_params(prototype)[0].name_off), "packet");
        const btf_type* pointer = btf__type_by_id(all.get(), btf_params(prototype)[0].type);
        const btf_type* packet = btf__type_by_id(all.get(), pointer->type);
        EXPECT_STREQ(btf__name_by_offset(all.get(), packet->name_off), "bpfw_packet");
        EXPECT_EQ(packet->size, sizeof(bpfw_packet));
    }
}

TEST(Link, LinesAscendAndNameTheRule) {
    Program program = sample::program();
    program.functions[3].lines[0].column = 4000;
    const ElfObject object = linked(program);
    const Btf all = types(object);
    BtfExt ext = read_btf_ext(section(object, ".BTF.ext").bytes);
    const int text = btf__find_str(all.get(), ".text");
    ASSERT_GT(text, 0);
    const auto& lines = ext.lines.of(static_cast<unsigned>(text));
    for (std::size_t i = 1; i < lines.size(); ++i)
        EXPECT_LT(lines[i - 1].insn_off, lines[i].insn_off);
    const auto& functions = ext.functions.of(static_cast<unsigned>(text));
    ASSERT_EQ(functions.size(), 2 + sample::kChains.size());
    const std::size_t first = lines.size() - sample::kChains.size();
    for (std::size_t i = 0; i < sample::kChains.size(); ++i) {
        const bpf_line_info& line = lines[first + i];
        EXPECT_EQ(line.insn_off, symbol(object, sample::kChains[i]).value);
        EXPECT_EQ(line.insn_off, functions[2 + i].insn_off);
        EXPECT_STREQ(btf__name_by_offset(all.get(), line.file_name_off), "web.rules");
        EXPECT_EQ(fmt::format("-A INPUT -p tcp --dport {} -j DROP", i + 1),
                  btf__name_by_offset(all.get(), line.line_off));
        EXPECT_EQ(line.line_col >> 10U, i + 1);
        EXPECT_EQ(line.line_col & 1023U, i == 3 ? 1023U : 5U);
    }
}

TEST(Link, CallsAndMapLoadsOfEmittedCodeAreRelocated) {
    Program program = sample::program();
    program.functions[0] = sample::counting(sample::kChains[0], "user_chain_1");
    program.functions.push_back(sample::constant("user_chain_1", 3, 90));
    const ElfObject object = linked(program);
    const auto& relocations = section(object, ".text").relocations;
    const std::uint64_t start = symbol(object, sample::kChains[0]).value;
    ASSERT_GE(relocations.size(), 2U);
    const ElfRelocation& map = relocations[relocations.size() - 2];
    const ElfRelocation& call = relocations.back();
    EXPECT_EQ(object.symbols[map.symbol].name, BPFW_MAP_COUNTERS);
    EXPECT_EQ(map.type, kRelocateLoad);
    EXPECT_EQ(map.offset, start + 4 * 8U);
    EXPECT_EQ(object.symbols[call.symbol].name, "user_chain_1");
    EXPECT_EQ(call.type, kRelocateCall);
    EXPECT_EQ(call.offset, symbol(object, sample::kChains[0]).value +
                               symbol(object, sample::kChains[0]).size - 2 * 8U);
}

TEST(Link, AProgramWithoutCountersHasOneSlotStill) {
    Program program = sample::program();
    program.counters = 0;
    EXPECT_TRUE(link_object(sample::test_template(), program).has_value());
}

using LinkDeathTest = testing::Test;

TEST(LinkDeathTest, OurOwnMistakesStop) {
    const auto bytes = sample::test_template();
    const auto die = [&](auto change) {
        Program program = sample::program();
        change(program);
        (void)link_object(bytes, program);
    };
    EXPECT_DEATH(die([](Program& p) { p.functions.pop_back(); }), "not emitted");
    EXPECT_DEATH(die([](Program& p) { p.functions.push_back(p.functions[0]); }), "defined twice");
    EXPECT_DEATH(die([](Program& p) { p.functions[0].name = "a-b"; }), "no C identifier");
    EXPECT_DEATH(die([](Program& p) { p.functions[0].lines.clear(); }), "no line at its start");
    EXPECT_DEATH(
        die([](Program& p) {
            p.functions[0].relocations.push_back({Relocation::Kind::Function, 0, "nowhere"});
        }),
        "undefined symbol 'nowhere'");
    EXPECT_DEATH(
        die([](Program& p) {
            p.functions[0].relocations.push_back({Relocation::Kind::Map, 0, BPFW_MAP_COUNTERS});
        }),
        "neither a call nor a ld_imm64");
    EXPECT_DEATH(die([](Program& p) {
                     p.functions[0] = sample::counting(p.functions[0].name, BPFW_MAP_TRACE);
                 }),
                 "is no function");
}

Function many_rules(const std::string& name, std::uint32_t rules) {
    Assembler as;
    as.mov(kPacket, kArgument);
    for (std::uint32_t i = 0; i < rules; ++i) {
        as.mark("big.rules", i + 1, 1,
                fmt::format("-A INPUT -s 10.{}.{}.0/24 -p tcp --dport 443 -j DROP", i / 250, i));
        const Label next = as.label();
        for (int field = 0; field < 4; ++field) {
            as.load(Size::U32, kField, kPacket, 32);
            as.jne32(kField, i, next);
        }
        as.mov32_imm(kResult, BPFW_DROP);
        as.exit();
        as.bind(next);
    }
    as.mov32_imm(kResult, BPFW_ACCEPT);
    as.exit();
    return std::move(as).finish(name);
}

struct Amount {
    const char* name;
    std::size_t functions;
    std::uint32_t rules;  // in each; 10 instructions per rule
};
class LinkSize : public testing::TestWithParam<Amount> {};

// 10,000 rules stand in the regular and the odd function of a hook: 200,000 instructions.
// The bound is for a busy machine and an unoptimised build; the time is printed.
TEST_P(LinkSize, IsWrittenQuickly) {
    Program program = sample::program();
    for (std::size_t i = 0; i < GetParam().functions; ++i)
        program.functions.push_back(many_rules(fmt::format("chain_{}", i), GetParam().rules));
    const auto bytes = sample::test_template();
    const auto begin = std::chrono::steady_clock::now();
    const auto object = link_object(bytes, program);
    const auto took =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin);
    ASSERT_TRUE(object.has_value());
    fmt::print("{} bytes in {:.1f} ms\n", object->size(), took.count());
    EXPECT_GT(object->size(), GetParam().functions * GetParam().rules * 10 * 8);
    EXPECT_LT(took.count(), 3000.0);
}

INSTANTIATE_TEST_SUITE_P(Of, LinkSize,
                         testing::Values(Amount{"ten_thousand_rules", 2, 10000},
                                         Amount{"a_thousand_functions", 1000, 10},
                                         Amount{"a_million_instructions", 1, 100000}),
                         [](const auto& tested) { return tested.param.name; });

// 200,000 different texts pass what the kernel takes as type information: those that do not
// fit are left out, the lines stay.
TEST(Link, TextsThatWouldPassTheKernelsLimitAreLeftOut) {
    Program program = sample::program();
    for (int i = 0; i < 2; ++i) {
        program.functions.push_back(many_rules(fmt::format("chain_{}", i), 100000));
        for (LineMark& mark : program.functions.back().lines)
            mark.text += fmt::format(" -m comment --comment \"{:064}\"", i);
    }
    const ElfObject object = linked(program);
    EXPECT_LT(section(object, ".BTF").bytes.size(), 16U << 20U);
    EXPECT_GT(section(object, ".BTF").bytes.size(), 11U << 20U);
}

}  // namespace
}  // namespace bpfw::compiler
