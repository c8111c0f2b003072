// SPDX-License-Identifier: GPL-2.0-or-later
// A function's name and the context it gets -> its name in the object.
#include "compiler/emit/function_names.hpp"

#include <fmt/format.h>

#include "parser/base/result.hpp"

namespace bpfw::compiler {

std::string name_for(const std::string& name, Signature signature) {
    switch (signature) {
        case Signature::Packet:
            return name;
        case Signature::PacketXdp:
        case Signature::FrameXdp:
        case Signature::Xdp:
            return name + "_xdp";
        case Signature::PacketTc:
        case Signature::FrameTc:
        case Signature::Tc:
            return name + "_tc";
    }
    BPFW_BUG("unknown signature");
}

std::string filter_function(FilterId filter, Signature caller) {
    if (caller == Signature::Packet) BPFW_BUG("a filter is asked where there is no context");
    return name_for(fmt::format("bpfw_filter_{}", filter), caller);
}

}  // namespace bpfw::compiler
