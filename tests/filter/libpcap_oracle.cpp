// SPDX-License-Identifier: GPL-2.0-or-later
// Expression -> libpcap's two programs -> verdicts. LibpcapOracle is the door.
#include "tests/filter/libpcap_oracle.hpp"

#include <regex>
#include <stdexcept>

#include "compiler/filter/graph.hpp"
#include "tests/filter/classic_machine.hpp"

namespace bpfw::test::filter {
namespace {

constexpr int kSnapshot = 262144;
// Its optimiser is cubic: 19 s for 800 hosts. Longer texts are decided without it.
constexpr std::size_t kMostOptimised = 8000;
// With 3000 hosts it did not come back from pcap_compile() (a crash; the cause was not traced).
// It is not asked at all then: every frame is undecided.
constexpr std::size_t kMostAsked = 16000;

bool holds(const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
}

Verdict verdict_of(std::uint32_t accepted) { return accepted != 0 ? Verdict::Yes : Verdict::No; }

}  // namespace

std::string for_libpcap(const std::string& expression) {
    static const std::regex bits(R"(\bbyte\s+(\w+)\s*([&|])\s*(\w+))");
    static const std::regex inbound(R"(\binbound\b)");
    static const std::regex outbound(R"(\boutbound\b)");
    static const std::regex ifindex(R"(\bifindex\s+(\w+))");
    std::string text = expression;
    if (holds(text, "byte")) text = std::regex_replace(text, bits, "(ether[$1] $2 $3 != 0)");
    if (holds(text, "inbound")) text = std::regex_replace(text, inbound, "(len >= 0)");
    if (holds(text, "outbound")) text = std::regex_replace(text, outbound, "(len < 0)");
    if (holds(text, "ifindex")) text = std::regex_replace(text, ifindex, "(len - len + $1 = 1)");
    return text;
}

LibpcapOracle::LibpcapOracle() : handle_(pcap_open_dead(DLT_EN10MB, kSnapshot)) {
    if (handle_ == nullptr) throw std::runtime_error("pcap_open_dead");
}

LibpcapOracle::~LibpcapOracle() { pcap_close(handle_); }

std::optional<PcapProgram> LibpcapOracle::compile(const std::string& text, int optimise) {
    bpf_program program{};
    // Its manual and tcpdump have the mask in network byte order, its code compares host's.
    if (pcap_compile(handle_, &program, text.c_str(), optimise, kNetmask) != 0) {
        why_ = pcap_geterr(handle_);
        return std::nullopt;
    }
    PcapProgram insns(program.bf_insns, program.bf_insns + program.bf_len);
    pcap_freecode(&program);
    return insns;
}

bool LibpcapOracle::prepare(const std::string& expression) {
    const std::string text = for_libpcap(expression);
    silent_ = text.size() > kMostAsked;
    rejects_all_ = false;
    if (silent_) return true;
    auto unoptimised = compile(text, 0);
    if (!unoptimised) return false;
    auto optimised = text.size() > kMostOptimised ? unoptimised : compile(text, 1);
    rejects_all_ = !optimised && why_ == "expression rejects all packets";
    // Found by folding constants (`1 / (1 - 1)`): to those who don't, no match.
    if (!optimised && (why_ == "division by zero" || why_ == "modulus by zero"))
        optimised = unoptimised;
    if (!optimised && !rejects_all_) return false;
    unoptimised_ = std::move(*unoptimised);
    optimised_ =
        rejects_all_ ? PcapProgram{bpf_insn{BPF_RET | BPF_K, 0, 0, 0}} : std::move(*optimised);
    slowly_ = holds(text, "protochain") || holds(text, "geneve");
    return true;
}

Verdict LibpcapOracle::judge(const Sample& sample) {
    if (silent_) return Verdict::Undecided;
    if (slowly_) return judge_slowly(sample);
    const auto size = static_cast<std::uint32_t>(sample.bytes.size());
    const auto run = [&](const PcapProgram& program) {
        return verdict_of(bpf_filter(program.data(), sample.bytes.data(), sample.length, size));
    };
    const Verdict first = run(unoptimised_);
    return first == run(optimised_) ? first : Verdict::Undecided;
}

Verdict LibpcapOracle::judge_slowly(const Sample& sample) {
    const Outcome right = run_classic(unoptimised_, sample, Protochain::Mended);
    const Outcome as_is = run_classic(unoptimised_, sample, Protochain::AsLibpcap);
    const Outcome optimised = run_classic(optimised_, sample, Protochain::Mended);
    if (right.uninitialised || optimised.uninitialised) return Verdict::Uninitialised;
    if (right.rounds >= compiler::filter::kProtochainHeaders) return Verdict::LongChain;
    if (right.endless || right.accepted != optimised.accepted) return Verdict::Undecided;
    if (as_is.endless || as_is.accepted != right.accepted) mended_++;
    return verdict_of(right.accepted);
}

}  // namespace bpfw::test::filter
