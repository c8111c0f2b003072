/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One way to read a frame at XDP (all linear) and at TC (linear part, then fragments). */
#ifndef BPFW_VIEW_H
#define BPFW_VIEW_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* What the parser reads bigger than this is read field by field. */
#define BPFW_SCRATCH_BYTES 40
/* No header is looked for beyond: keeps packet pointers inside the verifier's 16 bits. */
#define BPFW_MAX_OFFSET 0x7fff

struct bpfw_scratch {
	__u8 bytes[BPFW_SCRATCH_BYTES];
};

/* Only ever a local variable of inlined code: the compiler keeps it in registers. */
struct bpfw_view {
	void *data;
	void *data_end;
	struct __sk_buff *skb; /* TC only */
	struct bpfw_scratch *scratch;
	__u32 end;             /* length of the frame in bytes, beyond the linear part too */
	__u32 tc;              /* constant: 0 at XDP */
};

static __always_inline struct bpfw_view xdp_view(struct xdp_md *ctx)
{
	struct bpfw_view view = {
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
	};

	__u64 length = (__u64)(view.data_end - view.data);

	/* Else the compiler subtracts halves of pointers, which the verifier refuses. */
	asm volatile("" : "+r"(length));
	view.end = (__u32)length;
	return view;
}

static __always_inline struct bpfw_view tc_view(struct __sk_buff *skb,
						struct bpfw_scratch *scratch)
{
	struct bpfw_view view = {
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.skb = skb,
		.scratch = scratch,
		.end = skb->len,
		.tc = 1,
	};

	return view;
}

/*
 * BIG TCP: an aggregate above 64 KiB, whose IP header says length 0 (iph_totlen() of
 * include/linux/ip.h). XDP has no gso_size; there, no other frame is as long.
 */
static __always_inline int is_big_tcp(const struct bpfw_view *view, __u32 ip_bytes)
{
	return view->tc ? view->skb->gso_size != 0 : ip_bytes > 0xffff;
}

/*
 * `size` (constant) bytes at `offset` of the frame, NULL when it is shorter. At TC, bytes
 * beyond the linear part (74 bytes or less on a GSO packet) are copied to the scratch: the
 * pointer is good until the next call.
 */
static __always_inline const void *view_at(const struct bpfw_view *view, __u64 offset,
					   const __u32 size)
{
	void *at = view->data + offset;

	/* The checked pointer itself must be used: to the verifier, one that the compiler
	 * computes again is another one, unchecked. */
	asm volatile("" : "+r"(at));
	if (at + size <= view->data_end) {
		if (!at)
			__builtin_unreachable();
		return at;
	}
	if (view->tc && bpf_skb_load_bytes(view->skb, (__u32)offset, view->scratch, size) == 0)
		return view->scratch;
	return 0;
}

#endif
