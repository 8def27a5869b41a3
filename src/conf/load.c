/* load.c - reading configuration files, with what they include.
 * Runs in: checkconf, and a child of the supervisor. Blocks on disk. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/build.h"
#include "conf/report.h"

#define FILE_OCTETS_MAX ((size_t)1 << 28)	/* a million zones */
#define INCLUDE_DEPTH_MAX 64

/* A file being read; the outermost has no outer. */
struct include {
	struct include *outer;
	dev_t device;
	ino_t inode;
	unsigned depth;
};

static bool
read_whole(int fd, struct octets *o)
{
	o->limit = FILE_OCTETS_MAX;
	for (;;) {
		uint8_t *room = octets_reserve(o, 65536);
		if (room == NULL) {
			errno = EFBIG;
			return false;
		}
		ssize_t n = read(fd, room, 65536);
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			o->len += (size_t)n;
	}
}

static void
read_text(struct builder *b, const char *name, const char *text, size_t len)
{
	const char *zero = len == 0 ? NULL : memchr(text, '\0', len);
	if (zero != NULL) {
		unsigned line = 1;
		for (const char *p = text; p < zero; p++)
			line += *p == '\n';
		build_error(b, name, line, "a zero octet in the file");
		return;
	}
	if (front_is_yaml(text, len))
		front_yaml(b, name, text, len);
	else
		front_nsd(b, name, text, len);
}

static bool
is_loop(const struct include *inner, const struct stat *st)
{
	for (; inner != NULL; inner = inner->outer)
		if (inner->device == st->st_dev && inner->inode == st->st_ino)
			return true;
	return false;
}

/* Who names it may give a pipe: checkconf <(command). */
static enum err
open_outermost(const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd == -1 ? ERR_SYSTEM : OK;
}

/* Null, or why the file cannot be used. */
static const char *
open_file(struct builder *b, const char *path, int *fd, struct include *here)
{
	struct stat st;
	enum err e = b->including != NULL ? fd_open_regular(path, fd) :
	    open_outermost(path, fd);
	if (e != OK)
		return err_text_errno(e);
	if (fstat(*fd, &st) != 0)
		return strerror(errno);
	if (is_loop(b->including, &st))
		return "it includes itself";
	*here = (struct include){ .outer = b->including,
		.device = st.st_dev, .inode = st.st_ino,
		.depth = b->including ? b->including->depth + 1 : 1 };
	if (here->depth > INCLUDE_DEPTH_MAX)
		return "files include each other too deeply";
	return NULL;
}

/* file:line is where the path was named; line 0: the command line. */
static void
read_file(struct builder *b, const char *path, const char *file,
    unsigned line)
{
	const char *name = arena_strdup(b->arena, path);
	struct octets text = { 0 };
	struct include here;
	int fd = -1;
	const char *why = open_file(b, path, &fd, &here);
	if (why == NULL && !read_whole(fd, &text))
		why = strerror(errno);
	fd_close(&fd);
	if (why != NULL) {
		build_error(b, file, line, "cannot read %s: %s", path, why);
		goto out;
	}
	const uint8_t zero = 0;
	text.limit = 0;
	if (!octets_add(&text, &zero, 1)) {
		build_error(b, file, line, "out of memory");
		goto out;
	}
	b->including = &here;
	read_text(b, name, (const char *)text.at, text.len - 1);
	b->including = here.outer;
out:
	octets_free(&text);
}

static void
read_glob(struct builder *b, const char *pattern, const struct value *v)
{
	glob_t g;
	const int r = glob(pattern, GLOB_BRACE | GLOB_TILDE, NULL, &g);
	if (r == GLOB_NOMATCH)
		return;
	if (r != 0) {
		build_error(b, v->file, v->line, "include: %s: %s", pattern,
		    r == GLOB_NOSPACE ? "out of memory" : "cannot be read");
		return;
	}
	for (size_t i = 0; i < g.gl_pathc; i++)
		read_file(b, g.gl_pathv[i], v->file, v->line);
	globfree(&g);
}

void
build_include(struct builder *b, const struct value *v)
{
	if (!b->reads_disk) {
		build_error(b, v->file, v->line,
		    "include: is not possible here");
		return;
	}
	if (v->n == 0)
		build_error(b, v->file, v->line, "include: needs a file");
	if (v->n > 1 && !v->is_sequence) {
		build_error(b, v->file, v->words[1].line,
		    "include: unexpected '%s' after the file",
		    v->words[1].text);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		const char *path = v->words[i].text;
		if (strpbrk(path, "*?[{~") != NULL)
			read_glob(b, path, v);
		else
			read_file(b, path, v->file, v->line);
	}
}

static struct conf *
conf_make(const char *file)
{
	struct arena *a = arena_create(0);
	ASSERT(a != NULL);
	struct conf *c = arena_new(a, struct conf);
	c->arena = a;
	c->file = arena_strdup(a, file);
	return c;
}

static enum err
load_end(struct builder *b, struct conf **out)
{
	struct conf *c = b->conf;
	/* With errors so far, references to what was lost would only add
	 * noise. */
	if (b->report->errors == 0)
		build_finish(b);
	build_end(b);
	if (b->report->errors != 0) {
		conf_destroy(&c);
		return ERR_INPUT_SYNTAX;
	}
	*out = c;
	return OK;
}

enum err
conf_load_file(const char *path, struct conf_report *r, struct conf **out)
{
	struct builder b;
	if (access(path, R_OK) != 0) {
		report_error(r, path, 0, "cannot be read: %s",
		    strerror(errno));
		return ERR_IO;
	}
	build_begin(&b, conf_make(path), r);
	b.reads_disk = true;
	read_file(&b, path, path, 0);
	return load_end(&b, out);
}

enum err
conf_load_octets(const char *name, const uint8_t *octets, size_t len,
    struct conf_report *r, struct conf **out)
{
	struct builder b;
	build_begin(&b, conf_make(name), r);
	const char *text = len == 0 ? "" :
	    arena_strndup(b.arena, (const char *)octets, len);
	read_text(&b, b.conf->file, text, len);
	return load_end(&b, out);
}
