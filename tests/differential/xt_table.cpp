// SPDX-License-Identifier: GPL-2.0-or-later
// getsockopt blob -> chains, rules, counters. The blob's layout is the uapi of
// linux/netfilter_ipv4/ip_tables.h and its IPv6 twin: entries one after another, base chains
// where hook_entry says, each user chain behind an entry whose target is ERROR with its name.
#include "tests/differential/xt_table.hpp"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bpfw::test {
namespace {

using parser::Family;

static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo));
static_assert(offsetof(ipt_get_entries, entrytable) == offsetof(ip6t_get_entries, entrytable));
static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO && IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES);

constexpr std::size_t kFirstEntry = offsetof(ipt_get_entries, entrytable);

struct Layout {
    int level;
    std::size_t target;    // offset of target_offset in an entry
    std::size_t next;      // of next_offset
    std::size_t counters;  // of counters
};

Layout layout_of(Family family) {
    if (family == Family::Ipv4)
        return {IPPROTO_IP, offsetof(ipt_entry, target_offset), offsetof(ipt_entry, next_offset),
                offsetof(ipt_entry, counters)};
    return {IPPROTO_IPV6, offsetof(ip6t_entry, target_offset), offsetof(ip6t_entry, next_offset),
            offsetof(ip6t_entry, counters)};
}

template <typename T>
T read_at(const std::vector<std::uint8_t>& blob, std::size_t at) {
    T value;
    std::memcpy(&value, blob.data() + at, sizeof value);
    return value;
}

// The chain's name when the entry is the head of a user chain, else "".
std::string head_of(const std::vector<std::uint8_t>& blob, std::size_t target) {
    const char* name = reinterpret_cast<const char*>(blob.data()) + target +
                       offsetof(xt_entry_target, u.user.name);
    if (std::strncmp(name, XT_ERROR_TARGET, XT_EXTENSION_MAXNAMELEN) != 0) return "";
    return reinterpret_cast<const char*>(blob.data()) + target +
           offsetof(xt_error_target, errorname);
}

const char* base_chain(const ipt_getinfo& info, std::size_t offset) {
    static const char* const names[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
    for (std::size_t hook = 0; hook < std::size(names); hook++)
        if ((info.valid_hooks >> hook & 1) != 0 && info.hook_entry[hook] == offset)
            return names[hook];
    return nullptr;
}

bool is_policy(const ipt_getinfo& info, std::size_t offset) {
    for (std::size_t hook = 0; hook < NF_INET_NUMHOOKS; hook++)
        if ((info.valid_hooks >> hook & 1) != 0 && info.underflow[hook] == offset) return true;
    return false;
}

}  // namespace

Result<void> XtTable::fetch() {
    auto size = static_cast<socklen_t>(blob_.size());
    if (::getsockopt(socket_, layout_of(family_).level, IPT_SO_GET_ENTRIES, blob_.data(), &size))
        return failure("read table", name_, errno);
    return {};
}

Result<void> XtTable::learn() {
    ipt_getinfo info{};
    std::strncpy(info.name, name_.c_str(), sizeof info.name - 1);
    socklen_t size = sizeof info;
    const Layout layout = layout_of(family_);
    if (::getsockopt(socket_, layout.level, IPT_SO_GET_INFO, &info, &size))
        return failure("ask for table", name_, errno);
    blob_.assign(kFirstEntry + info.size, 0);
    std::memcpy(blob_.data(), info.name, sizeof info.name);
    std::memcpy(blob_.data() + offsetof(ipt_get_entries, size), &info.size, sizeof info.size);
    if (auto fetched = fetch(); !fetched) return fetched;

    entries_.clear();
    std::string chain;
    std::uint32_t rule = 0;
    for (std::size_t at = 0; at < info.size;) {
        const std::size_t place = kFirstEntry + at;
        if (const char* base = base_chain(info, at)) {
            chain = base;
            rule = 0;
        }
        const auto target = read_at<std::uint16_t>(blob_, place + layout.target);
        if (const std::string head = head_of(blob_, place + target); !head.empty()) {
            chain = head;
            rule = 0;
        } else {
            entries_.push_back({chain, is_policy(info, at) ? 0 : ++rule, place});
        }
        at += read_at<std::uint16_t>(blob_, place + layout.next);
    }
    return {};
}

Result<const std::vector<parser::Counters>*> XtTable::read() {
    if (auto fetched = fetch(); !fetched) return tl::unexpected(fetched.error());
    const std::size_t counters = layout_of(family_).counters;
    counters_.clear();
    for (const Entry& entry : entries_) {
        const auto value = read_at<xt_counters>(blob_, entry.offset + counters);
        counters_.push_back({value.pcnt, value.bcnt});
    }
    return &counters_;
}

std::size_t XtTable::find(const std::string& chain, std::uint32_t rule) const {
    for (std::size_t i = 0; i < entries_.size(); i++)
        if (entries_[i].chain == chain && entries_[i].rule == rule) return i;
    BPFW_BUG("table " + name_ + " has no entry of chain " + chain);
}

}  // namespace bpfw::test
