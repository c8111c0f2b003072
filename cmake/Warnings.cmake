# SPDX-License-Identifier: GPL-2.0-or-later
# What every target of ours is compiled with.
add_library(bpfw_flags INTERFACE)
target_include_directories(bpfw_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(bpfw_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion)
# g++ 12 sees overlapping copies in "text" + std::string where there are none (GCC bug 105651).
target_compile_options(bpfw_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
if(BPFW_SANITIZE)
  target_compile_options(bpfw_flags INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer
                                              -fno-sanitize-recover=undefined)
  target_link_options(bpfw_flags INTERFACE -fsanitize=address,undefined)
endif()
if(BPFW_COVERAGE)
  target_compile_options(bpfw_flags INTERFACE --coverage)
  target_link_options(bpfw_flags INTERFACE --coverage)
endif()
if(BPFW_FUZZ)
  target_compile_options(bpfw_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined
                                              -fno-sanitize-recover=undefined)
  target_link_options(bpfw_flags INTERFACE -fsanitize=address,undefined)
endif()
