/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chain of a hook, the counter of what decided, and the trace for `bpfw test`. */
#ifndef BPFW_DECIDE_H
#define BPFW_DECIDE_H

#include "l2.h"
#include "maps.h"
#include "view.h"

/*
 * Emitted by bpfw's compiler; its linker defines them. What reads the frame gets ctx too, and
 * exists once for each kind of it.
 */
#ifdef BPFW_WITH_FRAME
#define BPFW_DECLARE(name)                                                                \
	extern int name##_xdp(struct bpfw_packet *packet, struct xdp_md *ctx);            \
	extern int name##_tc(struct bpfw_packet *packet, struct __sk_buff *ctx);
#define BPFW_CALL(name) (view->tc ? name##_tc(packet, ctx) : name##_xdp(packet, ctx))
#else
#define BPFW_DECLARE(name) extern int name(struct bpfw_packet *packet);
#define BPFW_CALL(name) name(packet)
#endif
BPFW_CHAIN_FUNCTIONS(BPFW_DECLARE)
#undef BPFW_DECLARE

/*
 * What became of a packet: a chain's decision in the low 32 bits, or UNJUDGED with the
 * bpfw_reason there, or FRAME_JUDGED with a short-form rule's decision. Wider than a decision,
 * so that no decision can pass for a reason.
 */
typedef __u64 bpfw_outcome;
#define BPFW_UNJUDGED (1ull << 32)
#define BPFW_FRAME_JUDGED (1ull << 33)

static __always_inline bpfw_outcome unjudged(__u32 reason)
{
	return BPFW_UNJUDGED | reason;
}

enum bpfw_pass { BPFW_LET_PASS, BPFW_LET_DROP };

static __always_inline void trace(const struct bpfw_packet *packet, __u32 decision, __u32 family,
				  __u32 reason)
{
	__u32 zero = 0;
	struct bpfw_trace *last;

	if (!needs(BPFW_NEEDS_TRACE))
		return;
	last = bpf_map_lookup_elem(&bpfw_trace, &zero);
	if (!last)
		return;
	last->decision = decision;
	last->hook = packet->hook;
	last->family = family;
	last->reason = reason;
}

static __always_inline void count(__u32 slot, __u32 length)
{
	struct bpfw_counter *counter = bpf_map_lookup_elem(&bpfw_counters, &slot);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += length;
}

static __always_inline enum bpfw_pass settle_unjudged(const struct bpfw_packet *packet,
						      __u32 reason, __u32 family)
{
	const int drop = reason == BPFW_MALFORMED;

	trace(packet, drop ? BPFW_DROP : BPFW_ACCEPT, family, reason);
	return drop ? BPFW_LET_DROP : BPFW_LET_PASS;
}

/* CONTINUE cannot come out of a base chain: if it does, the packet is dropped, uncounted. */
static __always_inline enum bpfw_pass settle(const struct bpfw_packet *packet,
					     bpfw_outcome outcome, __u32 family)
{
	const __u32 decision = (__u32)outcome;
	const __u32 verdict = decision & ((1u << BPFW_VERDICT_BITS) - 1);

	if (outcome & BPFW_UNJUDGED)
		return settle_unjudged(packet, decision, family);
	trace(packet, decision, family,
	      outcome & BPFW_FRAME_JUDGED ? BPFW_BY_FRAME_RULE : BPFW_BY_RULE);
	if (verdict == BPFW_ACCEPT || verdict == BPFW_DROP)
		count(decision >> BPFW_VERDICT_BITS, packet->length);
	return verdict == BPFW_ACCEPT ? BPFW_LET_PASS : BPFW_LET_DROP;
}

/* `family` and view->tc are constants where this is inlined. */
#define BPFW_CALL_CHAIN(hook_name)                                                        \
	(family == 4 ? (packet->odd ? BPFW_CALL(bpfw_ipv4_##hook_name##_odd)              \
				    : BPFW_CALL(bpfw_ipv4_##hook_name))                   \
		     : (packet->odd ? BPFW_CALL(bpfw_ipv6_##hook_name##_odd)              \
				    : BPFW_CALL(bpfw_ipv6_##hook_name)))

/*
 * ip_local_deliver() reassembles before INPUT, and OUTPUT comes before fragmentation: there
 * the first fragment is judged, and none is completed without it. IPv6 reassembles behind
 * INPUT (an extension header's handler), so its fragments are judged one by one.
 */
static __always_inline int waits_for_first_fragment(const struct bpfw_packet *packet,
						    __u32 family, __u32 hook)
{
	return (packet->odd & BPFW_ODD_FRAGMENT) &&
	       (hook == BPFW_HOOK_OUTPUT || (hook == BPFW_HOOK_INPUT && family == 4));
}

static __always_inline bpfw_outcome judge_input(const struct bpfw_view *view, void *ctx,
						struct bpfw_packet *packet, __u32 family)
{
	(void)view, (void)ctx;
	packet->hook = BPFW_HOOK_INPUT;
	if (waits_for_first_fragment(packet, family, BPFW_HOOK_INPUT))
		return unjudged(BPFW_LATER_FRAGMENT);
	return (__u32)BPFW_CALL_CHAIN(input);
}

/* ip_forward() and ip6_forward() refuse TTL <= 1 and decrement it before the chain. */
static __always_inline bpfw_outcome judge_forward(const struct bpfw_view *view, void *ctx,
						struct bpfw_packet *packet, __u32 family)
{
	(void)view, (void)ctx;
	packet->hook = BPFW_HOOK_FORWARD;
	if (packet->hop_limit <= 1)
		return unjudged(BPFW_TTL_EXCEEDED);
	packet->hop_limit--;
	return (__u32)BPFW_CALL_CHAIN(forward);
}

static __always_inline bpfw_outcome judge_output(const struct bpfw_view *view, void *ctx,
						struct bpfw_packet *packet, __u32 family)
{
	(void)view, (void)ctx;
	packet->hook = BPFW_HOOK_OUTPUT;
	if (waits_for_first_fragment(packet, family, BPFW_HOOK_OUTPUT))
		return unjudged(BPFW_LATER_FRAGMENT);
	return (__u32)BPFW_CALL_CHAIN(output);
}

#endif
