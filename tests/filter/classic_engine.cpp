// SPDX-License-Identifier: GPL-2.0-or-later
// The engine of our classic bytecode: what tcpdump -ddd would get, run by bpf_filter().
#include <linux/bpf_common.h>

#include <cerrno>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "tests/filter/engines.hpp"
#include "tests/filter/libpcap_oracle.hpp"

namespace bpfw::test::filter {
namespace {

namespace ir = compiler::filter;

class ClassicEngine : public Engine {
public:
    [[nodiscard]] std::string_view name() const override { return "classic"; }

    Result<void> prepare(const Subject& subject) override {
        // The kernel's extensions, which bpf_filter() has no data for.
        for (const char* word : {"inbound", "outbound", "ifindex"})
            if (subject.text.find(word) != std::string::npos) return failure("run", word, ENOTSUP);
        std::string why;
        const auto graph = ir::optimise(ir::lower(subject.expression, ir::Lists::AsWritten, {}));
        const auto program = ir::to_classic(graph, kAccepted, why);
        if (!program) return failure("translate", "classic BPF", ENOTSUP, why);
        // Longer ones can be printed, and the kernel takes them no more than libpcap's.
        if (program->size() > BPF_MAXINSNS)
            return failure("check", "classic BPF", ENOTSUP, "too long");
        if (const auto fault = ir::fault_of(*program))
            return failure("check", "classic BPF", 0, *fault);
        program_.clear();
        for (const auto& insn : *program) program_.push_back({insn.code, insn.jt, insn.jf, insn.k});
        return {};
    }

    Verdict judge(const Sample& sample) override {
        const std::uint32_t given = bpf_filter(program_.data(), sample.bytes.data(), sample.length,
                                               static_cast<std::uint32_t>(sample.bytes.size()));
        return given != 0 ? Verdict::Yes : Verdict::No;
    }

private:
    static constexpr std::uint32_t kAccepted = 262144;
    PcapProgram program_;
};

}  // namespace

void add_classic_engine(std::vector<std::unique_ptr<Engine>>& engines) {
    engines.push_back(std::make_unique<ClassicEngine>());
}

}  // namespace bpfw::test::filter
