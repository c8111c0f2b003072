// SPDX-License-Identifier: GPL-2.0-or-later
// A capture file -> frames, through libpcap (pcap and pcapng); Capture::open() is the only door.
#include "cli/capture.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>

namespace bpfw::cli {
namespace {

std::string link_name(int link) {
    const char* name = pcap_datalink_val_to_name(link);
    return name == nullptr ? fmt::format("{}", link) : name;
}

}  // namespace

void Capture::Closer::operator()(pcap* handle) const { pcap_close(handle); }

tl::expected<Capture, std::string> Capture::open(const std::string& path) {
    std::array<char, PCAP_ERRBUF_SIZE> why{};
    pcap_t* handle = pcap_open_offline(path.c_str(), why.data());
    if (handle == nullptr) {
        std::string_view reason = why.data();
        const std::string again = path + ": ";  // libpcap names the file where open(2) failed
        if (reason.starts_with(again)) reason.remove_prefix(again.size());
        return tl::unexpected(fmt::format("cannot read capture '{}': {}", path, reason));
    }
    Capture capture(path, handle);
    if (const int link = pcap_datalink(handle); link != DLT_EN10MB) {
        return tl::unexpected(
            fmt::format("capture '{}' has link type {}; only EN10MB (Ethernet) is understood", path,
                        link_name(link)));
    }
    return capture;
}

tl::expected<std::optional<Frame>, std::string> Capture::next() {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(handle_.get(), &header, &data);
    if (got == PCAP_ERROR_BREAK) return std::nullopt;  // the end of the file
    if (got != 1) {
        return tl::unexpected(
            fmt::format("cannot read capture '{}': {}", path_, pcap_geterr(handle_.get())));
    }
    return Frame{std::as_bytes(std::span(data, header->caplen)), header->len};
}

}  // namespace bpfw::cli
