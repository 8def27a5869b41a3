/* serve_answers.h - rows of test_serve_answer: zone as signed, name, type,
 * flags, the whole answer. H(name) is the NSEC3 record of that name. */
	{ KIT_UNSIGNED, "example.", "SOA", 0,
	    "NOERROR aa\n"
	    "AN example. 300 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "example.", "NS", 0,
	    "NOERROR aa\n"
	    "AN example. 300 NS ns.other.\n"
	    "AN example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "example.", "MX", 0,
	    "NOERROR aa\n"
	    "AN example. 300 MX 10 mail.example.\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD mail.example. 200 A 192.0.2.2\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "example.", "TXT", KIT_EDNS,
	    "NOERROR aa edns\n"
	    "AN example. 300 TXT \"apex\"\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "EXAMPLE.", "TXT", 0,
	    "NOERROR aa\n"
	    "AN EXAMPLE. 300 TXT \"apex\"\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "mixed.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN mixed.example. 300 A 192.0.2.20\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "mIXED.eXample.", "A", 0,
	    "NOERROR aa\n"
	    "AN mIXED.eXample. 300 A 192.0.2.20\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "ttl.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN ttl.example. 60 A 192.0.2.7\n"
	    "AN ttl.example. 60 A 192.0.2.8\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "web.example.", "A", KIT_RD,
	    "NOERROR aa\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "web.example.", "AAAA", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "web.example.", "ANY", 0,
	    "NOERROR aa\n"
	    "AN web.example. 300 A 192.0.2.3\n" },
	{ KIT_UNSIGNED, "web.example.", "ANY", KIT_TCP,
	    "NOERROR aa\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 TXT \"web\"\n" },
	{ KIT_UNSIGNED, "www.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN www.example. 300 CNAME web.example.\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "www.example.", "CNAME", 0,
	    "NOERROR aa\n"
	    "AN www.example. 300 CNAME web.example.\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "www.example.", "TXT", 0,
	    "NOERROR aa\n"
	    "AN www.example. 300 CNAME web.example.\n"
	    "AN web.example. 300 TXT \"web\"\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "www.example.", "AAAA", 0,
	    "NOERROR aa\n"
	    "AN www.example. 300 CNAME web.example.\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "www.example.", "ANY", 0,
	    "NOERROR aa\n"
	    "AN www.example. 300 CNAME web.example.\n" },
	{ KIT_UNSIGNED, "_x._tcp.example.", "SRV", 0,
	    "NOERROR aa\n"
	    "AN _x._tcp.example. 300 SRV 0 0 53 ns1.example.\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "_tcp.example.", "SRV", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "ent.example.", "A", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "nothing.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "x.nothing.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "foo.wild.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN foo.wild.example. 300 A 192.0.2.4\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "foo.bar.wild.example.", "MX", 0,
	    "NOERROR aa\n"
	    "AN foo.bar.wild.example. 300 MX 5 mail.example.\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD mail.example. 200 A 192.0.2.2\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "foo.wild.example.", "TXT", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "wild.example.", "A", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "b.wild.example.", "A", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "x.b.wild.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "*.wild.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN *.wild.example. 300 A 192.0.2.4\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "x.cwild.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN x.cwild.example. 300 CNAME web.example.\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "b.dname.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN dname.example. 300 DNAME target.example.\n"
	    "AN b.dname.example. 300 CNAME b.target.example.\n"
	    "AN b.target.example. 300 A 192.0.2.5\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "dname.example.", "A", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "dname.example.", "DNAME", 0,
	    "NOERROR aa\n"
	    "AN dname.example. 300 DNAME target.example.\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "b.dname.example.", "CNAME", 0,
	    "NOERROR aa\n"
	    "AN dname.example. 300 DNAME target.example.\n"
	    "AN b.dname.example. 300 CNAME b.target.example.\n" },
	{ KIT_UNSIGNED, "z.dname.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AN dname.example. 300 DNAME target.example.\n"
	    "AN z.dname.example. 300 CNAME z.target.example.\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED,
	    "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee.long.example.", "A", 0,
	    "YXDOMAIN aa\n"
	    "AN long.example. 300 DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccc"
	    "ccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddd"
	    "dddddddddddddddddddd.\n" },
	{ KIT_UNSIGNED, "loop1.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN loop1.example. 300 CNAME loop2.example.\n"
	    "AN loop2.example. 300 CNAME loop1.example.\n" },
	{ KIT_UNSIGNED, "gone.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AN gone.example. 300 CNAME nothing.example.\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "out.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN out.example. 300 CNAME www.elsewhere.\n" },
	{ KIT_UNSIGNED, "two.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN two.example. 300 CNAME www.second.\n"
	    "AN www.second. 300 A 192.0.2.31\n"
	    "AU second. 300 NS ns.second.\n"
	    "AD ns.second. 300 A 192.0.2.30\n" },
	{ KIT_UNSIGNED, "tosub.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN tosub.example. 300 CNAME host.sub.example.\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "c1.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN c1.example. 300 CNAME c2.example.\n"
	    "AN c2.example. 300 CNAME c3.example.\n"
	    "AN c3.example. 300 CNAME c4.example.\n"
	    "AN c4.example. 300 CNAME c5.example.\n"
	    "AN c5.example. 300 CNAME c6.example.\n"
	    "AN c6.example. 300 CNAME c7.example.\n"
	    "AN c7.example. 300 CNAME c8.example.\n"
	    "AN c8.example. 300 CNAME c9.example.\n"
	    "AN c9.example. 300 CNAME c10.example.\n" },
	{ KIT_UNSIGNED, "c2.example.", "A", 0,
	    "NOERROR aa\n"
	    "AN c2.example. 300 CNAME c3.example.\n"
	    "AN c3.example. 300 CNAME c4.example.\n"
	    "AN c4.example. 300 CNAME c5.example.\n"
	    "AN c5.example. 300 CNAME c6.example.\n"
	    "AN c6.example. 300 CNAME c7.example.\n"
	    "AN c7.example. 300 CNAME c8.example.\n"
	    "AN c8.example. 300 CNAME c9.example.\n"
	    "AN c9.example. 300 CNAME c10.example.\n"
	    "AN c10.example. 300 A 192.0.2.11\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "back.second.", "A", 0,
	    "NOERROR aa\n"
	    "AN back.second. 300 CNAME mail.example.\n"
	    "AN mail.example. 200 A 192.0.2.2\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "hidden.second.", "A", 0,
	    "NOERROR aa\n"
	    "AN hidden.second. 300 CNAME www.closed.\n" },
	{ KIT_UNSIGNED, "sub.example.", "A", 0,
	    "NOERROR\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "host.sub.example.", "A", 0,
	    "NOERROR\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "sub.example.", "NS", 0,
	    "NOERROR\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "sub.example.", "DS", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "ns.sub.example.", "A", 0,
	    "NOERROR\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "far.example.", "A", 0,
	    "NOERROR\n"
	    "AU far.example. 300 NS ns.other.\n" },
	{ KIT_UNSIGNED, "sec.example.", "A", 0,
	    "NOERROR\n"
	    "AU sec.example. 300 NS ns.sec.example.\n"
	    "AD ns.sec.example. 300 AAAA 2001:db8::6\n" },
	{ KIT_UNSIGNED, "sec.example.", "DS", 0,
	    "NOERROR aa\n"
	    "AN sec.example. 300 DS 1 8 2 0000000000000000000000000000000"
	    "000000000000000000000000000000001\n" },
	{ KIT_UNSIGNED, "x.deep.only.example.", "A", 0,
	    "NOERROR\n"
	    "AU deep.only.example. 300 NS ns.other.\n" },
	{ KIT_UNSIGNED, "small.example.", "DS", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "small.example.", "NS", 0,
	    "NOERROR aa\n"
	    "AN small.example. 300 NS ns.small.example.\n"
	    "AD ns.small.example. 300 A 192.0.2.12\n" },
	{ KIT_UNSIGNED, "x.small.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AU small.example. 50 SOA ns.small.example. host.example. 1 2"
	    " 3 4 50\n" },
	{ KIT_UNSIGNED, "odd.example.", "TYPE65280", 0,
	    "NOERROR aa\n"
	    "AN odd.example. 300 TYPE65280 \\# 3 010203\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_UNSIGNED, "odd.example.", "TYPE65281", 0,
	    "NOERROR aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_UNSIGNED, "elsewhere.", "A", KIT_EDNS,
	    "REFUSED edns\n"
	    "ede 20\n" },
	{ KIT_UNSIGNED, "elsewhere.", "A", 0,
	    "REFUSED\n" },
	{ KIT_UNSIGNED, "empty.", "A", KIT_EDNS,
	    "SERVFAIL edns\n"
	    "ede 14\n" },
	{ KIT_UNSIGNED, "expired.", "A", KIT_EDNS,
	    "SERVFAIL edns\n"
	    "ede 24 Zone has expired\n" },
	{ KIT_UNSIGNED, "www.closed.", "A", KIT_EDNS,
	    "REFUSED edns\n"
	    "ede 18\n" },
	{ KIT_NSEC, "example.", "SOA", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN example. 300 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AN example. 300 RRSIG SOA\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "example.", "DNSKEY", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN example. 300 DNSKEY 257 3 8 AwEAAQ==\n"
	    "AN example. 300 RRSIG DNSKEY\n" },
	{ KIT_NSEC, "web.example.", "A", KIT_EDNS,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n" },
	{ KIT_NSEC, "web.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "web.example.", "AAAA", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU web.example. 100 NSEC\n"
	    "AU web.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "web.example.", "NSEC", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN web.example. 100 NSEC\n"
	    "AN web.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "web.example.", "RRSIG", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AN web.example. 300 RRSIG TXT\n"
	    "AN web.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "web.example.", "ANY", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n" },
	{ KIT_NSEC, "nothing.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU Mixed.example. 100 NSEC\n"
	    "AU Mixed.example. 100 RRSIG NSEC\n"
	    "AU example. 100 NSEC\n"
	    "AU example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "nothing.example.", "A", 0,
	    "NXDOMAIN aa\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n" },
	{ KIT_NSEC, "ent.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU dname.example. 100 NSEC\n"
	    "AU dname.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "aaa.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU _x._tcp.example. 100 NSEC\n"
	    "AU _x._tcp.example. 100 RRSIG NSEC\n"
	    "AU example. 100 NSEC\n"
	    "AU example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "foo.wild.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN foo.wild.example. 300 A 192.0.2.4\n"
	    "AN foo.wild.example. 300 RRSIG A\n"
	    "AU a.b.wild.example. 100 NSEC\n"
	    "AU a.b.wild.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "foo.wild.example.", "TXT", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU a.b.wild.example. 100 NSEC\n"
	    "AU a.b.wild.example. 100 RRSIG NSEC\n"
	    "AU *.wild.example. 100 NSEC\n"
	    "AU *.wild.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "x.cwild.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN x.cwild.example. 300 CNAME web.example.\n"
	    "AN x.cwild.example. 300 RRSIG CNAME\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AU *.cwild.example. 100 NSEC\n"
	    "AU *.cwild.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "x.cwild.example.", "AAAA", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN x.cwild.example. 300 CNAME web.example.\n"
	    "AN x.cwild.example. 300 RRSIG CNAME\n"
	    "AU *.cwild.example. 100 NSEC\n"
	    "AU *.cwild.example. 100 RRSIG NSEC\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU web.example. 100 NSEC\n"
	    "AU web.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "gone.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AN gone.example. 300 CNAME nothing.example.\n"
	    "AN gone.example. 300 RRSIG CNAME\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU Mixed.example. 100 NSEC\n"
	    "AU Mixed.example. 100 RRSIG NSEC\n"
	    "AU example. 100 NSEC\n"
	    "AU example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "b.dname.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN dname.example. 300 DNAME target.example.\n"
	    "AN dname.example. 300 RRSIG DNAME\n"
	    "AN b.dname.example. 300 CNAME b.target.example.\n"
	    "AN b.target.example. 300 A 192.0.2.5\n"
	    "AN b.target.example. 300 RRSIG A\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "sub.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AU sub.example. 100 NSEC\n"
	    "AU sub.example. 100 RRSIG NSEC\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "sub.example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU sub.example. 100 NSEC\n"
	    "AU sub.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "sec.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sec.example. 300 NS ns.sec.example.\n"
	    "AU sec.example. 300 DS 1 8 2 0000000000000000000000000000000"
	    "000000000000000000000000000000001\n"
	    "AU sec.example. 300 RRSIG DS\n"
	    "AD ns.sec.example. 300 AAAA 2001:db8::6\n" },
	{ KIT_NSEC, "sec.example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN sec.example. 300 DS 1 8 2 0000000000000000000000000000000"
	    "000000000000000000000000000000001\n"
	    "AN sec.example. 300 RRSIG DS\n" },
	{ KIT_NSEC, "example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU example. 100 NSEC\n"
	    "AU example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC, "www.example.", "NSEC", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN www.example. 100 NSEC\n"
	    "AN www.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "foo.cwild.example.", "NSEC", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN foo.cwild.example. 100 NSEC\n"
	    "AN foo.cwild.example. 100 RRSIG NSEC\n"
	    "AU *.cwild.example. 100 NSEC\n"
	    "AU *.cwild.example. 100 RRSIG NSEC\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC, "web.example.", "ANY", KIT_DO | KIT_TCP,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AN web.example. 300 TXT \"web\"\n"
	    "AN web.example. 300 RRSIG TXT\n"
	    "AN web.example. 100 NSEC\n"
	    "AN web.example. 100 RRSIG NSEC\n" },
	{ KIT_NSEC3, "web.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC3, "web.example.", "AAAA", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(web.example.) 100 NSEC3\n"
	    "AU H(web.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "nothing.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(two.example.) 100 NSEC3\n"
	    "AU H(two.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "a.b.nothing.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(two.example.) 100 NSEC3\n"
	    "AU H(two.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "ent.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "foo.wild.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN foo.wild.example. 300 A 192.0.2.4\n"
	    "AN foo.wild.example. 300 RRSIG A\n"
	    "AU H(b.target.example.) 100 NSEC3\n"
	    "AU H(b.target.example.) 100 RRSIG NSEC3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC3, "foo.wild.example.", "TXT", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(wild.example.) 100 NSEC3\n"
	    "AU H(wild.example.) 100 RRSIG NSEC3\n"
	    "AU H(b.target.example.) 100 NSEC3\n"
	    "AU H(b.target.example.) 100 RRSIG NSEC3\n"
	    "AU H(*.wild.example.) 100 NSEC3\n"
	    "AU H(*.wild.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "x.cwild.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN x.cwild.example. 300 CNAME web.example.\n"
	    "AN x.cwild.example. 300 RRSIG CNAME\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 RRSIG A\n"
	    "AU H(b.target.example.) 100 NSEC3\n"
	    "AU H(b.target.example.) 100 RRSIG NSEC3\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC3, "gone.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AN gone.example. 300 CNAME nothing.example.\n"
	    "AN gone.example. 300 RRSIG CNAME\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(two.example.) 100 NSEC3\n"
	    "AU H(two.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "sub.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AU H(sub.example.) 100 NSEC3\n"
	    "AU H(sub.example.) 100 RRSIG NSEC3\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_NSEC3, "sub.example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(sub.example.) 100 NSEC3\n"
	    "AU H(sub.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "sec.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sec.example. 300 NS ns.sec.example.\n"
	    "AU sec.example. 300 DS 1 8 2 0000000000000000000000000000000"
	    "000000000000000000000000000000001\n"
	    "AU sec.example. 300 RRSIG DS\n"
	    "AD ns.sec.example. 300 AAAA 2001:db8::6\n" },
	{ KIT_NSEC3, "HASH(web.example.)", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(x.ent.example.) 100 NSEC3\n"
	    "AU H(x.ent.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "HASH(web.example.)", "NSEC3", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(x.ent.example.) 100 NSEC3\n"
	    "AU H(x.ent.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "x.deep.only.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU deep.only.example. 300 NS ns.other.\n"
	    "AU H(deep.only.example.) 100 NSEC3\n"
	    "AU H(deep.only.example.) 100 RRSIG NSEC3\n" },
	{ KIT_NSEC3, "example.", "NSEC3PARAM", KIT_DO,
	    "NOERROR aa edns\n"
	    "AN example. 0 NSEC3PARAM 1 0 2 aabbccdd\n"
	    "AN example. 0 RRSIG NSEC3PARAM\n"
	    "AU example. 300 NS ns.other.\n"
	    "AU example. 300 NS ns1.example.\n"
	    "AU example. 300 RRSIG NS\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_OPT_OUT, "sub.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sub.example. 300 NS ns.sub.example.\n"
	    "AU sub.example. 300 NS ns1.example.\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n"
	    "AD ns.sub.example. 300 A 192.0.2.6\n"
	    "AD ns1.example. 300 A 192.0.2.1\n"
	    "AD ns1.example. 300 RRSIG A\n"
	    "AD ns1.example. 300 AAAA 2001:db8::1\n"
	    "AD ns1.example. 300 RRSIG AAAA\n" },
	{ KIT_OPT_OUT, "sub.example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n" },
	{ KIT_OPT_OUT, "sec.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU sec.example. 300 NS ns.sec.example.\n"
	    "AU sec.example. 300 DS 1 8 2 0000000000000000000000000000000"
	    "000000000000000000000000000000001\n"
	    "AU sec.example. 300 RRSIG DS\n"
	    "AD ns.sec.example. 300 AAAA 2001:db8::6\n" },
	{ KIT_OPT_OUT, "x.deep.only.example.", "A", KIT_DO,
	    "NOERROR edns\n"
	    "AU deep.only.example. 300 NS ns.other.\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n" },
	{ KIT_OPT_OUT, "deep.only.example.", "DS", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n" },
	{ KIT_OPT_OUT, "only.example.", "A", KIT_DO,
	    "NOERROR aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n" },
	{ KIT_OPT_OUT, "x.only.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(ent.example.) 100 NSEC3\n"
	    "AU H(ent.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
	{ KIT_OPT_OUT, "nothing.example.", "A", KIT_DO,
	    "NXDOMAIN aa edns\n"
	    "AU example. 100 SOA ns1.example. host.example. 5 3600 600 86"
	    "400 100\n"
	    "AU example. 100 RRSIG SOA\n"
	    "AU H(example.) 100 NSEC3\n"
	    "AU H(example.) 100 RRSIG NSEC3\n"
	    "AU H(two.example.) 100 NSEC3\n"
	    "AU H(two.example.) 100 RRSIG NSEC3\n"
	    "AU H(c3.example.) 100 NSEC3\n"
	    "AU H(c3.example.) 100 RRSIG NSEC3\n" },
