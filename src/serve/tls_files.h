/* tls_files.h - key, certificate and OCSP response of the TLS service as the
 * configuration names them.
 * Runs in: supervisor and its children, checkconf. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "serve/tls.h"

/* Does what listens on this port speak TLS? Only with key and certificate. */
bool tls_is_port(const struct conf_server *s, uint16_t port);
/* Does any address? */
bool tls_is_wanted(const struct conf_server *s);

#define TLS_FILES_WHY_MAX 512
/* Reads the files and looks whether they fit together: *out becomes what
 * tls_service_create takes. False: why says which file and what is wrong with
 * it; true: why is empty, or says that the certificate does not hold today.
 * Blocks on disk. */
MUST_CHECK bool tls_files_read(const struct conf_server *s,
    struct octets *out, char why[TLS_FILES_WHY_MAX]);

/* What is wrong with the TLS service of a configuration, files included. False
 * if there were errors. */
bool tls_files_check(const struct conf *c, struct conf_report *r);
