// SPDX-License-Identifier: GPL-2.0-or-later
// One owned file descriptor, and one owned memory mapping.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace bpfw::runtime {

class Fd {
public:
    explicit Fd(int owned) : fd_(owned) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd taken(std::move(other));
        std::swap(fd_, taken.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

// A shared mapping of a BPF_F_MMAPABLE map; it keeps the map alive without an fd.
class Mapping {
public:
    Mapping(void* address, std::size_t bytes) : address_(address), bytes_(bytes) {}
    Mapping(Mapping&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), bytes_(other.bytes_) {}
    Mapping& operator=(Mapping&& other) noexcept {
        Mapping taken(std::move(other));
        std::swap(address_, taken.address_);
        std::swap(bytes_, taken.bytes_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (address_ != nullptr) ::munmap(address_, bytes_);
    }
    [[nodiscard]] void* get() const { return address_; }

private:
    void* address_;
    std::size_t bytes_;
};

}  // namespace bpfw::runtime
