// SPDX-License-Identifier: GPL-2.0-or-later
// An expression's object in the kernel, shared by the engines that run it.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>

#include "tests/filter/engines.hpp"

namespace bpfw::test::filter {

struct CloseObject {
    void operator()(bpf_object* object) const;
};
using BpfObject = std::unique_ptr<bpf_object, CloseObject>;

// A program's descriptor; below 0: no such program.
int program_of(const BpfObject& object, const char* name);
// Opens and loads a file; a refusal carries the verifier's log.
Result<BpfObject> open_object(const char* path);

// Whether the outermost tag is of a kind that the kernel takes out of an skb.
bool is_tagged(const Bytes& bytes);

class FilterObject {
public:
    // `needs`: BPFW_NEEDS_* of the object's configuration.
    explicit FilterObject(std::uint32_t needs = 0) : needs_(needs) {}
    // Nothing is done when it is the expression of the last call.
    Result<void> load(const Subject& subject);
    [[nodiscard]] int program(const char* name) const { return program_of(object_, name); }

private:
    std::uint32_t needs_;
    BpfObject object_;
    std::string text_;
};

void add_paged_engine(std::vector<std::unique_ptr<Engine>>& engines,
                      const std::shared_ptr<FilterObject>& loaded,
                      std::vector<std::string>& missing);

}  // namespace bpfw::test::filter
