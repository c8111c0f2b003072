// SPDX-License-Identifier: GPL-2.0-or-later
// Values -> instructions that leave them in registers. What block comes next is none of its
// business: where a load fails it jumps to the label it was given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/emit_code.hpp"
#include "compiler/filter/emit_places.hpp"

namespace bpfw::compiler::filter {

// Which register has which role in a function.
struct Roles {
    Reg frame = Reg::R1;
    Reg ctx = Reg::R2;
    Reg data = Reg::R3;
    Reg end = Reg::R4;
    std::vector<Reg> pool;  // for numbers and pointers
};
Roles roles_for(const Graph& graph, const FunctionPlan& plan);

// `constant` as it is compared with the value, which lies in its Shape::order().
std::uint32_t in_order(const Graph& graph, const Shape& shape, ValueId value,
                       std::uint32_t constant);

class ValueEmitter {
public:
    // Where a block's failed loads and divisions go; asked for when one can fail.
    struct Ways {
        std::function<Label()> beyond;  // not in data..data_end (Fast), not in the frame (Slow)
        std::function<Label()> far;     // more than BPFW_FRAME_DIRECT away (Fast)
        std::function<Label()> abort;
        BlockId block = 0;
    };

    ValueEmitter(Assembler& as, const GraphFacts& facts, const Shape& shape,
                 const FunctionPlan& plan, const Roles& roles);

    Places places;

    void begin_block(const Test& test, Ways ways);
    void end_block();

    // A register with the value in its Shape::order(). Good until the next call of this class,
    // unless pinned.
    Reg number(ValueId value, Use use = Use::Pass);
    // A call of a template function, arguments but frame and ctx set; the answer is in R0.
    void call(const char* function, const std::function<void()>& arguments);
    // `value` into `into`, from wherever it is; between save_from_call() and the call.
    void argument(Reg into, ValueId value);

private:
    void expect(ValueId value);
    Reg compute(ValueId value, Use use);
    Reg binary(ValueId value, const Binary& binary, Use use);
    Reg with_constant(ValueId value, const Binary& binary, std::uint32_t right, Use use);
    Reg with_number(ValueId value, const Binary& binary, Use use);
    void apply_constant(Operator op, Reg reg, std::uint32_t right);
    void apply_number(Operator op, Reg reg, Reg right);
    Reg overwritable(Reg reg, ValueId value, Use use);
    Reg load(ValueId value, const Load& load, Use use);
    Reg load_fast(ValueId value, LoadSize size, const Place& place, Use use);
    Reg load_slow(ValueId value, LoadSize size, const Place& place);
    Reg fail(Use use);
    Reg pointer(ValueId base, std::uint32_t end);
    void prove_fixed(std::uint32_t end);
    void prove(Reg pointer, std::uint32_t bytes);
    [[nodiscard]] std::uint32_t anticipated(ValueId base, std::uint32_t end);
    [[nodiscard]] bool bounded(ValueId base) const;
    Reg frame_length(Use use);
    Reg interface_index(Use use);

    Assembler& as_;
    const GraphFacts& facts_;
    const Graph& graph_;
    const Shape& shape_;
    const FunctionPlan& plan_;
    const Roles& roles_;
    Ways ways_;
    std::vector<ValueId> expected_;
    std::vector<std::uint32_t> seen_;
    std::uint32_t mark_ = 0;
    std::map<ValueId, std::vector<std::uint32_t>> anticipated_;  // by base
};

}  // namespace bpfw::compiler::filter
