/* decode_rows.h: between decode.c and the recognisers in decode_text.c, decode_tokens.c. Internal
 * to sasl/. */
#pragma once

#include "sasl/decode.h"

typedef struct {
    Bytes raw;
    const char *hint; /* the mechanism as told, or NULL: then a recogniser must be sure */
    bool show;
    SaslDecoded *out;
} Decoding;

/* Adds a field; the value is escaped, and masked when it is secret. */
void decode_field(Decoding *d, const char *name, Bytes value, bool secret);
void decode_fieldf(Decoding *d, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Names the step; always true, so that a recogniser can end with it. */
bool decode_step(Decoding *d, const char *step);

/* One kind of message each. False: it is none, and nothing was added. */
bool decode_scram_client_first(Decoding *d);
bool decode_scram_server_first(Decoding *d);
bool decode_scram_client_final(Decoding *d);
bool decode_scram_server_final(Decoding *d);
bool decode_digest_challenge(Decoding *d);
bool decode_digest_response(Decoding *d);
bool decode_digest_rspauth(Decoding *d);
bool decode_oauth_error(Decoding *d);
bool decode_oauthbearer(Decoding *d);
bool decode_xoauth2(Decoding *d);
bool decode_cram_challenge(Decoding *d);
bool decode_cram_response(Decoding *d);
bool decode_plain(Decoding *d);
bool decode_login_prompt(Decoding *d);
bool decode_ntlm(Decoding *d);
bool decode_gss(Decoding *d);
