// SPDX-License-Identifier: GPL-2.0-or-later
// Two network namespaces with a veth pair, and the hand-written ruleset's object.
//   peer: bpfw-rt-<pid>-p, device "out", 10.9.0.1    protected: bpfw-rt-<pid>-f, "in", 10.9.0.2
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fd.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::lab {

// Why these tests cannot run here ("needs root", ...); "" when they can.
std::string missing();

// Runs a command line; throws with its text when it fails.
void run(const std::string& command);

// A namespace of its own, deleted with everything in it.
class Namespace {
public:
    explicit Namespace(const std::string& suffix);
    Namespace(const Namespace&) = delete;
    Namespace& operator=(const Namespace&) = delete;
    ~Namespace();
    [[nodiscard]] const std::string& name() const { return name_; }
    void enter() const;  // the calling thread
    // `ip -n NAME arguments`
    void ip(const std::string& arguments) const;
    void forget();  // deletes the name now; the namespace lives while someone is in it

private:
    std::string name_;
    runtime::Fd fd_;
};

// The object with this text in it.
std::vector<std::byte> object_with(const std::string& ruleset);
// One that the verifier refuses.
std::vector<std::byte> bad_object();
// The text whose slots ruleset.bpf.c counts in.
std::string plain_ruleset();

// Sends UDP datagrams from a socket of the calling thread's namespace.
class UdpSender {
public:
    UdpSender(const std::string& destination, std::uint16_t port);
    // How many of `count` the kernel took (a drop by a TC egress program is EPERM).
    int send(int count) const;

private:
    runtime::Fd socket_;
    sockaddr_in address_ = {};
};

// Takes what arrives at a UDP port of the calling thread's namespace.
class UdpReceiver {
public:
    explicit UdpReceiver(std::uint16_t port);
    [[nodiscard]] int received() const;  // since the last call

private:
    runtime::Fd socket_;
};

// Packets that never left a device of the calling thread's namespace.
std::uint64_t tx_dropped(const std::string& device);
std::size_t open_fds();
// What a command prints.
std::string output_of(const std::string& command);

// Every test begins in a fresh pair, in the protected namespace, and ends in the namespace
// it came from, unloaded, with as many open fds as at the beginning.
class Lab : public ::testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;
    const Namespace& peer() const { return *peer_; }
    const Namespace& fw() const { return *fw_; }
    // Sends from the peer to the protected side; how many left.
    int send_from_peer(std::uint16_t port, int count) const;
    // A receiver on the peer's side.
    UdpReceiver receiver_at_peer(std::uint16_t port) const;
    // Packets counted in a slot, after all that is on its way has arrived.
    static std::uint64_t packets(std::size_t slot);

private:
    std::unique_ptr<Namespace> peer_;
    std::unique_ptr<Namespace> fw_;
    runtime::Fd home_{-1};
    std::size_t fds_ = 0;
};

}  // namespace bpfw::lab
