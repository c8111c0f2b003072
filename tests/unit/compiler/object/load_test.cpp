// SPDX-License-Identifier: GPL-2.0-or-later
// The linked object in the kernel: loaded by libbpf and by bpftool, run by TEST_RUN. Needs
// root; attaches to nothing, pins only under a directory of its own.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>

#include "compiler/object/object.hpp"
#include "tests/unit/compiler/object/sample.hpp"

namespace bpfw::compiler {
namespace {

using Object = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;

Object opened(const std::vector<std::byte>& bytes) {
    return {bpf_object__open_mem(bytes.data(), bytes.size(), nullptr), bpf_object__close};
}

std::vector<std::byte> linked(const Program& program) {
    auto bytes = link_object(sample::test_template(), program);
    EXPECT_TRUE(bytes.has_value());
    return bytes ? *bytes : std::vector<std::byte>{};
}

std::uint32_t run(int program, std::uint8_t first_byte) {
    std::array<std::uint8_t, 64> frame{first_byte};
    frame[12] = 0x08;  // IPv4, for SCHED_CLS
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()), .repeat = 1);
    EXPECT_EQ(bpf_prog_test_run_opts(program, &options), 0);
    return options.retval;
}

int program_fd(const Object& object, const char* name) {
    return bpf_program__fd(bpf_object__find_program_by_name(object.get(), name));
}

std::uint64_t packets_in_slot(const Object& object, std::uint32_t slot) {
    const bpf_map* counters = bpf_object__find_map_by_name(object.get(), BPFW_MAP_COUNTERS);
    std::vector<bpfw_counter> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(counters), &slot, values.data()), 0);
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0},
                           [](auto sum, const auto& one) { return sum + one.packets; });
}

// What a command prints; empty when it fails.
std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                     ::pclose);
    std::string text;
    std::array<char, 4096> piece{};
    while (std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe.get()))
        text.append(piece.data(), got);
    return text;
}

class Load : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
};

TEST_F(Load, EveryChainFunctionIsTheOneThatIsCalled) {
    const Object object = opened(linked(sample::program()));
    ASSERT_TRUE(object);
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    const int xdp = program_fd(object, BPFW_PROG_XDP);
    for (std::size_t i = 0; i < sample::kChains.size(); ++i)
        EXPECT_EQ(run(xdp, static_cast<std::uint8_t>(i)), sample::answer(i)) << sample::kChains[i];
    EXPECT_EQ(run(program_fd(object, BPFW_PROG_TC_INGRESS), 0), sample::answer(11));
}

TEST_F(Load, EmittedCodeCountsAndCallsOn) {
    Program program = sample::program();
    program.functions[0] = sample::counting(sample::kChains[0], "user_chain_1");
    program.functions.push_back(sample::constant("user_chain_1", 77, 90));
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    const int xdp = program_fd(object, BPFW_PROG_XDP);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(run(xdp, 0), 77U);
    const bpf_map* counters = bpf_object__find_map_by_name(object.get(), BPFW_MAP_COUNTERS);
    EXPECT_EQ(bpf_map__max_entries(counters), 40U);
    EXPECT_EQ(packets_in_slot(object, 7), 5U);
}

// Bit 1 of packet.length leads to 66 and the value 1 to 55, both over 40,000 instructions that
// every other value runs through and has added.
Function far_jumps(const std::string& name) {
    Assembler as;
    const Label end = as.label();
    const Label middle = as.label();
    as.jeq(kArgument, 0, end);  // to the verifier, a global function's pointer may be NULL
    as.load(Size::U32, kField, kArgument, offsetof(bpfw_packet, length));
    as.jset32(kField, 2, end);
    as.jeq32(kField, 1, middle);
    for (int i = 0; i < 40000; ++i) as.add32_imm(kField, 1);
    as.mov32(kResult, kField);
    as.exit();
    as.bind(middle);
    as.mov32_imm(kResult, 55);
    as.exit();
    as.bind(end);
    as.mov32_imm(kResult, 66);
    as.exit();
    return std::move(as).finish(name);
}

TEST_F(Load, FarJumpsArriveWhereTheyShould) {
    Program program = sample::program();
    for (const std::size_t i : {1U, 2U, 4U}) program.functions[i] = far_jumps(sample::kChains[i]);
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    const int xdp = program_fd(object, BPFW_PROG_XDP);
    EXPECT_EQ(run(xdp, 1), 55U);
    EXPECT_EQ(run(xdp, 2), 66U);
    EXPECT_EQ(run(xdp, 4), 40004U);
}

// The ruleset's text ends in a frozen map that the program holds, whatever its size.
TEST_F(Load, ALongRulesetIsBoundToThePrograms) {
    Program program = sample::program();
    while (program.ruleset.size() < 10'000'000)
        program.ruleset += "-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 22 -j ACCEPT\n";
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    std::array<std::uint32_t, 16> ids{};
    bpf_prog_info info{};
    info.nr_map_ids = ids.size();
    info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    std::uint32_t size = sizeof(info);
    ASSERT_EQ(bpf_obj_get_info_by_fd(program_fd(object, BPFW_PROG_XDP), &info, &size), 0);
    std::string text;
    for (std::uint32_t i = 0; i < info.nr_map_ids; ++i) {
        const int map = bpf_map_get_fd_by_id(ids[i]);
        bpf_map_info about{};
        size = sizeof(about);
        EXPECT_EQ(bpf_obj_get_info_by_fd(map, &about, &size), 0);
        if (std::string(about.name) == BPFW_RULESET_SECTION) {
            std::vector<char> value(about.value_size);
            const std::uint32_t key = 0;
            EXPECT_EQ(bpf_map_lookup_elem(map, &key, value.data()), 0);
            text = value.data();
            EXPECT_NE(bpf_map_update_elem(map, &key, value.data(), BPF_ANY), 0) << "not frozen";
        }
        ::close(map);
    }
    EXPECT_EQ(text, BPFW_RULESET_MAGIC + program.ruleset);
}

// Two hundred chains beside the twelve, each calling the one below the next eight.
TEST_F(Load, ManyFunctionsLoad) {
    Program program = sample::program();
    for (std::uint32_t i = 0; i < 200; ++i)
        program.functions.push_back(sample::constant(fmt::format("chain_{}", i), i, 100 + i));
    Assembler as;
    as.mov(kPacket, kArgument);
    for (std::uint32_t i = 0; i < 200; ++i) {
        as.mark("web.rules", 100 + i, 1, fmt::format("-A INPUT -j chain_{}", i));
        as.mov(kArgument, kPacket);
        as.call(fmt::format("chain_{}", i));
    }
    as.exit();
    program.functions[0] = std::move(as).finish(sample::kChains[0]);
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    EXPECT_EQ(run(program_fd(object, BPFW_PROG_XDP), 0), 199U);
}

// More text than the kernel takes as type information: the linker keeps below its limit.
TEST_F(Load, LongRulesLoad) {
    Assembler as;
    for (int i = 0; i < 64; ++i) {
        as.mark("web.rules", 1, 1, fmt::format("{:0262144}", i));
        as.mov32_imm(kResult, 9);
    }
    as.exit();
    Program program = sample::program();
    program.functions[0] = std::move(as).finish(sample::kChains[0]);
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    EXPECT_EQ(run(program_fd(object, BPFW_PROG_XDP), 0), 9U);
}

// The template has a static function of that name: two functions, two types.
TEST_F(Load, AChainMayHaveTheNameOfAStaticFunction) {
    Program program = sample::program();
    program.functions[0] = sample::counting(sample::kChains[0], "count");
    program.functions.push_back(sample::constant("count", 78, 90));
    const Object object = opened(linked(program));
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    EXPECT_EQ(run(program_fd(object, BPFW_PROG_XDP), 0), 78U);
}

// The template that is shipped, with a UDP packet over the loopback device.
TEST_F(Load, TheShippedTemplateTakesTheFunctions) {
    Program program = sample::program();
    program.needs = 0;  // asked for a MAC, a packet over lo is an odd one
    program.functions[0] = sample::constant(program.functions[0].name, 9 << 2 | BPFW_DROP, 1);
    const auto bytes = write_object(program);
    ASSERT_TRUE(bytes.has_value());
    const Object object = opened(*bytes);
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    for (const char* name : {BPFW_PROG_XDP, BPFW_PROG_TC_INGRESS, BPFW_PROG_TC_EGRESS})
        EXPECT_GE(program_fd(object, name), 0) << name;
    std::array<std::uint8_t, 42> frame{};
    const std::array<std::uint8_t, 20> ip = {0x45, 0,    0,   28, 0, 0, 0,   0, 64, 17,
                                             0x7c, 0xcf, 127, 0,  0, 1, 127, 0, 0,  1};
    frame[12] = 0x08;
    std::copy(ip.begin(), ip.end(), frame.begin() + 14);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()), .repeat = 1);
    ASSERT_EQ(bpf_prog_test_run_opts(program_fd(object, BPFW_PROG_XDP), &options), 0);
    EXPECT_EQ(options.retval, 1U) << "XDP_DROP";
    EXPECT_EQ(packets_in_slot(object, 9), 1U) << "of bpfw_ipv4_input";
}

// A filter's function as the linker gets it: reads a word of the tables, and loads byte 23 through
// the template when the first argument is there.
Function table_plus_load(const std::string& name, Signature signature, const std::string& load) {
    Assembler as;
    const Label null = as.label();
    as.jeq(kArgument, 0, null);
    as.mov_imm(Reg::R3, 23);
    as.mov_imm(Reg::R4, 1);
    as.call(load);
    as.ld_table(Reg::R1, 4);
    as.load(Size::U32, Reg::R1, Reg::R1, 0);
    as.add(Reg::R0, Reg::R1);
    as.jeq32(Reg::R0, 17 + 25, null);
    as.mov32_imm(kResult, 1);
    as.exit();
    as.bind(null);
    as.mov32_imm(kResult, 0);
    as.exit();
    Function function = std::move(as).finish(name);
    function.signature = signature;
    return function;
}

TEST_F(Load, AFilterReadsItsTablesAndTheFrame) {
    Program program;
    program.entry = Entry::Filter;
    program.tables.resize(8);
    program.tables[4] = std::byte{25};
    program.functions = {table_plus_load("bpfw_filter_xdp", Signature::FrameXdp, "bpfw_load_xdp"),
                         table_plus_load("bpfw_filter_tc", Signature::FrameTc, "bpfw_load_tc")};
    const auto bytes = write_object(program);
    ASSERT_TRUE(bytes.has_value());
    const Object object = opened(*bytes);
    ASSERT_EQ(bpf_object__load(object.get()), 0);
    constexpr std::uint32_t kPass = 2, kDrop = 1, kUnspec = 0xffffffff;
    for (const auto& [name, pass, drop] : {std::tuple{BPFW_PROG_FILTER_XDP, kPass, kDrop},
                                           {BPFW_PROG_FILTER_XDP_FRAGS, kPass, kDrop},
                                           {BPFW_PROG_FILTER_TC, kUnspec, kDrop + 1}}) {
        std::array<std::uint8_t, 64> frame{};
        frame[12] = 0x08;
        for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
            frame[23] = protocol;
            LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                        .data_size_in = static_cast<std::uint32_t>(frame.size()), .repeat = 1);
            EXPECT_EQ(bpf_prog_test_run_opts(program_fd(object, name), &options), 0) << name;
            EXPECT_EQ(options.retval, protocol == 17 ? pass : drop) << name;
        }
    }
}

// The object on a disk, as `bpfw compile -o` leaves it, through bpftool.
TEST_F(Load, BpftoolLoadsItAndShowsTheRules) {
    if (output_of("bpftool version").find("bpftool v") == std::string::npos)
        GTEST_SKIP() << "needs bpftool";
    const std::filesystem::path file = fmt::format("{}object-{}.o", testing::TempDir(), ::getpid());
    const std::filesystem::path pins = fmt::format("/sys/fs/bpf/bpfw-object-{}", ::getpid());
    const auto bytes = linked(sample::program());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    EXPECT_EQ(output_of(fmt::format("bpftool prog loadall {} {}", file.string(), pins.string())),
              "");
    const std::string dump = output_of(
        fmt::format("bpftool prog dump xlated pinned {}/{} linum", pins.string(), BPFW_PROG_XDP));
    EXPECT_NE(dump.find("; -A INPUT -p tcp --dport 3 -j DROP [file:web.rules line_num:3 "
                        "line_col:5]"),
              std::string::npos)
        << dump;
    EXPECT_NE(dump.find("int bpfw_ipv4_input(struct bpfw_packet * packet)"), std::string::npos);
    std::filesystem::remove_all(pins);
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace bpfw::compiler
