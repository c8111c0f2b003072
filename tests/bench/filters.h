/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What filters.bpf.c and its user space share. */
#ifndef FILTERS_H
#define FILTERS_H

#define FILTER_FRAMES 8192
#define FILTER_FRAME_BYTES 96

/*
 * The everyday filters: X(program, expression). filters.bpf.c has each by hand under the
 * program's name.
 */
#define FILTERS(X)                                                                  \
	X(f_tcp, "tcp")                                                             \
	X(f_udp, "udp")                                                             \
	X(f_icmp, "icmp")                                                           \
	X(f_arp, "arp")                                                             \
	X(f_ip6, "ip6")                                                             \
	X(f_not_ip, "not ip")                                                       \
	X(f_host, "host 10.0.0.1")                                                  \
	X(f_src_host, "src host 10.0.0.1")                                          \
	X(f_dst_net, "dst net 10.1.0.0/16")                                         \
	X(f_net, "ip net 192.168.0.0/16")                                           \
	X(f_not_net, "net 10.0.0.0/8 and not net 10.1.0.0/16")                      \
	X(f_port, "port 53")                                                        \
	X(f_tcp_port, "tcp port 80")                                                \
	X(f_tcp_dst_port, "tcp dst port 443")                                       \
	X(f_udp_port, "udp port 53")                                                \
	X(f_portrange, "tcp dst portrange 8000-8080")                               \
	X(f_two_ports, "tcp port 80 or 443")                                        \
	X(f_host_port, "host 10.0.0.1 and tcp port 22")                             \
	X(f_not_port, "tcp and not port 22")                                        \
	X(f_syn, "tcp[tcpflags] & tcp-syn != 0")                                    \
	X(f_only_syn, "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn")                \
	X(f_echo, "icmp[icmptype] = icmp-echo")                                     \
	X(f_ttl, "ip[8] < 5")                                                       \
	X(f_fragment, "ip[6:2] & 0x3fff != 0")                                      \
	X(f_greater, "greater 1000")                                                \
	X(f_vlan_ip, "vlan and ip")                                                 \
	X(f_vlan_port, "vlan 100 and tcp dst port 80")                              \
	X(f_ip6_udp, "ip6 and udp dst port 443")                                    \
	X(f_ether_host, "ether host 02:00:00:00:00:01")                             \
	X(f_get, "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420")

#endif
