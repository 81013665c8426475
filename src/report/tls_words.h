/* tls_words.h: small phrases the summaries of TLS share. */
#pragma once

#include "tls/peer.h"

/* One "Name        value" line of a summary, formatted, escaped. */
void tls_word_line(GString *out, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Seconds since the epoch -> "2027-01-01 00:00:00 UTC". The caller frees. */
char *tls_word_time(gint64 seconds);
/* -> "2027-01-01T00:00:00Z". The caller frees. */
char *tls_word_iso_time(gint64 seconds);
/* "42 days left", "expired 3 days ago", "not valid for another 2 days". The caller frees. */
char *tls_word_validity(const TlsCertificate *certificate);
/* Whole days until it expires; negative when it has. */
gint64 tls_word_days_left(const TlsCertificate *certificate);

/* The first line of why_not, or a word that says no more than that it is not verified. The caller
 * frees. */
char *tls_word_why_not(const TlsPeer *peer);
/* Bits of a hash, 0 when it is none that is known. */
int tls_word_hash_bits(const char *hash);
/* The leaf, or NULL. */
const TlsCertificate *tls_word_leaf(const TlsPeer *peer);
