// SPDX-License-Identifier: GPL-2.0-or-later
// The list of engines. engines() is the door.
#include "tests/filter/engines.hpp"

#include <algorithm>

namespace bpfw::test::filter {

std::vector<std::unique_ptr<Engine>> engines(const std::vector<std::string>& words,
                                             std::vector<std::string>& missing) {
    std::vector<std::unique_ptr<Engine>> all;
    add_graph_engines(all);
    add_classic_engine(all);
    add_kernel_engines(all, missing);
    if (words.empty()) return all;
    const auto unwanted = [&](const auto& engine) {
        return std::none_of(words.begin(), words.end(), [&](const std::string& word) {
            return engine->name().find(word) != std::string_view::npos;
        });
    };
    all.erase(std::remove_if(all.begin(), all.end(), unwanted), all.end());
    return all;
}

}  // namespace bpfw::test::filter
