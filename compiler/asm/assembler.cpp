// SPDX-License-Identifier: GPL-2.0-or-later
// Typed calls -> a Function. Layout, below, places the instructions: it begins with every
// jump short and lengthens those that do not reach until nothing changes (lengths only
// grow, so it ends). Assembler::finish() is the door.
#include "compiler/asm/assembler.hpp"

#include <fmt/format.h>

#include <utility>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

std::int16_t offset16(std::int64_t offset) {
    if (!std::in_range<std::int16_t>(offset))
        BPFW_BUG(fmt::format("memory offset {} is out of 16 bits", offset));
    return static_cast<std::int16_t>(offset);
}

std::int32_t imm32(std::int64_t imm) {
    if (!std::in_range<std::int32_t>(imm))
        BPFW_BUG(fmt::format("64-bit instruction with immediate {}, which is no int32", imm));
    return static_cast<std::int32_t>(imm);
}

std::int32_t same_bits(std::uint32_t imm) { return static_cast<std::int32_t>(imm); }

bool same_line(const LineMark& a, const LineMark& b) {
    return a.line == b.line && a.column == b.column && a.text == b.text && a.file == b.file;
}

}  // namespace

Label Assembler::label() {
    labels_.push_back(kNone);
    return Label(static_cast<std::uint32_t>(labels_.size() - 1));
}

void Assembler::bind(Label label) {
    std::uint32_t& place = labels_.at(label.number_);
    if (place != kNone) BPFW_BUG(fmt::format("label {} is bound twice", label.number_));
    place = here();
}

void Assembler::mark(LineMark line_mark) {
    line_mark.at = here();
    if (!lines_.empty() && lines_.back().at == line_mark.at) lines_.pop_back();
    if (!lines_.empty() && same_line(lines_.back(), line_mark)) return;
    lines_.push_back(std::move(line_mark));
}

void Assembler::mark(std::string file, std::uint32_t line, std::uint32_t column, std::string text) {
    mark({0, std::move(file), line, column, std::move(text)});
}

void Assembler::load(Size size, Reg dst, Reg base, std::int64_t offset) {
    emit(op::Load{size, dst, base, offset16(offset)});
}

void Assembler::store(Size size, Reg base, std::int64_t offset, Reg src) {
    emit(op::Store{size, base, offset16(offset), src});
}

void Assembler::store_imm(Size size, Reg base, std::int64_t offset, std::int32_t imm) {
    emit(op::Store{size, base, offset16(offset), imm});
}

void Assembler::ld_imm64(Reg dst, std::uint64_t value) {
    emit(op::LoadLow{op::Constant::Plain, dst, same_bits(static_cast<std::uint32_t>(value))});
    emit(op::LoadHigh{same_bits(static_cast<std::uint32_t>(value >> 32U))});
}

void Assembler::ld_map(Reg dst, std::string map_name) {
    relocations_.push_back({Relocation::Kind::Map, here(), std::move(map_name)});
    emit(op::LoadLow{op::Constant::MapFd, dst, 0});
    emit(op::LoadHigh{0});
}

void Assembler::ld_variable(Reg dst, std::string name) {
    relocations_.push_back({Relocation::Kind::Map, here(), std::move(name)});
    emit(op::LoadLow{op::Constant::MapValue, dst, 0});
    emit(op::LoadHigh{0});
}

void Assembler::ld_table(Reg dst, std::uint32_t offset) {
    relocations_.push_back({Relocation::Kind::Table, here(), {}});
    emit(op::LoadLow{op::Constant::MapValue, dst, same_bits(offset)});
    emit(op::LoadHigh{0});
}

void Assembler::alu(Alu alu, Reg dst, std::int64_t imm) {
    emit(op::Arithmetic{alu, Width::W64, dst, imm32(imm)});
}

void Assembler::alu(Alu alu, Reg dst, Reg src) { emit(op::Arithmetic{alu, Width::W64, dst, src}); }

void Assembler::alu32(Alu alu, Reg dst, std::uint32_t imm) {
    emit(op::Arithmetic{alu, Width::W32, dst, same_bits(imm)});
}

void Assembler::alu32(Alu alu, Reg dst, Reg src) {
    emit(op::Arithmetic{alu, Width::W32, dst, src});
}

void Assembler::jump(Jmp jmp, Reg dst, std::int64_t imm, Label to) {
    emit_jump(op::Branch{jmp, Width::W64, dst, imm32(imm), 0}, to);
}

void Assembler::jump(Jmp jmp, Reg dst, Reg src, Label to) {
    emit_jump(op::Branch{jmp, Width::W64, dst, src, 0}, to);
}

void Assembler::jump32(Jmp jmp, Reg dst, std::uint32_t imm, Label to) {
    emit_jump(op::Branch{jmp, Width::W32, dst, same_bits(imm), 0}, to);
}

void Assembler::jump32(Jmp jmp, Reg dst, Reg src, Label to) {
    emit_jump(op::Branch{jmp, Width::W32, dst, src, 0}, to);
}

void Assembler::ja(Label to) { emit_jump(op::Goto{op::Reach::Near, 0}, to); }

void Assembler::call_helper(std::int32_t id) { emit(op::Call{op::Callee::Helper, id}); }

void Assembler::call(std::string function_name) {
    relocations_.push_back({Relocation::Kind::Function, here(), std::move(function_name)});
    emit(op::Call{op::Callee::Function, -1});  // -1: what a linker expects before it links
}

void Assembler::exit() { emit(op::Exit{}); }

void Assembler::emit_jump(const Operation& operation, Label to) {
    items_.push_back({encode(operation), to.number_});
}

// Where each instruction comes to lie, and how long its jump has to be. What no path from the
// first instruction reaches takes no place: the verifier refuses it (check_cfg()).
class Layout {
public:
    explicit Layout(const Assembler& assembler)
        : as_(assembler), live_(as_.items_.size()), far_(as_.items_.size()) {
        find_live();
        do place();
        while (lengthen());
    }

    [[nodiscard]] std::uint32_t position(std::uint32_t item) const { return positions_[item]; }
    [[nodiscard]] std::uint32_t size() const { return positions_.back(); }
    [[nodiscard]] bool live(std::uint32_t item) const { return live_[item] != 0; }
    [[nodiscard]] std::vector<Insn> insns() const;

private:
    void find_live();
    void place();
    bool lengthen();
    [[nodiscard]] std::uint32_t length(std::size_t item) const;
    [[nodiscard]] std::int64_t distance(std::size_t item) const;
    void write_far(std::size_t item, std::vector<Insn>& out) const;

    const Assembler& as_;
    std::vector<std::uint8_t> live_;
    std::vector<std::uint8_t> far_;
    std::vector<std::uint32_t> positions_;  // one more than items: the end
};

void Layout::find_live() {
    std::vector<std::uint32_t> open{0};
    while (!open.empty()) {
        const std::uint32_t item = open.back();
        open.pop_back();
        if (live_[item] != 0) continue;
        live_[item] = 1;
        const auto operation = decode(as_.items_[item].insn);
        const bool stops = operation && (std::holds_alternative<op::Exit>(*operation) ||
                                         std::holds_alternative<op::Goto>(*operation));
        if (!stops) open.push_back(item + 1);
        if (as_.items_[item].target != Assembler::kNone)
            open.push_back(as_.labels_.at(as_.items_[item].target));
    }
}

// A far jump: gotol; a far branch: the inverse over a gotol; jset has no inverse, so it
// jumps to the gotol and a ja leads past it.
std::uint32_t Layout::length(std::size_t item) const {
    if (live_[item] == 0) return 0;
    if (far_[item] == 0) return 1;
    const auto operation = decode(as_.items_[item].insn);
    if (std::holds_alternative<op::Goto>(*operation)) return 1;
    return inverse(std::get<op::Branch>(*operation).jmp) ? 2 : 3;
}

void Layout::place() {
    positions_.assign(1, 0);
    positions_.reserve(as_.items_.size() + 1);
    for (std::size_t i = 0; i < as_.items_.size(); ++i)
        positions_.push_back(positions_.back() + length(i));
}

// In instructions, from the one behind the last of the jump's own.
std::int64_t Layout::distance(std::size_t item) const {
    const std::uint32_t target = as_.labels_.at(as_.items_[item].target);
    return std::int64_t{positions_[target]} - positions_[item + 1];
}

bool Layout::lengthen() {
    bool changed = false;
    for (std::size_t i = 0; i < far_.size(); ++i) {
        if (live_[i] == 0 || as_.items_[i].target == Assembler::kNone || far_[i] != 0) continue;
        if (std::in_range<std::int16_t>(distance(i))) continue;
        far_[i] = 1;
        changed = true;
    }
    return changed;
}

void Layout::write_far(std::size_t item, std::vector<Insn>& out) const {
    const auto operation = decode(as_.items_[item].insn);
    if (const auto* branch = std::get_if<op::Branch>(&*operation)) {
        op::Branch around = *branch;
        around.offset = 1;
        if (const auto inverted = inverse(branch->jmp)) around.jmp = *inverted;
        out.push_back(encode(around));
        if (!inverse(branch->jmp)) out.push_back(encode(op::Goto{op::Reach::Near, 1}));
    }
    out.push_back(encode(op::Goto{op::Reach::Far, static_cast<std::int32_t>(distance(item))}));
}

std::vector<Insn> Layout::insns() const {
    std::vector<Insn> out;
    out.reserve(positions_.back());
    for (std::size_t i = 0; i < as_.items_.size(); ++i) {
        const auto& item = as_.items_[i];
        if (live_[i] == 0) continue;
        if (far_[i] != 0) {
            write_far(i, out);
            continue;
        }
        out.push_back(item.insn);
        if (item.target != Assembler::kNone)
            out.back().offset = static_cast<std::int16_t>(distance(i));
    }
    return out;
}

namespace {

// Whether control cannot run past this instruction.
bool ends_flow(const Insn& insn) {
    const auto operation = decode(insn);
    return operation && (std::holds_alternative<op::Exit>(*operation) ||
                         std::holds_alternative<op::Goto>(*operation));
}

}  // namespace

Function Assembler::finish(std::string name) && {
    if (items_.empty() || !ends_flow(items_.back().insn))
        BPFW_BUG(fmt::format("function '{}' runs off its end", name));
    for (const Item& item : items_) {
        if (item.target == kNone) continue;
        const std::uint32_t place = labels_.at(item.target);
        if (place >= items_.size())
            BPFW_BUG(fmt::format("function '{}': label {} is {}", name, item.target,
                                 place == kNone ? "not bound" : "behind the last instruction"));
    }
    const Layout layout(*this);
    Function function{std::move(name), layout.insns(), {}, {}};
    for (Relocation& relocation : relocations_) {
        if (!layout.live(relocation.at)) continue;
        relocation.at = layout.position(relocation.at);
        function.relocations.push_back(std::move(relocation));
    }
    if (lines_.empty() || lines_.front().at != 0)
        function.lines.push_back({0, "", 0, 0, function.name});
    for (LineMark& line : lines_) {
        line.at = layout.position(line.at);
        if (line.at >= layout.size()) break;  // a mark with nothing behind it
        if (!function.lines.empty() && function.lines.back().at == line.at)
            function.lines.pop_back();
        function.lines.push_back(std::move(line));
    }
    return function;
}

}  // namespace bpfw::compiler
