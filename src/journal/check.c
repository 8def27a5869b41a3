/* check.c - is this journal whole? LMDB trusts its pages: a damaged one may
 * end the process that reads it. So a child reads it first.
 * Runs in: xfrd, at start. Opens read-only, changes nothing. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/db.h"

/* The first question, so that a later release's journal is not called
 * damaged. */
static enum err
read_format(MDB_txn *txn)
{
	MDB_dbi meta;
	struct db_key k = db_key_text("format");
	MDB_val key = { k.len, k.octets }, value;
	int r = mdb_dbi_open(txn, "meta", 0, &meta);
	if (r == 0)
		r = mdb_get(txn, meta, &key, &value);
	if (r != 0)
		return r == MDB_NOTFOUND ? ERR_CORRUPT : db_error(r);
	if (value.mv_size != DB_HEAD + 8)
		return ERR_CORRUPT;
	const uint8_t *octets = value.mv_data;
	return octets_u64(octets + DB_HEAD) == DB_FORMAT ? OK
							 : ERR_INPUT_UNKNOWN;
}

/* All heads and all but the large octets, which are checked when used. */
static enum err
read_tables(MDB_txn *txn)
{
	MDB_dbi dbi[DB_TABLES];
	enum err e = db_open_tables(txn, 0, dbi);
	for (unsigned t = 0; e == OK && t < DB_TABLES; t++) {
		MDB_cursor *c;
		MDB_val k, v;
		int r = mdb_cursor_open(txn, dbi[t], &c);
		if (r != 0)
			return db_error(r);
		volatile uint8_t touched = 0;
		while ((r = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
			const uint8_t *octets = v.mv_data;
			if (v.mv_size < DB_HEAD || octets[4] != DB_LAYOUT)
				break;
			touched = octets[v.mv_size - 1];
		}
		(void)touched;
		mdb_cursor_close(c);
		if (r != MDB_NOTFOUND)
			e = r == 0 ? ERR_CORRUPT : db_error(r);
	}
	return e;
}

/* A file that is shorter than its pages was cut off. */
static enum err
check_length(MDB_env *env, const char *path)
{
	MDB_envinfo info;
	MDB_stat st;
	struct stat file;
	if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &st) != 0 ||
	    stat(path, &file) == -1)
		return ERR_SYSTEM;
	uint64_t need = (info.me_last_pgno + 1) * (uint64_t)st.ms_psize;
	return (uint64_t)file.st_size < need ? ERR_CORRUPT : OK;
}

static enum err
read_all(const char *path, size_t map_octets)
{
	MDB_env *env;
	MDB_txn *txn;
	int r = mdb_env_create(&env);
	if (r != 0)
		return db_error(r);
	mdb_env_set_mapsize(env, map_octets);
	mdb_env_set_maxdbs(env, DB_TABLES);
	r = mdb_env_open(env, path,
	    MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_RDONLY, 0600);
	/* ENOENT is LMDB's word for a file without even a head. */
	enum err e = r == ENOENT ? ERR_CORRUPT : db_error(r);
	if (e == OK)
		e = check_length(env, path);
	if (e == OK)
		e = db_error(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
	if (e == OK)
		e = read_format(txn);
	if (e == OK)
		e = read_tables(txn);
	return e;
}

static int
exit_code(enum err e)
{
	if (e == OK)
		return 0;
	if (e == ERR_INPUT_UNKNOWN)
		return 3;
	return e == ERR_CORRUPT || e == ERR_NOT_FOUND ? 1 : 2;
}

/* If it dies of the damage, then at once, without a core and without the
 * parent's handlers. The lock is the parent's: a copy of it must not outlive
 * that one. */
static _Noreturn void
check_in_child(const char *path, size_t map_octets, int lock)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL,
		SIGFPE };
	struct rlimit none = { 0, 0 };
	close(lock);
	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		signal(deadly[i], SIG_DFL);
	_exit(exit_code(read_all(path, map_octets)));
}

enum err
db_check(const char *path, size_t map_octets, int lock)
{
	int status;
	pid_t child = fork();
	if (child == -1)
		return ERR_SYSTEM;
	if (child == 0)
		check_in_child(path, map_octets, lock);
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			return ERR_SYSTEM;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return OK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return ERR_SYSTEM;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		return ERR_INPUT_UNKNOWN;
	return ERR_CORRUPT;
}
