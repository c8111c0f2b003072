/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INPUT or FORWARD, before the kernel routes: by the device, the kind of address, the hash
 * of the host's own addresses, and only then by a fib lookup.
 */
#ifndef BPFW_ROUTE_H
#define BPFW_ROUTE_H

#include <bpf/bpf_endian.h>

#include "l2.h"
#include "maps.h"

#define BPFW_AF_INET 2
#define BPFW_AF_INET6 10
#define BPFW_TO_HOST (-1)

static __always_inline void fib_addresses(struct bpf_fib_lookup *fib,
					  const struct bpfw_packet *packet)
{
	int i;

#pragma unroll
	for (i = 0; i < 4; i++) {
		fib->ipv6_src[i] = bpf_htonl(packet->saddr[i]);
		fib->ipv6_dst[i] = bpf_htonl(packet->daddr[i]);
	}
}

static __always_inline void fill_fib(struct bpf_fib_lookup *fib, const struct bpfw_packet *packet,
				     __u32 family, __u32 ifindex)
{
	fib->family = (__u8)family;
	fib->ifindex = ifindex;
	fib->l4_protocol = packet->protocol;
	fib->sport = bpf_htons((__u16)packet->l4_src);
	fib->dport = bpf_htons((__u16)packet->l4_dst);
	if (family == BPFW_AF_INET) {
		fib->tos = packet->tos;
		fib->ipv4_src = bpf_htonl(packet->saddr[0]);
		fib->ipv4_dst = bpf_htonl(packet->daddr[0]);
	} else {
		fib->flowinfo = bpf_htonl((__u32)packet->tos << 20);
		fib_addresses(fib, packet);
	}
}

/*
 * BPFW_TO_HOST, or the device the packet leaves by, 0 when there is none to name. tot_len
 * stays 0: the MTU is the kernel's to check. NOT_FWDED is local, broadcast, or without a
 * route; FWD_DISABLED and helper errors (< 0) never forward either. BLACKHOLE, UNREACHABLE
 * and PROHIBIT leave no device behind, UNSUPP_LWT the one the packet came from.
 */
static __always_inline int route_of(const struct bpf_fib_lookup *fib, long answer)
{
	switch (answer) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return (int)(fib->ifindex & 0x7fffffff);
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return 0;
	default:
		return BPFW_TO_HOST;
	}
}

__attribute__((noinline)) int bpfw_fib_xdp(struct xdp_md *ctx, struct bpfw_packet *packet,
					   __u32 family, __u32 ifindex)
{
	struct bpf_fib_lookup fib = {0};

	if (!packet)
		return BPFW_TO_HOST;
	fill_fib(&fib, packet, family, ifindex);
	return route_of(&fib, bpf_fib_lookup(ctx, &fib, sizeof(fib), 0));
}

__attribute__((noinline)) int bpfw_fib_tc(struct __sk_buff *skb, struct bpfw_packet *packet,
					  __u32 family, __u32 ifindex)
{
	struct bpf_fib_lookup fib = {0};

	if (!packet)
		return BPFW_TO_HOST;
	fill_fib(&fib, packet, family, ifindex);
	return route_of(&fib, bpf_fib_lookup(skb, &fib, sizeof(fib), 0));
}

/* Multicast, limited broadcast; 0.0.0.0, which the kernel never forwards. */
static __always_inline int is_local_ipv4(__u32 address)
{
	const __u32 home = bpfw_hash4(address);
	const struct bpfw_local *local;
	__u32 zero = 0;
	int i;

	if (address >> 28 == 14 || address == 0xffffffff || address == 0)
		return 1;
	local = bpf_map_lookup_elem(&bpfw_local, &zero);
	if (!local)
		return 0;
#pragma unroll
	for (i = 0; i < BPFW_LOCAL_PROBES; i++) {
		const __u32 entry = local->v4[(home + (__u32)i) & (BPFW_LOCAL4_SLOTS - 1)];

		if (entry == address)
			return 1;
		if (entry == 0)
			return 0;
	}
	return 0;
}

/*
 * ff00::/8, fe80::/10, and the host's own; not ::, which the kernel forwards as any other
 * (an empty slot looks like it). Global: 8 probes of 4 words are much code.
 */
__attribute__((noinline)) int bpfw_is_local_ipv6(struct bpfw_packet *packet)
{
	const struct bpfw_local *local;
	__u32 a, b, c, d, home, zero = 0;
	int i;

	if (!packet)
		return 0;
	a = packet->daddr[0];
	b = packet->daddr[1];
	c = packet->daddr[2];
	d = packet->daddr[3];
	if (a >> 24 == 0xff || a >> 22 == 0xfe80 >> 6)
		return 1;
	if ((a | b | c | d) == 0)
		return 0;
	local = bpf_map_lookup_elem(&bpfw_local, &zero);
	if (!local)
		return 0;
	home = bpfw_hash6(a, b, c, d);
#pragma unroll
	for (i = 0; i < BPFW_LOCAL_PROBES; i++) {
		const __u32 *e = local->v6[(home + (__u32)i) & (BPFW_LOCAL6_SLOTS - 1)];

		if (((e[0] ^ a) | (e[1] ^ b) | (e[2] ^ c) | (e[3] ^ d)) == 0)
			return 1;
		if ((e[0] | e[1] | e[2] | e[3]) == 0)
			return 0;
	}
	return 0;
}

#endif
