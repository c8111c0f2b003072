/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame itself, for rulesets that read it (rules_frame.bpf.c): how it lies in ctx, the
 * short-form rules that judge it before any header is parsed, and what `log` keeps of it. Where
 * nothing reads the frame all of this is empty.
 */
#ifndef BPFW_FRAME_H
#define BPFW_FRAME_H

#include "decide.h"
#include "frame_load.h"
#include "l2.h"
#include "maps.h"
#include "protochain.h"
#include "view.h"

#ifdef BPFW_WITH_FRAME

#define BPFW_MACS BPFW_TAG_OFFSET /* bytes in front of the outermost tag */

/* max_entries: BPFW_EVENTS_SIZE. The runtime makes neither map where no rule logs. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BPFW_EVENTS_SIZE);
} bpfw_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bpfw_lost SEC(".maps");

/* Emitted by bpfw's compiler: the short-form rules. CONTINUE: none of them decided. */
extern int bpfw_frames_xdp(struct bpfw_frame *frame, struct xdp_md *ctx);
extern int bpfw_frames_tc(struct bpfw_frame *frame, struct __sk_buff *ctx);

/* Bytes that tcpdump would see in front of those of ctx, or put in between. */
static __always_inline __u32 head_bytes(const struct bpfw_frame *frame)
{
	return frame->head == BPFW_HEAD_TAG_OUT ? BPFW_TAG_BYTES
	       : frame->head == BPFW_HEAD_NONE  ? ETH_HLEN
						: 0;
}

static __always_inline void describe_frame(const struct bpfw_view *view,
					   struct bpfw_packet *packet, __u32 ifindex,
					   __u8 outbound)
{
	struct bpfw_frame *frame = &packet->frame;
	__u64 linear = (__u64)(view->data_end - view->data);

	asm volatile("" : "+r"(linear)); /* as in xdp_view() */
	if (begins_with_ip(view, ifindex))
		frame->head = BPFW_HEAD_NONE;
	else if (view->tc && view->skb->vlan_present)
		frame->head = BPFW_HEAD_TAG_OUT;
	frame->partial = (__u32)linear != view->end || linear > BPFW_FRAME_DIRECT;
	frame->outbound = outbound;
}

static __always_inline void locate_packet(struct bpfw_packet *packet, const struct bpfw_l2 *l2)
{
	packet->frame.network = (__u32)l2->offset;
	packet->frame.network_end = (__u32)l2->offset + packet->length;
}

/* 0 when no short-form rule decided; else the decision. It counts the frame, not the packet. */
static __always_inline bpfw_outcome judge_frame(const struct bpfw_view *view, void *ctx,
						struct bpfw_packet *packet)
{
	__u32 decision;

	if (!needs(BPFW_NEEDS_FRAMES))
		return 0;
	decision = (__u32)(view->tc ? bpfw_frames_tc(&packet->frame, ctx)
				    : bpfw_frames_xdp(&packet->frame, ctx));
	if (decision == BPFW_CONTINUE)
		return 0;
	packet->length = view->end + head_bytes(&packet->frame);
	return BPFW_FRAME_JUDGED | decision;
}

/*
 * What ctx has from `from` on, to `to`, which has room for `room` (constant) bytes; how many.
 * The length is made so that kernel 6.1's verifier sees it in 1..room (l4.h: known_length()).
 */
static __always_inline __u32 copy_frame(const struct bpfw_view *view, void *ctx, __u32 from,
					__u8 *to, const __u32 room)
{
	__u32 size = view->end - from;
	long failed;

	if (view->end <= from)
		return 0;
	if (size > room)
		size = room;
	size--;
	asm volatile("" : "+r"(size));
	size = (size & 0xff) + 1;
	asm volatile("" : "+r"(size));
	if (size > room)
		return 0;
	failed = view->tc ? bpf_skb_load_bytes(ctx, from, to, size)
			  : bpf_xdp_load_bytes(ctx, from, to, size);
	return failed ? 0 : size;
}

static __always_inline void put_be16(__u8 *to, __u32 value)
{
	to[0] = (__u8)(value >> 8);
	to[1] = (__u8)value;
}

/* The tag goes back to its place. */
static __always_inline __u32 copy_untagged(const struct bpfw_view *view, void *ctx, __u8 *to)
{
	const __u32 macs = copy_frame(view, ctx, 0, to, BPFW_MACS);

	if (macs < BPFW_MACS)
		return macs;
	put_be16(to + BPFW_MACS, bpf_ntohs((__be16)view->skb->vlan_proto));
	put_be16(to + BPFW_MACS + 2, view->skb->vlan_tci);
	return BPFW_MACS + BPFW_TAG_BYTES +
	       copy_frame(view, ctx, BPFW_MACS, to + BPFW_MACS + BPFW_TAG_BYTES,
			  BPFW_EVENT_BYTES - BPFW_MACS - BPFW_TAG_BYTES);
}

/* An Ethernet header of zeroes before a packet that has none. */
static __always_inline __u32 copy_raw_ip(const struct bpfw_view *view, void *ctx, __u8 *to)
{
	const __u32 size =
		copy_frame(view, ctx, 0, to + ETH_HLEN, BPFW_EVENT_BYTES - ETH_HLEN);

	__builtin_memset(to, 0, BPFW_MACS);
	put_be16(to + BPFW_MACS, to[ETH_HLEN] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	if (view->tc)
		put_be16(to + BPFW_MACS, bpf_ntohs((__be16)view->skb->protocol));
	return ETH_HLEN + size;
}

static __always_inline void lose_event(void)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&bpfw_lost, &zero);

	if (lost)
		__sync_fetch_and_add(lost, 1);
}

static __always_inline int log_frame(const struct bpfw_view *view, void *ctx,
				     const struct bpfw_frame *frame, __u32 ifindex, __u32 slot)
{
	const __u32 length = view->end + head_bytes(frame);
	struct bpfw_event *event;

	count(slot, length);
	event = bpf_ringbuf_reserve(&bpfw_events, sizeof(*event), 0);
	if (!event) {
		lose_event();
		return 0;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->ifindex = ifindex;
	event->slot = slot;
	event->length = length;
	if (frame->head == BPFW_HEAD_NONE)
		event->captured = copy_raw_ip(view, ctx, event->bytes);
	else if (view->tc && frame->head == BPFW_HEAD_TAG_OUT)
		event->captured = copy_untagged(view, ctx, event->bytes);
	else
		event->captured = copy_frame(view, ctx, 0, event->bytes, BPFW_EVENT_BYTES);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Called by the short-form rules. */
__attribute__((noinline)) int bpfw_log_xdp(struct bpfw_frame *frame, struct xdp_md *ctx,
					   __u32 slot)
{
	const struct bpfw_view view = xdp_view(ctx);

	return frame ? log_frame(&view, ctx, frame, ctx->ingress_ifindex, slot) : 0;
}

__attribute__((noinline)) int bpfw_log_tc(struct bpfw_frame *frame, struct __sk_buff *ctx,
					  __u32 slot)
{
	const struct bpfw_view view = tc_view(ctx, 0);

	return frame ? log_frame(&view, ctx, frame, ctx->ifindex, slot) : 0;
}

#else

static __always_inline void describe_frame(const struct bpfw_view *view,
					   struct bpfw_packet *packet, __u32 ifindex,
					   __u8 outbound)
{
	(void)view, (void)packet, (void)ifindex, (void)outbound;
}

static __always_inline void locate_packet(struct bpfw_packet *packet, const struct bpfw_l2 *l2)
{
	(void)packet, (void)l2;
}

static __always_inline bpfw_outcome judge_frame(const struct bpfw_view *view, void *ctx,
						struct bpfw_packet *packet)
{
	(void)view, (void)ctx, (void)packet;
	return 0;
}

#endif

#endif
