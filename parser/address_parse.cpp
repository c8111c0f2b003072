// SPDX-License-Identifier: GPL-2.0-or-later
// Text of numbers, addresses and masks -> values. The doors are in values.hpp.
#include <arpa/inet.h>

#include <string>
#include <tao/pegtl.hpp>

#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

namespace pegtl = tao::pegtl;

// A number in the making: its digits in its base; `overflow` once it leaves 64 bits.
struct Number {
    std::uint64_t value = 0;
    bool overflow = false;

    void add(std::uint64_t base, char digit) {
        const int c = digit | 0x20;
        const auto d = static_cast<std::uint64_t>(c >= 'a' ? c - 'a' + 10 : c - ('0' | 0x20));
        overflow = overflow || value > (UINT64_MAX - d) / base;
        value = value * base + d;
    }
};

struct Hex : pegtl::plus<pegtl::xdigit> {};
struct Octal : pegtl::plus<pegtl::range<'0', '7'>> {};
struct Decimal : pegtl::plus<pegtl::digit> {};
struct Digits : pegtl::sor<pegtl::seq<pegtl::one<'0'>, pegtl::one<'x', 'X'>, Hex>,
                           pegtl::seq<pegtl::at<pegtl::one<'0'>>, Octal>, Decimal> {};
struct Lead : pegtl::seq<pegtl::star<pegtl::space>, pegtl::opt<pegtl::one<'+'>>> {};
struct NumberText : pegtl::seq<Lead, Digits, pegtl::eof> {};

template <std::uint64_t kBase>
struct InBase {
    template <typename In>
    static void apply(const In& in, Number& out) {
        for (const char c : in.string_view()) out.add(kBase, c);
    }
};
template <typename Rule>
struct NumberAction : pegtl::nothing<Rule> {};
template <>
struct NumberAction<Hex> : InBase<16> {};
template <>
struct NumberAction<Octal> : InBase<8> {};
template <>
struct NumberAction<Decimal> : InBase<10> {};

// One to four parts with dots between them.
struct Parts {
    std::array<std::uint8_t, 4> part{};
    unsigned count = 0;
    bool good = true;
};
struct Part : pegtl::plus<pegtl::not_one<'.'>> {};
struct Dotted : pegtl::seq<pegtl::list<Part, pegtl::one<'.'>>, pegtl::eof> {};

template <typename Rule>
struct PartAction : pegtl::nothing<Rule> {};
template <>
struct PartAction<Part> {
    template <typename In>
    static void apply(const In& in, Parts& out) {
        const auto value = parse_number(in.string_view(), 255);
        out.good = out.good && value.has_value() && out.count < 4;
        if (out.good) out.part[out.count++] = static_cast<std::uint8_t>(*value);
    }
};

std::optional<Address> parse_dotted(std::string_view text, unsigned least_parts) {
    pegtl::memory_input<pegtl::tracking_mode::lazy> in(text.data(), text.size(), "");
    Parts parts;
    if (!pegtl::parse<Dotted, PartAction>(in, parts)) return std::nullopt;
    if (!parts.good || parts.count < least_parts) return std::nullopt;
    Address out;
    std::copy(parts.part.begin(), parts.part.end(), out.bytes.begin());
    return out;
}

std::optional<Address> parse_ipv6(std::string_view text) {
    Address out;
    const std::string terminated(text);
    if (terminated.size() != text.size() || text.find('\0') != text.npos) return std::nullopt;
    if (::inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) != 1) return std::nullopt;
    return out;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
    pegtl::memory_input<pegtl::tracking_mode::lazy> in(text.data(), text.size(), "");
    Number number;
    if (!pegtl::parse<NumberText, NumberAction>(in, number)) return std::nullopt;
    if (number.overflow || number.value > max) return std::nullopt;
    return number.value;
}

std::optional<Address> parse_address(std::string_view text, Family family) {
    return family == Family::Ipv4 ? parse_dotted(text, 4) : parse_ipv6(text);
}

std::optional<Address> parse_network(std::string_view text, Family family) {
    return family == Family::Ipv4 ? parse_dotted(text, 1) : parse_ipv6(text);
}

std::optional<Address> parse_mask(std::string_view text, Family family) {
    if (const auto mask = parse_address(text, family)) return mask;
    const unsigned bits = family == Family::Ipv4 ? 32 : 128;
    const auto length = parse_number(text, bits);
    if (!length) return std::nullopt;
    return prefix_mask(static_cast<unsigned>(*length), family);
}

}  // namespace bpfw::parser
