/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmark's BPF programs and its C++ side share. */
#ifndef BPFW_BENCH_H
#define BPFW_BENCH_H

#include <linux/types.h>

#define BENCH_HEADERS 8192 /* a power of two */

/* The first 64 bytes of a frame: Ethernet, IPv4, TCP, padding. */
struct bench_header {
	__u64 words[8];
};

#endif
