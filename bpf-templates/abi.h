/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fixed BPF parts (C, built by clang at build time), the compiler and the
 * runtime share. Plain C: compiled by clang -target bpf and by the C++ side.
 */
#ifndef BPFW_ABI_H
#define BPFW_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#define BPFW_ASSERT_SIZE(type, bytes) static_assert(sizeof(struct type) == (bytes), #type)
#else
#define BPFW_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#endif

/*
 * How the frame lies in ctx, for what reads it as tcpdump would (filter expressions, classic
 * bytecode). Filled by the entry program.
 */
struct bpfw_frame {
	__u8 head;         /* 0 enum bpfw_head */
	__u8 partial;      /* 1 data..data_end is less than the frame, or > BPFW_FRAME_DIRECT */
	__u8 outbound;     /* 2 at TC egress */
	__u8 reserved;
	__u32 network;     /* 4 offset of the IP header in ctx's data (xt_bpf reads from there) */
	__u32 network_end; /* 8 where the IP packet ends there: xt_bpf sees no padding behind it */
	__u32 state;       /* 12 scratch of the emitted code: where a long filter goes on */
};
BPFW_ASSERT_SIZE(bpfw_frame, 16);
/* Filters read no byte beyond by packet pointers: to the verifier they reach 16 bits far. */
#define BPFW_FRAME_DIRECT 0x7fff

enum bpfw_head {
	BPFW_HEAD_WHOLE = 0,   /* the frame begins with its Ethernet header, tags in place */
	BPFW_HEAD_TAG_OUT = 1, /* the outermost VLAN tag is in skb->vlan_proto and vlan_tci */
	BPFW_HEAD_NONE = 2,    /* no Ethernet header: read as 12 zero bytes and the EtherType */
};

/*
 * The packet as the rules see it: filled once by the entry program, read by the
 * emitted chain functions (which get a pointer to it as their only argument and
 * reload every field before every compare).
 */
struct bpfw_packet {
	__u32 saddr[4];       /*   0 host byte order, most significant word first; IPv4 in [0] */
	__u32 daddr[4];       /*  16 */
	__u32 l4_dst;         /*  32 protocol << 16 | destination port; ICMP: type << 8 | code */
	__u32 l4_src;         /*  36 protocol << 16 | source port; ICMP: protocol << 16 */
	__u32 length;         /*  40 of the IP packet, in bytes (header included) */
	__u8 protocol;        /*  44 after IPv6 extension headers */
	__u8 tcp_flags;       /*  45 */
	__u8 hop_limit;       /*  46 TTL; in FORWARD already decremented, as iptables sees it */
	__u8 tos;             /*  47 TOS or traffic class */
	__u32 odd;            /*  48 BPFW_ODD_*; 0 for a regular packet */
	__u8 packet_type;     /*  52 PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2 */
	__u8 hook;            /*  53 enum bpfw_hook */
	__u16 mac_low;        /*  54 source MAC, bytes 4-5, host byte order */
	__u32 mac_high;       /*  56 source MAC, bytes 0-3, host byte order */
	__u32 tcp_options[8]; /*  60 bit k % 32 of word k / 32: an option of kind k is present */
	__u32 in_name[4];     /*  92 interface name, 16 bytes as in memory, zero padded */
	__u32 out_name[4];    /* 108 */
	__u32 state;          /* 124 scratch of the emitted code: where a deep chain goes on */
#ifdef BPFW_WITH_FRAME
	struct bpfw_frame frame; /* BPFW_PACKET_FRAME; in rules_frame.bpf.c only */
#endif
};
#define BPFW_PACKET_FRAME 128
#ifdef BPFW_WITH_FRAME
BPFW_ASSERT_SIZE(bpfw_packet, BPFW_PACKET_FRAME + 16);
#else
BPFW_ASSERT_SIZE(bpfw_packet, BPFW_PACKET_FRAME);
#endif

/*
 * Why a packet is not "regular". The emitted code exists twice per base chain: the
 * regular one assumes that every header a match may read is there; the odd one asks.
 */
#define BPFW_ODD_FRAGMENT 1u      /* fragment offset != 0: no L4 header in this packet */
#define BPFW_ODD_FRAGMENT_ONE 2u  /* IPv4, fragment offset == 1 (8 bytes) */
#define BPFW_ODD_NO_PORTS 4u      /* fewer than 4 bytes of L4 header */
#define BPFW_ODD_NO_L4 8u         /* tcp < 20, udp/icmp/icmpv6 < 8 bytes */
#define BPFW_ODD_TCP_DOFF 16u     /* doff * 4 < 20, or the options are cut off */
#define BPFW_ODD_NO_PROTOCOL 32u  /* IPv6: ipv6_find_hdr() fails; any -p is a hotdrop */
#define BPFW_ODD_NO_MAC 64u       /* only under BPFW_NEEDS_MAC: no Ethernet device (lo, tun) */
/* -- an IPv4 or IPv6 header that ip_rcv()/ipv6_rcv() refuses never gets to the rules -- */

enum bpfw_hook {
	BPFW_HOOK_INPUT = 0,
	BPFW_HOOK_FORWARD = 1,
	BPFW_HOOK_OUTPUT = 2,
	BPFW_HOOK_AUTO = 3, /* config only: tell INPUT from FORWARD by the address */
};

/*
 * What a chain function returns: verdict in bits 0-1, counter slot of the deciding rule
 * (or policy) in bits 2-31. HOTDROP counts nothing, as in the kernel.
 */
enum bpfw_verdict {
	BPFW_CONTINUE = 0, /* fell off the end of a user chain, or RETURN */
	BPFW_ACCEPT = 1,
	BPFW_DROP = 2,
	BPFW_HOTDROP = 3,
};
#define BPFW_VERDICT_BITS 2

/* One per rule and per policy, per CPU; slot numbers are the order of the lines in the text. */
struct bpfw_counter {
	__u64 packets;
	__u64 bytes;
};
BPFW_ASSERT_SIZE(bpfw_counter, 16);

/* .rodata, frozen before the load: the verifier takes its values for constants. */
struct bpfw_config {
	__u32 needs;      /* BPFW_NEEDS_* */
	__u32 force_hook; /* enum bpfw_hook; BPFW_HOOK_AUTO except under `bpfw test` */
};
BPFW_ASSERT_SIZE(bpfw_config, 8);

#define BPFW_NEEDS_INTERFACES 1u  /* fill in_name / out_name */
#define BPFW_NEEDS_TCP_OPTIONS 2u /* fill tcp_options */
#define BPFW_NEEDS_MAC 4u         /* fill mac_high / mac_low */
#define BPFW_NEEDS_TRACE 8u       /* store the last decision in bpfw_trace (bpfw test) */
#define BPFW_NEEDS_OUTPUT_NAME 16u /* FORWARD rules ask -o: the fib lookup is always made */
#define BPFW_NEEDS_RAW_IP 32u     /* the runtime sets it: a device of ours has BPFW_IF_RAW_IP */
#define BPFW_NEEDS_FRAMES 64u     /* there are short-form rules: call bpfw_frames_*() */
#define BPFW_NEEDS_EVENTS 128u    /* a rule logs: make bpfw_events and bpfw_lost */

/* bpfw_interfaces: array by ifindex (the runtime sizes it); zero name: unknown. */
struct bpfw_interface {
	char name[16];
	__u32 flags; /* BPFW_IF_* */
	__u32 reserved;
};
BPFW_ASSERT_SIZE(bpfw_interface, 24);
#define BPFW_IF_RAW_IP 1u /* no Ethernet header (tun, wireguard, ppp): frames begin with IP */

/* bpfw_vlans: hash; a tagged frame on `ifindex` with `vid` belongs to VLAN device `value`. */
struct bpfw_vlan_key {
	__u32 ifindex;
	__u16 vid;
	__u16 protocol; /* 0x8100 or 0x88a8, host byte order */
};
BPFW_ASSERT_SIZE(bpfw_vlan_key, 8);

/*
 * bpfw_local: one array element, direct access. Open addressing over the host's own
 * addresses (of this namespace): home slot = bpfw_hash*(), then up to BPFW_LOCAL_PROBES
 * linear steps; 0 / :: is an empty slot. An address that finds no slot is left out: the
 * packet then takes the fib lookup. Words in host byte order.
 */
#define BPFW_LOCAL4_SLOTS 1024
#define BPFW_LOCAL6_SLOTS 512
#define BPFW_LOCAL_PROBES 8
struct bpfw_local {
	__u32 v4[BPFW_LOCAL4_SLOTS];
	__u32 v6[BPFW_LOCAL6_SLOTS][4];
};
BPFW_ASSERT_SIZE(bpfw_local, 4 * BPFW_LOCAL4_SLOTS + 16 * BPFW_LOCAL6_SLOTS);

static inline __u32 bpfw_hash4(__u32 address)
{
	return (address * 0x9e3779b1u) >> 22; /* 10 bits: BPFW_LOCAL4_SLOTS */
}

static inline __u32 bpfw_hash6(__u32 a, __u32 b, __u32 c, __u32 d)
{
	return ((a ^ (b * 31u) ^ (c * 961u) ^ (d * 29791u)) * 0x9e3779b1u) >> 23; /* 9 bits */
}

/* bpfw_trace: the last decision, for `bpfw test`. */
struct bpfw_trace {
	__u32 decision; /* as a chain function returns it */
	__u32 hook;     /* enum bpfw_hook */
	__u32 family;   /* 4 or 6; 0: not IP */
	__u32 reason;   /* enum bpfw_reason */
};
BPFW_ASSERT_SIZE(bpfw_trace, 16);

enum bpfw_reason {
	BPFW_BY_RULE = 0,       /* a rule, a policy, or a hotdrop decided */
	BPFW_NOT_IP = 1,        /* passed untouched */
	BPFW_MALFORMED = 2,     /* the kernel refuses the IP header: dropped */
	BPFW_LATER_FRAGMENT = 3, /* IPv4 to this host, or on its way out: the first one decides */
	BPFW_NOT_OURS = 4,      /* egress: a forwarded packet, judged at ingress already */
	BPFW_TTL_EXCEEDED = 5,  /* to be forwarded with TTL <= 1: the kernel answers, no chain */
	BPFW_BY_FRAME_RULE = 6, /* a short-form rule decided, no chain was asked */
};

/*
 * The root programs: attached once per interface and hook. `generation` is one word in an
 * mmapable array; every root tail-calls slot (generation % BPFW_GENERATIONS) * 2 + hook of
 * its prog_array, and passes the packet when the slot is empty. XDP's has one hook (0);
 * TC's: 0 ingress, 1 egress.
 */
#define BPFW_GENERATIONS 4
#define BPFW_SLOTS (BPFW_GENERATIONS * 2)
#define BPFW_TC_INGRESS 0
#define BPFW_TC_EGRESS 1

/* Names of the emitted functions that the entry programs call. */
#define BPFW_CHAIN_FUNCTIONS(X)                                   \
	X(bpfw_ipv4_input) X(bpfw_ipv4_input_odd)                 \
	X(bpfw_ipv4_forward) X(bpfw_ipv4_forward_odd)             \
	X(bpfw_ipv4_output) X(bpfw_ipv4_output_odd)               \
	X(bpfw_ipv6_input) X(bpfw_ipv6_input_odd)                 \
	X(bpfw_ipv6_forward) X(bpfw_ipv6_forward_odd)             \
	X(bpfw_ipv6_output) X(bpfw_ipv6_output_odd)

/*
 * Where a filter reads the frame (Entry::FrameRules), the chain functions get ctx as second
 * argument and exist as NAME_xdp and NAME_tc (output: NAME_tc only), and the short-form rules
 * are bpfw_frames_xdp and bpfw_frames_tc, (struct bpfw_frame *, CTX *) -> decision. For a rule
 * that logs they call the template's bpfw_log_xdp and bpfw_log_tc, which take the counter slot
 * as third argument and count.
 * Entry::Filter: bpfw_filter_xdp and bpfw_filter_tc, the same arguments, 1 for a match.
 * Those call the template's bpfw_load_xdp, bpfw_length_xdp (frame_load.h) and
 * bpfw_protochain_xdp (protochain.h); the same with _tc.
 */

/* Read-only data of the emitted code (sets): libbpf makes a frozen array map of it. */
#define BPFW_TABLES_SECTION ".rodata.tables"

/*
 * bpfw_events: ring buffer, one per packet that a `log` rule matched. The frame's first bytes as
 * tcpdump would see them. When the buffer is full the event is lost, and bpfw_lost (array of 1
 * u64) counts it.
 */
#define BPFW_EVENT_BYTES 256
struct bpfw_event {
	__u64 time;     /* bpf_ktime_get_boot_ns() */
	__u32 ifindex;
	__u32 slot;     /* counter slot of the rule */
	__u32 length;   /* of the frame on the wire */
	__u32 captured; /* bytes that follow */
	__u8 bytes[BPFW_EVENT_BYTES];
};
BPFW_ASSERT_SIZE(bpfw_event, 24 + BPFW_EVENT_BYTES);
#define BPFW_EVENTS_SIZE (1u << 20) /* bytes of the ring buffer */

/* Map and program names, as they stand in the object. */
#define BPFW_MAP_COUNTERS "bpfw_counters"     /* percpu array of struct bpfw_counter */
#define BPFW_MAP_INTERFACES "bpfw_interfaces" /* array of struct bpfw_interface */
#define BPFW_MAP_VLANS "bpfw_vlans"           /* hash bpfw_vlan_key -> u32 ifindex */
#define BPFW_MAP_LOCAL "bpfw_local"           /* array of 1 struct bpfw_local */
#define BPFW_MAP_TRACE "bpfw_trace"           /* array of 1 struct bpfw_trace */
#define BPFW_MAP_GENERATION "bpfw_generation" /* array of 1 u64 (root object) */
#define BPFW_MAP_XDP_PROGS "bpfw_xdp_progs"   /* prog_array (root object) */
#define BPFW_MAP_TC_PROGS "bpfw_tc_progs"     /* prog_array (root object) */
#define BPFW_MAP_EVENTS "bpfw_events"         /* ring buffer of struct bpfw_event */
#define BPFW_MAP_LOST "bpfw_lost"             /* array of 1 u64 */
#define BPFW_PROG_FILTER_XDP "bpfw_match_xdp" /* Entry::Filter: XDP_DROP for a match */
#define BPFW_PROG_FILTER_XDP_FRAGS "bpfw_match_frags" /* the same, for multi-buffer frames */
#define BPFW_PROG_FILTER_TC "bpfw_match_tc"   /* TC_ACT_SHOT for a match */
#define BPFW_PROG_XDP "bpfw_xdp"
#define BPFW_PROG_TC_INGRESS "bpfw_tc_ingress"
#define BPFW_PROG_TC_EGRESS "bpfw_tc_egress"
#define BPFW_PROG_ROOT_XDP "bpfw_root_xdp"
#define BPFW_PROG_ROOT_TC_INGRESS "bpfw_root_in"
#define BPFW_PROG_ROOT_TC_EGRESS "bpfw_root_out"

/*
 * The ruleset's own text travels in the object, in section .rodata.ruleset (libbpf binds
 * the map to every program): this magic, then the text, NUL padded. The text is two
 * iptables-save blocks, each after a line "# bpfw ipv4" / "# bpfw ipv6". Counter slot n
 * belongs to the n-th line that begins with "-A " or is a ":CHAIN POLICY" line whose
 * policy is not "-". Where there are short-form rules, a line "# bpfw frames" follows, and
 * "accept EXPR", "drop EXPR" or "log EXPR" lines, which have slots too.
 */
#define BPFW_RULESET_SECTION ".rodata.ruleset"
#define BPFW_RULESET_MAGIC "bpfw-ruleset-1\n"

#endif
