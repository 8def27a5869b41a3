/* reap.h - processes below this one: those whose parents ended come to us,
 * and can be ended whatever session or group they fled to. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* From now on orphaned descendants become children of this process. False
 * where the system cannot do that. */
bool reap_adopt_orphans(void);
/* This process gets the signal when its parent ends; parent: the pid that it
 * has to be. False if that one is gone already. Where the system cannot do
 * that only the present is checked. */
bool reap_die_with(pid_t parent, int signal);
/* A descriptor of a process that somebody gave us: is it of a child of this
 * parent, alive? Where there is no /proc to tell, true. */
bool reap_pidfd_is_child(int pidfd, pid_t parent);
/* Sends the signal to every process below this one but those in spared and
 * theirs; returns how many got it. A process that forks meanwhile may be
 * missed: ask again until waitpid says ECHILD. 0 where the system does not
 * tell. */
unsigned reap_signal_all(int signal, const pid_t *spared, size_t count);
