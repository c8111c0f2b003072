// SPDX-License-Identifier: GPL-2.0-or-later
// The entry programs of a ruleset: frame -> struct bpfw_packet -> hook -> emitted chain
// function -> counter and verdict. Compiled without the chain functions; bpfw's linker adds
// them. Everything that is not inlined is a global function: the verifier takes each by
// itself, and relocations name symbols.
// Two objects are made of it: with BPFW_WITH_FRAME the rules may read the frame itself.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <linux/pkt_cls.h>

#include "abi.h"
#include "decide.h"
#include "frame.h"
#include "ipv4.h"
#include "ipv6.h"
#include "l2.h"
#include "maps.h"
#include "route.h"
#include "view.h"

char bpfw_license[] SEC("license") = "GPL";

#define BPFW_NAME_SLOT_IN 1u /* of bpfw_interfaces, where `bpfw test` puts its names */
#define BPFW_NAME_SLOT_OUT 2u

static __always_inline void name_input(struct bpfw_packet *packet, __u32 ifindex)
{
	if (needs(BPFW_NEEDS_INTERFACES))
		copy_name(packet->in_name, forced() ? BPFW_NAME_SLOT_IN : ifindex);
}

static __always_inline void name_output(struct bpfw_packet *packet, __u32 ifindex)
{
	if (needs(BPFW_NEEDS_INTERFACES))
		copy_name(packet->out_name, forced() ? BPFW_NAME_SLOT_OUT : ifindex);
}

/* BPFW_TO_HOST, or where the packet leaves by (route.h). */
static __always_inline int route(const struct bpfw_view *view, void *ctx,
				 struct bpfw_packet *packet, __u32 family, __u32 ifindex)
{
	const __u32 af = family == 4 ? BPFW_AF_INET : BPFW_AF_INET6;

	if (ifindex == BPFW_LOOPBACK_IFINDEX)
		return BPFW_TO_HOST;
	if (family == 4 ? is_local_ipv4(packet->daddr[0]) : bpfw_is_local_ipv6(packet))
		return BPFW_TO_HOST;
	return view->tc ? bpfw_fib_tc(ctx, packet, af, ifindex)
			: bpfw_fib_xdp(ctx, packet, af, ifindex);
}

/* `bpfw test` says which hook; both names come from their slots. */
static __always_inline bpfw_outcome judge_forced(const struct bpfw_view *view, void *ctx,
						 struct bpfw_packet *packet, __u32 family)
{
	name_input(packet, 0);
	name_output(packet, 0);
	if (bpfw_config.force_hook == BPFW_HOOK_FORWARD)
		return judge_forward(view, ctx, packet, family);
	if (view->tc && bpfw_config.force_hook == BPFW_HOOK_OUTPUT)
		return judge_output(view, ctx, packet, family);
	return judge_input(view, ctx, packet, family);
}

static __always_inline bpfw_outcome judge_ingress(const struct bpfw_view *view, void *ctx,
						    struct bpfw_packet *packet, __u32 family,
						    __u32 ifindex)
{
	int out;

	if (forced())
		return judge_forced(view, ctx, packet, family);
	name_input(packet, ifindex);
	out = route(view, ctx, packet, family, ifindex);
	if (out == BPFW_TO_HOST)
		return judge_input(view, ctx, packet, family);
	name_output(packet, (__u32)out);
	return judge_forward(view, ctx, packet, family);
}

/* As xt_pkttype takes a looped-back packet: by its address. */
static __always_inline void type_looped(const struct bpfw_view *view, struct bpfw_packet *packet,
					int multicast)
{
	if (view->tc && packet->packet_type == PACKET_LOOPBACK)
		packet->packet_type = multicast ? PACKET_MULTICAST : PACKET_BROADCAST;
}

static __always_inline bpfw_outcome examine(const struct bpfw_view *view, void *ctx,
					    struct bpfw_packet *packet, struct bpfw_l2 *l2)
{
	if (parse_l2(view, ctx, packet, l2) < 0)
		return unjudged(BPFW_MALFORMED);
	if (l2->type == ETH_P_IP) {
		if (parse_ipv4(view, ctx, packet, l2->offset) < 0)
			return unjudged(BPFW_MALFORMED);
		locate_packet(packet, l2);
		type_looped(view, packet, packet->daddr[0] >> 28 == 14);
		return judge_ingress(view, ctx, packet, 4, l2->ifindex);
	}
	if (l2->type != ETH_P_IPV6)
		return unjudged(BPFW_NOT_IP);
	if (view->tc ? bpfw_parse_ipv6_tc(ctx, packet, (__u32)l2->offset, l2->ifindex)
		     : bpfw_parse_ipv6_xdp(ctx, packet, (__u32)l2->offset, l2->ifindex))
		return unjudged(BPFW_MALFORMED);
	locate_packet(packet, l2);
	type_looped(view, packet, packet->daddr[0] >> 24 == 0xff);
	return judge_ingress(view, ctx, packet, 6, l2->ifindex);
}

static __always_inline __u32 family_of(const struct bpfw_l2 *l2)
{
	return l2->type == ETH_P_IP ? 4 : l2->type == ETH_P_IPV6 ? 6 : 0;
}

static __always_inline enum bpfw_pass ingress(const struct bpfw_view *view, void *ctx,
					      __u32 ifindex)
{
	struct bpfw_packet packet = {.hook = BPFW_HOOK_AUTO};
	struct bpfw_l2 l2 = {.ifindex = ifindex};
	bpfw_outcome outcome;

	describe_frame(view, &packet, ifindex, 0);
	outcome = judge_frame(view, ctx, &packet);
	if (!outcome)
		outcome = examine(view, ctx, &packet, &l2);
	return settle(&packet, outcome, family_of(&l2));
}

/*
 * OUTPUT has seen only what this host's IP stack made: not what came in on a device
 * (forwarded, bridged), nor frames of packet sockets (DHCP clients).
 */
static __always_inline int is_ours(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return skb->ingress_ifindex == 0 && !(sk && sk->family == BPFW_AF_PACKET);
}

static __always_inline bpfw_outcome judge_egress(const struct bpfw_view *view,
						 struct __sk_buff *skb,
						 struct bpfw_packet *packet, __u32 family,
						 __u32 ifindex)
{
	if (forced())
		return judge_forced(view, skb, packet, family);
	name_output(packet, ifindex);
	return judge_output(view, skb, packet, family);
}

static __always_inline bpfw_outcome examine_egress(const struct bpfw_view *view,
						   struct __sk_buff *skb,
						   struct bpfw_packet *packet, struct bpfw_l2 *l2)
{
	if (!is_ours(skb))
		return unjudged(BPFW_NOT_OURS);
	if (parse_l2(view, skb, packet, l2) < 0)
		return unjudged(BPFW_MALFORMED);
	/* Tagged by a VLAN device of ours: judged on that device. */
	if (l2->ifindex != skb->ifindex)
		return unjudged(BPFW_NOT_OURS);
	if (l2->type == ETH_P_IP) {
		if (parse_ipv4(view, skb, packet, l2->offset) < 0)
			return unjudged(BPFW_MALFORMED);
		locate_packet(packet, l2);
		return judge_egress(view, skb, packet, 4, l2->ifindex);
	}
	if (l2->type != ETH_P_IPV6)
		return unjudged(BPFW_NOT_IP);
	if (bpfw_parse_ipv6_tc(skb, packet, (__u32)l2->offset, l2->ifindex))
		return unjudged(BPFW_MALFORMED);
	locate_packet(packet, l2);
	return judge_egress(view, skb, packet, 6, l2->ifindex);
}

static __always_inline enum bpfw_pass egress(const struct bpfw_view *view, struct __sk_buff *skb)
{
	struct bpfw_packet packet = {.hook = BPFW_HOOK_OUTPUT};
	struct bpfw_l2 l2 = {.ifindex = skb->ifindex};
	bpfw_outcome outcome;

	describe_frame(view, &packet, l2.ifindex, 1);
	outcome = examine_egress(view, skb, &packet, &l2);
	return settle(&packet, outcome, family_of(&l2));
}

SEC("xdp")
int bpfw_xdp(struct xdp_md *ctx)
{
	const struct bpfw_view view = xdp_view(ctx);

	return ingress(&view, ctx, ctx->ingress_ifindex) == BPFW_LET_PASS ? XDP_PASS : XDP_DROP;
}

// TC_ACT_UNSPEC: why, stands in root.bpf.c.
SEC("tc")
int bpfw_tc_ingress(struct __sk_buff *skb)
{
	struct bpfw_scratch scratch = {{0}};
	const struct bpfw_view view = tc_view(skb, &scratch);

	return ingress(&view, skb, skb->ifindex) == BPFW_LET_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int bpfw_tc_egress(struct __sk_buff *skb)
{
	struct bpfw_scratch scratch = {{0}};
	const struct bpfw_view view = tc_view(skb, &scratch);

	return egress(&view, skb) == BPFW_LET_PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}
