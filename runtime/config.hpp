// SPDX-License-Identifier: GPL-2.0-or-later
// The object's struct bpfw_config, to be changed between open and load.
#pragma once

#include <bpf/libbpf.h>

#include "bpf-templates/abi.h"
#include "parser/base/result.hpp"

namespace bpfw::runtime {

// Borrowed from the object; after its load no change has an effect.
Result<bpfw_config*> config_of(bpf_object* object);

}  // namespace bpfw::runtime
