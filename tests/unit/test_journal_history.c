/* test_journal_history.c - from net to published step; base, limits, files,
 * staged updates, audit trail. */
#include "journal_kit.h"

#define F1 "transfer-0000000000000001"
#define F2 "transfer-0000000000000002"
#define F3 "snapshot-0000000000000003"

static const uint8_t a_digest[] = "fedcba9876543210";

static struct journal_data
text_data(const char *text)
{
	return (struct journal_data){ .octets = (const uint8_t *)text,
		.len = strlen(text) };
}

static struct journal_data
file_data(const char *name, size_t len)
{
	return (struct journal_data){ .file = name, .len = len };
}

/* Publishes a step as a turn of its own. */
static void
publish(struct journal *j, uint32_t from, uint32_t to, const char *text,
    bool goes_back)
{
	uint64_t id = journal_new_id(j);
	struct journal_delta d = { .has_from = true, .from = from, .to = to,
		.goes_back = goes_back, .when_s = 1000 + to,
		.data = text_data(text) };
	d.digest[0] = (uint8_t)to;
	journal_put_net(j, kit_example, id, &d);
	kit_commit(j);
	journal_publish(j, kit_example, id, 2000 + to);
	kit_commit(j);
}

static void
publish_whole(struct journal *j, uint32_t to, struct journal_data data)
{
	uint64_t id = journal_new_id(j);
	struct journal_delta d = { .is_whole = true, .to = to, .data = data };
	journal_put_net(j, kit_example, id, &d);
	journal_publish(j, kit_example, id, 5);
	kit_commit(j);
}

static bool
note_delta(void *arg, uint64_t number, const struct journal_delta *d)
{
	char *text = arg;
	sprintf(text + strlen(text), "%u:%u-%u%s=%.*s ", (unsigned)number,
	    d->from, d->to, d->goes_back ? "!" : "", (int)d->data.len,
	    d->data.octets ? (const char *)d->data.octets : "");
	return true;
}

static const char *
history(struct journal *j, enum journal_order order)
{
	static char text[1024];
	text[0] = '\0';
	assert_int_equal(journal_each_delta(j, kit_example, order, note_delta,
	    text), OK);
	return text;
}

static struct journal_zone
zone_of(struct journal *j)
{
	struct journal_zone z;
	assert_int_equal(journal_zone(j, kit_example, &z), OK);
	return z;
}

static void
test_publish(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct octets copy = { 0 };
	publish_whole(j, 1, text_data("zone1"));
	struct journal_zone z = zone_of(j);
	assert_true(z.is_published);
	assert_int_equal(z.serial, 1);
	assert_int_equal(z.base, JOURNAL_BASE_INLINE);
	publish(j, 1, 2, "one", false);
	publish(j, 2, 4, "two", false);
	kit_reopen(&j);
	z = zone_of(j);
	assert_int_equal(z.serial, 4);
	assert_int_equal(z.digest[0], 4);
	assert_int_equal(z.published_s, 2004);
	assert_int_equal(z.base_serial, 1);
	assert_int_equal(z.last_delta, z.base_delta + 2);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST),
	    "2:1-2=one 3:2-4=two ");
	assert_string_equal(history(j, JOURNAL_NEWEST_FIRST),
	    "3:2-4=two 2:1-2=one ");
	assert_int_equal(journal_read_base(j, kit_example, &copy), OK);
	assert_int_equal(copy.len, 5);
	assert_memory_equal(copy.at, "zone1", 5);
	octets_free(&copy);
	journal_close(&j);
}

/* A step that does not start where the zone stands is never recorded. */
static void
test_publish_elsewhere(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_delta d = { .has_from = true, .from = 1, .to = 2,
		.data = text_data("x") };
	journal_put_net(j, kit_example, 9, &d);
	kit_commit(j);
	assert_int_equal(journal_publish(j, kit_example, 9, 0),
	    ERR_TRANSITION);
	assert_int_equal(journal_commit(j), ERR_TRANSITION);
	publish_whole(j, 3, text_data("zone3"));
	assert_int_equal(journal_publish(j, kit_example, 9, 0),
	    ERR_TRANSITION);
	journal_abort(j);
	assert_int_equal(zone_of(j).serial, 3);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST), "");
	journal_close(&j);
}

/* Zones that are a suffix or an extension of each other keep apart. */
static void
test_neighbours(void **state)
{
	(void)state;
	static const uint8_t *const zones[] = { kit_root, kit_example,
		kit_sub, kit_other };
	struct journal *j = kit_open();
	for (unsigned i = 0; i < 4; i++)
		for (unsigned n = 0; n < 3; n++) {
			struct journal_verdict v = { .serial = i * 10 + n };
			journal_put_verdict(j, zones[i], &v);
		}
	kit_commit(j);
	journal_forget_zone(j, kit_example);
	kit_commit(j);
	for (unsigned i = 0; i < 4; i++) {
		unsigned dropped = 77;
		journal_trim_trail(j, zones[i], INT64_C(1) << 40, &dropped);
		assert_int_equal(dropped, zones[i] == kit_example ? 0 : 3);
	}
	journal_close(&j);
}

static void
test_limits(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	unsigned dropped = 99;
	publish_whole(j, 1, text_data("zone1"));
	for (uint32_t s = 1; s < 7; s++)
		publish(j, s, s + 1, "ten octets", false);
	/* The base needs them all. */
	journal_trim_deltas(j, kit_example, 1, 1, &dropped);
	assert_int_equal(dropped, 0);
	struct journal_data base = text_data("zone6");
	assert_int_equal(journal_put_base(j, kit_example, 6, a_digest,
	    zone_of(j).last_delta - 1, &base), OK);
	journal_trim_deltas(j, kit_example, 4, 1000, &dropped);
	assert_int_equal(dropped, 2);
	journal_trim_deltas(j, kit_example, 100, 25, &dropped);
	assert_int_equal(dropped, 2);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST),
	    "6:5-6=ten octets 7:6-7=ten octets ");
	journal_clear_history(j, kit_example);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST),
	    "7:6-7=ten octets ");
	kit_commit(j);
	kit_reopen(&j);
	assert_int_equal(zone_of(j).base_serial, 6);
	assert_memory_equal(zone_of(j).base_digest, a_digest, 16);
	journal_close(&j);
}

/* Many steps go in one trim (more than one batch). */
static void
test_limits_many(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	unsigned dropped = 0;
	publish_whole(j, 1, text_data("zone1"));
	for (uint32_t s = 1; s <= 600; s++) {
		uint64_t id = journal_new_id(j);
		struct journal_delta d = { .has_from = true, .from = s,
			.to = s + 1, .data = text_data("d") };
		journal_put_net(j, kit_example, id, &d);
		journal_publish(j, kit_example, id, 0);
	}
	struct journal_data base = text_data("zone601");
	journal_put_base(j, kit_example, 601, a_digest,
	    zone_of(j).last_delta, &base);
	journal_trim_deltas(j, kit_example, 2, 100, &dropped);
	assert_int_equal(dropped, 598);
	kit_commit(j);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST),
	    "600:599-600=d 601:600-601=d ");
	journal_close(&j);
}

/* A snapshot that was overtaken while it was written is not taken. */
static void
test_late_snapshot(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_data base = file_data(F3, 4);
	struct octets copy = { 0 };
	publish_whole(j, 1, text_data("zone1"));
	publish(j, 1, 2, "one", false);
	uint64_t when = zone_of(j).last_delta;
	publish_whole(j, 9, text_data("zone9"));
	assert_int_equal(journal_put_base(j, kit_example, 2, a_digest,
	    when, &base), ERR_AGAIN);
	base = text_data("early");
	assert_int_equal(journal_put_base(j, kit_example, 2, a_digest,
	    zone_of(j).last_delta + 1, &base), ERR_AGAIN);
	assert_int_equal(journal_put_base(j, kit_other, 2, a_digest, 0, &base),
	    ERR_AGAIN);
	assert_string_equal(kit_unused, "");
	kit_commit(j);
	assert_string_equal(kit_unused, F3 " ");	/* it may go */
	assert_int_equal(journal_read_base(j, kit_example, &copy), OK);
	assert_memory_equal(copy.at, "zone9", 5);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST), "");
	octets_free(&copy);
	journal_close(&j);
}

static void
test_going_back(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_data base = text_data("zone3");
	publish_whole(j, 1, text_data("zone1"));
	publish(j, 1, 2, "a", false);
	publish(j, 2, 3, "b", false);
	journal_put_base(j, kit_example, 3, a_digest,
	    zone_of(j).last_delta, &base);
	publish(j, 3, 2, "c", true);
	assert_string_equal(history(j, JOURNAL_OLDEST_FIRST), "4:3-2!=c ");
	assert_int_equal(zone_of(j).serial, 2);
	journal_close(&j);
}

static void
test_files(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_update u = { .id = journal_new_id(j),
		.state = UPDATE_ACCEPTED, .to = 5,
		.data = file_data(F1, 1000) };
	struct journal_delta d = { .is_whole = true, .to = 5,
		.data = file_data(F1, 1000) };
	journal_put_update(j, kit_example, &u);
	journal_put_net(j, kit_example, u.id, &d);
	kit_commit(j);
	assert_true(journal_uses_file(j, F1));
	assert_false(journal_uses_file(j, F2));
	assert_true(journal_uses_file(j, "lock"));	/* not for us to say */
	journal_publish(j, kit_example, u.id, 0);
	journal_drop_update(j, kit_example, u.id);
	kit_commit(j);
	assert_string_equal(kit_unused, "");
	assert_string_equal(zone_of(j).base_file, F1);
	assert_int_equal(zone_of(j).base, JOURNAL_BASE_FILE);
	/* The snapshot takes its place: the old file goes after the commit,
	 * not before, and not if there is none. */
	struct journal_data base = file_data(F3, 900);
	journal_put_base(j, kit_example, 5, a_digest,
	    zone_of(j).last_delta, &base);
	journal_abort(j);
	assert_string_equal(kit_unused, "");
	assert_true(journal_uses_file(j, F1));
	journal_put_base(j, kit_example, 5, a_digest,
	    zone_of(j).last_delta, &base);
	assert_string_equal(kit_unused, "");
	kit_commit(j);
	assert_string_equal(kit_unused, F1 " ");
	assert_false(journal_uses_file(j, F1));
	journal_forget_zone(j, kit_example);
	kit_commit(j);
	assert_string_equal(kit_unused, F1 " " F3 " ");
	struct journal_zone z;
	assert_int_equal(journal_zone(j, kit_example, &z), ERR_NOT_FOUND);
	journal_close(&j);
}

/* Dropped and named again in one turn: it stays. */
static void
test_file_named_again(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct journal_update u = { .id = 7, .state = UPDATE_STAGED,
		.data = file_data(F2, 1) };
	journal_put_update(j, kit_example, &u);
	kit_commit(j);
	journal_drop_update(j, kit_example, 7);
	u.id = 8;
	journal_put_update(j, kit_example, &u);
	journal_put_update(j, kit_example, &u);	/* replaces itself */
	kit_commit(j);
	assert_string_equal(kit_unused, "");
	assert_true(journal_uses_file(j, F2));
	journal_drop_update(j, kit_example, 8);
	kit_commit(j);
	assert_string_equal(kit_unused, F2 " ");
	journal_close(&j);
}

static bool
note_update(void *arg, const struct journal_update *u)
{
	char *text = arg;
	sprintf(text + strlen(text), "%u/%u:%s:%u-%u:%s ", (unsigned)u->id,
	    (unsigned)u->base_id, update_state_name(u->state), u->from,
	    u->to, u->data.file ? u->data.file :
	    u->data.octets ? "here" : "none");
	return true;
}

static bool
count_update(void *arg, const uint8_t *apex, const struct journal_update *u)
{
	unsigned *sum = arg;
	*sum += (unsigned)u->id * (apex[0] == 1 ? 100 : 1);
	return true;
}

static void
test_updates(void **state)
{
	(void)state;
	char text[512] = "";
	unsigned sum = 0;
	struct journal *j = kit_open();
	struct octets copy = { 0 };
	struct journal_update back, u = { .id = 300, .base_id = 299,
		.kind = 2, .state = UPDATE_VERIFYING, .has_from = true,
		.from = 0xffffffff, .to = 3, .has_digest = true,
		.attempts = 2, .timeouts = 1, .flags = 5, .received_s = 11,
		.judged_s = 12, .retry_s = -13, .primary = "192.0.2.1@53 key",
		.data = text_data("delta") };
	memcpy(u.digest, "fedcba9876543210", 16);
	journal_put_update(j, kit_example, &u);
	struct journal_update f = { .id = 2, .state = UPDATE_HELD, .to = 2,
		.data = file_data(F1, 77) };
	journal_put_update(j, kit_example, &f);
	f.id = 4;
	journal_put_update(j, kit_sub, &f);
	kit_commit(j);
	kit_reopen(&j);
	assert_int_equal(journal_each_update(j, kit_example, note_update,
	    text), OK);
	assert_string_equal(text, "2/0:HELD:0-2:" F1
	    " 300/299:STAGED:4294967295-3:here ");
	assert_int_equal(journal_each_update_of_all(j, count_update, &sum),
	    OK);
	assert_int_equal(sum, 702);
	assert_int_equal(journal_read_update(j, kit_example, 300, &back,
	    &copy), OK);
	assert_memory_equal(back.data.octets, "delta", 5);
	assert_memory_equal(back.digest, u.digest, 16);
	assert_string_equal(back.primary, u.primary);
	assert_true(back.kind == 2 && back.attempts == 2 &&
	    back.timeouts == 1 && back.flags == 5 && back.received_s == 11 &&
	    back.judged_s == 12 && back.retry_s == -13 && back.has_digest &&
	    back.has_from);
	assert_int_equal(journal_read_update(j, kit_example, 2, &back, &copy),
	    OK);
	assert_string_equal(back.data.file, F1);
	assert_int_equal(back.data.len, 77);
	octets_free(&copy);
	journal_close(&j);
}

static void
test_update_changes(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	struct octets copy = { 0 };
	struct journal_update back, u = { .id = 3, .state = UPDATE_STAGED,
		.data = text_data("octets") };
	struct journal_delta d = { .is_whole = true,
		.data = text_data("net") };
	char file[SPOOL_NAME_MAX];
	assert_int_equal(journal_change_update(j, kit_example, &u),
	    ERR_NOT_FOUND);
	kit_commit(j);
	journal_put_update(j, kit_example, &u);
	u.state = UPDATE_FAILED;
	u.attempts = 9;
	u.data = (struct journal_data){ 0 };
	assert_int_equal(journal_change_update(j, kit_example, &u), OK);
	journal_put_net(j, kit_example, 3, &d);
	kit_commit(j);
	assert_int_equal(journal_read_update(j, kit_example, 3, &back, &copy),
	    OK);
	assert_int_equal(back.state, UPDATE_FAILED);
	assert_int_equal(back.attempts, 9);
	assert_memory_equal(back.data.octets, "octets", 6);
	assert_int_equal(journal_read_net(j, kit_example, 3, &d, file, &copy),
	    OK);
	assert_memory_equal(d.data.octets, "net", 3);
	assert_null(d.data.file);
	journal_drop_update(j, kit_example, 3);
	journal_drop_update(j, kit_example, 3);
	kit_commit(j);
	assert_int_equal(journal_read_update(j, kit_example, 3, &back, &copy),
	    ERR_NOT_FOUND);
	assert_int_equal(journal_read_net(j, kit_example, 3, &d, file, &copy),
	    ERR_NOT_FOUND);
	octets_free(&copy);
	journal_close(&j);
}

struct dropping {
	struct journal *j;
	unsigned seen;
};

static bool
drop_some(void *arg, const struct journal_update *u)
{
	struct dropping *d = arg;
	d->seen++;
	if (u->id % 3 != 0)
		journal_drop_update(d->j, kit_example, u->id);
	return true;
}

/* A callback may drop what it was called for, in a fresh turn (the walk reads
 * the last commit) and in one that has begun (it walks what it changes). */
static void
test_drop_while_walking(void **state)
{
	(void)state;
	for (unsigned begun = 0; begun < 2; begun++) {
		struct journal *j = kit_open();
		struct dropping d = { .j = j };
		unsigned sum = 0;
		for (uint64_t id = 1; id <= 200; id++) {
			struct journal_update u = { .id = id,
				.state = UPDATE_STAGED,
				.data = text_data("some octets") };
			journal_put_update(j, kit_example, &u);
		}
		kit_commit(j);
		if (begun)
			journal_put_timers(j, kit_example, NULL, 0, 1);
		assert_int_equal(journal_each_update(j, kit_example,
		    drop_some, &d), OK);
		assert_int_equal(d.seen, 200);
		kit_commit(j);
		kit_reopen(&j);
		assert_int_equal(journal_each_update_of_all(j, count_update,
		    &sum), OK);
		assert_int_equal(sum, 66 * 67 / 2 * 3);
		journal_forget_zone(j, kit_example);
		kit_commit(j);
		journal_close(&j);
	}
}

static bool
is_root_or_sub(void *arg, const uint8_t *apex)
{
	unsigned *asked = arg;
	++*asked;
	return memcmp(apex, kit_root, sizeof kit_root) == 0 ||
	    memcmp(apex, kit_sub, sizeof kit_sub) == 0;
}

/* Zones that are not kept go with all that there is of them, whichever kind of
 * record they have. */
static void
test_forget_others(void **state)
{
	(void)state;
	static const uint8_t *const zones[] = { kit_root, kit_example,
		kit_sub, kit_other };
	struct journal *j = kit_open();
	struct journal_verdict v = { .serial = 1 };
	struct journal_update u = { .state = UPDATE_STAGED };
	struct journal_zonefile f = { .serial = 7 };
	for (unsigned i = 0; i < 4; i++)
		journal_put_verdict(j, zones[i], &v);
	journal_put_timers(j, kit_root, NULL, 0, 1);
	u.data = file_data(F1, 10);
	u.id = 5;
	journal_put_update(j, kit_example, &u);
	u.data = text_data("octets");
	u.id = 6;
	journal_put_update(j, kit_example, &u);
	journal_put_zonefile(j, kit_sub, &f);
	journal_put_zonefile(j, kit_other, &f);
	kit_commit(j);
	unsigned asked = 0;
	assert_int_equal(journal_forget_others(j, is_root_or_sub, &asked),
	    OK);
	assert_int_equal(asked, 4);
	kit_commit(j);
	assert_string_equal(kit_unused, F1 " ");
	kit_reopen(&j);
	assert_int_equal(journal_zonefile(j, kit_sub, &f), OK);
	assert_int_equal(journal_zonefile(j, kit_other, &f), ERR_NOT_FOUND);
	for (unsigned i = 0; i < 4; i++) {
		unsigned dropped = 77;
		journal_trim_trail(j, zones[i], INT64_C(1) << 40, &dropped);
		assert_int_equal(dropped, i % 2 == 0);
	}
	journal_close(&j);
}

static bool
note_trail(void *arg, const struct journal_trail *t)
{
	char *text = arg;
	if (t->verdict != NULL)
		sprintf(text + strlen(text), "v%u:%s:%d/%d:%.*s ",
		    t->verdict->serial, t->verdict->verifier,
		    t->verdict->exit, t->verdict->signal,
		    (int)t->verdict->output_len,
		    (const char *)t->verdict->output);
	else
		sprintf(text + strlen(text), "d%u:%s:%s:%s ",
		    t->decision->serial, t->decision->who,
		    t->decision->waived, t->decision->reason);
	return true;
}

static void
test_trail(void **state)
{
	(void)state;
	char text[512] = "";
	struct journal *j = kit_open();
	struct journal_verdict v = { .serial = 7, .verifier = "dnssec",
		.exit = 1, .signal = -1, .when_s = 50,
		.output = (const uint8_t *)"bad", .output_len = 3 };
	struct journal_decision d = { .serial = 7, .who = "me",
		.waived = "dnssec,delta", .reason = "because" };
	journal_put_verdict(j, kit_example, &v);
	journal_put_decision(j, kit_example, &d);
	v.exit = -1;
	v.signal = 11;
	v.output_len = 0;
	journal_put_verdict(j, kit_example, &v);
	kit_commit(j);
	kit_reopen(&j);
	assert_int_equal(journal_each_trail(j, kit_example,
	    JOURNAL_OLDEST_FIRST, note_trail, text), OK);
	assert_string_equal(text, "v7:dnssec:1/-1:bad "
	    "d7:me:dnssec,delta:because v7:dnssec:-1/11: ");
	journal_close(&j);
}

static bool
length_of_output(void *arg, const struct journal_trail *t)
{
	*(size_t *)arg = t->verdict->output_len;
	return false;
}

static void
test_long_output(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	size_t n = 0;
	uint8_t *many = calloc(1, JOURNAL_OUTPUT_MAX + 5);
	char longest[JOURNAL_TEXT_MAX];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	struct journal_verdict v = { .output = many,
		.output_len = JOURNAL_OUTPUT_MAX + 5 };
	memcpy(v.verifier, longest, sizeof longest);
	memcpy(v.primary, longest, sizeof longest);
	journal_put_verdict(j, kit_example, &v);
	kit_commit(j);
	assert_int_equal(journal_each_trail(j, kit_example,
	    JOURNAL_NEWEST_FIRST, length_of_output, &n), OK);
	assert_int_equal(n, JOURNAL_OUTPUT_MAX);
	journal_close(&j);
	free(many);
}

static bool
count_kinds(void *arg, const struct journal_trail *t)
{
	unsigned *n = arg;
	n[t->decision != NULL ? 2 : t->verdict->is_accepted ? 0 : 1]++;
	return true;
}

/* 150 accepted serials by two verifiers each: the last hundred stay, however
 * old; the rest goes by age. */
static void
test_trim_trail(void **state)
{
	(void)state;
	struct journal *j = kit_open();
	int64_t now = INT64_C(1000) * 86400;
	unsigned n[3] = { 0 }, dropped = 0;
	for (uint32_t s = 0; s < 150; s++) {
		struct journal_verdict v = { .serial = s, .exit = 0,
			.is_accepted = true, .when_s = 1 };
		v.digest[3] = (uint8_t)s;
		journal_put_verdict(j, kit_example, &v);
		journal_put_verdict(j, kit_example, &v);
		v.is_accepted = false;
		v.when_s = s % 2 == 0 ? now - JOURNAL_KEEP_S - 1
				      : now - JOURNAL_KEEP_S + 1;
		if (s % 10 < 2)
			journal_put_verdict(j, kit_example, &v);
		struct journal_decision d = { .when_s = v.when_s };
		if (s < 4)
			journal_put_decision(j, kit_example, &d);
	}
	kit_commit(j);
	journal_trim_trail(j, kit_example, now, &dropped);
	kit_commit(j);
	assert_int_equal(dropped, 100 + 15 + 2);
	assert_int_equal(journal_each_trail(j, kit_example,
	    JOURNAL_OLDEST_FIRST, count_kinds, n), OK);
	assert_int_equal(n[0], 200);
	assert_int_equal(n[1], 15);
	assert_int_equal(n[2], 2);
	journal_trim_trail(j, kit_example, now, &dropped);
	assert_int_equal(dropped, 0);
	journal_close(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_publish), KIT_TEST(test_publish_elsewhere),
		KIT_TEST(test_neighbours),
		KIT_TEST(test_forget_others), KIT_TEST(test_limits),
		KIT_TEST(test_limits_many), KIT_TEST(test_late_snapshot),
		KIT_TEST(test_going_back), KIT_TEST(test_files),
		KIT_TEST(test_file_named_again), KIT_TEST(test_updates),
		KIT_TEST(test_update_changes),
		KIT_TEST(test_drop_while_walking), KIT_TEST(test_trail),
		KIT_TEST(test_long_output), KIT_TEST(test_trim_trail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
