// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw status`: what the pins say is enforced -> a table or JSON.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "cli/commands.hpp"
#include "cli/report.hpp"
#include "cli/slots.hpp"

namespace bpfw::cli {
namespace {

using Json = nlohmann::ordered_json;
using ChainKey = std::pair<parser::Family, std::string>;

// What the rules (and the policy) of a chain have done.
struct ChainCount {
    std::string policy;  // "" for a user chain
    std::uint64_t rules = 0;
    std::uint64_t accepted = 0;  // packets whose way ended here
    std::uint64_t dropped = 0;
    std::set<std::string> jumps;
};

struct HookCount {
    std::uint64_t rules = 0;
    std::uint64_t packets = 0;
    bool shared = false;  // chains that another hook reaches too decided more
};

using Chains = std::map<ChainKey, ChainCount>;

Chains count_chains(const std::vector<Slot>& slots,
                    const std::vector<runtime::CounterValue>& counters) {
    Chains chains;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const Slot& slot = slots[i];
        if (slot.kind == SlotKind::Frame) continue;
        const std::uint64_t packets = i < counters.size() ? counters[i].packets : 0;
        ChainCount& chain = chains[{slot.family, slot.chain}];
        if (slot.number == 0) chain.policy = slot.ends == Ends::Drop ? "DROP" : "ACCEPT";
        if (slot.number != 0) ++chain.rules;
        if (slot.ends == Ends::Accept) chain.accepted += packets;
        if (slot.ends == Ends::Drop) chain.dropped += packets;
        if (!slot.jumps_to.empty()) chain.jumps.insert(slot.jumps_to);
    }
    return chains;
}

// A short form of rules.txt, and what it has counted.
struct FrameCount {
    Slot slot;
    runtime::CounterValue count;
};

std::vector<FrameCount> count_frames(std::vector<Slot> slots,
                                     const std::vector<runtime::CounterValue>& counters) {
    std::vector<FrameCount> frames;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (slots[i].kind != SlotKind::Frame) continue;
        frames.push_back(
            {std::move(slots[i]), i < counters.size() ? counters[i] : runtime::CounterValue{}});
    }
    return frames;
}

// Without recursion: chains may be nested by the thousand.
void reach(const Chains& chains, const ChainKey& from, std::set<ChainKey>& seen) {
    std::vector<ChainKey> open = {from};
    while (!open.empty()) {
        const ChainKey key = std::move(open.back());
        open.pop_back();
        const auto at = chains.find(key);
        if (at == chains.end() || !seen.insert(key).second) continue;
        for (const std::string& name : at->second.jumps) open.push_back({key.first, name});
    }
}

std::set<ChainKey> reached_by(const Chains& chains, const std::string& hook) {
    const std::vector<std::string> bases = hook == "egress"
                                               ? std::vector<std::string>{"OUTPUT"}
                                               : std::vector<std::string>{"INPUT", "FORWARD"};
    std::set<ChainKey> seen;
    for (const parser::Family family : {parser::Family::Ipv4, parser::Family::Ipv6}) {
        for (const std::string& base : bases) reach(chains, {family, base}, seen);
    }
    return seen;
}

// The counters are the ruleset's, not a device's: all devices of a hook share them.
HookCount count_hook(const Chains& chains, const std::string& hook) {
    const std::set<ChainKey> mine = reached_by(chains, hook);
    const std::set<ChainKey> others = reached_by(chains, hook == "egress" ? "ingress" : "egress");
    HookCount count;
    for (const ChainKey& key : mine) {
        const ChainCount& chain = chains.at(key);
        const std::uint64_t packets = chain.accepted + chain.dropped;
        count.rules += chain.rules;
        if (others.count(key) == 0) {
            count.packets += packets;
        } else if (packets != 0) {
            count.shared = true;
        }
    }
    return count;
}

// They are asked at ingress; what one decides no chain sees.
void add_frames(const std::vector<FrameCount>& frames, HookCount& ingress) {
    ingress.rules += frames.size();
    for (const FrameCount& frame : frames) {
        if (frame.slot.ends != Ends::No) ingress.packets += frame.count.packets;
    }
}

std::string family_text(parser::Family family) {
    return family == parser::Family::Ipv4 ? "ipv4" : "ipv6";
}

struct Picture {
    runtime::Status status;
    std::string ruleset;
    Chains chains;
    std::vector<FrameCount> frames;
    HookCount ingress;  // of every device
    HookCount egress;
    [[nodiscard]] const HookCount& count_of(const runtime::HookStatus& hook) const {
        return hook.hook.hook == "egress" ? egress : ingress;
    }
};

// By device, ingress first: the pins come in no order.
void sort_hooks(std::vector<runtime::HookStatus>& hooks) {
    std::sort(hooks.begin(), hooks.end(), [](const auto& a, const auto& b) {
        return std::tie(a.hook.ifindex, b.hook.hook) < std::tie(b.hook.ifindex, a.hook.hook);
    });
}

Result<Picture> look() {
    Result<runtime::Status> status = runtime::status();
    if (!status) return tl::unexpected(status.error());
    Picture picture{*std::move(status), "", {}, {}, {}, {}};
    sort_hooks(picture.status.hooks);
    if (!picture.status.loaded) return picture;
    const Result<std::optional<runtime::Snapshot>> running = runtime::current();
    if (!running) return tl::unexpected(running.error());
    if (*running) {
        picture.ruleset = (*running)->ruleset;
        std::vector<Slot> slots = slots_of((*running)->ruleset);
        picture.chains = count_chains(slots, (*running)->counters);
        picture.frames = count_frames(std::move(slots), (*running)->counters);
        picture.ingress = count_hook(picture.chains, "ingress");
        add_frames(picture.frames, picture.ingress);
        picture.egress = count_hook(picture.chains, "egress");
    }
    return picture;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += i + 1 < row.size() ? fmt::format("{:{}}  ", row[i], widths[i]) : row[i];
        }
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    }
}

std::string expression_of(const Slot& slot) {
    return slot.text.substr(std::min(slot.chain.size() + 1, slot.text.size()));
}

void print_frames(const std::vector<FrameCount>& frames) {
    constexpr std::size_t kWidest = 100;  // an expression may name 100,000 hosts
    std::vector<std::vector<std::string>> rows = {{"RULE", "PACKETS", "BYTES", "EXPRESSION"}};
    for (const FrameCount& frame : frames) {
        std::string text = expression_of(frame.slot);
        if (text.size() > kWidest) text = text.substr(0, kWidest - 4) + " ...";
        rows.push_back({decider(frame.slot), std::to_string(frame.count.packets),
                        std::to_string(frame.count.bytes), std::move(text)});
    }
    fmt::print("\n");
    print_table(rows);
}

void print_text(const Picture& picture) {
    const runtime::Status& status = picture.status;
    for (const std::string& warning : status.warnings) fmt::print("warning: {}\n", warning);
    if (!status.loaded) {
        fmt::print("no rules are loaded: every packet passes\n");
        return;
    }
    std::vector<std::vector<std::string>> rows = {
        {"DEVICE", "HOOK", "MODE", "PROGRAM", "GENERATION", "RULES", "PACKETS", "REMARK"}};
    for (const runtime::HookStatus& hook : status.hooks) {
        const HookCount& count = picture.count_of(hook);
        rows.push_back({hook.hook.device, hook.hook.hook, hook.hook.mode,
                        fmt::format("{}#{}", hook.program_name, hook.program_id),
                        std::to_string(status.generation), std::to_string(count.rules),
                        fmt::format("{}{}", count.packets, count.shared ? "+" : ""),
                        hook.problem.empty() ? hook.hook.reason : "PROBLEM: " + hook.problem});
    }
    print_table(rows);
    fmt::print("\n");
    rows = {{"FAMILY", "CHAIN", "POLICY", "RULES", "ACCEPTED", "DROPPED"}};
    for (const auto& [key, chain] : picture.chains) {
        rows.push_back({family_text(key.first), key.second,
                        chain.policy.empty() ? "-" : chain.policy, std::to_string(chain.rules),
                        std::to_string(chain.accepted), std::to_string(chain.dropped)});
    }
    print_table(rows);
    if (!picture.frames.empty()) print_frames(picture.frames);
}

Json hook_json(const Picture& picture, const runtime::HookStatus& hook) {
    const HookCount& count = picture.count_of(hook);
    return {{"device", hook.hook.device},
            {"ifindex", hook.hook.ifindex},
            {"hook", hook.hook.hook},
            {"mode", hook.hook.mode},
            {"reason", hook.hook.reason},
            {"program_id", hook.program_id},
            {"program_name", hook.program_name},
            {"generation", picture.status.generation},
            {"rules", count.rules},
            {"packets", count.packets},
            {"packets_exact", !count.shared},
            {"problem", hook.problem}};
}

void print_json(const Picture& picture) {
    const runtime::Status& status = picture.status;
    Json out = {{"loaded", status.loaded},
                {"generation", status.generation},
                {"pin_directory", status.pin_directory},
                {"warnings", status.warnings},
                {"hooks", Json::array()},
                {"chains", Json::array()},
                {"frames", Json::array()},
                {"ruleset", picture.ruleset}};
    for (const runtime::HookStatus& hook : status.hooks) {
        out["hooks"].push_back(hook_json(picture, hook));
    }
    for (const auto& [key, chain] : picture.chains) {
        out["chains"].push_back({{"family", family_text(key.first)},
                                 {"chain", key.second},
                                 {"policy", chain.policy.empty() ? Json() : Json(chain.policy)},
                                 {"rules", chain.rules},
                                 {"accepted", chain.accepted},
                                 {"dropped", chain.dropped}});
    }
    for (const FrameCount& frame : picture.frames) {
        out["frames"].push_back({{"number", frame.slot.number},
                                 {"action", frame.slot.chain},
                                 {"expression", expression_of(frame.slot)},
                                 {"packets", frame.count.packets},
                                 {"bytes", frame.count.bytes}});
    }
    fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Exit run_status(const Options& options) {
    const Result<Picture> picture = look();
    if (!picture) return report(picture.error(), KernelLog::Hide);
    options.json ? print_json(*picture) : print_text(*picture);
    const auto& hooks = picture->status.hooks;
    const bool well = picture->status.loaded &&
                      std::all_of(hooks.begin(), hooks.end(),
                                  [](const auto& hook) { return hook.problem.empty(); });
    return well ? Exit::Ok : Exit::Refused;
}

}  // namespace bpfw::cli
