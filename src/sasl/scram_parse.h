/* scram_parse.h: the messages of SCRAM (RFC 5802 section 7), taken apart. Pure; everything is
 * borrowed from the input. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Takes "x=value" off the front of *rest, and the comma behind it. False when there is nothing of
 * that form. */
bool scram_attribute(Bytes *rest, char *ret_name, Bytes *ret_value);

typedef struct {
    Bytes nonce;
    Bytes salt; /* base64 */
    uint32_t iterations;
} ScramServerFirst;

/* Fails with PROTOCOL. */
bool scram_parse_server_first(Bytes message, ScramServerFirst *ret, GError **error);

typedef struct {
    Bytes verifier; /* base64; empty when there is an error */
    Bytes error;    /* "invalid-proof" */
} ScramServerFinal;

/* Fails with PROTOCOL. */
bool scram_parse_server_final(Bytes message, ScramServerFinal *ret, GError **error);

typedef struct {
    const char *name; /* NULL ends the table */
    PosternErrorCode code;
    const char *words;
    bool about_binding; /* another type of channel binding may help */
} ScramErrorWords;

/* What a server's e= means; a row for any other value when it is none of the RFC's. Never NULL. */
const ScramErrorWords *scram_error_words(Bytes name);
