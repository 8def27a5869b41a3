/* policy.c - who may ask, transfer and notify.
 * Runs in: worker, candidate's worker. Refusal unless something allows. */
#include "serve/policy.h"

#include "conf/conf.h"

static enum acl_verdict
check(const struct acl_list *list, const struct query *q)
{
	return acl_check(list->at, list->n, &q->peer, q->tsig.key, NULL);
}

/* A verifier on this machine may ask the verify address whatever it needs,
 * unless somebody wrote that it must not. */
static bool
is_verifier(const struct serve *s, const struct query *q)
{
	return s->is_candidate && addr_is_loopback(&q->peer);
}

enum acl_verdict
policy_query(const struct serve *s, const struct query *q, uint32_t zone_id)
{
	const struct conf_zone *z = serve_zone_conf(s, zone_id);
	if (z == NULL)
		return ACL_DENIED;
	if (z->allow_query.n == 0)
		return ACL_ALLOWED;
	enum acl_verdict v = check(&z->allow_query, q);
	return v == ACL_DENIED && is_verifier(s, q) ? ACL_ALLOWED : v;
}

enum acl_verdict
policy_transfer(const struct serve *s, const struct query *q,
    uint32_t zone_id)
{
	const struct conf_zone *z = serve_zone_conf(s, zone_id);
	if (z == NULL)
		return ACL_DENIED;
	enum acl_verdict v = check(&z->provide_xfr, q);
	return v == ACL_DENIED && is_verifier(s, q) ? ACL_ALLOWED : v;
}

enum acl_verdict
policy_notify(const struct serve *s, const struct query *q, uint32_t zone_id)
{
	const struct conf_zone *z = serve_zone_conf(s, zone_id);
	return z == NULL ? ACL_DENIED : check(&z->allow_notify, q);
}

bool
policy_zone_is_expired(const struct serve *s, uint32_t zone_id)
{
	return serve_zone_is_expired(s, zone_id) &&
	    serve_zone_place(s, zone_id) != SERVE_UNDER_VERIFICATION;
}

bool
policy_zone_is_open(const struct serve *s, const struct query *q,
    uint32_t zone_id)
{
	return serve_zone_place(s, zone_id) != SERVE_ELSEWHERE &&
	    !policy_zone_is_expired(s, zone_id) &&
	    policy_query(s, q, zone_id) == ACL_ALLOWED;
}
