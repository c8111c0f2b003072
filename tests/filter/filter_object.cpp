// SPDX-License-Identifier: GPL-2.0-or-later
// Expression -> object -> programs in the kernel. FilterObject is the door.
#include "tests/filter/filter_object.hpp"

#include <linux/if_ether.h>

#include <cerrno>
#include <cstdio>

#include "compiler/filter/compile_filter.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/object/object.hpp"
#include "runtime/config.hpp"

namespace bpfw::test::filter {
namespace {

namespace ir = compiler::filter;

std::string* log_sink = nullptr;  // libbpf's printer knows no context

int log_text(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || log_sink == nullptr) return 0;
    char line[4096];
    std::vsnprintf(line, sizeof line, format, arguments);
    *log_sink += line;
    return 0;
}

// What libbpf says while this lives.
class Log {
public:
    Log() {
        log_sink = &text_;
        libbpf_set_print(log_text);
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() { log_sink = nullptr; }
    // The end of it: there the verifier tells why.
    [[nodiscard]] std::string end() const {
        constexpr std::size_t kShown = 3000;
        return text_.size() > kShown ? text_.substr(text_.size() - kShown) : text_;
    }

private:
    std::string text_;
};

Result<std::vector<std::byte>> compiled(const parser::pcap::Expression& expression) {
    const ir::Graph graph =
        ir::optimise(ir::lower(expression, ir::Lists::AsSets, {{0, "expression", 1, 1, ""}}));
    return compiler::write_object(ir::filter_program(graph));
}

// Into the kernel with it.
Result<BpfObject> loaded(BpfObject object, const Log& log) {
    if (!object) return failure("open", "object", errno, "", log.end());
    if (bpf_object__load(object.get()) != 0) return failure("load", "object", errno, "", log.end());
    return object;
}

}  // namespace

void CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }

int program_of(const BpfObject& object, const char* name) {
    return bpf_program__fd(bpf_object__find_program_by_name(object.get(), name));
}

bool is_tagged(const Bytes& bytes) {
    constexpr std::size_t kTypeAt = 12;
    if (bytes.size() < kTypeAt + 2) return false;
    const int type = bytes[kTypeAt] << 8 | bytes[kTypeAt + 1];
    return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

Result<BpfObject> open_object(const char* path) {
    const Log log;
    return loaded(BpfObject(bpf_object__open(path)), log);
}

Result<void> FilterObject::load(const Subject& subject) {
    if (object_ && text_ == subject.text) return {};
    object_.reset();
    const auto bytes = compiled(subject.expression);
    if (!bytes) return tl::unexpected(bytes.error());
    const Log log;
    BpfObject opened(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    if (opened && needs_ != 0) {
        const auto config = runtime::config_of(opened.get());
        if (!config) return tl::unexpected(config.error());
        (*config)->needs |= needs_;
    }
    auto object = loaded(std::move(opened), log);
    if (!object) return tl::unexpected(object.error());
    object_ = std::move(*object);
    text_ = subject.text;
    return {};
}

}  // namespace bpfw::test::filter
