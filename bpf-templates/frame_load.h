/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loads of filters that packet pointers cannot do: a tag that is out of the skb, a device
 * without Ethernet header, bytes beyond data_end.
 */
#ifndef BPFW_FRAME_LOAD_H
#define BPFW_FRAME_LOAD_H

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>

#include "abi.h"
#include "view.h"

#define BPFW_TAG_OFFSET 12u
#define BPFW_TAG_BYTES 4u

/* Where the loads below read: made anew in each of them, it stays in registers. */
struct bpfw_source {
	void *data;
	void *data_end;
	void *ctx;
	__u32 tc; /* constant */
};

static __always_inline struct bpfw_source xdp_source(struct xdp_md *ctx)
{
	return (struct bpfw_source){(void *)(long)ctx->data, (void *)(long)ctx->data_end, ctx, 0};
}

static __always_inline struct bpfw_source tc_source(struct __sk_buff *skb)
{
	return (struct bpfw_source){(void *)(long)skb->data, (void *)(long)skb->data_end, skb, 1};
}

static __always_inline long big_endian(const void *at, const __u32 size)
{
	if (size == 1)
		return *(const __u8 *)at;
	return size == 2 ? bpf_ntohs(*(const __be16 *)at) : bpf_ntohl(*(const __be32 *)at);
}

/* `size` (constant) bytes at `offset` of ctx's data; -1: not all there. */
static __always_inline long read_data(const struct bpfw_source *source, __u64 offset,
				      const __u32 size)
{
	void *at;
	__u32 copy = 0;

	if (offset <= BPFW_MAX_OFFSET) {
		at = source->data + offset;
		/* As in view_at(). */
		asm volatile("" : "+r"(at));
		if (at + size <= source->data_end)
			return big_endian(at, size);
	}
	if (offset > 0x7fffffff)
		return -1;
	if (source->tc ? bpf_skb_load_bytes(source->ctx, (__u32)offset, &copy, size)
		       : bpf_xdp_load_bytes(source->ctx, (__u32)offset, &copy, size))
		return -1;
	return big_endian(&copy, size);
}

static __always_inline long read_sized(const struct bpfw_source *source, __u64 offset, __u32 size)
{
	if (size == 1)
		return read_data(source, offset, 1);
	return size == 2 ? read_data(source, offset, 2) : read_data(source, offset, 4);
}

/* The bytes at offset 12 that ctx's data has not: the tag, or the EtherType. */
static __always_inline __u32 missing_word(const struct bpfw_source *source, __u32 head)
{
	if (source->tc) {
		struct __sk_buff *skb = source->ctx;
		__u32 type = skb->protocol;

		/* Else the compiler computes the address of one field or the other, which the
		 * verifier refuses in a context. */
		asm volatile("" : "+r"(type));
		if (head != BPFW_HEAD_TAG_OUT)
			return (__u32)bpf_ntohs((__be16)type) << 16;
		return (__u32)bpf_ntohs((__be16)skb->vlan_proto) << 16 | (skb->vlan_tci & 0xffff);
	}
	return (__u32)(read_data(source, 0, 1) >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP) << 16;
}

/* How many bytes ctx's data lacks, and where those that follow them begin. */
static __always_inline __u32 bytes_missing(__u32 head)
{
	return head == BPFW_HEAD_TAG_OUT ? BPFW_TAG_BYTES : ETH_HLEN;
}

static __always_inline __u32 end_of_missing(__u32 head)
{
	return head == BPFW_HEAD_TAG_OUT ? BPFW_TAG_OFFSET + BPFW_TAG_BYTES : ETH_HLEN;
}

static __always_inline long head_byte(const struct bpfw_source *source, __u32 head, __u64 offset)
{
	const __u32 at = (__u32)offset & 31;

	if (offset >= end_of_missing(head))
		return read_data(source, offset - bytes_missing(head), 1);
	if (at < BPFW_TAG_OFFSET)
		return head == BPFW_HEAD_NONE ? 0 : read_data(source, at, 1);
	return missing_word(source, head) >> (8 * (15 - at)) & 0xff;
}

/* One byte within or around what is missing: a global function keeps the verifier from taking
 * every way through each of four bytes. */
__attribute__((noinline)) long bpfw_byte_xdp(struct bpfw_frame *frame, struct xdp_md *ctx,
					     __u64 offset)
{
	const struct bpfw_source source = xdp_source(ctx);

	return frame ? head_byte(&source, frame->head, offset) : -1;
}

__attribute__((noinline)) long bpfw_byte_tc(struct bpfw_frame *frame, struct __sk_buff *skb,
					    __u64 offset)
{
	const struct bpfw_source source = tc_source(skb);

	return frame ? head_byte(&source, frame->head, offset) : -1;
}

/* Byte by byte, big endian; size: 1, 2 or 4. */
#define BPFW_LOAD_BYTES(byte, frame, ctx, offset, size)                                        \
	({                                                                                     \
		long value_ = byte(frame, ctx, offset);                                        \
		if (value_ >= 0 && (size) >= 2) {                                              \
			const long second_ = byte(frame, ctx, (offset) + 1);                   \
			value_ = second_ < 0 ? -1 : value_ << 8 | second_;                     \
		}                                                                              \
		if (value_ >= 0 && (size) == 4) {                                              \
			const long third_ = byte(frame, ctx, (offset) + 2);                    \
			const long fourth_ = byte(frame, ctx, (offset) + 3);                   \
			value_ = third_ < 0 || fourth_ < 0 ? -1                                \
							   : value_ << 16 | third_ << 8 | fourth_; \
		}                                                                              \
		value_;                                                                        \
	})

/* Where the load lies in ctx's data; BPFW_AROUND when it touches what is missing. */
#define BPFW_AROUND (~0ull)
static __always_inline __u64 place_of(__u32 head, __u64 offset, __u32 size)
{
	if (head == BPFW_HEAD_WHOLE)
		return offset;
	if (offset >= end_of_missing(head))
		return offset - bytes_missing(head);
	if (head == BPFW_HEAD_TAG_OUT && offset + size <= BPFW_TAG_OFFSET)
		return offset;
	return BPFW_AROUND;
}

/*
 * A filter's load: `size` (1, 2 or 4) bytes at `offset` of the frame, big endian; -1 when they are
 * not all there. Called by the emitted code's slow twins.
 */
__attribute__((noinline)) long bpfw_load_xdp(struct bpfw_frame *frame, struct xdp_md *ctx,
					     __u64 offset, __u32 size)
{
	const struct bpfw_source source = xdp_source(ctx);
	__u64 place;

	if (!frame || offset > 0x7fffffff)
		return -1;
	place = place_of(frame->head, offset, size);
	if (place == BPFW_AROUND)
		return BPFW_LOAD_BYTES(bpfw_byte_xdp, frame, ctx, offset, size);
	return read_sized(&source, place, size);
}

__attribute__((noinline)) long bpfw_load_tc(struct bpfw_frame *frame, struct __sk_buff *skb,
					    __u64 offset, __u32 size)
{
	const struct bpfw_source source = tc_source(skb);
	__u64 place;

	if (!frame || offset > 0x7fffffff)
		return -1;
	place = place_of(frame->head, offset, size);
	if (place != BPFW_AROUND)
		return read_sized(&source, place, size);
	if (offset == BPFW_TAG_OFFSET && size == 2)
		return missing_word(&source, frame->head) >> 16;
	return BPFW_LOAD_BYTES(bpfw_byte_tc, frame, skb, offset, size);
}

/* The frame's length on the wire, its Ethernet header and tags included. */
__attribute__((noinline)) int bpfw_length_xdp(struct bpfw_frame *frame, struct xdp_md *ctx)
{
	const __u32 length = (__u32)bpf_xdp_get_buff_len(ctx);

	if (!frame)
		return 0;
	return (int)(frame->head == BPFW_HEAD_NONE ? length + ETH_HLEN : length);
}

__attribute__((noinline)) int bpfw_length_tc(struct bpfw_frame *frame, struct __sk_buff *skb)
{
	if (!frame)
		return 0;
	return (int)(frame->head == BPFW_HEAD_WHOLE ? skb->len
						    : skb->len + bytes_missing(frame->head));
}

#endif
