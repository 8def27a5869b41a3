/* rdata_table.h - one row per type: of which fields its rdata is made, how
 * names in it are treated, how it is written as text. For src/dns alone:
 * rdata.c reads wire by it, text_out.c and text_in.c presentation format. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field {
	F_END,
	F_U8, F_U16, F_U32,
	F_TTL,		/* u32; text may have units */
	F_TIME,		/* u32; text YYYYMMDDHHmmSS (RFC 4034 3.2) */
	F_TYPE,		/* u16; text a mnemonic */
	F_ALG,		/* u8; text may be a DNSSEC algorithm's mnemonic */
	F_CERT_TYPE,	/* u16; text may be a mnemonic (RFC 4398) */
	F_A, F_AAAA,
	F_NAME,
	F_STRING,	/* <character-string> */
	F_STRING_OPT,	/* the same, may be absent (ISDN) */
	F_STRINGS,	/* one or more, to the end */
	F_TAG,		/* <character-string> not empty, unquoted (CAA) */
	F_TEXT,		/* all that is left, as one quoted string */
	F_B64,		/* all that is left, at least one octet */
	F_B64_OPT,	/* all that is left, may be nothing */
	F_HEX,		/* all that is left, at least one octet */
	F_SALT,		/* length octet, hex or "-" (RFC 5155 3.3) */
	F_HASH,		/* length octet not 0, base32hex (RFC 5155 3.3) */
	F_BITMAP,	/* RFC 4034 4.1.2, to the end */
	F_EUI48, F_EUI64,
	F_ID64,		/* 8 octets, four groups of hex (RFC 6742) */
	F_IPSECKEY,
	F_AMTRELAY,	/* always written as RFC 3597 5 */
	/* Text of these is left to ldns (SvcParams: in writing only). */
	F_NSAP, F_WKS, F_LOC, F_APL, F_SVCPARAMS, F_HIP,
	F_OPAQUE	/* all that is left; text as RFC 3597 5 */
};

#define FIELDS_MAX 10

enum rdata_flags {
	RD_KNOWN = 1,
	RD_COMPRESS = 2,	/* RFC 1035: a writer may compress */
	RD_DECOMPRESS = 4,	/* a reader accepts it (RFC 3597 4) */
	RD_CASELESS = 8,	/* RFC 4034 6.2, RFC 6840 5.1 */
	RD_LDNS = 16		/* text by ldns */
};

struct rdata_row {
	uint8_t flags;
	uint8_t fields[FIELDS_MAX];	/* ended by F_END */
};

/* Never null: an unknown type is one opaque field. */
const struct rdata_row *rdata_row(uint16_t type);
/* Octets of a field other than F_NAME that starts at p, of which left octets
 * are rdata; false when malformed. */
bool rdata_field_len(enum field f, const uint8_t *p, size_t left, size_t *len);
