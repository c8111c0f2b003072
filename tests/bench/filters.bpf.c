// SPDX-License-Identifier: GPL-2.0-or-later
// The everyday filters as an engineer would write them by hand, and the driver that gives each
// run another frame.
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/types.h>

#include "filters.h"

char filters_license[] SEC("license") = "GPL";

/* Copied by words of 8 bytes: a load that spans two smaller stores would wait for both. */
struct frame {
	__u64 words[FILTER_FRAME_BYTES / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct frame);
	__uint(max_entries, FILTER_FRAMES);
} filter_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 1);
} filter_target SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} filter_turn SEC(".maps");

SEC("xdp")
int filter_driver(struct xdp_md *ctx)
{
	struct frame *packet = (void *)(long)ctx->data;
	__u32 zero = 0;
	__u32 *turn = bpf_map_lookup_elem(&filter_turn, &zero);
	struct frame *next;
	__u32 index;

	if (!turn || (void *)(packet + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	index = (*turn)++ & (FILTER_FRAMES - 1);
	next = bpf_map_lookup_elem(&filter_frames, &index);
	if (!next)
		return XDP_ABORTED;
	__builtin_memcpy(packet, next, sizeof(*packet));
	bpf_tail_call(ctx, &filter_target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int filter_empty(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

struct vlan {
	__be16 tci;
	__be16 type;
};

/* A pointer to `type` at `from`, or no match. */
#define HEADER(type, name, from)                                       \
	struct type *name = (void *)(from);                            \
	if ((void *)(name + 1) > (void *)(long)ctx->data_end)          \
		return XDP_PASS

#define FILTER(name)                            \
	static __always_inline int name##_(struct xdp_md *ctx); \
	SEC("xdp") int name(struct xdp_md *ctx) \
	{                                       \
		return name##_(ctx);            \
	}                                       \
	static __always_inline int name##_(struct xdp_md *ctx)

#define MATCH(condition) return (condition) ? XDP_DROP : XDP_PASS

#define ETHERNET() HEADER(ethhdr, eth, (long)ctx->data)
#define IS(type) (eth->h_proto == bpf_htons(type))

static __always_inline int is_protocol(struct xdp_md *ctx, __u8 protocol)
{
	ETHERNET();
	if (IS(ETH_P_IP)) {
		HEADER(iphdr, ip, eth + 1);
		MATCH(ip->protocol == protocol);
	}
	if (IS(ETH_P_IPV6)) {
		HEADER(ipv6hdr, ip6, eth + 1);
		if (ip6->nexthdr == protocol)
			return XDP_DROP;
		if (ip6->nexthdr == IPPROTO_FRAGMENT) {
			__u8 *next = (void *)(ip6 + 1);

			if ((void *)(next + 1) > (void *)(long)ctx->data_end)
				return XDP_PASS;
			MATCH(*next == protocol);
		}
	}
	return XDP_PASS;
}

FILTER(f_tcp) { return is_protocol(ctx, IPPROTO_TCP); }
FILTER(f_udp) { return is_protocol(ctx, IPPROTO_UDP); }
FILTER(f_icmp)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	MATCH(ip->protocol == IPPROTO_ICMP);
}
FILTER(f_arp)
{
	ETHERNET();
	MATCH(IS(ETH_P_ARP));
}
FILTER(f_ip6)
{
	ETHERNET();
	MATCH(IS(ETH_P_IPV6));
}
FILTER(f_not_ip)
{
	ETHERNET();
	MATCH(!IS(ETH_P_IP));
}

struct arp_header {
	__be16 hardware, protocol;
	__u8 hardware_size, protocol_size;
	__be16 operation;
};

struct arp_body {
	__u8 sender_mac[6];
	__u8 sender[4];
	__u8 target_mac[6];
	__u8 target[4];
};

struct arp {
	struct arp_header header;
	struct arp_body body;
} __attribute__((packed));

static __always_inline __be32 word(const __u8 *bytes)
{
	return *(const __be32 *)bytes;
}

#define ADDRESSES(source, destination)                                       \
	ETHERNET();                                                          \
	__be32 source, destination;                                          \
	if (IS(ETH_P_IP)) {                                                  \
		HEADER(iphdr, ip_addresses, eth + 1);                        \
		source = ip_addresses->saddr;                                \
		destination = ip_addresses->daddr;                           \
	} else if (IS(ETH_P_ARP) || IS(ETH_P_RARP)) {                        \
		HEADER(arp, arp_addresses, eth + 1);                         \
		source = word(arp_addresses->body.sender);                   \
		destination = word(arp_addresses->body.target);              \
	} else {                                                             \
		return XDP_PASS;                                             \
	}

#define IN(address, net, bits) \
	(((address) & bpf_htonl(~0u << (32 - (bits)))) == bpf_htonl(net))

FILTER(f_host)
{
	ADDRESSES(source, destination);
	MATCH(source == bpf_htonl(0x0a000001) || destination == bpf_htonl(0x0a000001));
}
FILTER(f_src_host)
{
	ADDRESSES(source, destination);
	(void)destination;
	MATCH(source == bpf_htonl(0x0a000001));
}
FILTER(f_dst_net)
{
	ADDRESSES(source, destination);
	(void)source;
	MATCH(IN(destination, 0x0a010000, 16));
}
FILTER(f_net)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	MATCH(IN(ip->saddr, 0xc0a80000, 16) || IN(ip->daddr, 0xc0a80000, 16));
}
FILTER(f_not_net)
{
	ADDRESSES(source, destination);
	if (!IN(source, 0x0a000000, 8) && !IN(destination, 0x0a000000, 8))
		return XDP_PASS;
	MATCH(!IN(source, 0x0a010000, 16) && !IN(destination, 0x0a010000, 16));
}

struct ports {
	__be16 source;
	__be16 destination;
};

/* The ports of TCP, UDP or SCTP where `wanted` (0: any of them) is the protocol; 0: none. */
static __always_inline int take_ports(struct xdp_md *ctx, void *network, __be16 type,
				      __u8 wanted, struct ports *out)
{
	void *end = (void *)(long)ctx->data_end;
	struct ports *ports;
	__u8 protocol;

	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = network;

		if ((void *)(ip + 1) > end)
			return 0;
		protocol = ip->protocol;
		if (ip->frag_off & bpf_htons(0x1fff))
			return 0;
		ports = network + ip->ihl * 4;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = network;

		if ((void *)(ip6 + 1) > end)
			return 0;
		protocol = ip6->nexthdr;
		ports = (void *)(ip6 + 1);
	} else {
		return 0;
	}
	if (wanted ? protocol != wanted
		   : protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return 0;
	if ((void *)(ports + 1) > end)
		return 0;
	*out = *ports;
	return 1;
}

#define PORTS(protocol)                                                  \
	ETHERNET();                                                      \
	struct ports ports;                                              \
	if (!take_ports(ctx, eth + 1, eth->h_proto, protocol, &ports))   \
		return XDP_PASS

#define EITHER(number) \
	(ports.source == bpf_htons(number) || ports.destination == bpf_htons(number))

FILTER(f_port)
{
	PORTS(0);
	MATCH(EITHER(53));
}
FILTER(f_tcp_port)
{
	PORTS(IPPROTO_TCP);
	MATCH(EITHER(80));
}
FILTER(f_tcp_dst_port)
{
	PORTS(IPPROTO_TCP);
	MATCH(ports.destination == bpf_htons(443));
}
FILTER(f_udp_port)
{
	PORTS(IPPROTO_UDP);
	MATCH(EITHER(53));
}
FILTER(f_portrange)
{
	PORTS(IPPROTO_TCP);
	const __u16 port = bpf_ntohs(ports.destination);

	MATCH(port >= 8000 && port <= 8080);
}
FILTER(f_two_ports)
{
	PORTS(IPPROTO_TCP);
	MATCH(EITHER(80) || EITHER(443));
}
FILTER(f_host_port)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	if (ip->saddr != bpf_htonl(0x0a000001) && ip->daddr != bpf_htonl(0x0a000001))
		return XDP_PASS;
	struct ports ports;

	if (!take_ports(ctx, ip, eth->h_proto, IPPROTO_TCP, &ports))
		return XDP_PASS;
	MATCH(EITHER(22));
}
FILTER(f_not_port)
{
	struct ports ports;

	if (is_protocol(ctx, IPPROTO_TCP) == XDP_PASS)
		return XDP_PASS;
	ETHERNET();
	if (!take_ports(ctx, eth + 1, eth->h_proto, IPPROTO_TCP, &ports))
		return XDP_DROP;
	MATCH(!EITHER(22));
}

#define TCP4(tcp)                                                        \
	ETHERNET();                                                      \
	if (!IS(ETH_P_IP))                                               \
		return XDP_PASS;                                         \
	HEADER(iphdr, ip, eth + 1);                                      \
	if (ip->protocol != IPPROTO_TCP || (ip->frag_off & bpf_htons(0x1fff))) \
		return XDP_PASS;                                         \
	HEADER(tcphdr, tcp, (void *)ip + ip->ihl * 4)

FILTER(f_syn)
{
	TCP4(tcp);
	MATCH(tcp->syn);
}
FILTER(f_only_syn)
{
	TCP4(tcp);
	MATCH(tcp->syn && !tcp->ack);
}
FILTER(f_echo)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	if (ip->protocol != IPPROTO_ICMP || (ip->frag_off & bpf_htons(0x1fff)))
		return XDP_PASS;
	__u8 *type = (void *)ip + ip->ihl * 4;

	if ((void *)(type + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	MATCH(*type == 8);
}
FILTER(f_ttl)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	MATCH(ip->ttl < 5);
}
FILTER(f_fragment)
{
	ETHERNET();
	if (!IS(ETH_P_IP))
		return XDP_PASS;
	HEADER(iphdr, ip, eth + 1);
	MATCH(ip->frag_off & bpf_htons(0x3fff));
}
FILTER(f_greater) { MATCH(ctx->data_end - ctx->data >= 1000); }

#define IS_VLAN() (IS(ETH_P_8021Q) || IS(ETH_P_8021AD) || IS(0x9100))

FILTER(f_vlan_ip)
{
	ETHERNET();
	if (!IS_VLAN())
		return XDP_PASS;
	HEADER(vlan, tag, eth + 1);
	MATCH(tag->type == bpf_htons(ETH_P_IP));
}
FILTER(f_vlan_port)
{
	struct ports ports;

	ETHERNET();
	if (!IS_VLAN())
		return XDP_PASS;
	HEADER(vlan, tag, eth + 1);
	if ((tag->tci & bpf_htons(0xfff)) != bpf_htons(100))
		return XDP_PASS;
	if (!take_ports(ctx, tag + 1, tag->type, IPPROTO_TCP, &ports))
		return XDP_PASS;
	MATCH(ports.destination == bpf_htons(80));
}
FILTER(f_ip6_udp)
{
	struct ports ports;

	ETHERNET();
	if (!IS(ETH_P_IPV6))
		return XDP_PASS;
	if (!take_ports(ctx, eth + 1, eth->h_proto, IPPROTO_UDP, &ports))
		return XDP_PASS;
	MATCH(ports.destination == bpf_htons(443));
}

static __always_inline int is_mac(const __u8 *mac)
{
	return *(const __be32 *)mac == bpf_htonl(0x02000000) &&
	       *(const __be16 *)(mac + 4) == bpf_htons(0x0001);
}

FILTER(f_ether_host)
{
	ETHERNET();
	MATCH(is_mac(eth->h_source) || is_mac(eth->h_dest));
}
FILTER(f_get)
{
	TCP4(tcp);
	__be32 *payload = (void *)tcp + tcp->doff * 4;

	if ((void *)(payload + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	MATCH(*payload == bpf_htonl(0x47455420));
}
