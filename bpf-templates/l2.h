/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet and VLAN tags: where the IP header begins, on which device the kernel will
 * receive the packet, its MAC and packet type. XDP has every tag in the frame, TC the
 * outermost one in the skb; both give the same answer.
 */
#ifndef BPFW_L2_H
#define BPFW_L2_H

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "maps.h"
#include "view.h"

#define BPFW_MAX_TAGS 4
#define BPFW_LOOPBACK_IFINDEX 1 /* LOOPBACK_IFINDEX of include/net/flow.h, in every namespace */
#define BPFW_AF_PACKET 17

struct bpfw_l2 {
	__u64 offset;  /* of the IP header */
	__u32 ifindex; /* of the VLAN device when a tag belongs to one */
	__u16 type;    /* EtherType, host byte order */
};

static __always_inline int is_tag(__u32 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

struct bpfw_tags {
	__u32 offset;   /* of the next tag in the frame */
	__u32 type;     /* EtherType at hand, host byte order */
	__u32 ifindex;
	__u32 seen;
	__u32 resolved; /* every tag so far (but of VLAN 0) belongs to a device */
};

/*
 * VLAN 0 only carries a priority and stays on its device; behind a tag of no device nothing
 * is looked up any more (vlan_do_receive() of net/8021q/vlan_core.c).
 */
static __always_inline void take_tag(struct bpfw_tags *tags, __u16 protocol, __u16 tci)
{
	struct bpfw_vlan_key key = {tags->ifindex, tci & 0xfff, protocol};
	const __u32 *device;

	tags->seen++;
	if (!tags->resolved)
		return;
	device = bpf_map_lookup_elem(&bpfw_vlans, &key);
	if (device)
		tags->ifindex = *device;
	else if (key.vid)
		tags->resolved = 0;
}

/* -1 when the frame ends inside its tags or has more of them than we look through. */
static __always_inline int walk_tags(const struct bpfw_view *view, struct bpfw_tags *tags)
{
	int i;

#pragma unroll
	for (i = 0; i < BPFW_MAX_TAGS; i++) {
		const __be16 *tag;

		if (!is_tag(tags->type))
			return 0;
		if (tags->seen == BPFW_MAX_TAGS)
			return -1;
		tag = view_at(view, tags->offset, 4);
		if (!tag)
			return -1;
		take_tag(tags, (__u16)tags->type, bpf_ntohs(tag[0]));
		tags->type = bpf_ntohs(tag[1]);
		tags->offset += 4;
	}
	return is_tag(tags->type) ? -1 : 0;
}

/* Offset of the payload << 16 | its EtherType; the device goes to packet->state. */
static __always_inline int tags_result(const struct bpfw_view *view, struct bpfw_packet *packet,
				       struct bpfw_tags *tags)
{
	if (walk_tags(view, tags) < 0)
		return -1;
	packet->state = tags->ifindex;
	return (int)(tags->offset << 16 | tags->type);
}

/* Global functions: tagged frames pay for the call, the others keep their registers. */
__attribute__((noinline)) int bpfw_tags_xdp(struct xdp_md *ctx, struct bpfw_packet *packet,
					    __u32 ifindex, __u32 type)
{
	const struct bpfw_view view = xdp_view(ctx);
	struct bpfw_tags tags = {ETH_HLEN, type, ifindex, 0, 1};

	return packet ? tags_result(&view, packet, &tags) : -1;
}

/* The outermost tag is in the skb when drivers or the stack moved it out of the frame. */
__attribute__((noinline)) int bpfw_tags_tc(struct __sk_buff *skb, struct bpfw_packet *packet,
					   __u32 ifindex, __u32 type)
{
	struct bpfw_scratch scratch = {{0}};
	const struct bpfw_view view = tc_view(skb, &scratch);
	struct bpfw_tags tags = {ETH_HLEN, type, ifindex, 0, 1};

	if (!packet)
		return -1;
	if (skb->vlan_present)
		take_tag(&tags, bpf_ntohs((__be16)skb->vlan_proto), (__u16)skb->vlan_tci);
	return tags_result(&view, packet, &tags);
}

static __always_inline int parse_tags(const struct bpfw_view *view, void *ctx,
				      struct bpfw_packet *packet, struct bpfw_l2 *l2)
{
	const int result = view->tc ? bpfw_tags_tc(ctx, packet, l2->ifindex, l2->type)
				    : bpfw_tags_xdp(ctx, packet, l2->ifindex, l2->type);

	if (result < 0)
		return -1;
	l2->offset = (__u32)result >> 16 & 63;
	l2->type = (__u16)result;
	l2->ifindex = packet->state;
	packet->state = 0;
	return 0;
}

static __always_inline __u8 type_of_mac(const __u8 *mac)
{
	if (!(mac[0] & 1))
		return PACKET_HOST;
	return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff ? PACKET_BROADCAST
									    : PACKET_MULTICAST;
}

/*
 * A host's own packets are to PACKET_HOST, whatever their address. PACKET_OTHERHOST never
 * gets as far as the rules, and XDP cannot tell it from PACKET_HOST: one answer for both.
 */
static __always_inline __u8 type_of_skb(const struct __sk_buff *skb,
					const struct bpfw_packet *packet)
{
	const __u32 type = skb->pkt_type;

	return packet->hook == BPFW_HOOK_OUTPUT || type == PACKET_OTHERHOST ? PACKET_HOST
									    : (__u8)type;
}

/* As xt_mac asks: only on an Ethernet device, which the loopback is not. */
static __always_inline void take_mac(struct bpfw_packet *packet, const __u8 *ethernet,
				     __u32 ifindex)
{
	if (!needs(BPFW_NEEDS_MAC))
		return;
	if (ifindex == BPFW_LOOPBACK_IFINDEX && !forced())
		packet->odd = BPFW_ODD_NO_MAC;
	packet->mac_high = (__u32)ethernet[6] << 24 | (__u32)ethernet[7] << 16 |
			   (__u32)ethernet[8] << 8 | ethernet[9];
	packet->mac_low = (__u16)((__u16)ethernet[10] << 8 | ethernet[11]);
}

/* Devices without an Ethernet header (tun, wireguard, ppp): the frame begins with IP. */
static __always_inline int begins_with_ip(const struct bpfw_view *view, __u32 ifindex)
{
	const struct bpfw_interface *interface;

	/* Looped-back multicast (dev_loopback_xmit() of net/core/dev.c) has none either. */
	if (view->tc && view->skb->pkt_type == PACKET_LOOPBACK)
		return 1;
	if (!needs(BPFW_NEEDS_RAW_IP))
		return 0;
	interface = bpf_map_lookup_elem(&bpfw_interfaces, &ifindex);
	return interface && (interface->flags & BPFW_IF_RAW_IP);
}

static __always_inline int parse_raw_ip(const struct bpfw_view *view, struct bpfw_packet *packet,
					struct bpfw_l2 *l2)
{
	const __u8 *first = view_at(view, 0, 1);

	l2->offset = 0;
	if (needs(BPFW_NEEDS_MAC))
		packet->odd = BPFW_ODD_NO_MAC;
	if (view->tc)
		l2->type = bpf_ntohs((__be16)view->skb->protocol);
	else if (first)
		l2->type = *first >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
	return first ? 0 : -1;
}

/* Fills `l2`, the packet's type and MAC. -1: drop, the payload is not known. */
static __always_inline int parse_l2(const struct bpfw_view *view, void *ctx,
				    struct bpfw_packet *packet, struct bpfw_l2 *l2)
{
	const __u8 *ethernet;

	if (view->tc)
		packet->packet_type = type_of_skb(view->skb, packet);
	if (begins_with_ip(view, l2->ifindex))
		return parse_raw_ip(view, packet, l2);
	ethernet = view_at(view, 0, ETH_HLEN);
	if (!ethernet)
		return -1;
	take_mac(packet, ethernet, l2->ifindex);
	if (!view->tc)
		packet->packet_type = type_of_mac(ethernet);
	l2->offset = ETH_HLEN;
	l2->type = bpf_ntohs(*(const __be16 *)(ethernet + 12));
	if (is_tag(l2->type) || (view->tc && view->skb->vlan_present))
		return parse_tags(view, ctx, packet, l2);
	return 0;
}

#endif
