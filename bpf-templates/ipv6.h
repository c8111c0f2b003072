/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 header by the rules of ip6_rcv_core() in net/ipv6/ip6_input.c, its extension
 * headers as ipv6_find_hdr(..., -1, ...) of net/ipv6/exthdrs_core.c walks them.
 */
#ifndef BPFW_IPV6_H
#define BPFW_IPV6_H

#include <linux/ipv6.h>

#include "l2.h"
#include "l4.h"

#define BPFW_MAX_EXTENSIONS 32

static __always_inline int is_extension(__u32 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH ||
	       protocol == IPPROTO_DSTOPTS;
}

static __always_inline __u32 ipv6_length(const struct bpfw_view *view, const struct ipv6hdr *ip,
					 __u32 offset)
{
	const __u32 there = view->end - offset;
	const __u32 payload = bpf_ntohs(ip->payload_len);
	__u32 length = payload + (__u32)sizeof(*ip);

	/* A jumbogram has its length from the frame, too. */
	if (payload == 0 && (ip->nexthdr == IPPROTO_HOPOPTS || is_big_tcp(view, there)))
		length = there;
	return ip->version == 6 && length <= there ? length : 0;
}

/*
 * What ip6_rcv_core() refuses by address: a multicast source; to a multicast address of
 * scope 0, or of scope 1 (interface-local) from outside; from or to ::1 from outside.
 */
static __always_inline int is_ipv6_loopback(const __u32 address[4])
{
	return (address[0] | address[1] | address[2] | (address[3] ^ 1)) == 0;
}

static __always_inline int refused_addresses(const struct bpfw_packet *packet, int outside)
{
	const __u32 scope = packet->daddr[0] >> 16 & 15;

	if (packet->saddr[0] >> 24 == 0xff)
		return 1;
	if (packet->daddr[0] >> 24 == 0xff && (scope == 0 || (scope == 1 && outside)))
		return 1;
	return outside && (is_ipv6_loopback(packet->saddr) || is_ipv6_loopback(packet->daddr));
}

/* Where the walk stands. */
struct bpfw_walk {
	__u32 offset;
	__u32 end;      /* of the IP packet */
	__u32 next;     /* protocol of the header at `offset` */
	__u32 fragment; /* a later fragment: nothing behind it is a header */
};

/* ipv6_parse_hopopts() of net/ipv6/exthdrs.c refuses a hop-by-hop header that is cut off. */
static __always_inline int hop_by_hop_is_cut(const struct bpfw_view *view,
					     const struct bpfw_walk *walk)
{
	const __u8 *header;

	if (walk->next != IPPROTO_HOPOPTS)
		return 0;
	if (walk->offset + 8 > walk->end)
		return 1;
	header = view_at(view, walk->offset, 2);
	return !header || walk->offset + ((header[1] + 1u) << 3) > walk->end;
}

/* Steps over the extension header at walk->offset; -1: ipv6_find_hdr() fails there. */
static __always_inline int step_extension(const struct bpfw_view *view, struct bpfw_walk *walk)
{
	const __u32 kind = walk->next;
	__u64 offset = walk->offset;
	const __u8 *header, *rest;
	__u32 size;

	/* Keeps it in a register: read again, it would be unbounded to the verifier. */
	asm volatile("" : "+r"(offset));
	if (offset > BPFW_MAX_OFFSET || offset + 2 > walk->end)
		return -1;
	header = view_at(view, offset, 2);
	if (!header)
		return -1;
	walk->next = header[0];
	size = (header[1] + 1u) << 3;
	if (kind == IPPROTO_AH)
		size = (header[1] + 2u) << 2;
	if (kind == IPPROTO_FRAGMENT || kind == IPPROTO_ROUTING) {
		if (offset + 4 > walk->end)
			return -1;
		rest = view_at(view, offset + 2, 2);
		if (!rest)
			return -1;
		if (kind == IPPROTO_FRAGMENT) {
			size = 8;
			walk->fragment = rest[0] | (rest[1] & 0xf8);
		}
	}
	if (offset + size > BPFW_MAX_OFFSET)
		return -1;
	walk->offset = (__u32)offset + size;
	return 0;
}

/* Global functions: the verifier takes a step once, not once per header of the chain. */
__attribute__((noinline)) int bpfw_step_xdp(struct xdp_md *ctx, struct bpfw_walk *walk)
{
	const struct bpfw_view view = xdp_view(ctx);

	return walk ? step_extension(&view, walk) : -1;
}

__attribute__((noinline)) int bpfw_step_tc(struct __sk_buff *skb, struct bpfw_walk *walk)
{
	struct bpfw_scratch scratch = {{0}};
	const struct bpfw_view view = tc_view(skb, &scratch);

	return walk ? step_extension(&view, walk) : -1;
}

static __always_inline int walk_extensions(const struct bpfw_view *view, void *ctx,
					   struct bpfw_walk *walk)
{
	int left = BPFW_MAX_EXTENSIONS;

	/* Tested at the end: check_cfg() of kernel 6.1 takes a way back only from a jump, and
	 * of a loop entered in its middle clang makes one that falls through. */
	if (!is_extension(walk->next))
		return 0;
	do {
		if (walk->fragment)
			return -1;
		if ((view->tc ? bpfw_step_tc(ctx, walk) : bpfw_step_xdp(ctx, walk)) < 0)
			return -1;
		if (!is_extension(walk->next))
			return 0;
	} while (--left);
	return -1;
}

static __always_inline void take_addresses(struct bpfw_packet *packet, const struct ipv6hdr *ip)
{
	int i;

#pragma unroll
	for (i = 0; i < 4; i++) {
		packet->saddr[i] = bpf_ntohl(ip->saddr.in6_u.u6_addr32[i]);
		packet->daddr[i] = bpf_ntohl(ip->daddr.in6_u.u6_addr32[i]);
	}
}

static __always_inline void parse_payload(const struct bpfw_view *view, void *ctx,
					  struct bpfw_packet *packet, struct bpfw_walk *walk)
{
	struct bpfw_l4 l4;
	const int lost = walk_extensions(view, ctx, walk);

	if (walk->fragment)
		packet->odd |= BPFW_ODD_FRAGMENT;
	if (lost) {
		packet->odd |= BPFW_ODD_NO_PROTOCOL;
		return;
	}
	packet->protocol = (__u8)walk->next;
	if (walk->fragment) {
		packet->l4_src = packet->l4_dst = walk->next << 16;
		return;
	}
	l4.offset = walk->offset & BPFW_MAX_OFFSET;
	l4.length = walk->offset < walk->end ? walk->end - walk->offset : 0;
	l4.protocol = walk->next;
	packet->odd |= parse_l4(view, ctx, packet, &l4, IPPROTO_ICMPV6);
}

/* 0, or -1: malformed. `ingress`: as ip6_rcv_core() sees it; else on its way out. */
static __always_inline int parse_ipv6(const struct bpfw_view *view, void *ctx,
				      struct bpfw_packet *packet, __u64 offset, __u32 ifindex,
				      int ingress)
{
	const struct ipv6hdr *ip = view_at(view, offset, sizeof(*ip));
	struct bpfw_walk walk = {.offset = (__u32)offset + (__u32)sizeof(*ip)};

	if (!ip)
		return -1;
	packet->length = ipv6_length(view, ip, (__u32)offset);
	if (!packet->length)
		return -1;
	take_addresses(packet, ip);
	packet->hop_limit = ip->hop_limit;
	packet->tos = (__u8)(ip->priority << 4 | ip->flow_lbl[0] >> 4);
	walk.end = (__u32)offset + packet->length;
	walk.next = ip->nexthdr;
	if (ingress && (hop_by_hop_is_cut(view, &walk) ||
			refused_addresses(packet, ifindex != BPFW_LOOPBACK_IFINDEX || forced())))
		return -1;
	parse_payload(view, ctx, packet, &walk);
	return 0;
}

/* Global functions, one per context: IPv6 does not weigh on the stack and registers of the
 * entry, and the verifier walks the extension headers once. */
__attribute__((noinline)) int bpfw_parse_ipv6_xdp(struct xdp_md *ctx, struct bpfw_packet *packet,
						  __u32 offset, __u32 ifindex)
{
	const struct bpfw_view view = xdp_view(ctx);

	if (!packet || offset > 64)
		return -1;
	return parse_ipv6(&view, ctx, packet, offset, ifindex, 1);
}

__attribute__((noinline)) int bpfw_parse_ipv6_tc(struct __sk_buff *skb,
						 struct bpfw_packet *packet, __u32 offset,
						 __u32 ifindex)
{
	struct bpfw_scratch scratch = {{0}};
	const struct bpfw_view view = tc_view(skb, &scratch);

	if (!packet || offset > 64)
		return -1;
	return parse_ipv6(&view, skb, packet, offset, ifindex,
			  packet->hook != BPFW_HOOK_OUTPUT);
}

#endif
