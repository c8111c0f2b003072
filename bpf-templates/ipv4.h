/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IPv4 header, by the rules of ip_rcv_core() in net/ipv4/ip_input.c. */
#ifndef BPFW_IPV4_H
#define BPFW_IPV4_H

#include <linux/ip.h>

#include "l4.h"

#define BPFW_FRAGMENT_OFFSET 0x1fffu

/*
 * Length of the packet, 0 when ip_rcv_core() refuses it. The checksum is left to the
 * kernel.
 */
static __always_inline __u32 ipv4_length(const struct bpfw_view *view, const struct iphdr *ip,
					 __u32 offset)
{
	const __u32 there = view->end - offset;
	__u32 length = bpf_ntohs(ip->tot_len);

	if (length == 0 && is_big_tcp(view, there))
		length = there;
	if (ip->version != 4 || ip->ihl < 5 || length < ip->ihl * 4u || length > there)
		return 0;
	return length;
}

/* 0, or -1: malformed. */
static __always_inline int parse_ipv4(const struct bpfw_view *view, void *ctx,
				      struct bpfw_packet *packet, __u64 offset)
{
	const struct iphdr *ip = view_at(view, offset, sizeof(*ip));
	struct bpfw_l4 l4;
	__u32 fragment, header;

	if (!ip)
		return -1;
	packet->length = ipv4_length(view, ip, (__u32)offset);
	if (!packet->length)
		return -1;
	header = ip->ihl * 4u;
	fragment = bpf_ntohs(ip->frag_off) & BPFW_FRAGMENT_OFFSET;
	packet->saddr[0] = bpf_ntohl(ip->saddr);
	packet->daddr[0] = bpf_ntohl(ip->daddr);
	packet->protocol = ip->protocol;
	packet->hop_limit = ip->ttl;
	packet->tos = ip->tos;
	l4.offset = offset + header;
	l4.length = packet->length - header;
	l4.protocol = ip->protocol;
	if (fragment) {
		packet->l4_src = packet->l4_dst = l4.protocol << 16;
		packet->odd |= BPFW_ODD_FRAGMENT | (fragment == 1 ? BPFW_ODD_FRAGMENT_ONE : 0);
		return 0;
	}
	packet->odd |= parse_l4(view, ctx, packet, &l4, IPPROTO_ICMP);
	return 0;
}

#endif
