/* digest.c - content digests.
 * Runs in: store and candidate. Pure but for zone_digest_recompute's walk. */
#include "zone/digest.h"

#include <string.h>

#include "dns/name.h"
#include "dns/siphash.h"

digest_sum
digest_load(const struct zone_digest *d)
{
	uint64_t half[2] = { 0 };
	for (unsigned i = 0; i < 8; i++) {
		half[0] |= (uint64_t)d->octets[i] << (8 * i);
		half[1] |= (uint64_t)d->octets[8 + i] << (8 * i);
	}
	return (digest_sum)half[1] << 64 | half[0];
}

void
digest_store(digest_sum sum, struct zone_digest *d)
{
	for (unsigned i = 0; i < 16; i++, sum >>= 8)
		d->octets[i] = (uint8_t)sum;
}

digest_sum
digest_of_octets(const uint8_t key[16], const uint8_t *octets, size_t len)
{
	struct zone_digest d;
	siphash_128(key, octets, len, d.octets);
	return digest_load(&d);
}

digest_sum
digest_of_rr(const uint8_t key[16], const struct rr *rr)
{
	uint8_t few[1024], fixed[RR_FIXED_OCTETS];
	struct buf b = buf_of(few, sizeof few);
	struct zone_digest d;
	struct siphash s;
	if (rr_put(&b, rr))
		return digest_of_octets(key, few, b.at);
	octets_set_u16(fixed, rr->type);
	octets_set_u16(fixed + 2, rr->class);
	octets_set_u32(fixed + 4, rr->ttl);
	octets_set_u16(fixed + 8, rr->rdata_len);
	siphash_init(&s, key);
	siphash_update(&s, rr->owner, name_len(rr->owner));
	siphash_update(&s, fixed, sizeof fixed);
	siphash_update(&s, rr->rdata, rr->rdata_len);
	siphash_final(&s, d.octets);
	return digest_load(&d);
}
