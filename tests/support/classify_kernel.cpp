// SPDX-License-Identifier: GPL-2.0-or-later
// Emitted classifier -> linked object -> kernel -> answers.
#include "tests/support/classify_kernel.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>

#include "compiler/classify/box.hpp"
#include "compiler/object/link.hpp"
#include "tests/support/classify_run.h"

namespace bpfw::test {
namespace {

std::string g_log;

int collect(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG) return 0;
    std::vector<char> text(1U << 20U);
    std::vsnprintf(text.data(), text.size(), format, arguments);
    g_log += text.data();
    return 0;
}

std::vector<std::byte> bytes_of(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
}

// The program's variables, mapped into this process.
classify_data* map_data(bpf_object* object) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (!std::string(bpf_map__name(map)).ends_with(".bss")) continue;
        void* const at = ::mmap(nullptr, sizeof(classify_data), PROT_READ | PROT_WRITE, MAP_SHARED,
                                bpf_map__fd(map), 0);
        return at == MAP_FAILED ? nullptr : static_cast<classify_data*>(at);
    }
    return nullptr;
}

classify_header header_of(const bpfw_packet& packet) {
    classify_header header{};
    std::memcpy(header.words, packet.saddr, 40);
    header.words[10] = compiler::classify::packet_word(packet, compiler::classify::kMisc);
    return header;
}

}  // namespace

ClassifyKernel::ClassifyKernel(const compiler::Program& program) {
    compiler::Program whole = program;
    whole.entry = compiler::Entry::Filter;
    const auto linked = compiler::link_object(bytes_of(BPFW_CLASSIFY_RUN_OBJECT), whole);
    if (!linked) return;
    libbpf_set_print(collect);
    g_log.clear();
    object_ = bpf_object__open_mem(linked->data(), linked->size(), nullptr);
    const auto before = std::chrono::steady_clock::now();
    loaded_ = object_ != nullptr && bpf_object__load(object_) == 0;
    load_seconds_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    log_ = g_log;
    if (loaded_) data_ = map_data(object_);
}

ClassifyKernel::~ClassifyKernel() {
    if (data_ != nullptr) ::munmap(data_, sizeof(classify_data));
    bpf_object__close(object_);
}

void ClassifyKernel::give(const std::vector<bpfw_packet>& packets) {
    if (data_ == nullptr || packets.empty()) return;
    for (std::size_t i = 0; i < CLASSIFY_HEADERS; ++i)
        data_->headers[i] = header_of(packets[i % packets.size()]);
}

bool ClassifyKernel::run(std::uint32_t times, std::uint32_t* nanoseconds) const {
    std::array<std::uint8_t, 64> frame{};
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()),
                .repeat = static_cast<int>(times));
    const bpf_program* const program = bpf_object__find_program_by_name(object_, "classify_next");
    if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) != 0) return false;
    if (nanoseconds != nullptr) *nanoseconds = options.duration;
    return true;
}

std::vector<std::uint32_t> ClassifyKernel::answers(std::size_t count) {
    if (data_ == nullptr) return {};
    data_->position = 0;
    if (!run(static_cast<std::uint32_t>(count), nullptr)) return {};
    return {data_->answers, data_->answers + count};
}

double ClassifyKernel::nanoseconds() const {
    std::uint32_t out = 0;
    return run(CLASSIFY_HEADERS, &out) ? out : 0;
}

}  // namespace bpfw::test
