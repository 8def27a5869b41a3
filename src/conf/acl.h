/* acl.h - neighbours: who may do what, and whom we ask.
 * An element is one line of request-xfr, allow-notify, notify, provide-xfr,
 * allow-query or outgoing-interface. Read-only after loading. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/sock.h"
#include "dns/tsig.h"

struct conf_key;
struct conf_tls_auth;

enum acl_range {
	ACL_SINGLE,	/* addr */
	ACL_SUBNET,	/* addr/bits: mask derived from the bits */
	ACL_MASK,	/* addr&mask */
	ACL_MINMAX	/* addr-last */
};

enum acl_signer { ACL_KEY, ACL_NOKEY, ACL_BLOCKED };

struct acl {
	const char *text;	/* address part as configured: "192.0.2.1@53" */
	struct addr addr;	/* port: as given, request-xfr and notify: the
				 * one to send to (53, with tls-auth 853) */
	struct addr last;	/* ACL_SUBNET, ACL_MASK: the mask */
	enum acl_range range;
	enum acl_signer signer;
	bool has_port;		/* a port other than 0 was configured */
	bool use_axfr;		/* request-xfr: AXFR ... */
	bool use_udp;		/* request-xfr: UDP ... */
	const char *key_name;	/* as configured; "NOKEY", "BLOCKED" */
	const struct conf_key *key;	/* ACL_KEY only, else null */
	const struct conf_tls_auth *tls_auth; /* or null */
	const char *tls_auth_name;		/* or null */
	const char *file;	/* where the line stands */
	unsigned line;
};

struct acl_list {
	const struct acl *at;
	size_t n;
};

enum acl_verdict {
	ACL_DENIED,	/* nothing matches */
	ACL_ALLOWED,
	ACL_REFUSED	/* a BLOCKED element matches, wherever it stands */
};

/* The first element that matches address, port and signer, unless any BLOCKED
 * one matches. key: the verified key of the message, null if it was unsigned;
 * it matches by name and algorithm. An element with a tls-auth never matches
 * here. which (may be null) gets the index of the deciding element, also of a
 * BLOCKED one; untouched when ACL_DENIED. An empty list denies. */
enum acl_verdict acl_check(const struct acl *list, size_t n,
    const struct addr *peer, const struct tsig_key *key, size_t *which);

/* The address (and port, if the element has one) alone is in the range. */
bool acl_address_matches(const struct acl *a, const struct addr *peer);
bool acl_equal(const struct acl *a, const struct acl *b);
