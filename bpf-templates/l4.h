/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports, ICMP types, TCP flags and options, and what makes a packet odd for want of them. */
#ifndef BPFW_L4_H
#define BPFW_L4_H

#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "maps.h"
#include "view.h"

#define BPFW_TCP_BYTES 20u
#define BPFW_L4_BYTES 8u /* UDP, UDP-Lite, ICMP, ICMPv6 */
#define BPFW_TCP_MAX_OPTIONS 40u
#define BPFW_TCP_OPTIONS_BUFFER 65 /* what known_length() promises, and one more to look at */

/*
 * Marks every option kind that tcp_find_option() of net/netfilter/xt_tcpudp.c would look
 * at: it does not stop at "end of options", and a length of 0 steps by 1. What it reads
 * behind the last option changes nothing: any step from there ends the walk.
 */
static __always_inline void mark_options(struct bpfw_packet *packet, const __u8 *options,
					 __u32 length)
{
	__u32 at = 0;
	int steps;

	for (steps = 0; steps < (int)BPFW_TCP_MAX_OPTIONS; steps++) {
		__u32 kind, step;

		if (at >= length || at >= BPFW_TCP_MAX_OPTIONS)
			return;
		kind = options[at];
		step = options[at + 1];
		packet->tcp_options[(kind >> 5) & 7] |= 1u << (kind & 31);
		at = (at + (kind < 2 || step == 0 ? 1 : step)) & 0x1ff;
	}
}

/*
 * The same 1-40 in a form that kernel 6.1's verifier follows: it takes no lower bound from a
 * compare with 0, and loses the upper one where clang folds both compares into one.
 */
static __always_inline __u32 known_length(__u32 length)
{
	length--;
	asm volatile("" : "+r"(length));
	return (length & 63) + 1;
}

/* TCP options at `offset`, `length` (1-40) bytes. Global: verified once, own stack. */
__attribute__((noinline)) int bpfw_tcp_options_xdp(struct xdp_md *ctx, struct bpfw_packet *packet,
						   __u32 offset, __u32 length)
{
	__u8 options[BPFW_TCP_OPTIONS_BUFFER] = {0};

	if (!packet || length == 0 || length > BPFW_TCP_MAX_OPTIONS)
		return 0;
	length = known_length(length);
	if (bpf_xdp_load_bytes(ctx, offset, options, length) == 0)
		mark_options(packet, options, length);
	return 0;
}

__attribute__((noinline)) int bpfw_tcp_options_tc(struct __sk_buff *skb,
						  struct bpfw_packet *packet, __u32 offset,
						  __u32 length)
{
	__u8 options[BPFW_TCP_OPTIONS_BUFFER] = {0};

	if (!packet || length == 0 || length > BPFW_TCP_MAX_OPTIONS)
		return 0;
	length = known_length(length);
	if (bpf_skb_load_bytes(skb, offset, options, length) == 0)
		mark_options(packet, options, length);
	return 0;
}

/* `length`: of the L4 header and what follows, up to the end of the IP packet. */
struct bpfw_l4 {
	__u64 offset;
	__u32 length;
	__u32 protocol;
};

static __always_inline void take_ports(struct bpfw_packet *packet, const __be16 *ports,
				       __u32 protocol)
{
	packet->l4_src = protocol << 16 | bpf_ntohs(ports[0]);
	packet->l4_dst = protocol << 16 | bpf_ntohs(ports[1]);
}

/* A header that is too short for its protocol, but may hold the ports. */
static __always_inline __u32 parse_short(const struct bpfw_view *view, struct bpfw_packet *packet,
					 const struct bpfw_l4 *l4)
{
	const __be16 *ports = l4->length >= 4 ? view_at(view, l4->offset, 4) : 0;

	if (!ports)
		return BPFW_ODD_NO_PORTS;
	take_ports(packet, ports, l4->protocol);
	return 0;
}

static __always_inline __u32 parse_tcp(const struct bpfw_view *view, void *ctx,
				       struct bpfw_packet *packet, const struct bpfw_l4 *l4)
{
	const __u8 *tcp = l4->length >= BPFW_TCP_BYTES ? view_at(view, l4->offset, BPFW_TCP_BYTES)
						       : 0;
	__u32 header, offset;

	if (!tcp)
		return BPFW_ODD_NO_L4 | parse_short(view, packet, l4);
	header = (tcp[12] >> 4) * 4u;
	packet->tcp_flags = tcp[13];
	take_ports(packet, (const __be16 *)tcp, l4->protocol);
	if (header < BPFW_TCP_BYTES || header > l4->length)
		return BPFW_ODD_TCP_DOFF;
	if (needs(BPFW_NEEDS_TCP_OPTIONS) && header > BPFW_TCP_BYTES) {
		offset = (__u32)l4->offset + BPFW_TCP_BYTES;
		if (view->tc)
			bpfw_tcp_options_tc(ctx, packet, offset, header - BPFW_TCP_BYTES);
		else
			bpfw_tcp_options_xdp(ctx, packet, offset, header - BPFW_TCP_BYTES);
	}
	return 0;
}

static __always_inline __u32 parse_udp(const struct bpfw_view *view, struct bpfw_packet *packet,
				       const struct bpfw_l4 *l4)
{
	const __be16 *udp = l4->length >= BPFW_L4_BYTES ? view_at(view, l4->offset, BPFW_L4_BYTES)
							: 0;

	if (!udp)
		return BPFW_ODD_NO_L4 | parse_short(view, packet, l4);
	take_ports(packet, udp, l4->protocol);
	return 0;
}

static __always_inline __u32 parse_icmp(const struct bpfw_view *view, struct bpfw_packet *packet,
					const struct bpfw_l4 *l4)
{
	const __u8 *icmp = l4->length >= BPFW_L4_BYTES ? view_at(view, l4->offset, BPFW_L4_BYTES)
						       : 0;

	if (!icmp)
		return BPFW_ODD_NO_L4;
	packet->l4_dst = l4->protocol << 16 | (__u32)icmp[0] << 8 | icmp[1];
	return 0;
}

/* Returns the BPFW_ODD_* bits of an unfragmented packet or a first fragment. */
static __always_inline __u32 parse_l4(const struct bpfw_view *view, void *ctx,
				      struct bpfw_packet *packet, const struct bpfw_l4 *l4,
				      __u32 icmp_protocol)
{
	packet->l4_src = l4->protocol << 16;
	packet->l4_dst = l4->protocol << 16;
	if (l4->protocol == IPPROTO_TCP)
		return parse_tcp(view, ctx, packet, l4);
	if (l4->protocol == IPPROTO_UDP || l4->protocol == IPPROTO_UDPLITE)
		return parse_udp(view, packet, l4);
	if (l4->protocol == icmp_protocol)
		return parse_icmp(view, packet, l4);
	if (l4->protocol == IPPROTO_SCTP || l4->protocol == IPPROTO_DCCP)
		return parse_short(view, packet, l4);
	return 0;
}

#endif
