// SPDX-License-Identifier: GPL-2.0-or-later
// What the bpfw command tells its caller; bpfw(8) documents the same three.
#pragma once

namespace bpfw::cli {

enum class Exit : int {
    Ok = 0,
    Refused = 1,  // the system said no (or nothing is loaded, for `status`)
    Mistake = 2,  // the user's words, files or rules are wrong
};

}  // namespace bpfw::cli
