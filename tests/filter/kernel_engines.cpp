// SPDX-License-Identifier: GPL-2.0-or-later
// Engines that load the compiled object and run it with BPF_PROG_TEST_RUN, attached to nothing.
// One object per expression serves all of them.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "bpf-templates/abi.h"
#include "tests/filter/filter_object.hpp"

namespace bpfw::test::filter {
namespace {

constexpr std::size_t kShortest = 14;
constexpr std::size_t kLongestLinear = 3000;  // what a test run's first page has room for
constexpr std::size_t kPadded = 60;           // TEST_RUN refuses IP frames without IP header

Verdict verdict_of(std::uint32_t given, std::uint32_t match, std::uint32_t no_match) {
    if (given == match) return Verdict::Yes;
    if (given == no_match) return Verdict::No;
    BPFW_BUG("a filter gave " + std::to_string(given));
}

// Shared parts of a test run: the program, and one call.
class KernelEngine : public Engine {
public:
    KernelEngine(std::string name, const char* program, std::shared_ptr<FilterObject> loaded)
        : name_(std::move(name)), program_name_(program), loaded_(std::move(loaded)) {}
    [[nodiscard]] std::string_view name() const override { return name_; }
    Result<void> prepare(const Subject& subject) override {
        if (auto ready = loaded_->load(subject); !ready) return ready;
        program_ = loaded_->program(program_name_);
        if (program_ < 0) return failure("find program", program_name_, ENOENT);
        return {};
    }

protected:
    static std::uint32_t run(int program, const Bytes& bytes, void* context, std::size_t size) {
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = bytes.data();
        options.data_size_in = static_cast<std::uint32_t>(bytes.size());
        options.ctx_in = context;
        options.ctx_size_in = static_cast<std::uint32_t>(size);
        options.repeat = 1;
        if (bpf_prog_test_run_opts(program, &options) != 0)
            BPFW_BUG("BPF_PROG_TEST_RUN of " + std::to_string(bytes.size()) +
                     " bytes: " + std::strerror(errno));
        return options.retval;
    }
    [[nodiscard]] int program() const { return program_; }

private:
    std::string name_;
    const char* program_name_;
    std::shared_ptr<FilterObject> loaded_;
    int program_ = -1;
};

bool can_run(const Sample& sample, std::size_t longest) {
    return sample.length == sample.bytes.size() && sample.bytes.size() >= kShortest &&
           sample.bytes.size() <= longest;
}

class XdpEngine : public KernelEngine {
public:
    explicit XdpEngine(std::shared_ptr<FilterObject> loaded)
        : KernelEngine("xdp", BPFW_PROG_FILTER_XDP, std::move(loaded)) {}
    Verdict judge(const Sample& sample) override {
        if (!can_run(sample, kLongestLinear)) return Verdict::NotRun;
        return verdict_of(run(program(), sample.bytes, nullptr, 0), XDP_DROP, XDP_PASS);
    }
};

// A device without Ethernet header (tun, wireguard): tcpdump's twelve zeroes and the type are
// not in the data.
class XdpRawIpEngine : public KernelEngine {
public:
    XdpRawIpEngine()
        : KernelEngine("xdp, raw ip", BPFW_PROG_FILTER_XDP,
                       std::make_shared<FilterObject>(BPFW_NEEDS_RAW_IP)) {}
    Verdict judge(const Sample& sample) override {
        const Bytes& bytes = sample.bytes;
        if (!can_run(sample, kLongestLinear) || bytes.size() < 2 * kShortest ||
            std::any_of(bytes.begin(), bytes.begin() + 12, [](auto byte) { return byte != 0; }))
            return Verdict::NotRun;
        // The type is made from the IP version.
        const int type = bytes[12] << 8 | bytes[13];
        if (type != (bytes[kShortest] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP)) return Verdict::NotRun;
        return verdict_of(run(program(), Bytes(bytes.begin() + kShortest, bytes.end()), nullptr, 0),
                          XDP_DROP, XDP_PASS);
    }
};

// Multi-buffer: the first buffer ends somewhere in the headers.
class XdpFragsEngine : public KernelEngine {
public:
    explicit XdpFragsEngine(std::shared_ptr<FilterObject> loaded)
        : KernelEngine("xdp frags", BPFW_PROG_FILTER_XDP_FRAGS, std::move(loaded)) {}
    Verdict judge(const Sample& sample) override {
        if (!can_run(sample, kLongest)) return Verdict::NotRun;
        const std::size_t size = sample.bytes.size();
        const std::size_t spread = std::min(size, kHeaders) - kShortest + 1;
        xdp_md context{};
        context.data_end =
            static_cast<std::uint32_t>(kShortest + (size * 7 + sample.bytes[size / 2]) % spread);
        return verdict_of(run(program(), sample.bytes, &context, sizeof context), XDP_DROP,
                          XDP_PASS);
    }

private:
    static constexpr std::size_t kLongest = 12000;
    static constexpr std::size_t kHeaders = 140;
};

// The wrapper's program array holds the filter.
class Wrapper {
public:
    static Result<std::shared_ptr<Wrapper>> open() {
        auto object = open_object(BPFW_SKB_WRAPPER_OBJECT);
        if (!object) return tl::unexpected(object.error());
        return std::make_shared<Wrapper>(std::move(*object));
    }
    explicit Wrapper(BpfObject object) : object_(std::move(object)) {}
    Result<void> put(int program) {
        const std::uint32_t zero = 0;
        const int map = bpf_object__find_map_fd_by_name(object_.get(), "program");
        if (bpf_map_update_elem(map, &zero, &program, BPF_ANY) != 0)
            return failure("update", "program array", errno);
        return {};
    }
    [[nodiscard]] int program() const { return program_of(object_, "wrap"); }

private:
    BpfObject object_;
};

constexpr auto kUnspec = static_cast<std::uint32_t>(TC_ACT_UNSPEC);

class TcEngine : public KernelEngine {
public:
    TcEngine(std::string name, std::shared_ptr<FilterObject> loaded,
             std::shared_ptr<Wrapper> wrapper)
        : KernelEngine(std::move(name), BPFW_PROG_FILTER_TC, std::move(loaded)),
          wrapper_(std::move(wrapper)) {}
    Result<void> prepare(const Subject& subject) override {
        if (auto ready = KernelEngine::prepare(subject); !ready) return ready;
        return wrapper_->put(program());
    }
    Verdict judge(const Sample& sample) override {
        if (!can_run(sample, kLongestLinear)) return Verdict::NotRun;
        if (sample.bytes.size() >= kPadded)
            return verdict_of(run(program(), sample.bytes, nullptr, 0), TC_ACT_SHOT, kUnspec);
        return judge_wrapped(sample.bytes, {});
    }

protected:
    Verdict judge_wrapped(const Bytes& bytes, __sk_buff skb) {
        Bytes padded = bytes;
        if (bytes.size() < kPadded) {
            padded.resize(kPadded);
            skb.cb[2] = static_cast<std::uint32_t>(bytes.size());
        }
        return verdict_of(run(wrapper_->program(), padded, &skb, sizeof skb), TC_ACT_SHOT, kUnspec);
    }

private:
    std::shared_ptr<Wrapper> wrapper_;
};

// As TC sees a frame that came from a device: the outermost tag is no longer in it.
class TagOutEngine : public TcEngine {
public:
    TagOutEngine(std::shared_ptr<FilterObject> loaded, std::shared_ptr<Wrapper> wrapper)
        : TcEngine("tc, tag out", std::move(loaded), std::move(wrapper)) {}
    Verdict judge(const Sample& sample) override {
        constexpr std::size_t kTagAt = 12;
        constexpr std::size_t kTag = 4;
        const Bytes& bytes = sample.bytes;
        if (!can_run(sample, kLongestLinear) || bytes.size() < kShortest + kTag ||
            !is_tagged(bytes))
            return Verdict::NotRun;
        const auto word = [&](std::size_t at) {
            return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
        };
        __sk_buff skb{};
        skb.cb[0] = htons(word(kTagAt));
        skb.cb[1] = word(kTagAt + 2);
        Bytes untagged = bytes;
        untagged.erase(untagged.begin() + kTagAt, untagged.begin() + kTagAt + kTag);
        return judge_wrapped(untagged, skb);
    }
};

// What we need and may not be allowed: loading programs.
std::string obstacle() {
    const bpf_insn insns[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS},
                              {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    const int program =
        bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns, std::size(insns), nullptr);
    if (program < 0) return std::string("loading BPF programs: ") + std::strerror(errno);
    close(program);
    return "";
}

}  // namespace

void add_kernel_engines(std::vector<std::unique_ptr<Engine>>& engines,
                        std::vector<std::string>& missing) {
    if (std::string reason = obstacle(); !reason.empty()) {
        missing.push_back("xdp, tc: " + reason);
        return;
    }
    const auto loaded = std::make_shared<FilterObject>();
    engines.push_back(std::make_unique<XdpEngine>(loaded));
    engines.push_back(std::make_unique<XdpFragsEngine>(loaded));
    engines.push_back(std::make_unique<XdpRawIpEngine>());
    auto wrapper = Wrapper::open();
    if (!wrapper) {
        missing.push_back("tc: " + to_text(wrapper.error()));
        return;
    }
    engines.push_back(std::make_unique<TcEngine>("tc", loaded, *wrapper));
    engines.push_back(std::make_unique<TagOutEngine>(loaded, *wrapper));
    add_paged_engine(engines, loaded, missing);
}

}  // namespace bpfw::test::filter
