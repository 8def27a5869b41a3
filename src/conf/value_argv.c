/* value_argv.c - commands: verifiers and hooks.
 * A command is an argument vector, never a line for a shell. */
#include <string.h>

#include "conf/build.h"

static const char builtin[] = "builtin:";

void
value_argv(struct builder *b, const struct value *v, struct conf_argv *argv)
{
	const char **words = arena_array(b->arena, const char *, v->n + 1);
	for (size_t i = 0; i < v->n; i++)
		words[i] = v->words[i].text;
	*argv = (struct conf_argv){ .argv = words, .argc = (unsigned)v->n };
	if (strncmp(words[0], builtin, strlen(builtin)) == 0) {
		argv->is_builtin = true;
		words[0] += strlen(builtin);
	}
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

void
value_argv_name(struct arena *a, struct conf_argv *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = last_part(list[i].argv[0]);
		unsigned nth = 1;
		for (size_t j = 0; j < i; j++)
			nth += strcmp(last_part(list[j].argv[0]), name) == 0;
		if (list[i].name == NULL)
			list[i].name = nth == 1 ? name :
			    arena_printf(a, "%s#%u", name, nth);
	}
}
