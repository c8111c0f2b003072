// SPDX-License-Identifier: GPL-2.0-or-later
// Which register has which role in a filter's function, and what it calls: by the graph and the
// plan. roles_for() and names_for() are the doors.
#include <algorithm>

#include "compiler/filter/emit_values.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

bool calls(const Test& test) {
    return std::holds_alternative<InProtochain>(test) || std::holds_alternative<Log>(test);
}

}  // namespace

// As few registers as the function can do with are set aside for their roles; calls lose R1-R5.
Roles roles_for(const Graph& graph, const FunctionPlan& plan) {
    if (plan.mode == Mode::Slow)
        return {Reg::R6,
                Reg::R7,
                Reg::R0,
                Reg::R0,
                {Reg::R8, Reg::R9, Reg::R0, Reg::R5, Reg::R4, Reg::R3, Reg::R2, Reg::R1}};
    if (plan.extent == Extent::Program) {
        Roles roles{Reg::R0,
                    Reg::R1,
                    Reg::R2,
                    Reg::R3,
                    {Reg::R5, Reg::R0, Reg::R6, Reg::R7, Reg::R8, Reg::R9}};
        // At TC, R4 is what ask_partial() needs.
        if (plan.signature == Signature::FrameXdp)
            roles.pool.insert(roles.pool.begin() + 1, Reg::R4);
        return roles;
    }
    if (std::any_of(graph.blocks.begin(), graph.blocks.end(),
                    [](const Block& block) { return calls(block.test); }))
        return {Reg::R6,
                Reg::R7,
                Reg::R8,
                Reg::R9,
                {Reg::R5, Reg::R4, Reg::R3, Reg::R2, Reg::R1, Reg::R0}};
    return {
        Reg::R1, Reg::R2, Reg::R3, Reg::R4, {Reg::R5, Reg::R0, Reg::R6, Reg::R7, Reg::R8, Reg::R9}};
}

TemplateNames names_for(Signature signature) {
    switch (signature) {
        case Signature::FrameXdp:
            return {"bpfw_load_xdp", "bpfw_length_xdp", "bpfw_protochain_xdp", "bpfw_log_xdp"};
        case Signature::FrameTc:
            return {"bpfw_load_tc", "bpfw_length_tc", "bpfw_protochain_tc", "bpfw_log_tc"};
        case Signature::Xdp:
        case Signature::Tc:
        case Signature::Packet:
        case Signature::PacketXdp:
        case Signature::PacketTc:
            break;
    }
    BPFW_BUG("a filter takes a frame");
}

bool reads_frame(const Graph& graph) {
    return std::any_of(graph.values.begin(), graph.values.end(), [](const Value& value) {
        return std::holds_alternative<Load>(value) || std::holds_alternative<FrameLength>(value);
    });
}

}  // namespace bpfw::compiler::filter
