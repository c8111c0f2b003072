// SPDX-License-Identifier: GPL-2.0-or-later
// The Store of the running system: ruleset text and counters out of the runtime, objects
// from the compiler into it. kernel_store() is the door; compat/ calls the runtime only here.
#include <fmt/format.h>

#include <cerrno>

#include "compat/store.hpp"
#include "compiler/compile.hpp"
#include "compiler/object/object.hpp"
#include "parser/parse.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::compat {
namespace {

constexpr std::string_view kIpv6Line = "# bpfw ipv6\n";

// The text was written by us: numbers only, so no name has to be looked up.
parser::Names no_names() {
    return {[](std::string_view, std::string_view) { return std::optional<std::uint16_t>(); },
            parser::system_names().protocol,
            [](std::string_view, parser::Family) { return std::vector<parser::Address>(); }};
}

// One family's block of the running text, into `ruleset`; behind IPv6's stand the frame rules.
void read_block(std::string text, parser::Family family, compiler::Ruleset& ruleset,
                parser::Sources& sources, parser::Diagnostics& diags) {
    const std::uint32_t source = sources.add("running ruleset", std::move(text));
    const parser::FileDefaults defaults{.family = family,
                                        .comments = parser::FamilyComments::Ignored,
                                        .short_forms = parser::ShortForms::Read};
    const auto statements = parser::parse_rules(source, defaults, no_names(), sources, diags);
    if (diags.has_errors()) return;
    compiler::apply_all(ruleset, statements, compiler::Restore::Flush, diags);
}

Result<compiler::Ruleset> read(parser::Sources& sources) {
    compiler::Ruleset ruleset;
    const auto snapshot = runtime::current();
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (!*snapshot) return ruleset;
    const std::string& text = (*snapshot)->ruleset;
    const std::size_t split = std::min(text.find(kIpv6Line), text.size());
    parser::Diagnostics diags;
    read_block(text.substr(0, split), parser::Family::Ipv4, ruleset, sources, diags);
    if (split < text.size()) {
        read_block(text.substr(split), parser::Family::Ipv6, ruleset, sources, diags);
    }
    const auto slots = counter_slots(ruleset);
    const auto& counters = (*snapshot)->counters;
    if (diags.has_errors() || counters.size() < slots.size()) {
        return failure("read", "the running ruleset", EBADMSG, render(diags, sources));
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
        *slots[i] = {counters[i].packets, counters[i].bytes};
    }
    return ruleset;
}

Result<void> write(const WriteRequest& request, parser::Diagnostics& diags) {
    const auto program = compiler::compile(request.ruleset, request.sources, diags);
    if (!program || diags.has_errors()) return {};
    const auto object = compiler::write_object(*program);
    if (!object) return tl::unexpected(object.error());
    if (request.effect == Effect::Try) return {};
    runtime::LoadOptions options;
    options.reach = runtime::Reach::AsBefore;
    for (const auto& start : request.start) {
        options.start.push_back(
            start ? std::optional(runtime::CounterValue{start->packets, start->bytes})
                  : std::nullopt);
    }
    const auto loaded = runtime::load(*object, options);
    if (!loaded) return tl::unexpected(loaded.error());
    return {};
}

// Nothing loaded: nothing has been counted.
Result<void> zero(const std::vector<std::uint32_t>& slots) {
    const auto snapshot = runtime::current();
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (!*snapshot || slots.empty()) return {};
    return runtime::zero_counters(slots);
}

Result<std::shared_ptr<void>> lock(std::optional<int> wait) {
    auto taken = runtime::Lock::take(wait);
    if (!taken) return tl::unexpected(taken.error());
    return std::shared_ptr<void>(std::make_shared<runtime::Lock>(std::move(*taken)));
}

}  // namespace

Store kernel_store() { return {read, write, zero, lock}; }

}  // namespace bpfw::compat
