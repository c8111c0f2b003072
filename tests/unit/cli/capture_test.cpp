// SPDX-License-Identifier: GPL-2.0-or-later
// Captures as `bpfw test` reads them: Ethernet or a refusal by name.
#include "cli/capture.hpp"

#include <gtest/gtest.h>

#include "tests/support/command.hpp"
#include "tests/support/pcap_file.hpp"

namespace bpfw::cli {
namespace {

using test::pcap_file;

TEST(Capture, FramesOneByOne) {
    const test::TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", pcap_file({{{1, 2, 3}, 3}, {{4, 5}, 1500}}));
    auto capture = Capture::open(file);
    ASSERT_TRUE(capture.has_value()) << capture.error();
    auto frame = capture->next();
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_EQ((*frame)->bytes.size(), 3u);
    EXPECT_EQ((*frame)->length, 3u);
    frame = capture->next();
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_EQ((*frame)->bytes.size(), 2u);
    EXPECT_EQ((*frame)->length, 1500u) << "cut by the capture";
    frame = capture->next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_FALSE(frame->has_value()) << "the end";
}

TEST(Capture, OtherLinkTypesAreRefusedByName) {
    const test::TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", pcap_file({}, 113));
    const auto capture = Capture::open(file);
    ASSERT_FALSE(capture.has_value());
    EXPECT_NE(capture.error().find("LINUX_SLL"), std::string::npos) << capture.error();
    EXPECT_NE(capture.error().find(file), std::string::npos) << capture.error();
}

TEST(Capture, FileThatIsNoneIsNamed) {
    const test::TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", "this is no capture, is it?");
    for (const std::string& path : {file, directory.path("missing.pcap")}) {
        const auto capture = Capture::open(path);
        ASSERT_FALSE(capture.has_value());
        EXPECT_NE(capture.error().find(path), std::string::npos) << capture.error();
    }
}

TEST(Capture, FileThatIsNotThereIsNamedOnce) {
    const auto capture = Capture::open("/nonexistent/a.pcap");
    ASSERT_FALSE(capture.has_value());
    EXPECT_EQ(capture.error(),
              "cannot read capture '/nonexistent/a.pcap': No such file or directory");
}

TEST(Capture, FileThatEndsInAPacketGivesWhatCameBefore) {
    const test::TemporaryDirectory directory;
    const std::string whole = pcap_file({{{1, 2, 3}, 3}, {{4, 5, 6}, 3}});
    auto capture = Capture::open(directory.file("a.pcap", whole.substr(0, whole.size() - 2)));
    ASSERT_TRUE(capture.has_value()) << capture.error();
    EXPECT_TRUE(capture->next().has_value());
    EXPECT_FALSE(capture->next().has_value());
}

}  // namespace
}  // namespace bpfw::cli
