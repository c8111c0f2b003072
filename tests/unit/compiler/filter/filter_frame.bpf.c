// SPDX-License-Identifier: GPL-2.0-or-later
// filter.bpf.c with entries that return what the emitted function returned, log functions that
// count, and a TC entry that first takes a tag out of the frame, as drivers do. In other sections
// than "xdp" and "tc", where emitted programs come.
#include "filter.bpf.c"

struct filter_seen {
	__u32 logs;
	__u32 slots; /* of the log calls: slot * 31 + the next ... */
	__u32 vlan;  /* for test_tagged: protocol << 16 | TCI */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_seen);
} filter_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} filter_next SEC(".maps");

static __always_inline int note(__u32 slot)
{
	__u32 zero = 0;
	struct filter_seen *seen = bpf_map_lookup_elem(&filter_seen, &zero);

	if (seen) {
		seen->logs++;
		seen->slots = seen->slots * 31 + slot + 1;
	}
	return 0;
}

__attribute__((noinline)) int bpfw_log_xdp(struct bpfw_frame *frame, struct xdp_md *ctx,
					   __u32 slot)
{
	return frame && ctx ? note(slot) : 0;
}

__attribute__((noinline)) int bpfw_log_tc(struct bpfw_frame *frame, struct __sk_buff *ctx,
					  __u32 slot)
{
	return frame && ctx ? note(slot) : 0;
}

SEC("xdp.frags")
int test_xdp(struct xdp_md *ctx)
{
	struct bpfw_frame frame = frame_of_xdp(ctx, 0);

	return bpfw_filter_xdp(&frame, ctx);
}

SEC("xdp.frags")
int test_frags(struct xdp_md *ctx)
{
	struct bpfw_frame frame = frame_of_xdp(ctx, bpf_xdp_get_buff_len(ctx));

	return bpfw_filter_xdp(&frame, ctx);
}

SEC("classifier")
int test_tc(struct __sk_buff *skb)
{
	struct bpfw_frame frame = frame_of_tc(skb);

	return bpfw_filter_tc(&frame, skb);
}

// Says that there may be more than data..data_end where there is not: everything is read by
// the slow twin, or from where the fast function did not get any further.
SEC("classifier")
int test_partial(struct __sk_buff *skb)
{
	struct bpfw_frame frame = frame_of_tc(skb);

	frame.partial = 1;
	return bpfw_filter_tc(&frame, skb);
}

SEC("xdp.frags")
int test_slow(struct xdp_md *ctx)
{
	struct bpfw_frame frame = frame_of_xdp(ctx, 0);

	frame.partial = 1;
	return bpfw_filter_xdp(&frame, ctx);
}

SEC("classifier")
int test_tagged(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct filter_seen *seen = bpf_map_lookup_elem(&filter_seen, &zero);

	if (!seen || bpf_skb_vlan_push(skb, bpf_htons((__u16)(seen->vlan >> 16)),
				       (__u16)seen->vlan))
		return -99;
	bpf_tail_call(skb, &filter_next, 0);
	return -98;
}
