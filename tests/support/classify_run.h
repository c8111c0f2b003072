/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What classify_run.bpf.c and classify_kernel.cpp share. */
#ifndef BPFW_CLASSIFY_RUN_H
#define BPFW_CLASSIFY_RUN_H

#include <linux/types.h>

#define CLASSIFY_HEADERS 32768

/* The words of struct bpfw_packet that a classifier reads: 0-9 and 11. */
struct classify_header {
    __u32 words[11];
};

struct classify_data {
    __u32 position;
    struct classify_header headers[CLASSIFY_HEADERS];
    __u32 answers[CLASSIFY_HEADERS];
};

#endif
