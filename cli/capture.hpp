// SPDX-License-Identifier: GPL-2.0-or-later
// A capture file's Ethernet frames, through libpcap.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

struct pcap;

namespace bpfw::cli {

struct Frame {
    std::span<const std::byte> bytes;  // from the Ethernet header on; valid until the next one
    std::uint32_t length = 0;          // on the wire; more than bytes.size(): cut by the capture
};

// Complaints are one line and name the file.
class Capture {
public:
    static tl::expected<Capture, std::string> open(const std::string& path);
    // Nothing: the end of the file.
    tl::expected<std::optional<Frame>, std::string> next();

private:
    struct Closer {
        void operator()(pcap* handle) const;
    };
    Capture(std::string path, pcap* handle) : path_(std::move(path)), handle_(handle) {}
    std::string path_;
    std::unique_ptr<pcap, Closer> handle_;
};

}  // namespace bpfw::cli
