/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `protochain N`: the headers behind the network header, as compiler/filter/graph.hpp says. */
#ifndef BPFW_PROTOCHAIN_H
#define BPFW_PROTOCHAIN_H

#include <linux/in.h>

#include "frame_load.h"

#define BPFW_CHAIN_HEADERS 16 /* kProtochainHeaders of graph.hpp */

static __always_inline int is_chained(__u32 number, int ipv6)
{
	return number == IPPROTO_AH ||
	       (ipv6 && (number == 0 /* hop-by-hop */ || number == 43 /* routing */ ||
			 number == 44 /* fragment */ || number == 60 /* destination */));
}

/*
 * 1: a header of `number` is there; 0: none; -1: the frame ends before that is known. Unrolled:
 * kernel 6.1 sees no loop, and each step is two calls.
 */
#define BPFW_WALK_CHAIN(load, frame, ctx, network, number, ipv6)                               \
	({                                                                                     \
		const __u64 base_ = (network);                                                 \
		long next_ = load(frame, ctx, base_ + ((ipv6) ? 6 : 9), 1);                    \
		long first_ = (ipv6) ? 10 : load(frame, ctx, base_, 1);                        \
		__u64 at_ = base_ + 4 * ((__u64)first_ & 15);                                  \
		int found_ = next_ < 0 || first_ < 0 ? -1 : 0;                                 \
		int left_;                                                                     \
		if (found_ == 0) {                                                             \
			_Pragma("unroll") for (left_ = BPFW_CHAIN_HEADERS; left_; left_--)     \
			{                                                                      \
				const __u32 kind_ = (__u32)next_;                              \
				long units_;                                                   \
				if (kind_ == (number)) {                                       \
					found_ = 1;                                            \
					break;                                                 \
				}                                                              \
				if (!is_chained(kind_, ipv6))                                  \
					break;                                                 \
				next_ = load(frame, ctx, at_, 1);                              \
				units_ = load(frame, ctx, at_ + 1, 1);                         \
				if (next_ < 0 || units_ < 0) {                                 \
					found_ = -1;                                           \
					break;                                                 \
				}                                                              \
				at_ += kind_ == IPPROTO_AH ? ((__u64)units_ + 2) * 4           \
							   : ((__u64)units_ + 1) * 8;          \
			}                                                                      \
		}                                                                              \
		found_;                                                                        \
	})

/* `what`: the number (256: what no header has), | 1 << 16 for IPv6. */
__attribute__((noinline)) int bpfw_protochain_xdp(struct bpfw_frame *frame, struct xdp_md *ctx,
						  __u32 network, __u32 what)
{
	const __u32 number = what & 0xffff;

	if (!frame)
		return -1;
	return what >> 16 ? BPFW_WALK_CHAIN(bpfw_load_xdp, frame, ctx, network, number, 1)
			 : BPFW_WALK_CHAIN(bpfw_load_xdp, frame, ctx, network, number, 0);
}

__attribute__((noinline)) int bpfw_protochain_tc(struct bpfw_frame *frame, struct __sk_buff *skb,
						 __u32 network, __u32 what)
{
	const __u32 number = what & 0xffff;

	if (!frame)
		return -1;
	return what >> 16 ? BPFW_WALK_CHAIN(bpfw_load_tc, frame, skb, network, number, 1)
			 : BPFW_WALK_CHAIN(bpfw_load_tc, frame, skb, network, number, 0);
}

#endif
