// SPDX-License-Identifier: GPL-2.0-or-later
// The counters of one legacy iptables table, read with getsockopt(IPT_SO_GET_ENTRIES):
// some microseconds, where iptables-save takes milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parser/ast.hpp"
#include "parser/base/result.hpp"

namespace bpfw::test {

class XtTable {
public:
    // A place in the table; rule 0 is the chain's policy.
    struct Entry {
        std::string chain;
        std::uint32_t rule = 0;
        std::size_t offset = 0;  // of the entry in the blob
    };

    // `socket`: a raw socket of the family in the namespace, kept open by the caller.
    XtTable(int socket, parser::Family family, std::string name)
        : socket_(socket), family_(family), name_(std::move(name)) {}

    // Learns the table's shape: once after every load.
    Result<void> learn();
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    // In the order of entries(). Valid until the next call.
    Result<const std::vector<parser::Counters>*> read();
    [[nodiscard]] std::size_t find(const std::string& chain, std::uint32_t rule) const;

private:
    Result<void> fetch();

    int socket_;
    parser::Family family_;
    std::string name_;
    std::vector<std::uint8_t> blob_;  // struct ipt_get_entries / ip6t_get_entries
    std::vector<Entry> entries_;
    std::vector<parser::Counters> counters_;
};

}  // namespace bpfw::test
