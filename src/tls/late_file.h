/* late_file.h: certificates of a file that a store knows of, but reads when it first looks for one
 * it has not: while a server computes its part of the handshake there is time to do so. Private to
 * tls/. */
#pragma once

#include <openssl/x509.h>

/* The file, PEM, is that store's; one for a store. Whether it can be read is told by nobody: the
 * certificates in it are not found. */
void tls_late_file_add(X509_STORE *store, const char *file);

/* Reads the files of all stores now that have not been: for io_meanwhile(). */
void tls_late_files_read(void);
