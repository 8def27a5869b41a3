/* text_ldns.c - the one file that includes ldns.
 * Runs in: loader, candidate, scribe, store. Slow (each call allocates); for
 * the types that are rare in zones. */
#include "dns/text_ldns.h"

#include <ldns/ldns.h>
#include <stdio.h>

#include "dns/name.h"
#include "dns/rrtype.h"

/* "TYPE rdata" for a record at the root. */
static char *
line_of(uint16_t type, const char *rdata)
{
	char name[16], *line;
	if (asprintf(&line, ". 0 IN %s %s", rrtype_text(type, name),
	    rdata) < 0)
		return NULL;
	return line;
}

static ldns_rdf *
origin_rdf(const uint8_t *origin)
{
	static const uint8_t root[1] = { 0 };
	if (origin == NULL)
		origin = root;
	return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name_len(origin),
	    origin);
}

bool
text_ldns_read(uint16_t type, const char *rdata, const uint8_t *origin,
    struct buf *out)
{
	ldns_rr *rr = NULL;
	size_t start = out->at;
	char *line = line_of(type, rdata);
	ldns_rdf *base = origin_rdf(origin);
	bool good = line != NULL && base != NULL &&
	    ldns_rr_new_frm_str(&rr, line, 0, base, NULL) == LDNS_STATUS_OK &&
	    rr != NULL && ldns_rr_get_type(rr) == type;
	for (size_t i = 0; good && i < ldns_rr_rd_count(rr); i++) {
		ldns_rdf *f = ldns_rr_rdf(rr, i);
		good = buf_put(out, ldns_rdf_data(f), ldns_rdf_size(f));
	}
	if (!good)
		out->at = start;
	ldns_rr_free(rr);
	ldns_rdf_deep_free(base);
	free(line);
	return good;
}

/* A record at the root with this rdata, by way of its wire format. */
static ldns_rr *
rr_of(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	size_t n = 11u + len, at = 0;
	uint8_t *wire = calloc(1, n);
	ldns_rr *rr = NULL;
	if (wire == NULL)
		return NULL;
	octets_set_u16(wire + 1, type);
	octets_set_u16(wire + 3, CLASS_IN);
	octets_set_u16(wire + 9, len);
	if (len > 0)
		memcpy(wire + 11, rdata, len);
	if (ldns_wire2rr(&rr, wire, n, &at, LDNS_SECTION_ANSWER) !=
	    LDNS_STATUS_OK)
		rr = NULL;
	free(wire);
	return rr;
}

static char *
rdata_text(const ldns_rr *rr)
{
	ldns_buffer *b = ldns_buffer_new(1024);
	char *text = NULL;
	size_t n = ldns_rr_rd_count(rr);
	if (b == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			ldns_buffer_printf(b, " ");
		if (ldns_rdf2buffer_str(b, ldns_rr_rdf(rr, i)) !=
		    LDNS_STATUS_OK)
			goto out;
	}
	text = ldns_buffer_export2str(b);
	for (n = text == NULL ? 0 : strlen(text); n > 0 &&
	    text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
out:
	ldns_buffer_free(b);
	return text;
}

/* Nothing may be lost on the way to a verifier. */
static bool
reads_back(uint16_t type, const char *text, const uint8_t *rdata, uint16_t len)
{
	uint8_t *back = malloc(UINT16_MAX);
	if (back == NULL)
		return false;
	struct buf b = buf_of(back, UINT16_MAX);
	bool same = text_ldns_read(type, text, NULL, &b) && b.at == len &&
	    memcmp(back, rdata, len) == 0;
	free(back);
	return same;
}

bool
text_ldns_put(struct octets *o, uint16_t type, const uint8_t *rdata,
    uint16_t len)
{
	ldns_rr *rr = rr_of(type, rdata, len);
	char *text = rr == NULL ? NULL : rdata_text(rr);
	bool good = text != NULL && reads_back(type, text, rdata, len) &&
	    octets_add(o, text, strlen(text));
	free(text);
	ldns_rr_free(rr);
	return good;
}
