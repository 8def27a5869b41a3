/* control.h - one conversation of the control socket, as a command sees it. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>

#include "base/buf.h"
#include "proc/xfrd.h"

#define CONTROL_WORDS_MAX 16

struct control_talk {
	struct xfrd *x;
	struct octets reply;
	const char *words[CONTROL_WORDS_MAX + 1];
	unsigned count;
	uint32_t order;		/* not 0: the reply waits for this answer */
	/* When the reply is with the client: makes the next part of it, or
	 * says false. rest belongs to it and is freed with the talk. */
	bool (*more)(struct control_talk *t);
	void *rest;
};

/* Appends to the reply. */
void control_say(struct control_talk *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Runs the command in words; the reply is complete unless order is set. */
void control_command(struct control_talk *t);
/* control_stats.c */
void command_stats(struct control_talk *t);
void command_stats_noreset(struct control_talk *t);
/* xfrd_cookie.c */
void command_add_cookie_secret(struct control_talk *t);
void command_activate_cookie_secret(struct control_talk *t);
void command_drop_cookie_secret(struct control_talk *t);
void command_print_cookie_secrets(struct control_talk *t);
/* The answer to the order that the command waited for. */
void control_finish(struct control_talk *t, const struct msg_answer *m);
