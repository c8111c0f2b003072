// SPDX-License-Identifier: GPL-2.0-or-later
// Gives prepared headers to an emitted classifier, another at each run, and keeps its answers.
#include "classify_run.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

#include "abi.h"

const volatile struct bpfw_config bpfw_config = {0, BPFW_HOOK_AUTO};

struct classify_data classify_data;

extern int bpfw_classify(struct bpfw_packet* packet);

/* .text has to be there. */
__attribute__((noinline)) __u32 next_position(void) {
    return classify_data.position++ & (CLASSIFY_HEADERS - 1);
}

SEC("xdp") int classify_next(struct xdp_md* ctx) {
    const __u32 at = next_position() & (CLASSIFY_HEADERS - 1);
    const struct classify_header* header = &classify_data.headers[at];
    struct bpfw_packet packet = {};

    (void)ctx;
    __builtin_memcpy(packet.saddr, header->words, 40);
    __builtin_memcpy(&packet.protocol, &header->words[10], 4);
    classify_data.answers[at] = (__u32)bpfw_classify(&packet);
    return XDP_PASS;
}

const char classify_license[] SEC("license") = "GPL";
